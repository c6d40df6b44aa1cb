"""Signing in and out. The refresh token lives in a cookie no script can read, the access token in the answer."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from server.accounts import Admission
from server.api.call import SET_COOKIE, Call
from server.api.layer import Body
from server.api.people import profile
from server.api.schemas import CodeIn, Session, SignIn
from server.house import HOUSE
from server.refusals import Unauthenticated

COOKIE = "dienhong_refresh"
COOKIE_PATH = "/api/session"


async def sign_in(call: Call, body: Body[SignIn]) -> Session:
    """Sign in with user name and password."""
    return _admitted(call, await call.house.entrance.by_password(body.username, body.password, call.client))


async def sign_in_by_link(call: Call, body: Body[CodeIn]) -> Session:
    """Sign in with a one-time link's code."""
    return _admitted(call, await call.house.entrance.by_link(body.code, call.client))


async def join_as_bridge(call: Call, body: Body[CodeIn]) -> Session:
    """Join as a bridge with its code."""
    return _admitted(call, await call.house.entrance.by_join_code(body.code, call.client))


async def refresh_session(call: Call) -> Session:
    """Exchange the refresh cookie for a new session."""
    token = call.request.cookies.get(COOKIE)
    if not token:
        raise Unauthenticated("sign-in-first", "no refresh cookie")
    return _admitted(call, await call.house.entrance.refresh(token, call.client))


async def sign_out(call: Call) -> None:
    """End this session on this device."""
    token = call.request.cookies.get(COOKIE)
    if token:
        await call.house.entrance.end(token)
    call.request[SET_COOKIE] = ""


def _admitted(call: Call, admission: Admission) -> Session:
    call.request[SET_COOKIE] = admission.refresh_token
    return Session(admission.access_token, admission.expires_at, profile(admission.known))


@web.middleware
async def session_cookie(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    token = request.get(SET_COOKIE)
    if token is None:
        return response
    settings = request.app[HOUSE].settings
    if token:
        response.set_cookie(
            COOKIE,
            token,
            path=COOKIE_PATH,
            max_age=settings.refresh_ttl_s,
            httponly=True,
            samesite="Strict",
            secure=settings.public_url.startswith("https:"),
        )
    else:
        response.del_cookie(COOKIE, path=COOKIE_PATH)
    return response

"""The way to the relay through our own origin: WHIP and WHEP only, never its control."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from media.client import RelayClient, RelayUnreachable, cors_headers, is_refused
from rooms.errors import NotFound
from server.house import HOUSE
from server.refusals import Unavailable
from server.settings import AT, MEDIA_PATH

BODY_MAX = 256 * 1024
TIMEOUT_S = 15.0
_SENT = ("Authorization", "Content-Type", "Accept", "If-Match", "Accept-Language")
_GIVEN = (
    "Content-Type",
    "Location",
    "ETag",
    "Link",
    "Accept-Patch",
    "Accept-Post",
    "Retry-After",
    "WWW-Authenticate",
    "Allow",
)
_SESSION: web.AppKey[aiohttp.ClientSession] = web.AppKey("relay-session")


def add_proxy(app: web.Application) -> None:
    app.cleanup_ctx.append(_session)
    app.on_response_prepare.append(open_to_pages)
    for face in ("whip", "whep"):
        # Where several relays are, a session's own address names its relay.
        for at in ("", AT + "{relay:[0-9a-f]{1,64}}/"):
            for method in ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"):
                app.router.add_route(method, f"{MEDIA_PATH}/{at}{{path:{face}/[A-Za-z0-9:_./-]+}}", pass_on)


async def pass_on(request: web.Request) -> web.Response:
    """Raises: Unavailable `relay-unreachable`; NotFound `media-moved`."""
    path = request.match_info["path"]
    if ".." in path:
        raise web.HTTPNotFound
    body = await request.read() if request.can_read_body else b""
    if len(body) > BODY_MAX:
        raise web.HTTPRequestEntityTooLarge(BODY_MAX, len(body))
    relay = await _relay_for(request, path)
    try:
        return await _ask(request, relay, path, body)
    except aiohttp.ClientConnectorError as error:
        if not is_refused(error):
            raise _unreachable() from None
    except (aiohttp.ClientError, TimeoutError):
        raise _unreachable() from None
    # The relay is gone and nobody had noticed: whoever comes to join is led to the next one at once.
    request.app[HOUSE].relay.lost(relay)
    again = await _relay_for(request, path)
    if again is relay:
        raise _unreachable()
    try:
        return await _ask(request, again, path, body)
    except (aiohttp.ClientError, TimeoutError):
        raise _unreachable() from None


async def _relay_for(request: web.Request, path: str) -> RelayClient:
    """By its name in the address, else where the peer of the token is to watch, else where the studio lives."""
    relays, (face, studio, *rest) = request.app[HOUSE].relay, path.split("/")
    try:
        if request.method == "OPTIONS":
            return await relays.anyone()  # all answer alike, also for a session that has moved
        if name := request.match_info.get("relay"):
            relay = await relays.named(name, studio)
            if relay is None:
                raise NotFound("media-moved", "the session is no longer carried there: join again")
            return relay
        grant = relays.grant(_token(request))
        if grant is None or grant.studio != studio:
            return await relays.anyone()  # to be refused there; a stranger's word places no studio
        if face == "whep" and request.method == "POST" and rest == [grant.programme]:
            return await relays.edge(studio, grant.programme, grant.peer, grant.region)
        return await relays.at(studio)
    except RelayUnreachable:
        raise Unavailable("relay-unreachable", "no relay answers") from None


async def _ask(request: web.Request, relay: RelayClient, path: str, body: bytes) -> web.Response:
    headers = {name: request.headers[name] for name in _SENT if name in request.headers}
    async with request.app[_SESSION].request(
        request.method, f"{relay.base_url}/{path}", data=body or None, headers=headers
    ) as answer:
        # There may be several of one name: a Link for each TURN server.
        given = CIMultiDict((name, value) for name in _GIVEN for value in answer.headers.getall(name, ()))
        if relay.name and "Location" in given:
            given["Location"] = _at(relay.name, given["Location"])
        return web.Response(status=answer.status, body=await answer.read(), headers=given)


async def open_to_pages(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: also for refusals, since a page of another origin must read that it shall
    join again."""
    if request.path.startswith(f"{MEDIA_PATH}/"):
        methods = response.headers.get("Allow") if request.method == "OPTIONS" else None
        origins = request.app[HOUSE].settings.media_origins
        response.headers.update(cors_headers(request.headers.get("Origin", ""), origins, methods))


def _at(name: str, location: str) -> str:
    """The session's address with the name of its relay in it."""
    found = re.search(r"/(?:whip|whep)/.*", location)
    return f"{MEDIA_PATH}/{AT}{name}{found[0]}" if found else location


def _token(request: web.Request) -> str:
    return request.headers.get("Authorization", "").partition(" ")[2].strip()


def _unreachable() -> Unavailable:
    return Unavailable("relay-unreachable", "the relay does not answer")


async def _session(app: web.Application) -> AsyncIterator[None]:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    app[_SESSION] = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
    yield
    await app[_SESSION].close()

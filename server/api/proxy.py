"""The way to the relay through our own origin: WHIP and WHEP only, never its control."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from media.client import RelayUnreachable
from server.house import HOUSE
from server.refusals import Unavailable
from server.settings import MEDIA_PATH

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
    for face in ("whip", "whep"):
        for method in ("POST", "PATCH", "DELETE", "OPTIONS"):
            app.router.add_route(method, f"{MEDIA_PATH}/{{path:{face}/[A-Za-z0-9:_./-]+}}", pass_on)


async def pass_on(request: web.Request) -> web.Response:
    """Raises: Unavailable `relay-unreachable`."""
    path = request.match_info["path"]
    if ".." in path:
        raise web.HTTPNotFound
    body = await request.read() if request.can_read_body else b""
    if len(body) > BODY_MAX:
        raise web.HTTPRequestEntityTooLarge(BODY_MAX, len(body))
    try:
        relay = await request.app[HOUSE].relay.at(path.split("/")[1])
    except RelayUnreachable:
        raise Unavailable("relay-unreachable", "no relay answers") from None
    url = f"{relay.base_url}/{path}"
    headers = {name: request.headers[name] for name in _SENT if name in request.headers}
    try:
        async with request.app[_SESSION].request(
            request.method, url, data=body or None, headers=headers
        ) as answer:
            given = {name: answer.headers[name] for name in _GIVEN if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=given)
    except (aiohttp.ClientError, TimeoutError):
        raise Unavailable("relay-unreachable", "the relay does not answer") from None


async def _session(app: web.Application) -> AsyncIterator[None]:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    app[_SESSION] = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
    yield
    await app[_SESSION].close()

"""What RFC 9725 and WHEP ask of HTTP around the sessions: methods, CORS, and which PATCH restarts ICE.

Knows requests and entity tags; neither tokens nor what is in a description.
"""

from collections.abc import Collection
from enum import Enum, auto
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from media.cors import cors_headers
from media.relay.problems import Handler, Refusal
from media.wire.sdp import Fragment

OFFER: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"


async def nothing(_: web.Request) -> web.Response:
    """An endpoint has no representation: a GET gives a success without content (RFC 9725, 4.1)."""
    return web.Response(status=204)


def cors(origins: Collection[str]) -> Middleware:
    """The middleware that answers OPTIONS and lets pages of these origins read the answers; `*` is any."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        options = _options(request) if request.method == "OPTIONS" else None
        response = options if options is not None else await handler(request)
        methods = options.headers["Allow"] if options is not None else None
        response.headers.update(cors_headers(request.headers.get("Origin", ""), origins, methods))
        return response

    return middleware


def _options(request: web.Request) -> web.StreamResponse | None:
    """What may be done with this path, if it is one of ours. A preflight carries no token (RFC 9725, 4.7.1)."""
    refused: Any = request.match_info.http_exception
    if not isinstance(refused, web.HTTPMethodNotAllowed):
        return None
    methods = sorted({*refused.allowed_methods, "OPTIONS"})
    headers = {"Allow": ", ".join(methods), "Cache-Control": "no-store"}
    if "POST" in methods:
        headers["Accept-Post"] = OFFER
    if "PATCH" in methods:
        headers["Accept-Patch"] = FRAGMENT
    return web.Response(headers=headers)


class Patch(Enum):
    """What a fragment asks for."""

    TRICKLE = auto()
    RESTART = auto()


def patch_of(matches: str | None, etag: str, known: tuple[str, str], fragment: Fragment) -> Patch:
    """What a PATCH asks of the ICE session `etag`, whose peer has the credentials `known`. Raises: Refusal."""
    if matches is None:
        raise Refusal("precondition-required", "send If-Match with the ETag, or * to restart ICE")
    tags = [tag.strip() for tag in matches.split(",")]
    if "*" not in tags and etag not in tags:
        raise Refusal("stale-session", "ICE was restarted since")
    told = (fragment.ufrag, fragment.password)
    if told in (known, ("", "")):
        return Patch.TRICKLE
    if not all(told):
        raise Refusal("unacceptable", "a restart of ICE needs a new ice-ufrag and a new ice-pwd")
    return Patch.RESTART

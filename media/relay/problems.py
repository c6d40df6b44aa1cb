"""Refusals of the relay's HTTP face as problem documents (RFC 9457), and the middleware that writes them."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TYPE_BASE: Final = "urn:dienhong:media:"
_STATUS: Final = {
    "bad-sdp": HTTPStatus.BAD_REQUEST,
    "unacceptable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "precondition-required": HTTPStatus.PRECONDITION_REQUIRED,
    "bad-request": HTTPStatus.BAD_REQUEST,
    "unknown-token": HTTPStatus.UNAUTHORIZED,
    "wrong-scope": HTTPStatus.FORBIDDEN,
    "studio-mismatch": HTTPStatus.FORBIDDEN,
    "not-found": HTTPStatus.NOT_FOUND,
    "no-recordings": HTTPStatus.CONFLICT,
    "loop": HTTPStatus.CONFLICT,
    "stale-session": HTTPStatus.PRECONDITION_FAILED,
    "wrong-media-type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "too-many": HTTPStatus.TOO_MANY_REQUESTS,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}

log = logging.getLogger("media.face")


class Refusal(Exception):
    """Theirs: a stable code and a sentence for the developer on the other side."""

    def __init__(self, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.headers = headers or {}


def document(status: HTTPStatus, code: str, detail: str, more: Mapping[str, str] | None = None) -> web.Response:
    body = {
        "type": TYPE_BASE + code,
        "title": status.phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
    }
    headers = {"Cache-Control": "no-store"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = "2"
    headers |= more or {}
    return web.Response(
        status=status, text=json.dumps(body), content_type="application/problem+json", headers=headers
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place where a refusal becomes a status."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return document(_STATUS[refusal.code], refusal.code, refusal.detail, refusal.headers)
    except HttpProcessingError as error:
        return document(HTTPStatus.BAD_REQUEST, "bad-request", error.message[:200])
    except web.HTTPException as error:
        if error.status < 400:
            raise
        status = HTTPStatus(error.status)
        answer = document(status, status.phrase.lower().replace(" ", "-"), error.reason)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except (ConnectionError, TimeoutError):
        return document(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "the worker does not answer")
    except Exception:
        log.exception("fault in %s", request.path)
        return document(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "a fault of ours; it was logged")

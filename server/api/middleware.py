"""Around every request: an id for its log lines, its time for the metrics, the headers that keep pages safe."""

from __future__ import annotations

import re
from time import perf_counter
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from server.house import HOUSE

CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; "
    "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
    "media-src 'self' blob:; frame-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
}
_HSTS = "max-age=31536000"
_REQUEST_ID = re.compile(r"[\w.-]{8,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_log = structlog.get_logger("server.http")


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    told = request.headers.get("X-Request-Id", "")
    request_id = told if _REQUEST_ID.fullmatch(told) else uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=request_id)
    began, status = perf_counter(), 500
    try:
        response = await handler(request)
        status = response.status
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
        return response
    finally:
        took_s = perf_counter() - began
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "-"
        request.app[HOUSE].metrics.requests.labels(route, request.method, str(status)).observe(took_s)
        if request.path not in _QUIET:
            _log.info("http", method=request.method, route=route, status=status, ms=round(took_s * 1000, 1))


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: also for files and refusals."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    if request.app[HOUSE].settings.url.startswith("https:"):
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    response.headers.popall("Server", None)

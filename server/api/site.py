"""The built web app, and what operators ask: health, readiness, metrics, the interface's own document."""

from __future__ import annotations

import asyncio
import hmac
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from pydantic import TypeAdapter

from server import metrics
from server.api.schemas import Health
from server.house import HOUSE
from server.settings import Settings

#: Everything that is not an address of ours belongs to the app and is routed there.
APP_PATHS = r"/{path:(?!(?:api|media|ws|metrics|healthz|readyz)(?:/|$)).*}"
_HEALTH = TypeAdapter(Health)
_PING_S = 2.0
_FORWARDED = frozenset({"X-Forwarded-For", "Forwarded", "X-Real-Ip"})


def add_site(app: web.Application) -> None:
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", read_metrics)
    app.router.add_get("/api/openapi.json", read_document)
    app.router.add_get(APP_PATHS, page)


async def alive(request: web.Request) -> web.Response:
    return _health({"process": True}, needed=("process",))


async def ready(request: web.Request) -> web.Response:
    """Whether work can be sent here. A relay or papers that are away are told but do not take the meeting away."""
    house = request.app[HOUSE]
    checks = {"database": await _answers(house.store.ping()), "relay": house.relay_up()}
    gauges = house.hub.gauges()
    if house.settings.blobs_url:
        checks["blobs"] = await _answers(house.blobs.ping())
    if house.settings.redis_url:
        checks["redis"] = bool(gauges.get("redis_up"))
    return _health(checks, needed=("database", "redis"))


async def _answers(asked: object) -> bool:
    try:
        async with asyncio.timeout(_PING_S):
            await asked  # type: ignore[misc]
    except Exception:
        return False
    return True


def _health(checks: dict[str, bool], needed: tuple[str, ...]) -> web.Response:
    good = all(checks.get(name, True) for name in needed)
    body = _HEALTH.dump_json(Health("ok" if good else "failing", checks))
    return web.Response(body=body, status=200 if good else 503, content_type="application/json")


async def read_metrics(request: web.Request) -> web.Response:
    house = request.app[HOUSE]
    if not _may_read_metrics(request, house.settings):
        raise web.HTTPNotFound
    text = house.metrics.text(house.hub.gauges(), house.relay_lives())
    return web.Response(body=text, headers={"Content-Type": metrics.CONTENT_TYPE})


def _may_read_metrics(request: web.Request, settings: Settings) -> bool:
    """With the token when there is one, else from this machine; what a proxy passes on is from elsewhere."""
    if settings.metrics_token is not None:
        scheme, _, told = request.headers.get("Authorization", "").partition(" ")
        token = settings.metrics_token.get_secret_value()
        return scheme.lower() == "bearer" and hmac.compare_digest(told.strip().encode(), token.encode())
    if not _FORWARDED.isdisjoint(name.title() for name in request.headers):
        return False
    try:
        return ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def read_document(request: web.Request) -> web.Response:
    return web.Response(body=await asyncio.to_thread(_document), content_type="application/json")


@cache
def _document() -> bytes:
    from server.api.openapi import text

    return text().encode()


async def page(request: web.Request) -> web.StreamResponse:
    """A file of the build, else the app's own page."""
    web_folder = request.app[HOUSE].settings.web
    found = await asyncio.to_thread(_find, web_folder, request.match_info["path"])
    if found is None:
        raise web.HTTPNotFound
    forever = found.parent == web_folder / "assets"
    cache_control = "public, max-age=31536000, immutable" if forever else "no-cache"
    return web.FileResponse(found, headers={"Cache-Control": cache_control})


def _find(folder: Path, path: str) -> Path | None:
    if _is_ours(folder, path):
        return folder / path
    if path.startswith("assets/"):
        return None  # a page of an older build asks for what is gone: not for the app's page
    start = folder / "index.html"
    return start if start.is_file() else None


def _is_ours(folder: Path, path: str) -> bool:
    if any(part.startswith(".") for part in Path(path).parts):
        return False
    try:
        wanted = (folder / path).resolve()
        return wanted.is_relative_to(folder.resolve()) and wanted.is_file()
    except (OSError, ValueError):
        return False  # too long for a file's name, or with a NUL in it

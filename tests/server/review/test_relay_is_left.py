"""Relay sessions have no end of their own: whoever is signed out must be ended there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.server.town import settings_for, town_of


async def test_a_closed_bridge_leaves_the_relay(
    data: Path, aiohttp_client: Callable[..., Any], aiohttp_server: Callable[..., Any]
) -> None:
    """Today it goes on watching, or is even on air, for as long as it likes."""
    kicked: list[str] = []
    gone = asyncio.Event()
    peer = ""

    async def control(request: web.Request) -> web.Response:
        if request.method == "DELETE":
            kicked.append(request.match_info["path"])
            gone.set()
            return web.Response(status=204)
        viewer = {"peer": peer, "programme": "main", "since": 0.0, "loss": None, "jitter_ms": None, "rtt_ms": None}
        shown = {"wanted": {"video": None, "audio": []}, "on_air": {"video": None, "audio": []}}
        if request.method == "PUT":
            return web.json_response(shown)
        viewers = [{**viewer, "remb_kbps": None}] if not gone.is_set() else []
        return web.json_response({"programmes": {"main": shown}, "sources": [], "viewers": viewers})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", control)
    relay = await aiohttp_server(app)
    town = await town_of(aiohttp_client, settings_for(data, relay_urls=str(relay.make_url("")).rstrip("/")))
    peer = f"bridge:{town.bridges['commune']}"
    meeting_id = await town.meeting(opened=True)
    admin = await town.caller("admin")
    assert (await admin.patch(f"/api/bridges/{town.bridges['commune']}", {"active": False})).status == 200
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone.wait(), 6)
    assert kicked, "nobody told the relay"
    assert meeting_id in kicked[0]
    assert str(town.bridges["commune"]) in kicked[0]

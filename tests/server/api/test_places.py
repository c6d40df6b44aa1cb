"""The way to several relays: a bridge is led to the one near to it, its session's address stays there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rooms.ids import BridgeId
from signaling.places import Place
from signaling.pool import RelayPool
from tests.server.town import Caller, Town, settings_for, town_of

NEAR = "Huyện Lắk"


@dataclass
class StandIn:
    """A relay that says how it stands and remembers what reached it: tried here is our own passing on."""

    region: str = ""
    server: TestServer | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("/media"))

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/media")
        if path == "/control/relay":
            stands = {"id": "1", "region": self.region, "viewers": 0, "sources": 0, "load": 0, "draining": "no"}
            return web.json_response(stands)
        self.asked.append(f"{request.method} {path}")
        if request.method == "PUT":
            return web.json_response(
                {"wanted": {"video": None, "audio": []}, "on_air": {"video": None, "audio": []}}
            )
        if request.method == "POST":
            return web.Response(status=201, text="v=0", headers={"Location": f"/media{path}/s1"})
        return web.Response(status=204)


@pytest.fixture
async def relays(aiohttp_server: Callable[..., Awaitable[TestServer]]) -> list[StandIn]:
    made = [StandIn(), StandIn(f"Huyện Ea Súp, {NEAR}")]
    for one in made:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", one.answer)
        one.server = await aiohttp_server(app)
    return made


@pytest.fixture
async def town(data: Path, aiohttp_client: Callable[..., Any], relays: list[StandIn]) -> Town:
    made = await town_of(aiohttp_client, settings_for(data, relay_urls=",".join(r.url for r in relays)))
    async with asyncio.timeout(20):
        while not made.house.relay.regional:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return made


async def joined(town: Town, caller: Caller, meeting_id: str) -> str:
    """Where the session is that comes of asking to watch."""
    access = (await caller.post(f"/api/meetings/{meeting_id}/media")).json
    bearer = {"Authorization": f"Bearer {access['watch_token']}", "Content-Type": "application/sdp"}
    answer = await town.nobody.call("POST", access["whep_url"], data=b"v=0", headers=bearer)
    assert answer.status == 201, answer.content
    return str(answer.headers["Location"])


async def test_a_bridge_watches_at_the_relay_that_is_near_to_its_unit(town: Town, relays: list[StandIn]) -> None:
    bridge_id = BridgeId(town.bridges["commune"])
    admin = await town.caller("admin")
    changed = await admin.call("PATCH", f"/api/bridges/{bridge_id}", json={"parent": NEAR})
    assert changed.status == 200, changed.content
    meeting_id = await town.meeting(opened=True)
    home = await town.house.relay.at(str(meeting_id))
    places = {}
    for who in ("commune", "member"):
        location = await joined(town, await town.caller(who), str(meeting_id))
        found = re.fullmatch(rf"/media/at/([0-9a-f]{{10}})/whep/{meeting_id}/main/s1", location)
        assert found is not None
        places[who] = found[1]
    near = relays[1]
    assert f"POST /whep/{meeting_id}/main" in near.asked
    assert places["member"] == home.name, "a small session stays at its home"
    told_to_mirror = f"PUT /control/studios/{meeting_id}/programmes/main/parents"
    assert (told_to_mirror in near.asked) is (home.base_url != near.url)
    assert (
        await town.nobody.call("DELETE", f"/media/at/{places['commune']}/whep/{meeting_id}/main/s1")
    ).status == 204
    assert near.asked[-1] == f"DELETE /whep/{meeting_id}/main/s1"


async def test_a_conference_lives_near_its_central_bridge(town: Town, relays: list[StandIn]) -> None:
    admin = await town.caller("admin")
    changed = await admin.call("PATCH", f"/api/bridges/{town.bridges['central']}", json={"parent": NEAR})
    assert changed.status == 200, changed.content
    for _ in range(6):  # by their names alone they would be at both
        meeting_id = await town.meeting(opened=True)
        await (await town.caller("chair")).post(f"/api/meetings/{meeting_id}/media")
        assert (await town.house.relay.at(meeting_id)).base_url == relays[1].url


async def test_a_strangers_word_places_no_studio(town: Town, relays: list[StandIn]) -> None:
    pool = town.house.relay
    assert isinstance(pool, RelayPool)
    other = pool.token("watch", "another", "bridge:a", "main")
    for token in ("forged", other):
        bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        for path in ("whip/made-up", "whep/made-up/main"):
            await town.nobody.call("POST", f"/media/{path}", data=b"v=0", headers=bearer)
    # A relay is asked, and would refuse it; but nobody remembers a studio of that name.
    assert sum(
        f"POST /{path}" in relay.asked for relay in relays for path in ("whip/made-up", "whep/made-up/main")
    )
    assert await pool._places.of("made-up") == Place()
    assert "made-up" not in pool._followed

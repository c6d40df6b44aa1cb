"""Headless bridges as processes against a real server and its relay: they see, are called, are seen, come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from rooms import conference
from rooms.ids import BridgeId
from rooms.roles import Actor
from server.store import SqlStore
from tests.cluster.serving import ROOT, Server, command, join_code, serving, sign_in
from tests.signaling.world import World, make_world

WAIT_S = 100.0


@dataclass
class Agent:
    """A `python -m media bridge` process and the lines it prints."""

    process: asyncio.subprocess.Process
    stats: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self.news:
                self.stats.append(json.loads(line))
                self.news.notify_all()

    async def until(self, condition: Callable[[dict[str, Any]], bool], wait_s: float = WAIT_S) -> dict[str, Any]:
        """The first line from now on that fits."""
        start = len(self.stats)
        try:
            async with asyncio.timeout(wait_s), self.news:
                while True:
                    for line in self.stats[start:]:
                        if condition(line):
                            return line
                    start = len(self.stats)
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"never; at last: {self.stats[-1:]}") from None


@contextlib.asynccontextmanager
async def agent(server: Server, code: str, *words: str) -> AsyncIterator[Agent]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "bridge", "--server", server.url, "--code", code, "--stats-json", *words,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    made = Agent(process)
    reading = asyncio.create_task(made.read())
    try:
        yield made
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 60) == 0
        await reading
        process._transport.close()  # type: ignore[attr-defined]


def near(colour: tuple[int, int, int]) -> Callable[[dict[str, Any]], bool]:
    def check(line: dict[str, Any]) -> bool:
        return bool(line["colour"]) and all(abs(a - b) < 30 for a, b in zip(line["colour"], colour, strict=True))

    return check


@dataclass
class Hall:
    server: Server
    world: World
    store: SqlStore
    http: aiohttp.ClientSession
    token: str

    async def direct(self, body: dict[str, Any]) -> None:
        await command(self.http, self.server, self.token, self.world.meeting_id, body)

    async def code(self, bridge: Actor) -> str:
        return await join_code(self.store, bridge)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with serving(tmp_path) as server, aiohttp.ClientSession() as http:
        store = SqlStore.at(f"sqlite+aiosqlite:///{tmp_path}/dienhong.db")
        world = await make_world(store)
        token = await sign_in(http, server, store, world.secretary)
        yield Hall(server, world, store, http, token)
        await store.close()


RED, BLUE = (220, 30, 30), (30, 30, 220)


@pytest.mark.timeout(600)
async def test_the_centre_is_seen_then_the_commune_that_is_called_then_the_centre_again(hall: Hall) -> None:
    world = hall.world
    centre, (first, second) = world.central, world.communes
    async with (
        agent(hall.server, await hall.code(centre), "--colour", "dc1e1e", "--picture", "320x180") as one,
        agent(
            hall.server, await hall.code(first), "--colour", "1e1edc", "--picture", "480x270", "--heads", "9"
        ) as two,
        agent(hall.server, await hall.code(second), "--publish", "none", "--raise-hand") as three,
    ):
        for each in (one, two, three):
            await each.until(lambda line: line["connected"])
        await hall.direct({"kind": "put_on_air", "bridge_id": str(centre.id)})
        line = await three.until(near(RED))
        assert (line["width"], line["height"]) == (320, 180)
        await three.until(lambda x: x["frames"] > line["frames"] and x["audio_energy"] > line["audio_energy"])

        await hall.direct({"kind": "stand_by", "bridge_id": str(first.id)})
        await two.until(lambda x: x["publish"] == "connected" and x["frames_sent"] > 15)
        reconnects = three.stats[-1]["reconnects"]
        await hall.direct({"kind": "put_on_air", "bridge_id": str(first.id)})
        line = await three.until(near(BLUE))
        assert (line["width"], line["height"]) == (480, 270)
        await hall.direct({"kind": "put_on_air", "bridge_id": str(centre.id)})
        line = await three.until(near(RED))
        assert line["reconnects"] == reconnects
        assert line["watch"] == "connected"
        await two.until(lambda x: x["publish"] == "none")

        async with hall.store.begin(write=False) as tx:
            seats = {b.bridge_id: b for b in await tx.bridges(world.meeting_id)}
            turns = await tx.turns(world.meeting_id)
        assert seats[BridgeId(first.id)].heads == 9
        assert all(b.checked_in_at for b in seats.values())
        assert [t.speaker_id for t in turns] == [second.id]


@pytest.mark.timeout(600)
async def test_a_bridge_comes_back_alone_after_the_server_died(hall: Hall, tmp_path: Path) -> None:
    world = hall.world
    centre, first = world.central, world.communes[0]
    port = hall.server.url.rsplit(":", 1)[1]
    async with (
        agent(hall.server, await hall.code(centre), "--colour", "dc1e1e", "--picture", "320x180") as one,
        agent(hall.server, await hall.code(first), "--publish", "none") as two,
    ):
        for each in (one, two):
            await each.until(lambda line: line["connected"])
        await hall.direct({"kind": "put_on_air", "bridge_id": str(centre.id)})
        await two.until(near(RED))
        await hall.server.end(signal.SIGKILL)
        await two.until(lambda line: not line["connected"])
        # Without anybody's ring, and not by this process's feed: what happens while it is dead.
        await world.do(world.chair, conference.PutOnAir(None))
        async with serving(tmp_path, DIENHONG_PORT=port):
            await two.until(lambda line: line["connected"] and line["on_air"] is None)
            await world.do(world.chair, conference.PutOnAir(BridgeId(centre.id)))
            line = await two.until(lambda x: x["on_air"] == str(centre.id))
            await two.until(lambda x: x["watch"] == "connected" and x["frames"] > line["frames"] + 20)


@pytest.mark.timeout(300)
async def test_a_wrong_code_ends_the_agent_with_a_reason(hall: Hall) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "bridge", "--server", hall.server.url, "--code", "0000-0000-0000-0000",
        cwd=ROOT, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, told = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode == 1
    assert b"refused: 4" in told
    process._transport.close()  # type: ignore[attr-defined]

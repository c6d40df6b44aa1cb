"""The stage follows the meeting's row, on a real relay that is also killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from media.client import RelayClient, RelayUnreachable, Stage
from rooms import conference
from rooms import meeting as m
from rooms.ids import BridgeId
from rooms.roles import Role, Seat
from server.store import SqlStore
from signaling import call
from signaling.call import MAIN, PREVIEW, bridge_peer
from signaling.hub import Hub
from tests.signaling.world import World, eventually, make_world, running, tablet

ROOT = Path(__file__).parents[2]


@dataclass
class RelayAtWork:
    """A relay process on ports of its own, which a test may kill and start again."""

    port: int
    key: str
    client: RelayClient
    process: asyncio.subprocess.Process | None = None
    words: tuple[str, ...] = ()

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media", "relay", "--http", f"127.0.0.1:{self.port}", "--udp", "127.0.0.1:0",
            *self.words,
            cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": self.key}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        assert json.loads(line)["ready"] is True

    async def end(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            await asyncio.wait_for(self.process.wait(), 45)
            self.process._transport.close()  # type: ignore[attr-defined]
            self.process = None


@pytest.fixture
async def relay() -> AsyncIterator[RelayAtWork]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key = secrets.token_hex(32)
    made = RelayAtWork(port, key, RelayClient(f"http://127.0.0.1:{port}", key))
    await made.start()
    yield made
    await made.client.aclose()
    await made.end()


async def until_wanted(relay: RelayAtWork, world: World, programme: str, stage: Stage, wait_s: float = 18) -> None:
    def padded(shown: Stage) -> tuple[str | None, list[str]]:
        return shown.video, [peer for peer in shown.audio if peer is not None]

    async with asyncio.timeout(wait_s):
        while True:
            try:
                state = await relay.client.studio(str(world.meeting_id))
                if programme in state.programmes and padded(state.programmes[programme].wanted) == padded(stage):
                    return
            except RelayUnreachable:
                pass
            await asyncio.sleep(0.02)


async def test_the_stage_follows_the_meeting_at_once(world: World, relay: RelayAtWork) -> None:
    centre, commune = bridge_peer(BridgeId(world.central.id)), bridge_peer(BridgeId(world.communes[0].id))

    def seldom(hub: Hub) -> None:
        assert hub.call is not None
        hub.call._reassert_s = 60  # and only the entry can have brought the news

    async with running(world, relay.client, change=seldom) as node, tablet(world, world.central, node):
        await until_wanted(relay, world, MAIN, Stage(None, ()))
        for command, programme, stage in (
            (conference.PutOnAir(BridgeId(world.central.id)), MAIN, Stage(centre, (centre,))),
            (conference.StandBy(BridgeId(world.communes[0].id)), PREVIEW, Stage(commune, (commune,))),
            (conference.PutOnAir(BridgeId(world.communes[0].id)), MAIN, Stage(commune, (commune, centre))),
            (conference.PutOnAir(BridgeId(world.central.id)), MAIN, Stage(centre, (centre,))),
        ):
            await world.do(world.central, command, node.doorbell)
            await until_wanted(relay, world, programme, stage)
        await until_wanted(relay, world, PREVIEW, Stage(None, ()))


async def test_a_relay_that_was_killed_hears_the_stage_again(world: World, relay: RelayAtWork) -> None:
    centre = bridge_peer(BridgeId(world.central.id))
    async with running(world, relay.client) as node, tablet(world, world.chair, node):
        await world.do(world.central, conference.PutOnAir(BridgeId(world.central.id)), node.doorbell)
        await until_wanted(relay, world, MAIN, Stage(centre, (centre,)))
        await relay.end(signal.SIGKILL)
        await eventually(lambda: not node.hub.gauges()["relay_up"])
        await relay.start()
        await until_wanted(relay, world, MAIN, Stage(centre, (centre,)))
        await eventually(lambda: node.hub.gauges()["relay_up"] == 1)


async def test_the_recording_follows_the_meeting_and_a_new_relay(
    world: World, relay: RelayAtWork, tmp_path: Path
) -> None:
    async def until_recorded(on: bool) -> None:
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(RelayUnreachable):
                    state = await relay.client.studio(str(world.meeting_id))
                    if MAIN in state.recordings and state.recordings[MAIN].on == on:
                        return
                await asyncio.sleep(0.05)

    await relay.end()
    relay.words = ("--record-into", str(tmp_path))
    await relay.start()
    async with running(world, relay.client) as node, tablet(world, world.chair, node):
        await world.do(world.chair, conference.Record(True), node.doorbell)
        await until_recorded(True)
        await relay.end(signal.SIGKILL)
        await relay.start()
        await until_recorded(True)
        await world.do(world.chair, m.CloseMeeting(), node.doorbell)
        await until_recorded(False)


async def test_keep_is_quiet_while_the_relay_is_down(world: World, relay: RelayAtWork) -> None:
    async with running(world, relay.client) as node:
        assert node.hub.call is not None
        assert await node.hub.call.keep(world.meeting_id) is True
        await relay.end()
        assert await node.hub.call.keep(world.meeting_id) is False


async def test_a_closed_meeting_leaves_an_empty_stage(world: World, relay: RelayAtWork) -> None:
    async with running(world, relay.client) as node, tablet(world, world.chair, node):
        await world.do(world.central, conference.PutOnAir(BridgeId(world.central.id)), node.doorbell)
        centre = bridge_peer(BridgeId(world.central.id))
        await until_wanted(relay, world, MAIN, Stage(centre, (centre,)))
        await world.do(world.chair, m.CloseMeeting(), node.doorbell)
        await until_wanted(relay, world, MAIN, Stage(None, ()))


async def test_who_may_send(store: SqlStore) -> None:
    world = await make_world(store)
    first, second = world.communes
    async with store.begin(write=False) as tx:
        meeting = await tx.meeting(world.meeting_id)
    called = replace(meeting, on_air_bridge_id=BridgeId(first.id))
    waiting = replace(meeting, stand_by_bridge_id=BridgeId(first.id))
    closed = replace(called, state=m.MeetingState.CLOSED)

    def publishes(of: m.Meeting, seat: Seat) -> bool:
        return call.grants(of, seat).publish

    commune, other = Seat(first, Role.COMMUNE_BRIDGE), Seat(second, Role.COMMUNE_BRIDGE)
    centre = Seat(world.central, Role.CENTRAL_BRIDGE)
    assert publishes(meeting, centre)
    assert not publishes(closed, centre)
    assert not publishes(meeting, commune)
    assert publishes(called, commune)
    assert publishes(waiting, commune)
    assert not publishes(called, other)
    assert not publishes(closed, commune)
    assert not publishes(called, Seat(world.chair, Role.CHAIR))
    assert call.grants(meeting, Seat(world.chair, Role.CHAIR)).preview
    assert call.grants(meeting, centre).preview
    assert not call.grants(meeting, commune).preview

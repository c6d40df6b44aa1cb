"""Attacks on the live side that once succeeded: each test says what holds instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from rooms import attendance
from rooms import meeting as m
from rooms.ids import PersonId
from server.store import SqlStore
from signaling.hub import HubSettings
from tests.signaling.world import World, eventually, make_world, now, running, tablet
from tests.support.servers import REDIS


class Held:
    """A store whose next read ends late: the answer is there, its reader has not seen it yet."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.hold_next = False
        self.read = asyncio.Event()
        self.go = asyncio.Event()

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncIterator[Any]:
        hold, self.hold_next = self.hold_next, False
        async with self._store.begin(write=write) as tx:
            yield tx
        if hold:
            self.read.set()
            await self.go.wait()


async def test_who_is_uninvited_while_entering_hears_nothing(store: SqlStore) -> None:
    world = await make_world(store, opened=False)
    held = Held(store)
    victim = world.members[0]
    async with (
        running(world, store=held) as node,  # type: ignore[arg-type]
        tablet(world, world.chair, node) as chair,
        tablet(world, victim, node, after=None) as out,
    ):
        await chair.until_last(await world.last_seq())
        held.hold_next = True
        entering = asyncio.create_task(out.enter(0))
        await asyncio.wait_for(held.read.wait(), 15)
        await world.do(world.secretary, m.UninvitePerson(PersonId(victim.id)), node.doorbell)
        await chair.until_last(await world.last_seq())
        held.go.set()
        answer = await entering
        await world.do(world.secretary, m.ChangeDetails(_details("Nội dung mật")), node.doorbell)
        await chair.until_last(await world.last_seq())
        assert not answer["ok"]
        assert node.hub.feed.count(str(out.sio.get_sid())) == 0
        assert "Nội dung mật" not in str(out.told)


def _details(title: str) -> m.Details:
    return m.Details(title, m.MeetingKind.CONFERENCE, "Ban Thường vụ", "Hội trường", now())


async def test_a_connection_that_never_signs_in_is_cut(world: World) -> None:
    """The bound counts an actor's sockets; a stranger's have no actor, so nothing counts them."""
    async with running(world) as node, aiohttp.ClientSession() as session:
        url = f"{node.url}/ws/?EIO=4&transport=websocket"
        sockets = [await session.ws_connect(url) for _ in range(60)]
        for ws in sockets:
            await ws.receive()  # engine.io's greeting
        await asyncio.gather(*(asyncio.wait_for(ws.receive(), 25) for ws in sockets))
        assert all(ws.closed for ws in sockets)
        await eventually(lambda: not node.hub._sio.eio.sockets)


async def test_one_socket_cannot_ask_for_the_whole_journal_without_end(world: World) -> None:
    member = world.members[0]
    for n in range(60):
        command = attendance.CheckIn() if n % 2 == 0 else attendance.CheckOut()
        await world.do(member, command)
    async with running(world) as node, tablet(world, member, node, after=0) as out:
        answers = await asyncio.gather(*(out.enter(0) for _ in range(100)))
        assert not all(a["ok"] for a in answers)


@pytest.mark.postgres
@pytest.mark.redis
async def test_a_sign_out_on_one_node_ends_the_socket_on_the_other(postgres_url: str, redis_prefix: str) -> None:
    """A client that does not care to be told is closed all the same."""
    here, there = SqlStore.at(postgres_url), SqlStore.at(postgres_url)
    world = await make_world(here)
    settings = [HubSettings(REDIS, (), redis_prefix, f"n{n}") for n in range(2)]
    member = world.members[0]
    async with (
        running(world, settings=settings[0], store=here) as one,
        running(world, settings=settings[1], store=there) as two,
        tablet(world, member, two) as out,
    ):
        await eventually(lambda: one.hub.gauges()["redis_up"] == 1.0 and two.hub.gauges()["redis_up"] == 1.0)
        await one.hub.sign_out(member.kind, member.id)
        await out.until(lambda: "disconnect" in [name for name, _ in out.told])
        assert out.of("signed_out")
        await world.do(world.chair, attendance.CheckIn(PersonId(world.members[1].id)), two.doorbell)
        assert out.last < await world.last_seq()
    await here.close()
    await there.close()

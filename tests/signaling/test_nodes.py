"""Two nodes on one PostgreSQL and one Redis; and what happens when Redis is not there."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from rooms import agenda, attendance
from rooms.roles import ActorKind
from server.store import SqlStore
from signaling.bell import Rope
from signaling.hub import Hub, HubSettings
from tests.signaling.world import Node, World, eventually, make_world, running, tablet
from tests.support.servers import REDIS

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


@dataclass
class Pair:
    world: World
    one: Node
    two: Node


@contextlib.asynccontextmanager
async def pair(postgres_url: str, redis_url: str, prefix: str, poll_s: float = 1.0) -> AsyncIterator[Pair]:
    """`poll_s`: long, and only the bell can have brought the news."""

    def change(hub: Hub) -> None:
        hub.feed._poll_s = poll_s

    stores = [SqlStore.at(postgres_url) for _ in range(2)]
    world = await make_world(stores[0])
    try:
        settings = [HubSettings(redis_url=redis_url, prefix=prefix) for _ in stores]
        async with (
            running(world, None, settings[0], stores[0], change) as one,
            running(world, None, settings[1], stores[1], change) as two,
        ):
            yield Pair(world, one, two)
    finally:
        for store in stores:
            await store.close()


async def until_up(*nodes: Node, up: bool = True) -> None:
    await eventually(lambda: all(bool(node.hub.gauges()["redis_up"]) is up for node in nodes), 45)


async def test_tablets_on_two_nodes_hear_the_same_in_the_same_order(postgres_url: str, redis_prefix: str) -> None:
    async with pair(postgres_url, REDIS, redis_prefix, poll_s=60) as nodes:
        world = nodes.world
        await until_up(nodes.one, nodes.two)
        async with (
            tablet(world, world.chair, nodes.one) as chair,
            tablet(world, world.secretary, nodes.two) as other,
        ):
            for n in range(10):
                node = (nodes.one, nodes.two)[n % 2]
                await world.do(world.secretary, agenda.AddItem(f"Mục {n}"), node.doorbell)
            last = await world.last_seq()
            await chair.until_last(last)
            await other.until_last(last)
            assert chair.applied == other.applied
            assert [e["seq"] for e in chair.applied] == list(range(1, last + 1))
            assert (chair.gaps, other.gaps) == (0, 0)


async def test_turnout_crosses_nodes_and_only_grows(postgres_url: str, redis_prefix: str) -> None:
    async with pair(postgres_url, REDIS, redis_prefix) as nodes:
        world = nodes.world
        await until_up(nodes.one, nodes.two)
        async with tablet(world, world.chair, nodes.two) as chair:
            poll_id = UUID(int=7)
            for cast in (3, 1, 2):
                nodes.one.doorbell.turnout(world.meeting_id, poll_id, cast, 9)  # type: ignore[arg-type]
            nodes.two.doorbell.turnout(world.meeting_id, poll_id, 5, 9)  # type: ignore[arg-type]
            await chair.until(lambda: any(t["cast"] == 5 for t in chair.of("turnout")))
            counts = [t["cast"] for t in chair.of("turnout")]
            assert counts == sorted(counts)


async def test_presence_is_of_all_nodes(postgres_url: str, redis_prefix: str) -> None:
    async with pair(postgres_url, REDIS, redis_prefix) as nodes:
        world = nodes.world
        await until_up(nodes.one, nodes.two)
        first = world.communes[0]

        def online(told: list[dict[str, object]]) -> set[str]:
            state: dict[str, bool] = {}
            for news in told:
                state |= {link["bridge_id"]: link["online"] for link in news["bridges"]}  # type: ignore[attr-defined]
            return {b for b, there in state.items() if there}

        async with tablet(world, world.chair, nodes.one) as chair:
            async with tablet(world, first, nodes.two):
                await chair.until(lambda: online(chair.of("presence")) == {str(first.id)})
                wall = {link.bridge_id: link.online for link in await nodes.one.hub.wall(world.meeting_id)}
                assert wall == {world.central.id: False, first.id: True, world.communes[1].id: False}
            await chair.until(lambda: online(chair.of("presence")) == set())


async def test_a_sign_out_reaches_the_other_node(postgres_url: str, redis_prefix: str) -> None:
    async with pair(postgres_url, REDIS, redis_prefix) as nodes:
        world = nodes.world
        await until_up(nodes.one, nodes.two)
        async with tablet(world, world.chair, nodes.two) as chair:
            async with asyncio.timeout(30):
                while not chair.of("signed_out"):  # the manager's own listener may still be joining
                    await nodes.one.hub.sign_out(ActorKind.PERSON, world.chair.id)
                    await asyncio.sleep(0.1)


# ── leases ──


async def test_only_the_lease_ends_what_a_node_posted(redis_prefix: str) -> None:
    one, two, three = (Rope(REDIS, redis_prefix, name) for name in ("one", "two", "three"))
    try:
        await one.post("m", "of one")
        await two.post("m", "of two")
        await two.post("m", "")  # two has nobody any more: that says nothing of one
        assert await three.others("m") == {"one": "of one", "two": ""}
        assert await one.others("m") == {"two": ""}
        left_s = await one._redis.ttl(f"{redis_prefix}:presence:m:one")
        assert 0 < left_s <= 10
        await one._redis.delete(f"{redis_prefix}:presence:m:one")  # as when the lease ends
        assert await three.others("m") == {"two": ""}
    finally:
        for rope in (one, two, three):
            await rope.stop()


# ── without Redis ──


@dataclass
class OwnRedis:
    """A Redis process that the test may kill."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--dir", str(self.folder),
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process._transport.close()  # type: ignore[attr-defined]
            self.process = None


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = OwnRedis(tmp_path, port)
    await made.start()
    yield made
    await made.kill()


async def test_redis_dies_and_comes_back_and_nothing_is_lost(
    postgres_url: str, redis_prefix: str, own_redis: OwnRedis
) -> None:
    async with pair(postgres_url, own_redis.url, redis_prefix) as nodes:
        world = nodes.world
        await until_up(nodes.one, nodes.two)
        async with (
            tablet(world, world.chair, nodes.one) as chair,
            tablet(world, world.central, nodes.two) as centre,
        ):
            await own_redis.kill()
            done = await world.do(world.secretary, agenda.AddItem("Khi Redis chết"), nodes.one.doorbell)
            await chair.until_last(done.seq)
            await centre.until_last(done.seq)  # by the poll
            await until_up(nodes.one, nodes.two, up=False)
            for node in (nodes.one, nodes.two):
                node.hub.feed._poll_s = 60
                node.hub.feed._wake_all()
            await own_redis.start()
            await until_up(nodes.one, nodes.two)
            done = await world.do(world.members[0], attendance.CheckIn(), nodes.one.doorbell)
            await centre.until_last(done.seq)
            await chair.until_last(done.seq)
            assert chair.applied == centre.applied
            assert (chair.gaps, centre.gaps) == (0, 0)


async def test_a_node_starts_without_redis(postgres_url: str, redis_prefix: str, own_redis: OwnRedis) -> None:
    await own_redis.kill()
    async with pair(postgres_url, own_redis.url, redis_prefix) as nodes:
        world = nodes.world
        async with tablet(world, world.chair, nodes.one) as chair:
            done = await world.do(world.secretary, agenda.AddItem("Một mình"), nodes.two.doorbell)
            await chair.until_last(done.seq)
            assert nodes.one.hub.gauges()["redis_up"] == 0

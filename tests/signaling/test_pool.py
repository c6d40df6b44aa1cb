"""Several relays as one: real relay processes, one of them killed; the shared memory of places."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from media.client import Moved, RelayClient, RelayUnreachable, recorded_parts
from media.relay.drain import drain
from signaling.places import Mirror, OwnPlaces, Place, Places, SharedPlaces
from signaling.pool import DRAIN_S, RelayPool, name_of
from signaling.relays import StaticRelays
from tests.bench.machine import family
from tests.media.cascade.test_mirror import DELTA, Film
from tests.media.cascade.test_mirror import KEY as KEY_FRAME
from tests.media.peers import Source, Tone
from tests.media.running import RelayProcess, RunningRelay, speaking_with, start_relay
from tests.media.site import Site
from tests.signaling.world import eventually
from tests.support.servers import REDIS

KEY = "k" * 40


def killed(relay: RelayProcess) -> None:
    relay.process.kill()
    relay.process.wait()


@pytest.fixture
def relays() -> Iterator[list[RelayProcess]]:
    running = [start_relay(key=KEY), start_relay(key=KEY)]
    yield running
    for relay in running:
        if relay.process.poll() is None:
            relay.stop()
        elif relay.process.stdout is not None:
            relay.process.stdout.close()


@asynccontextmanager
async def pool_of(
    urls: list[str], places: Places | None = None, *, above: int = 300
) -> AsyncIterator[tuple[RelayPool, list[Moved]]]:
    pool = RelayPool(StaticRelays(tuple(urls)), places or OwnPlaces(), KEY, above=above)
    told: list[Moved] = []
    pool.on_move(told.append)
    try:
        yield pool, told
    finally:
        await pool.aclose()


async def eventually_so(condition: Callable[[], object], pool: RelayPool) -> None:
    """For what follows from looking."""
    async with asyncio.timeout(20):
        while not condition():
            await pool.look()
            await pool.follow()
            await asyncio.sleep(0.02)


async def test_a_studio_stays_moves_with_a_death_and_is_not_called_back(relays: list[RelayProcess]) -> None:
    by_url = {relay.url: relay for relay in relays}
    async with pool_of(list(by_url)) as (pool, told):
        staged = await pool.stage("s1", "main", "bridge:a")
        assert staged.wanted.video == "bridge:a"
        home = (await pool.at("s1")).base_url
        assert (await pool.studio("s1")).programmes["main"].wanted.video == "bridge:a"

        killed(by_url[home])
        await pool.look()  # one look is enough: nobody listens there
        moved = (await pool.at("s1")).base_url
        assert moved != home
        await eventually(lambda: bool(told))
        assert told == [Moved("s1", name_of(home), told[0].within_s, sources=True)]
        await pool.stage("s1", "main", "bridge:a")

        relays.append(start_relay("--http", urlsplit(home).netloc, key=KEY))
        await eventually_so(lambda: len(pool._lookout.living()) == 2, pool)
        assert (await pool.at("s1")).base_url == moved
        assert len(told) == 1


async def test_load_decides_where_a_studio_begins_and_never_moves_it(relays: list[RelayProcess]) -> None:
    async with pool_of([relay.url for relay in relays]) as (pool, told):
        home = (await pool.at("s1")).base_url
        (seen,) = [s for s in pool._lookout.all() if s.client.base_url == home]
        seen.entry = replace(seen.entry, load=0.95)
        assert (await pool.at("s1")).base_url == home
        await pool.follow()
        assert (await pool.at("s1")).base_url == home
        assert home not in {(await pool.at(f"new-{n}")).base_url for n in range(12)}
        assert not told


async def test_whoever_asks_first_finds_the_death_before_any_look(relays: list[RelayProcess]) -> None:
    async with pool_of([relay.url for relay in relays]) as (pool, _):
        home = (await pool.at("s1")).base_url
        killed(next(relay for relay in relays if relay.url == home))
        assert (await pool.stage("s1", "main", "bridge:a")).wanted.video == "bridge:a"
        assert (await pool.at("s1")).base_url != home


async def test_people_at_the_only_relay_come_back_when_it_does(relays: list[RelayProcess]) -> None:
    async with pool_of([relays[0].url]) as (pool, told):
        await pool.at("s1")
        await eventually_so(lambda: all(seen.id for seen in pool._lookout.all()), pool)
        killed(relays[0])
        await pool.look()
        with pytest.raises(RelayUnreachable):
            await pool.at("s1")
        assert not told
        relays.append(start_relay("--http", urlsplit(relays[0].url).netloc, key=KEY))
        await eventually_so(lambda: told, pool)
        assert told == [Moved("s1", name_of(relays[0].url), told[0].within_s, sources=True)]
        assert (await pool.at("s1")).base_url == relays[0].url


async def test_a_worker_that_dies_calls_back_whose_session_it_had(relays: list[RelayProcess]) -> None:
    async with pool_of([relays[0].url]) as (pool, told):
        await pool.at("s1")
        await eventually_so(lambda: all(seen.id for seen in pool._lookout.all()), pool)
        relay, worker = family(relays[0].process.pid)
        assert relay == relays[0].process.pid
        os.kill(worker, signal.SIGKILL)
        await eventually_so(lambda: told, pool)
        assert told == [Moved("s1", name_of(relays[0].url), told[0].within_s, sources=True, ask=True)]


async def test_without_any_relay_it_says_so() -> None:
    async with pool_of(["http://127.0.0.1:9"]) as (pool, _):
        await pool.look()
        with pytest.raises(RelayUnreachable):
            await pool.at("s1")
        assert not await pool.healthy()


async def test_a_relay_is_found_by_its_name_while_it_carries_the_studio(relays: list[RelayProcess]) -> None:
    async with pool_of([relay.url for relay in relays]) as (pool, _):
        home = await pool.at("s1")
        other = next(relay.url for relay in relays if relay.url != home.base_url)
        assert home.name == name_of(home.base_url)
        found = await pool.named(home.name, "s1")
        assert found is home
        assert await pool.named(name_of(other), "s1") is None
        assert await pool.named(home.name, "s2") is None


@pytest.mark.redis
async def test_a_node_tells_its_people_of_what_another_node_moved(
    relays: list[RelayProcess], redis_prefix: str
) -> None:
    urls = [relay.url for relay in relays]
    async with (
        pool_of(urls, SharedPlaces(REDIS, redis_prefix)) as (one, told),
        pool_of(urls, SharedPlaces(REDIS, redis_prefix)) as (two, also_told),
    ):
        home = (await one.at("s1")).base_url
        assert (await two.at("s1")).base_url == home
        two._lookout.lost(home)  # only this node cannot reach it
        await eventually(lambda: bool(also_told))
        await one.follow()
        assert told == also_told == [Moved("s1", name_of(home), told[0].within_s, sources=True)]
        assert (await one.at("s1")).base_url == (await two.at("s1")).base_url != home


# ── draining ──


async def test_a_draining_relay_gets_no_studio_and_gives_away_those_at_rest(relays: list[RelayProcess]) -> None:
    urls = [relay.url for relay in relays]
    async with pool_of(urls) as (pool, told):
        home = await pool.at("s1")
        await home.drain()
        await eventually_so(lambda: told, pool)
        assert told == [Moved("s1", home.name, told[0].within_s, sources=True)]
        assert (await pool.at("s1")).base_url != home.base_url
        assert {(await pool.at(f"new-{n}")).base_url for n in range(12)} == {*urls} - {home.base_url}
        await home.undrain()
        await eventually_so(lambda: all(seen.entry.stays for seen in pool._lookout.all()), pool)
        assert {(await pool.at(f"newer-{n}")).base_url for n in range(24)} == {*urls}


# ── recordings ──


@pytest.fixture
async def centres(tmp_path: Path) -> AsyncIterator[dict[str, Source]]:
    """The centre's sound at each of two relays, by their addresses; both record into one folder."""
    running = [start_relay("--record-into", str(tmp_path), key=KEY) for _ in range(2)]
    async with speaking_with(running[0]) as one, speaking_with(running[1]) as two:
        one.studio = two.studio = "s1"
        made = {relay.url: Source(relay, "centre") for relay in (one, two)}
        await asyncio.gather(*(source.publish(None, Tone(440)) for source in made.values()))
        yield made
        await asyncio.gather(*(source.close() for source in made.values()))
    for relay in running:
        await asyncio.to_thread(relay.stop)


async def grown(pool: RelayPool) -> str:
    """Asks for stage and recording as servers do, until something is written; the relay where."""
    async with asyncio.timeout(30):
        while True:
            await pool.stage("s1", "main", None, ["centre"])
            told = await pool.record("s1", "main", True)
            if told.seconds > 0.5 and told.trouble is None:
                return (await pool.at("s1")).base_url
            await asyncio.sleep(0.1)


async def test_a_recording_goes_with_its_studio_and_holds_up_no_draining(
    centres: dict[str, Source], tmp_path: Path
) -> None:
    async with pool_of(list(centres)) as (pool, told):
        home = (await pool.at("s1")).base_url
        assert await grown(pool) == home
        async with RelayClient(home, KEY) as client:
            await client.drain(now=True)
            await eventually_so(lambda: told, pool)
            await client.kick("s1", "centre")  # told to go, it went
            assert await drain(client, now=True, within_s=5), "a recorder is nobody to wait for"
            assert await grown(pool) != home
            assert not (await client.studio("s1")).recordings["main"].on
        await pool.record("s1", "main", False)
    parts = await asyncio.to_thread(all_complete, tmp_path / "s1" / "main")
    assert parts == ["part-0001.webm", "part-0002.webm"]


def all_complete(folder: Path) -> list[str]:
    """The names of all parts, when the last is closed."""
    while not all(part.complete for part in recorded_parts(folder, measure=False)):
        time.sleep(0.05)
    return [part.name for part in recorded_parts(folder, measure=False)]


async def test_what_another_node_moved_is_not_recorded_twice(centres: dict[str, Source]) -> None:
    """One node cannot reach the home and moves the studio; the other one can, and ends what records there."""
    places = OwnPlaces()
    async with pool_of([*centres], places) as (one, _), pool_of([*centres], places) as (two, _):
        home = await grown(one)
        assert (await two.at("s1")).base_url == home
        two._lookout.lost(home)
        assert (await two.at("s1")).base_url != home
        async with RelayClient(home, KEY) as client, asyncio.timeout(20):
            while (await client.studio("s1")).recordings["main"].on:
                await one.follow()
        assert await grown(two) != home


# ── edges: the mirrors of a studio ──


async def settled(relay: RunningRelay, viewers: int) -> None:
    async with asyncio.timeout(20):
        while len((await relay.state())["viewers"]) != viewers:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_viewers_beyond_the_first_relay_are_served_by_a_mirror_and_all_are_one(
    relays: list[RelayProcess],
) -> None:
    async with (
        pool_of([relay.url for relay in relays], above=1) as (pool, told),
        speaking_with(relays[0]) as one,
        speaking_with(relays[1]) as two,
    ):
        by_url = {one.url: one, two.url: two}
        studio = one.studio = two.studio = "s1"
        home = await pool.at(studio)
        assert (await pool.edge(studio, "main", "bridge:a")).base_url == home.base_url
        edge = await pool.edge(studio, "main", "bridge:b")
        assert edge.base_url != home.base_url
        # A refresh comes back to where it was, however many have come since.
        for peer, relay in (("bridge:a", home), ("bridge:b", edge)) * 2:
            assert (await pool.edge(studio, "main", peer)).base_url == relay.base_url
        assert await pool.named(edge.name, studio) is edge

        sites = [
            await Site(by_url[relay.base_url], peer).join()
            for relay, peer in ((home, "bridge:a"), (edge, "bridge:b"), (edge, "bridge:c"))
        ]
        await settled(by_url[edge.base_url], 2)
        await settled(by_url[home.base_url], 1)
        assert (await by_url[edge.base_url].state())["programmes"]["main"]["mirror"]["parents"] == [home.base_url]
        assert {v.peer for v in (await pool.studio(studio)).viewers} == {"bridge:a", "bridge:b", "bridge:c"}
        await pool.kick(studio, "bridge:c")
        await settled(by_url[edge.base_url], 1)

        # To be emptied while a session runs: who watches is asked to go, who sends stays.
        source = await Site(by_url[home.base_url], "bridge:s").join(publish=True)
        await home.drain()
        await eventually_so(lambda: told, pool)
        assert told == [Moved(studio, home.name, DRAIN_S, sources=False)]
        assert (await pool.at(studio)).base_url == home.base_url
        assert (await pool.edge(studio, "main", "bridge:a")).base_url == edge.base_url
        for site in (*sites, source):
            site.close()


async def test_a_mirror_that_drains_is_left_by_its_viewers_and_ended(
    relays: list[RelayProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.pool.DRAIN_S", 0.2)
    async with (
        pool_of([relay.url for relay in relays], above=1) as (pool, told),
        speaking_with(relays[0]) as one,
        speaking_with(relays[1]) as two,
    ):
        by_url = {one.url: one, two.url: two}
        one.studio = two.studio = "s1"
        home, edge = [await pool.edge("s1", "main", peer) for peer in ("bridge:a", "bridge:b")]
        source = await Site(by_url[home.base_url], "bridge:s").join(publish=True)
        viewer = await Site(by_url[edge.base_url], "bridge:b").join()
        await settled(by_url[edge.base_url], 1)
        await edge.drain()
        await eventually_so(lambda: told, pool)
        assert {*told} == {Moved("s1", edge.name, 0.2, sources=False)}, "who sends is at the home, and stays"
        assert (await pool.edge("s1", "main", "bridge:b")).base_url == home.base_url
        assert (await pool._places.of("s1")).mirrors, "as long as somebody watches there"
        await edge.kick("s1", "bridge:b")  # told to go, it went
        viewer.close()
        async with asyncio.timeout(20):
            while (await pool._places.of("s1")).mirrors:
                await pool.look()
                await pool.follow()
        assert "mirror" not in (await by_url[edge.base_url].state())["programmes"]["main"]
        standing = await edge.standing()
        assert (standing.viewers, standing.sources) == (0, 0)
        assert (await pool.at("s1")).base_url == home.base_url
        source.close()


async def test_a_home_that_dies_gives_its_studio_to_a_mirror_which_is_none_any_more(
    relays: list[RelayProcess],
) -> None:
    async with pool_of([relay.url for relay in relays], above=1) as (pool, told):
        home = await pool.at("s1")
        await pool.edge("s1", "main", "bridge:a")
        edge = await pool.edge("s1", "main", "bridge:b")
        await pool.follow()
        killed(next(relay for relay in relays if relay.url == home.base_url))
        staged = await pool.stage("s1", "main", "bridge:s")
        assert staged.wanted.video == "bridge:s"
        assert (await pool.at("s1")).base_url == edge.base_url
        assert told == [Moved("s1", home.name, told[0].within_s, sources=True)]
        assert (await pool._places.of("s1")).mirrors == frozenset()
        other = next(relay for relay in relays if relay.url == edge.base_url)
        async with speaking_with(other) as running:
            running.studio = "s1"
            assert not (await running.state())["programmes"]["main"].get("mirror")


async def test_a_mirror_whose_line_to_the_home_is_cut_has_the_picture_through_another() -> None:
    relays = [start_relay("--faults", "--id", f"r{n}", key=KEY) for n in range(3)]
    ids = {relay.url: f"relay:r{n}" for n, relay in enumerate(relays)}
    async with AsyncExitStack() as stack:
        for relay in relays:
            stack.callback(relay.stop)
        pool, told = await stack.enter_async_context(pool_of([*ids], above=1))
        running = {r.url: await stack.enter_async_context(speaking_with(r)) for r in relays}
        for one in running.values():
            one.studio = "s1"
        home, *mirrors = [(await pool.edge("s1", "main", peer)).base_url for peer in "abc"]
        edge, other = sorted(mirrors)
        assert len({home, edge, other}) == 3
        await pool.follow()  # each is told of the other
        film = Film(await Site(running[home], "film").join(publish=True))
        stack.callback(film.site.close)
        await pool.stage("s1", "main", "film")
        viewer = await Site(running[edge], "tv").join()
        stack.callback(viewer.close)
        showing = asyncio.create_task(shown(film))
        stack.callback(showing.cancel)
        await viewer.next_rtp(20)
        async with RelayClient(home, KEY) as client:
            await client.fault(ids[edge], drop=1.0)
        async with asyncio.timeout(20):
            while (await running[edge].state())["programmes"]["main"]["mirror"]["pulling"] != other:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        while not await viewer.silent(0):
            pass  # what came before the cut
        for _ in range(20):
            await viewer.next_rtp()
        assert not told, "nobody has to join anew"


async def shown(film: Film) -> None:
    for turn in itertools.count():
        film.frame(DELTA if turn % 20 else KEY_FRAME)
        await asyncio.sleep(0.05)


# ── what all nodes know ──


@pytest.mark.redis
async def test_two_nodes_never_move_a_studio_to_two_places(redis_prefix: str) -> None:
    one, two = SharedPlaces(REDIS, redis_prefix), SharedPlaces(REDIS, redis_prefix)
    assert (await one.of("s")).home is None
    assert await one.move("s", None, "http://a") == "http://a"
    assert await two.move("s", None, "http://b") == "http://a"
    assert (await two.of("s")).home == "http://a"
    assert await two.move("s", "http://a", "http://b") == "http://b"
    assert await one.move("s", "http://a", "http://c") == "http://b"
    await one.stop()
    await two.stop()


@pytest.mark.redis
async def test_mirrors_and_seats_are_known_to_all_nodes(redis_prefix: str) -> None:
    one, two = SharedPlaces(REDIS, redis_prefix), SharedPlaces(REDIS, redis_prefix)
    mirror = Mirror("main", "http://b")
    await one.move("s", None, "http://a")
    await one.mirror("s", mirror)
    await one.sit("s", "bridge:1", "http://b")
    assert await two.of("s") == Place("http://a", frozenset({mirror}))
    assert await two.all_of(("s", "t")) == {"s": Place("http://a", frozenset({mirror})), "t": Place()}
    assert (await two.seat("s", "bridge:1"), await two.seat("s", "bridge:2")) == ("http://b", None)
    await two.mirror("s", mirror, ends=True)
    assert (await one.of("s")).mirrors == frozenset()
    await one.stop()
    await two.stop()


async def test_a_node_goes_on_alone_while_redis_is_down() -> None:
    places = SharedPlaces("redis://127.0.0.1:9/0", "x")
    assert await places.move("s", None, "http://a") == "http://a"
    await places.mirror("s", Mirror("main", "http://b"))
    await places.sit("s", "bridge:1", "http://b")
    assert await places.of("s") == Place("http://a", frozenset({Mirror("main", "http://b")}))
    assert await places.seat("s", "bridge:1") == "http://b"
    await places.stop()


def test_a_client_of_one_relay_is_its_whole_pool() -> None:
    client = RelayClient("http://127.0.0.1:9", KEY)
    assert (client.name, client.regional) == ("", False)

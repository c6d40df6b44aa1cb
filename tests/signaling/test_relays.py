"""The registry of relays, written by the relays and read here; placement of studios and of viewers."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.client import RelayClient, seal, unseal
from media.relay.registry import LEASE_S, Registry
from signaling.edges import Wish, choose, parents
from signaling.relays import RedisRelays, RelayEntry, StaticRelays, place
from tests.media.running import start_relay
from tests.support.servers import REDIS

KEY = "k" * 40


def test_a_studio_moves_only_when_its_own_relay_ends() -> None:
    relays = [RelayEntry(f"http://r{n}") for n in range(5)]
    before = {s: place(s, relays) for s in map(str, range(500))}
    gone = relays.pop(2)
    for studio, relay in before.items():
        assert (place(studio, relays) == relay) is (relay != gone)
    assert all(sum(r == relay for r in before.values()) > 50 for relay in relays)


def test_a_draining_relay_gets_nothing_new_unless_it_is_the_last() -> None:
    draining, other = RelayEntry("http://a", draining="gently"), RelayEntry("http://b")
    assert {place(str(n), [draining, other]) for n in range(20)} == {other}
    assert place("1", [draining]) == draining
    assert place("1", []) is None


def test_a_new_studio_lives_near_its_centre_and_where_there_is_room() -> None:
    near, far = RelayEntry("http://near", "Huyện Lắk, Huyện Ea Súp"), RelayEntry("http://far", "Huyện Krông Năng")
    studios = [str(n) for n in range(40)]
    assert {place(s, [near, far], "huyện lắk") for s in studios} == {near}
    assert {place(s, [near, far], "Huyện Cư Kuin") for s in studios} == {near, far}
    busy = replace(near, load=0.9)
    assert {place(s, [busy, far], "Huyện Lắk") for s in studios} == {far}
    leaving = replace(far, draining="gently")
    assert {place(s, [busy, leaving], "Huyện Lắk") for s in studios} == {busy}, "better slow than on its way out"
    assert {place(s, [busy, replace(far, load=1.0)]) for s in studios} == {busy, replace(far, load=1.0)}


async def test_a_static_list_is_always_there() -> None:
    assert await StaticRelays(("http://b", "http://a")).known() == (RelayEntry("http://a"), RelayEntry("http://b"))


# ── where a viewer watches ──

HOME = RelayEntry("http://home", viewers=10)
NORTH = RelayEntry("http://north", region="Huyện Ea Súp, Huyện Krông Năng")
FREE = RelayEntry("http://free")


def test_a_small_session_stays_where_its_sources_are() -> None:
    assert choose(Wish(HOME.url), [HOME, FREE]) == HOME.url
    assert choose(Wish(HOME.url, region="Huyện Lắk"), [HOME, FREE, NORTH]) == HOME.url


def test_a_declared_region_comes_first() -> None:
    assert choose(Wish(HOME.url, region="huyện krông năng"), [HOME, FREE, NORTH]) == NORTH.url
    # Of two that are near, the one that carries the programme already is filled first.
    twin = RelayEntry("http://twin", region=NORTH.region)
    busy = RelayEntry(NORTH.url, region=NORTH.region, viewers=20)
    wish = Wish(HOME.url, frozenset({NORTH.url}), region="Huyện Ea Súp")
    assert choose(wish, [HOME, busy, twin]) == NORTH.url


def test_a_large_session_is_spread_and_each_relay_filled_before_the_next() -> None:
    viewers = dict.fromkeys(("http://a", "http://b", "http://home"), 0)
    carriers: set[str] = set()
    for _ in range(900):
        relays = [RelayEntry(url, viewers=n) for url, n in viewers.items()]
        url = choose(Wish("http://home", frozenset(carriers)), relays, above=200)
        viewers[url] += 1
        carriers |= {url} - {"http://home"}
        if sum(viewers.values()) <= 200:
            assert url == "http://home"
        if sum(viewers.values()) == 400:
            assert sorted(viewers.values()) == [0, 200, 200]
    assert sorted(viewers.values()) == [300, 300, 300]


def test_whoever_comes_back_gets_its_old_place_while_that_carries_the_programme() -> None:
    full = RelayEntry(HOME.url, viewers=900)
    assert choose(Wish(HOME.url, seat=HOME.url), [full, FREE]) == HOME.url
    assert choose(Wish(HOME.url, frozenset({FREE.url}), seat=FREE.url), [HOME, FREE]) == FREE.url
    assert choose(Wish(HOME.url, seat=FREE.url), [HOME, FREE]) == HOME.url  # it carries it no more
    leaving = RelayEntry(HOME.url, draining="gently")
    assert choose(Wish(HOME.url, seat=HOME.url), [leaving, FREE]) == FREE.url
    assert choose(Wish(HOME.url), [leaving]) == HOME.url


def test_a_busy_relay_gets_nobody_while_another_has_room() -> None:
    busy = RelayEntry(HOME.url, viewers=10, load=0.95)
    assert choose(Wish(HOME.url), [busy, FREE]) == FREE.url
    assert choose(Wish(HOME.url), [busy]) == HOME.url


@given(st.sets(st.sampled_from("abcdefg"), max_size=7))
def test_every_mirror_has_the_home_first_and_another_mirror_second(carriers: set[str]) -> None:
    above = {edge: parents("home", carriers, edge) for edge in carriers}
    assert all(chosen[0] == "home" for chosen in above.values())
    assert all(set(chosen[1:]) <= carriers - {edge} for edge, chosen in above.items())
    assert all(len(chosen) == min(len(carriers), 2) for chosen in above.values())


# ── the registry: what media writes is what we read ──


def entry(url: str, **changes: object) -> dict[str, object]:
    stands = {"id": "1", "region": "", "viewers": 0, "sources": 0, "load": 0.0, "draining": "no"}
    return {"url": url, **stands, **changes}


@pytest.fixture
async def owners(redis_prefix: str) -> AsyncIterator[tuple[Registry, Registry]]:
    made = Registry(REDIS, KEY.encode(), redis_prefix, "one"), Registry(REDIS, KEY.encode(), redis_prefix, "two")
    yield made
    for each in made:
        await each._redis.aclose()


@pytest.fixture
async def reader(redis_prefix: str) -> AsyncIterator[RedisRelays]:
    made = RedisRelays(REDIS, KEY, redis_prefix)
    yield made
    await made.stop()


async def until_known(reader: RedisRelays, *urls: str) -> tuple[RelayEntry, ...]:
    async with asyncio.timeout(LEASE_S + 10):
        while True:
            known = await reader.known()
            if [e.url for e in known] == list(urls):
                return known
            await asyncio.sleep(0.02)


@pytest.mark.redis
async def test_each_owner_keeps_its_own_entry(owners: tuple[Registry, Registry], reader: RedisRelays) -> None:
    one, two = owners
    await one.announce(entry("http://a/", region="Bắc", viewers=3, load=0.5))
    await two.announce(entry("http://b", draining="now"))
    first = RelayEntry("http://a", "Bắc", 3, 0.5)
    assert await reader.known() == (first, RelayEntry("http://b", draining="now"))
    assert 0 < await one._redis.ttl(f"{one._names}:one") <= LEASE_S
    await two.withdraw()
    assert await reader.known() == (first,)
    await one._redis.delete(f"{one._names}:one")  # as when its lease ends
    assert await reader.known() == ()


def test_an_entry_proves_that_its_writer_has_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control tokens are sent to the relays that are found: Redis alone must not say which."""
    text = seal(entry("http://a"), "one", KEY.encode())
    proof, _, body = text.partition(" ")
    read = unseal(text, "one", KEY.encode())
    assert read is not None
    assert read.items() >= entry("http://a").items()
    for forged in (
        body, "", " ", proof, "é " + body, f"{proof} {body.replace('http://a', 'http://evil')}",
        seal(entry("http://evil"), "one", b"o" * 40), "0" * 64 + " " + body,
    ):  # fmt: skip
        assert unseal(forged, "one", KEY.encode()) is None
    assert unseal(text, "two", KEY.encode()) is None  # copied under another name
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert unseal(text, "one", KEY.encode()) is None  # kept for later


@pytest.mark.redis
async def test_an_entry_that_is_forged_or_altered_is_ignored(
    owners: tuple[Registry, Registry], reader: RedisRelays
) -> None:
    one, two = owners
    await one.announce(entry("http://a"))
    await two.announce(entry("http://b"))
    key = f"{two._names}:two"
    written = await two._redis.get(key)
    for forged in (json.dumps(entry("http://evil")), written.replace("http://b", "http://evil"), "nonsense"):
        await two._redis.set(key, forged, ex=LEASE_S)
        assert [e.url for e in await reader.known()] == ["http://a"]
    await two._redis.set(key, written, ex=LEASE_S)
    assert [e.url for e in await reader.known()] == ["http://a", "http://b"]


@pytest.mark.redis
async def test_a_name_without_a_lease_is_forgotten_and_no_other(
    owners: tuple[Registry, Registry], reader: RedisRelays
) -> None:
    one, two = owners
    await one.announce(entry("http://a"))
    await one._redis.sadd(one._names, "killed")
    keeping = asyncio.create_task(two.keep(lambda: entry("http://b")))
    await until_known(reader, "http://a", "http://b")
    async with asyncio.timeout(15):
        while await one._redis.sismember(one._names, "killed"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await one._redis.smembers(one._names) == {"one", "two"}
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert [e.url for e in await reader.known()] == ["http://a"]


@pytest.mark.redis
async def test_two_lives_of_one_relay_are_one_relay(
    owners: tuple[Registry, Registry], reader: RedisRelays
) -> None:
    for owner, viewers in zip(owners, itertools.count(1), strict=False):
        await owner.announce(entry("http://a", viewers=viewers))
    assert [e.url for e in await reader.known()] == ["http://a"]


@pytest.mark.redis
async def test_a_relay_announces_itself_says_when_it_drains_and_leaves(
    redis_prefix: str, reader: RedisRelays
) -> None:
    words = ("--registry", REDIS, "--registry-prefix", redis_prefix, "--region", "Huyện Lắk")
    url = "http://relay.test:8900/media"
    relay = start_relay(*words, "--public-url", url + "/", key=KEY)
    stopped = False
    try:
        (known,) = await until_known(reader, url)
        assert known == RelayEntry(url, "Huyện Lắk", 0, known.load)
        async with RelayClient(relay.url, relay.key) as client:
            assert (await client.standing()).draining == "no"
            assert (await client.drain()).draining == "gently"
            async with asyncio.timeout(1.5):  # at once, not with the next renewal
                while (await reader.known())[0].stays:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert (await client.drain(now=True)).draining == "now"
            assert (await client.undrain()).draining == "no"
        await asyncio.to_thread(relay.stop)
        stopped = True
        assert await reader.known() == ()  # at once, without waiting for the lease
    finally:
        if not stopped:
            relay.process.kill()
            relay.process.wait()


async def test_without_redis_the_last_known_holds() -> None:
    relays = RedisRelays("redis://127.0.0.1:1/0", KEY, "x")
    relays._last = (RelayEntry("http://a"),)
    assert await relays.known() == (RelayEntry("http://a"),)
    await relays.stop()


async def test_a_relay_goes_on_while_redis_is_down() -> None:
    registry, looked = Registry("redis://127.0.0.1:1/0", KEY.encode(), "x"), asyncio.Event()

    def look() -> dict[str, object]:
        looked.set()
        return entry("http://a")

    keeping = asyncio.create_task(registry.keep(look))
    for _ in range(2):
        await asyncio.wait_for(looked.wait(), 10)
        looked.clear()
        registry.changed()
    assert not keeping.done()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)

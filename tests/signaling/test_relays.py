"""The registry of relays: leases, owners, placement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from signaling.relays import LEASE_S, RedisRelays, RelayEntry, StaticRelays, place
from tests.support.servers import REDIS


def test_a_studio_moves_only_when_its_own_relay_ends() -> None:
    relays = [RelayEntry(f"http://r{n}") for n in range(5)]
    before = {s: place(s, relays) for s in map(str, range(500))}
    gone = relays.pop(2)
    for studio, relay in before.items():
        assert (place(studio, relays) == relay) is (relay != gone)
    assert all(sum(r == relay for r in before.values()) > 50 for relay in relays)


def test_a_draining_relay_gets_nothing_new_unless_it_is_the_last() -> None:
    draining, other = RelayEntry("http://a", draining=True), RelayEntry("http://b")
    assert {place(str(n), [draining, other]) for n in range(20)} == {other}
    assert place("1", [draining]) == draining
    assert place("1", []) is None


async def test_a_static_list_is_always_there() -> None:
    assert await StaticRelays(("http://b", "http://a")).known() == (RelayEntry("http://a"), RelayEntry("http://b"))


@pytest.fixture
async def owners(redis_prefix: str) -> AsyncIterator[tuple[RedisRelays, RedisRelays]]:
    made = RedisRelays(REDIS, redis_prefix, "one"), RedisRelays(REDIS, redis_prefix, "two")
    yield made
    for each in made:
        await each.stop()


@pytest.mark.redis
async def test_each_owner_keeps_its_own_entry(owners: tuple[RedisRelays, RedisRelays]) -> None:
    one, two = owners
    first, second = RelayEntry("http://a", 3), RelayEntry("http://b")
    await one.announce(first)
    await two.announce(second)
    assert await one.known() == await two.known() == (first, second)
    assert 0 < await one._redis.ttl(one._key("one")) <= LEASE_S
    await two.withdraw()
    assert await two.known() == (first,)
    await one._redis.delete(one._key("one"))  # as when its lease ends
    assert await two.known() == ()


@pytest.mark.redis
async def test_a_kept_entry_is_withdrawn_at_the_end(owners: tuple[RedisRelays, RedisRelays]) -> None:
    one, two = owners
    announced = asyncio.Event()

    async def look() -> RelayEntry:
        announced.set()
        return RelayEntry("http://a")

    keeping = asyncio.create_task(one.keep(look))
    await announced.wait()
    async with asyncio.timeout(15):
        while not await two.known():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert await two.known() == ()


async def test_without_redis_the_last_known_holds() -> None:
    relays = RedisRelays("redis://127.0.0.1:1/0", "x", "one")
    relays._last = (RelayEntry("http://a"),)
    assert await relays.known() == (RelayEntry("http://a"),)
    await relays.withdraw()
    await relays.stop()

"""Several relays as one: real relay processes, one of them killed; the shared memory of places."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from media.client import RelayClient, RelayUnreachable
from signaling.pool import MISSED_MAX, OwnPlaces, RelayPool, SharedPlaces
from tests.media.running import RelayProcess, start_relay
from tests.support.servers import REDIS


def killed(relay: RelayProcess) -> None:
    relay.process.kill()
    relay.process.wait()


async def looked(pool: RelayPool) -> None:
    for _ in range(MISSED_MAX):
        await pool.look()


@pytest.fixture
def relays() -> Iterator[list[RelayProcess]]:
    key = "k" * 40
    running = [start_relay(key=key), start_relay(key=key)]
    yield running
    for relay in running:
        if relay.process.poll() is None:
            relay.stop()
        elif relay.process.stdout is not None:
            relay.process.stdout.close()


async def test_a_studio_stays_moves_with_a_death_and_is_not_called_back(relays: list[RelayProcess]) -> None:
    by_url = {relay.url: relay for relay in relays}
    pool = RelayPool({url: RelayClient(url, relay.key) for url, relay in by_url.items()}, OwnPlaces())
    try:
        staged = await pool.stage("s1", "main", "bridge:a")
        assert staged.wanted.video == "bridge:a"
        home = (await pool.at("s1")).base_url
        assert (await pool.studio("s1")).programmes["main"].wanted.video == "bridge:a"

        killed(by_url[home])
        await looked(pool)
        moved = (await pool.at("s1")).base_url
        assert moved != home
        await pool.stage("s1", "main", "bridge:a")

        again = start_relay("--http", urlsplit(home).netloc, key=by_url[home].key)
        relays.append(again)
        await looked(pool)
        assert (await pool.at("s1")).base_url == moved
    finally:
        await pool.aclose()


async def test_without_any_relay_it_says_so() -> None:
    pool = RelayPool({"http://127.0.0.1:9": RelayClient("http://127.0.0.1:9", "k" * 40)}, OwnPlaces())
    await looked(pool)
    with pytest.raises(RelayUnreachable):
        await pool.at("s1")
    assert not await pool.healthy()
    await pool.aclose()


@pytest.mark.redis
async def test_two_nodes_never_move_a_studio_to_two_places(redis_prefix: str) -> None:
    one, two = SharedPlaces(REDIS, redis_prefix), SharedPlaces(REDIS, redis_prefix)
    assert await one.of("s") is None
    assert await one.move("s", None, "http://a") == "http://a"
    assert await two.move("s", None, "http://b") == "http://a"
    assert await two.of("s") == "http://a"
    assert await two.move("s", "http://a", "http://b") == "http://b"
    assert await one.move("s", "http://a", "http://c") == "http://b"
    await one.stop()
    await two.stop()


async def test_a_node_goes_on_alone_while_redis_is_down() -> None:
    places = SharedPlaces("redis://127.0.0.1:9/0", "x")
    assert await places.move("s", None, "http://a") == "http://a"
    assert await places.of("s") == "http://a"
    await places.stop()

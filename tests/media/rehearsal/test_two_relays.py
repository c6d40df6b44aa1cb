"""Who hears nothing, or nothing any more, is counted: one half that does well makes no rehearsal ready."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from media.client import RelayClient
from tests.media.rehearsal.trying import PATIENT, command, said, said_so, start
from tests.media.running import RelayProcess, RunningRelay, speaking_with, start_relay

pytestmark = pytest.mark.timeout(120)
KEY = secrets.token_hex(32)
BRIDGES = ("--bridges", "6", "--json", *PATIENT)

Pair = tuple[RunningRelay, RunningRelay]


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[RelayProcess, RelayProcess]]:
    one, two = start_relay("--id", "one", key=KEY), start_relay("--id", "two", key=KEY)
    yield one, two
    one.stop()
    two.stop()


@pytest.fixture
async def pair(started: tuple[RelayProcess, RelayProcess]) -> AsyncIterator[Pair]:
    """Two relays of one key."""
    async with speaking_with(started[0]) as first, speaking_with(started[1]) as second:
        yield first, second


def at_both(first: RunningRelay, second: RunningRelay) -> tuple[str, ...]:
    return ("--relay", first.url, "--relay", second.url, "--studio", first.studio)


async def test_a_source_is_heard_at_every_relay(pair: Pair) -> None:
    first, second = pair
    code, told = await command(first, *at_both(*pair), *BRIDGES, "--seconds", "1", "--source")
    report = json.loads(told)
    assert (report["heard"], report["unheard"], report["silent"], report["gone"]) == (6, 0, 0, [])
    assert (code, report["verdict"], report["reasons"]) == (0, "ready", [])
    assert report["first_packet_s"]["last"] > 0
    assert {use["url"] for use in report["relays"]} == {first.url, second.url}
    assert report["watched"]["bridges"] == 2  # one at each
    for relay in pair:  # and nothing of it is left
        async with RelayClient(relay.url, relay.key) as client:
            state = (await client.studio(first.studio)).programmes
            assert all(p.wanted.video is None and not p.parents for p in state.values())


async def test_bridges_that_hear_nothing_are_no_small_matter(pair: Pair) -> None:
    first, second = pair
    source = await start(first, "--relay", first.url, "--studio", first.studio, "--source-only", "full")
    assert source.stdout is not None
    await asyncio.wait_for(source.stdout.readline(), 30)
    code, told = await command(first, *at_both(*pair), *BRIDGES, "--seconds", "1")
    report = json.loads(told)
    assert (code, report["verdict"], report["reasons"]) == (1, "not-ready", ["unheard"])
    assert (report["joined"], report["heard"], report["unheard"], report["silent"]) == (6, 3, 3, 0)
    assert report["quiet_at"] == [second.url]
    assert report["first_packet_s"]["last"] is None
    # Of relays that nobody named those are meant that carry the studio.
    known = {"DIENHONG_RELAY_URLS": f"{second.url}, {first.url}"}
    code, told = await command(first, "--studio", first.studio, *BRIDGES, "--seconds", "1", more=known)
    assert (code, json.loads(told)["heard"]) == (0, 6)
    source.terminate()
    assert (await said(source))[0] == 0


async def test_a_relay_that_dies_while_they_watch_is_told(pair: Pair) -> None:
    first, _ = pair
    frail = await asyncio.to_thread(start_relay, "--id", "frail", key=KEY)
    async with speaking_with(frail) as second:
        running = await start(first, *at_both(first, second), *BRIDGES, "--seconds", "6", "--source")
        await said_so(running, b"6/6 bridges in")
        frail.process.kill()
        code, told, besides = await said(running)
    report = json.loads(told)
    assert (code, report["verdict"]) == (1, "not-ready")
    assert (report["joined"], report["silent"], report["gone"]) == (6, 3, [second.url])
    assert {"silent", "gone"} <= set(report["reasons"])
    assert report["quiet_at"] == [second.url]
    assert f"{second.url} is left as it is" in besides
    with contextlib.closing(frail.process.stdout):  # type: ignore[type-var]
        frail.process.wait(10)

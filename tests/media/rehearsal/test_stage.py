"""A rehearsal's source: where it may go, what it leaves behind, how long it stays, and what a stop does to it."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from media.client import RelayClient, Stage
from media.rehearsal.eye import Eye
from media.wire.rtp import Codec, Packet
from tests.media.rehearsal.trying import PATIENT, command, said, said_so, start
from tests.media.running import RunningRelay
from tests.media.site import Site

pytestmark = pytest.mark.timeout(120)
BRIDGES = ("--bridges", "2", "--json", *PATIENT)


def at(relay: RunningRelay) -> tuple[str, ...]:
    return ("--relay", relay.url, "--studio", relay.studio)


async def test_a_studio_in_use_is_left_alone_unless_forced(relay: RunningRelay) -> None:
    viewer = await Site(relay, "bridge:tv").join()
    await relay.stage("bridge:centre", "bridge:centre")
    async with RelayClient(relay.url, relay.key) as client:
        before = await client.programme(relay.studio, "main")
        code, told, why = await said(await start(relay, *at(relay), *BRIDGES, "--seconds", "0.5", "--source"))
        assert (code, told) == (2, "")
        assert "in use by 2 that are no virtual bridges (bridge:centre, bridge:tv)" in why
        assert await client.programme(relay.studio, "main") == before
        code, told = await command(relay, *at(relay), *BRIDGES, "--seconds", "0.5", "--source", "--force")
        assert json.loads(told)["heard"] == 2
        after = await client.programme(relay.studio, "main")
        assert after is not None
        assert after.wanted == Stage("bridge:centre", ("bridge:centre", None, None))
    viewer.close()


async def test_a_mirror_that_somebody_left_is_none_meanwhile(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        await relay.stage(None)
        await client.parents(relay.studio, "main", ["http://127.0.0.1:1"])
        code, told = await command(relay, *at(relay), *BRIDGES, "--seconds", "0.5", "--source")
        assert (code, json.loads(told)["heard"]) == (0, 2)
    assert (await relay.state())["programmes"]["main"]["mirror"]["parents"] == ["http://127.0.0.1:1"]


async def test_who_was_put_on_air_meanwhile_stays(relay: RunningRelay) -> None:
    running = await start(relay, *at(relay), *BRIDGES, "--seconds", "3", "--source")
    await said_so(running, b"2/2 bridges in")
    await relay.stage("bridge:centre")
    assert (await said(running))[0] is not None
    assert (await relay.state())["programmes"]["main"]["wanted"]["video"] == "bridge:centre"


@pytest.mark.parametrize(("number", "source"), [(signal.SIGINT, "real"), (signal.SIGTERM, "synthetic")])
async def test_a_stop_ends_it_with_what_was_seen(relay: RunningRelay, number: signal.Signals, source: str) -> None:
    running = await start(relay, *at(relay), *BRIDGES, "--seconds", "600", "--source", source)
    await said_so(running, b"2/2 bridges in")
    running.send_signal(number)
    code, told, besides = await said(running)
    report = json.loads(told)
    assert (code, report["verdict"], report["reasons"]) == (3, "unsure", ["stopped"])
    assert (report["joined"], report["untried"]) == (2, 0)
    assert "Traceback" not in besides
    state = await relay.state()
    assert state["programmes"]["main"]["wanted"]["video"] is None
    assert state["sources"] == []


async def test_a_stop_before_they_ask_is_no_failure_of_theirs(relay: RunningRelay) -> None:
    running = await start(relay, *at(relay), *BRIDGES, "--at", "2099-01-01T00:00:00")
    await said_so(running, b"0/2 bridges in")
    running.send_signal(signal.SIGINT)
    code, told, besides = await said(running)
    report = json.loads(told)
    assert (code, report["joined"], report["untried"], report["reasons"]) == (3, 0, 2, ["stopped"])
    assert "Traceback" not in besides


async def test_a_source_that_is_not_in_yet_can_be_stopped(relay: RunningRelay) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    asked = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as deaf:
        port = deaf.sockets[0].getsockname()[1]
        running = await start(relay, "--relay", f"http://127.0.0.1:{port}", *BRIDGES)
        await asyncio.wait_for(asked.wait(), 30)
        running.send_signal(signal.SIGINT)
        assert await said(running) == (2, "", "stopped before there was anything to report\n")


async def test_the_source_stays_for_other_machines(relay: RunningRelay) -> None:
    other = await start(relay, *at(relay), *BRIDGES, "--first", "2", "--seconds", "600")
    await said_so(other, b"2/2 bridges in")
    ours = await start(relay, *at(relay), *BRIDGES, "--seconds", "0.5", "--source")
    await said_so(ours, b"other machines still watch")
    other.send_signal(signal.SIGINT)
    _, told, _ = await said(other)
    report = json.loads(told)
    assert (report["heard"], report["silent"], report["reasons"]) == (2, 0, ["stopped"])
    code, told, _ = await said(ours)
    assert (code, json.loads(told)["verdict"]) == (0, "ready")
    assert (await relay.state())["sources"] == []


async def test_two_names_of_a_relay_are_no_two_relays(relay: RunningRelay) -> None:
    again = relay.url.replace("127.0.0.1", "localhost")
    code, told = await command(relay, *at(relay), "--relay", again, *BRIDGES, "--seconds", "0.5", "--source")
    assert (code, json.loads(told)["heard"]) == (0, 2)


async def test_without_a_studio_it_brings_its_own_source(relay: RunningRelay) -> None:
    running = await start(relay, *BRIDGES, "--seconds", "0.5", more={"DIENHONG_RELAY_URLS": relay.url})
    code, told, besides = await said(running)
    report = json.loads(told)
    assert (code, report["verdict"], report["heard"]) == (0, "ready", 2)
    assert "other machines" not in besides
    assert report["delay_ms"]["p50"] > 0
    code, _ = await command(relay, *BRIDGES, "--seconds", "0.5", "--relay", relay.url, "--source", "none")
    assert code == 1


def test_a_synthetic_picture_that_stands_still_is_seen() -> None:
    eye = Eye()
    for number, at_s in enumerate((1.0, 1.1, 1.2, 3.2, 3.3)):
        eye.take("video", Codec.VP8, Packet(96, True, number, 3000 * number, 5, b"\x10\x10" + b"\x2a" * 30), at_s)
    eye.look(3.4)
    assert (eye.freezes, eye.pictures) == (1, 0)
    assert eye.frozen_s == pytest.approx(1.5)
    assert eye.watched_s == pytest.approx(2.4)

"""Virtual bridges against a real relay: they join, count and authenticate; the books balance."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from media.client import RelayClient
from media.endpoint.joining import JoinFailed, join
from media.endpoint.lite import LitePeer, Slot
from media.rehearsal.arguments import moment, share
from media.rehearsal.synthetic import Studio
from media.rehearsal.virtual import Door, Fleet, door, percentile
from media.transport.call import State
from media.transport.dtls import Identity
from tests.media.rehearsal.trying import PATIENT, command, said, start
from tests.media.running import ROOT, RunningRelay, speaking_with, start_relay
from tests.support.waiting import eventually


def test_a_slot_counts_gaps_and_late_packets_over_the_wrap() -> None:
    slot = Slot("video", 1)
    for sequence in (65533, 65534, 1, 2, 65535, 3):
        slot.add(sequence)
    # 65535 and 0 were jumped over; 65535 came late.
    assert (slot.count, slot.expected, slot.gaps, slot.late, slot.next) == (6, 7, 2, 1, 4)


def test_percentile() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(list(range(100)), 0.99) == 99


async def test_a_fleet_hears_all_that_the_source_sends(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        source = Studio(client, "s", "virtual:source")
        await client.stage("s", "main", "virtual:source", ("virtual:source",))
        await source.open()
        fleet = Fleet(client, "s", sampled=2)
        tasks = [asyncio.create_task(source.run()), asyncio.create_task(fleet.run())]
        await fleet.join(12)
        async with asyncio.timeout(20):
            while fleet.counted().received < 12 * 150 or len(fleet.first_packets_s()) < 12:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        state = await client.studio("s")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        counted = fleet.counted()
        assert fleet.failures == []
        assert (counted.gaps, counted.late) == (0, 0)
        assert counted.received == counted.expected
        assert fleet.sample.opened > 200
        assert fleet.sample.forged == 0
        assert len(fleet.sample.delays_ms) == fleet.sample.opened
        assert min(fleet.sample.delays_ms) > 0
        assert fleet.dropped() == 0
        kinds = {slot.kind for peer in fleet.peers for slot in peer.slots.values() if slot.count}
        assert kinds == {"video", "audio"}
        assert len(state.viewers) == 12
        assert [s.peer for s in state.sources] == ["virtual:source"]
        fleet.close()
        source.close()


async def test_a_storm_gets_the_kept_picture_of_a_real_key_frames_size(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        source = Studio(client, "storm", "virtual:source", key_packets=60)
        await client.stage("storm", "main", "virtual:source", ("virtual:source",))
        await source.open()
        fleet = Fleet(client, "storm", sampled=4)
        tasks = [asyncio.create_task(source.run()), asyncio.create_task(fleet.run())]
        began = time.monotonic()
        await fleet.join(40, at_once=40)
        await eventually(lambda: sum(picture.count > 60 for picture in pictures(fleet)) == 40)
        asked_at_most = 2 + (time.monotonic() - began) // 1.0
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert source.key_frames <= asked_at_most
        assert all((picture.gaps, picture.late) == (0, 0) for picture in pictures(fleet))
        assert fleet.sample.forged == 0
        fleet.close()
        source.close()


def pictures(fleet: Fleet) -> list[Slot]:
    return [slot for peer in fleet.peers for slot in peer.slots.values() if slot.kind == "video"]


async def test_a_refused_offer_and_a_deaf_relay_are_told(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        peer = LitePeer(Identity(), sends=False)
        with pytest.raises(JoinFailed, match="401"):
            await join(relay.http, f"{client.base_url}/whep/s/main", "no token", peer)
        peer.close()
        assert peer.state is State.NEW
        fleet = Fleet(RelayClient(relay.url, "y" * 40), "s")
        await fleet.join(2)
        assert len(fleet.failures) == 2
        assert fleet.peers == []


def test_an_answer_that_cannot_be_used_is_refused() -> None:
    async def check() -> None:
        for answer in (
            "",
            "v=0\r\n",
            "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n",
            "m=video 9 x\r\na=ice-ufrag:u\r\n",
        ):
            with pytest.raises(ValueError):
                LitePeer(Identity(), sends=False).accept(answer)

    asyncio.run(check())


@pytest.mark.timeout(90)
async def test_the_command_reports_as_json(relay: RunningRelay) -> None:
    words = ("--bridges", "6", "--seconds", "1", "--source", "--storm", "--json", *PATIENT)
    code, told = await command(relay, "--relay", relay.url, *words)
    report = json.loads(told)
    assert (code, report["verdict"], report["reasons"]) == (0, "ready", [])
    assert (report["asked"], report["joined"], report["forged"]) == (6, 6, 0)
    assert report["delivered"] == 1.0
    assert report["first_packet_s"]["last"] > 0
    assert report["delay_ms"]["p50"] > 0
    assert report["decoded"] is None  # it only looks like a picture
    (use,) = report["relays"]
    assert use["url"] == relay.url
    assert 0 < use["busiest"] <= use["cores"]
    assert use["rss_mb"] > 20


def limited(flag: str, files: int) -> tuple[str, ...]:
    """A shell that lets a command hold so many files."""
    return ("sh", "-c", f'ulimit -{flag} {files}; exec "$@"', "sh")


@pytest.mark.timeout(90)
async def test_a_low_limit_of_files_is_raised_and_a_hard_one_is_said(relay: RunningRelay) -> None:
    words = ("--relay", relay.url, "--bridges", "60", "--seconds", "0.5", "--storm", "--json", *PATIENT)
    code, told = await command(relay, *words, wrapper=limited("Sn", 60))
    report = json.loads(told)
    assert (code, report["joined"], report["own_limits"]) == (0, 60, 0)
    code, told = await command(relay, *words, wrapper=limited("n", 60))
    report = json.loads(told)
    assert (code, report["verdict"], report["reasons"]) == (3, "unsure", ["own-limits"])
    assert report["joined"] + report["own_limits"] == 60
    assert report["failures"] == []
    code, _, why = await said(await start(relay, *words, wrapper=limited("n", 8)))
    assert code == 3
    assert "this machine's own limit" in why


@pytest.mark.timeout(120)
async def test_another_machine_rehearses_by_ticket_and_really_decodes(relay: RunningRelay, tmp_path: Path) -> None:
    ticket, mine, theirs = tmp_path / "ticket", tmp_path / "mine.json", tmp_path / "theirs.json"
    where = ("--relay", relay.url, "--studio", "machines")
    code, _ = await command(relay, *where, "--write-ticket", str(ticket), "--bridges", "3", "--first", "4")
    assert code == 0
    assert ticket.stat().st_mode & 0o777 == 0o600
    assert relay.key not in ticket.read_text()
    common = ("--seconds", "3", "--json", *PATIENT)
    async with on_air(relay, "machines"):
        (_, told), (_, their_told) = await asyncio.gather(
            command(relay, *where, "--bridges", "4", *common),
            command(relay, "--with", str(ticket), "--at", soon(), *common, key="x"),
        )
    report, their_report = json.loads(told), json.loads(their_told)
    assert (report["joined"], their_report["joined"]) == (4, 3)
    assert report["decoded"]["bridges"] == 2
    assert report["decoded"]["pictures"] > 10
    assert report["decoded"]["sounds"] > 30
    assert report["delay_ms"]["p50"] is None  # a real picture has no time in it
    mine.write_text(told)
    theirs.write_text(their_told)
    code, text = await command(relay, "--merge", str(mine), str(theirs), *PATIENT)
    assert "7 of 7" in text
    assert code in (0, 1)  # a busy machine's picture may stand still
    assert ("\nREADY" in text) == (code == 0)


@asynccontextmanager
async def on_air(relay: RunningRelay, studio: str) -> AsyncIterator[None]:
    """A real picture and tone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "rehearse", "--relay", relay.url, "--studio", studio,
        "--source-only", "real",
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": relay.key},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert json.loads(await asyncio.wait_for(process.stdout.readline(), 30)) == {"ready": True}
        yield
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        process._transport.close()  # type: ignore[attr-defined]


def soon() -> str:
    return (datetime.now().astimezone() + timedelta(seconds=3)).isoformat()


@pytest.mark.timeout(90)
async def test_a_real_source_comes_along(relay: RunningRelay) -> None:
    where = ("--relay", relay.url, "--studio", "along", "--bridges", "2", "--decode", "1", "--seconds", "2")
    _, told = await command(relay, *where, "--source", "real", "--json", *PATIENT)
    assert json.loads(told)["decoded"]["pictures"] > 5


async def test_what_cannot_be_tried_is_said(relay: RunningRelay, tmp_path: Path) -> None:
    nothing = tmp_path / "none"
    nothing.write_text("{}")
    for words in (("--bridges", "0"), ("--bridges", "1"), ("--with", str(nothing)), ("--merge", str(nothing))):
        assert (await command(relay, *words))[0] == 2
    assert (await command(relay, "--relay", relay.url, key="short"))[0] == 2
    assert (await command(relay, "--relay", relay.url, "--source", key="y" * 40))[0] == 2


async def test_bridges_are_spread_over_relays(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        doors = [door(client, "spread", "main"), Door(client.base_url, lambda _: "no token")]
        fleet = Fleet(doors, "spread", first=10)
        await fleet.join(6)
        assert (len(fleet.peers), len(fleet.failures)) == (3, 3)
        assert {v.peer for v in (await client.studio("spread")).viewers} == {
            "virtual:10",
            "virtual:12",
            "virtual:14",
        }
        fleet.close()


def test_a_moment_is_the_next_of_its_kind() -> None:
    now = datetime.now().astimezone()
    for text in ("00:00", "12:30:15", "23:59:59"):
        assert timedelta(0) < moment(text) - now <= timedelta(days=1)
    assert moment("2026-11-23T14:30:00+00:00").timestamp() == 1795444200
    with pytest.raises(ValueError):
        moment("later")


async def test_a_lossy_link_is_repaired(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        source = Studio(client, "lossy", "virtual:source")
        await client.stage("lossy", "main", "virtual:source", ("virtual:source",))
        await source.open()
        fleet = Fleet(client, "lossy", sampled=1, loss=0.05)
        tasks = [asyncio.create_task(source.run()), asyncio.create_task(fleet.run())]
        await fleet.join(6)
        async with asyncio.timeout(30):
            while fleet.counted("video").received < 6 * 400:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            thrown_away = fleet.heal()
            while fleet.counted("video").received < 6 * 650:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        picture, sound = fleet.counted("video"), fleet.counted("audio")
        assert thrown_away > 60
        assert picture.gaps > 60
        assert sound.gaps > 20
        for counted in (picture, sound):
            assert counted.gaps - counted.late <= counted.expected * 0.001
        assert fleet.sample.forged == 0
        fleet.close()
        source.close()


async def test_what_a_bad_line_loses_is_asked_for_again() -> None:
    started = start_relay("--faults")
    async with speaking_with(started) as relay, RelayClient(relay.url, relay.key) as client:
        source = Studio(client, "s", "virtual:source")
        await client.stage("s", "main", "virtual:source", ("virtual:source",))
        await source.open()
        fleet = Fleet(client, "s", sampled=1, repairs=True)
        tasks = [asyncio.create_task(source.run()), asyncio.create_task(fleet.run())]
        await fleet.join(4)
        await client.fault(None, "out", drop=0.05)
        async with asyncio.timeout(30):
            while fleet.counted("video").late < 40:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await client.clear_faults()
            seen = fleet.counted("video").received
            while fleet.counted("video").received < seen + 4 * 150:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        picture, sound = fleet.counted("video"), fleet.counted("audio")
        assert picture.gaps - picture.late <= picture.gaps * 0.1  # a repair may be lost too
        assert sound.gaps - sound.late <= max(2, sound.gaps * 0.2)
        fleet.close()
        source.close()
    started.stop()


def test_a_share_is_read_as_people_write_it() -> None:
    assert (share("2%"), share("0.02"), share("0")) == (0.02, 0.02, 0)
    for wrong in ("2", "-1%", "nan", "a"):
        with pytest.raises(ValueError):
            share(wrong)

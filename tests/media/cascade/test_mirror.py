"""One studio over two workers: whoever sits on the other worker sees, hears and is told the same."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.transport import srtp
from media.wire import rtcp, rtp
from media.wire.rtp import Packet
from tests.media.peers import BLUE, GREEN, RED, Watcher, source, watcher
from tests.media.running import RelayProcess, RunningRelay, speaking_with, start_relay
from tests.media.site import Site

KEY, DELTA = b"\x10\x10", b"\x10\x11"


@pytest.fixture(scope="module")
def two_workers() -> Iterator[RelayProcess]:
    started = start_relay("--workers", "2", "--home-seats", "0")
    yield started
    started.stop()


@pytest.fixture
async def relay(two_workers: RelayProcess) -> AsyncIterator[RunningRelay]:
    async with speaking_with(two_workers) as relay:
        yield relay
        state = await relay.state()
        for peer in {one["peer"] for one in state["viewers"] + state["sources"]}:  # where the next sit, depends
            path = f"{relay.url}/control/studios/{relay.studio}/peers/{peer}"
            async with relay.http.delete(path, headers=relay.headers("control")):
                pass


async def site(relay: RunningRelay, cast: list[Any], peer: str, **offer: Any) -> Site:
    one = Site(relay, peer)
    cast.append(one)
    return await one.join(**offer)


def seat_of(watcher: Watcher) -> int:
    """The UDP port of the worker where it sits."""
    lines = watcher.connection.remoteDescription.sdp.splitlines()
    return int(next(line for line in lines if line.startswith("a=candidate:")).split(" ")[5])


def worker_pid(relay: RunningRelay, port: int) -> int:
    """The worker process that has this UDP port."""
    index = str(relay.udp.index(port))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode().split("\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == relay.process.pid and "--index" in words and words[words.index("--index") + 1] == index:
                return int(entry.name)
    raise AssertionError("no such worker")


async def test_the_other_worker_shows_the_same_and_follows_the_switch(
    relay: RunningRelay, cast: list[Any]
) -> None:
    await source(relay, cast, "centre", RED, 440)
    await source(relay, cast, "hill", GREEN, 600)
    await relay.stage("centre", "centre")
    viewers = [await watcher(relay, cast, f"commune-{i}") for i in range(4)]
    assert {seat_of(v) for v in viewers} == set(relay.udp)
    for viewer in viewers:
        await viewer.until(lambda v: v.sees(RED) and v.hears(0))
    await relay.stage("hill", "hill")
    for viewer in viewers:
        await viewer.until(lambda v: v.sees(GREEN) and v.hears(0))
        assert viewer.descriptions == 1
    state = await relay.state()
    assert state["programmes"]["main"]["on_air"] == {"video": "hill", "audio": ["hill", None, None]}
    assert {v["peer"] for v in state["viewers"]} == {f"commune-{i}" for i in range(4)}
    assert {s["peer"] for s in state["sources"]} == {"centre", "hill"}
    async with relay.http.get(relay.url + "/metrics") as answer:
        text = await answer.text()
    assert "media_mirrored{" in text
    assert "media_link_dropped{" in text


async def test_nobody_hears_himself_on_another_worker(relay: RunningRelay, cast: list[Any]) -> None:
    await source(relay, cast, "centre", RED, 440)
    await source(relay, cast, "hill", GREEN, 700)
    await relay.stage("centre", "centre", "hill")
    near = await watcher(relay, cast, "third", audio=2)
    hill = await watcher(relay, cast, "hill", audio=2)
    centre = await watcher(relay, cast, "centre", audio=2)
    other = await watcher(relay, cast, "fourth", audio=2)
    assert seat_of(near) != seat_of(hill)
    assert seat_of(other) != seat_of(centre)
    for everything in (near, other):
        await everything.until(lambda v: v.hears(0) and v.hears(1))
    await centre.until(lambda v: v.hears(1))
    await hill.until(lambda v: v.hears(0))
    assert not hill.levels[1]
    assert not centre.levels[0]


async def test_kick_reaches_both_workers(relay: RunningRelay, cast: list[Any]) -> None:
    near, far = await watcher(relay, cast, "near"), await watcher(relay, cast, "far")
    assert seat_of(near) != seat_of(far)
    for peer in ("far", "near"):
        path = f"{relay.url}/control/studios/{relay.studio}/peers/{peer}"
        async with relay.http.delete(path, headers=relay.headers("control")) as answer:
            assert answer.status == 204
        async with relay.http.delete(path, headers=relay.headers("control")) as answer:
            assert answer.status == 404
    assert (await relay.state())["viewers"] == []


class Film:
    """A source made by hand, packet by packet."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.sequence = 4000
        self.timestamp = 90_000

    def frame(self, start: bytes = DELTA, packets: int = 3) -> None:
        self.timestamp += 3000
        for part in range(packets):
            payload = (start if part == 0 else b"\x00") + bytes(300)
            packet = Packet(96, part == packets - 1, self.sequence, self.timestamp, 77, payload)
            self.site.send_rtp(packet)
            self.sequence += 1


async def film(relay: RunningRelay, cast: list[Any]) -> Film:
    made = Film(await site(relay, cast, "film", publish=True))
    await relay.stage("film")
    return made


async def both(relay: RunningRelay, cast: list[Any]) -> tuple[Site, Site]:
    """A viewer on each worker, the first at home."""
    near, far = await site(relay, cast, "near"), await site(relay, cast, "far")
    assert near.remote != far.remote
    return near, far


async def test_a_newcomer_at_a_mirror_gets_the_key_frame_of_before(relay: RunningRelay, cast: list[Any]) -> None:
    made = await film(relay, cast)
    near = await site(relay, cast, "near")
    made.frame(KEY)
    for _ in range(3):
        await near.next_rtp()
    made.frame()
    far = await site(relay, cast, "far")
    assert near.remote != far.remote
    came = [await far.next_rtp() for _ in range(6)]
    assert came[0].payload[:2] == KEY
    assert [p.sequence - came[0].sequence & 0xFFFF for p in came] == list(range(6))
    late = await site(relay, cast, "far")  # the same peer sits where it sat
    assert late.remote == far.remote
    assert (await late.next_rtp()).payload == came[0].payload


async def test_a_loss_is_repaired_at_the_mirror(relay: RunningRelay, cast: list[Any]) -> None:
    made = await film(relay, cast)
    _, far = await both(relay, cast)
    made.frame(KEY)
    came = [await far.next_rtp() for _ in range(3)]
    # The receiver's replay window would call the same datagram forged: it forgets that it had it.
    far.receiver = again(far)
    far.send_rtcp(rtcp.nack(1, far.ssrcs[0], [came[1].sequence]), 1)
    assert await far.next_rtp() == came[1]


def again(site: Site) -> srtp.Receiver:
    """The site's receiver as it was in the beginning."""
    profile = next(p for p in srtp.PROFILES if p.openssl.encode() == site.ssl.get_selected_srtp_profile())
    material = site.ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", profile.material_size, None)
    return srtp.Receiver(profile, srtp.split_material(profile, material).server)


async def test_a_wish_at_the_mirror_reaches_the_source(relay: RunningRelay, cast: list[Any]) -> None:
    made = await film(relay, cast)
    _, far = await both(relay, cast)
    made.frame(KEY)
    for _ in range(3):
        await far.next_rtp()
    far.send_rtcp(rtcp.picture_loss(1, far.ssrcs[0]), 1)
    wish = await made.site.next_rtcp(rtcp.KeyFrameRequest)
    assert wish.media == 77


async def test_who_speaks_learns_what_is_lost_at_the_mirror(relay: RunningRelay, cast: list[Any]) -> None:
    speaker = await site(relay, cast, "speaker", publish=True)
    await relay.stage(None, "speaker")
    _, far = await both(relay, cast)
    speaker.send_rtp(Packet(111, False, 7, 960, 5, b"sound"))
    assert (await far.next_rtp()).payload == b"sound"
    lost = rtcp.Report(far.ssrcs[0], 26, 0, 0, 0, 0, 0)
    far.send_rtcp(rtcp.receiver_report(rtcp.ReceiverReport(1, (lost,))), 1)
    told = await speaker.told_lost(5)
    assert (told.fraction_lost, told.lost) == (26, 0)


async def test_reports_at_the_mirror_lie_where_they_lie_at_home(relay: RunningRelay, cast: list[Any]) -> None:
    """Lip-sync: a source says that its picture is two seconds late; so do the reports on both workers."""
    made = await film(relay, cast)
    near, far = await both(relay, cast)
    made.frame(KEY)
    sent_at = time.time()
    firsts = [await s.next_rtp() for s in (near, far)]
    late = made.timestamp + 2 * rtp.VIDEO_CLOCK_HZ
    made.site.send_rtcp(rtcp.sender_report(rtcp.SenderReport(77, rtcp.ntp(1_800_000_000.0), late, 3, 900)), 1)
    for viewer, first in zip((near, far), firsts, strict=True):
        async with asyncio.timeout(8):
            while True:
                report = await viewer.next_rtcp(rtcp.SenderReport)
                ahead_s = (report.timestamp - first.timestamp) / rtp.VIDEO_CLOCK_HZ
                if abs(ahead_s - (rtcp.unix_time(report.ntp) - sent_at) - 2) < 0.3:
                    break


async def test_numbers_go_on_over_a_switch_at_the_mirror(relay: RunningRelay, cast: list[Any]) -> None:
    made = await film(relay, cast)
    second = Film(await site(relay, cast, "second", publish=True))
    second.sequence, second.timestamp = 60_000, 12
    _, far = await both(relay, cast)
    made.frame(KEY)
    came = [await far.next_rtp() for _ in range(3)]
    await relay.stage("second")
    second.frame(KEY)
    second.frame()
    came += [await far.next_rtp() for _ in range(6)]
    assert len({p.ssrc for p in came}) == 1
    assert [p.sequence - came[0].sequence & 0xFFFF for p in came] == list(range(9))
    steps = [b.timestamp - a.timestamp & 0xFFFFFFFF for a, b in itertools.pairwise(came)]
    assert all(step < 90_000 * 20 for step in steps)


async def test_a_worker_that_dies_finds_its_mirrors_again(cast: list[Any]) -> None:
    started = start_relay("--workers", "2", "--home-seats", "0")
    try:
        async with speaking_with(started) as relay:
            await _kill_home_and_mirror(relay, cast)
            await asyncio.gather(*(one.close() for one in cast))
            cast.clear()
    finally:
        started.stop()


async def _kill_home_and_mirror(relay: RunningRelay, cast: list[Any]) -> None:
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    near, far = await watcher(relay, cast, "near"), await watcher(relay, cast, "far")
    home, mirror = seat_of(near), seat_of(far)
    assert home != mirror
    await far.until(lambda v: v.sees(RED) and v.hears(0))
    os.kill(worker_pid(relay, home), signal.SIGKILL)
    await _until_home_is_back(relay)
    await source(relay, cast, "centre", BLUE, 600)
    await relay.stage("centre", "centre")
    await far.until(lambda v: v.sees(BLUE) and v.hears(0))  # it never left
    assert far.descriptions == 1
    os.kill(worker_pid(relay, mirror), signal.SIGKILL)
    await _until_away(relay, "far")
    near_again, far_again = await watcher(relay, cast, "near"), await watcher(relay, cast, "far")
    assert {seat_of(near_again), seat_of(far_again)} == {home, mirror}
    for viewer in (near_again, far_again):
        await viewer.until(lambda v: v.sees(BLUE) and v.hears(0))


async def _until_home_is_back(relay: RunningRelay) -> None:
    async with asyncio.timeout(15):
        while True:
            url = f"{relay.url}/control/studios/{relay.studio}"
            async with relay.http.get(url, headers=relay.headers("control")) as answer:
                if answer.status == 200 and not (await answer.json())["sources"]:
                    return
            await asyncio.sleep(0.05)


async def _until_away(relay: RunningRelay, peer: str) -> None:
    async with asyncio.timeout(15):
        while True:
            async with relay.http.get(relay.url + "/healthz") as answer:
                well = answer.status == 200
            if well and peer not in {v["peer"] for v in (await relay.state())["viewers"]}:
                return
            await asyncio.sleep(0.05)


def test_packets_of_the_fixture_are_what_they_claim() -> None:
    assert rtp.starts_key_frame(rtp.Codec.VP8, KEY)
    assert not rtp.starts_key_frame(rtp.Codec.VP8, DELTA)

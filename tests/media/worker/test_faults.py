"""Drills: each fault does what it says, to whom it says, until it is taken back; only in a relay in test mode."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.client import RelayClient, RelayRefused
from media.fanout.fanout import Fanout
from media.transport import kernel
from media.transport.port import Handlers, Port
from media.wire import rtp
from media.worker.faults import MAX_FAULTS, Faults
from tests.media.running import ROOT, RelayProcess, RunningRelay, children, speaking_with, start_relay
from tests.media.site import DELTA, KEY_FRAME, Site


@pytest.fixture(scope="module")
def test_mode() -> Iterator[RelayProcess]:
    started = start_relay("--faults")
    yield started
    started.stop()


@pytest.fixture
async def frail(test_mode: RelayProcess) -> AsyncIterator[RunningRelay]:
    async with speaking_with(test_mode) as relay:
        yield relay
        async with RelayClient(relay.url, relay.key) as client:
            await client.clear_faults()


@pytest.fixture
async def client(frail: RunningRelay) -> AsyncIterator[RelayClient]:
    async with RelayClient(frail.url, frail.key) as client:
        yield client


class Air:
    """A source on air and two viewers."""

    def __init__(self, relay: RunningRelay) -> None:
        self.source, self.one, self.other = (Site(relay, name) for name in ("source", "one", "other"))
        self._number = 100

    async def start(self) -> "Air":
        await self.source.relay.stage("source")
        await self.one.join()
        await self.other.join()
        await self.source.join(publish=True)
        self.frame(KEY_FRAME)
        for viewer in (self.one, self.other):
            await viewer.next_rtp()
        return self

    def frame(self, payload: bytes = DELTA) -> None:
        self._number += 1
        packet = rtp.Packet(96, True, self._number, 3000 * self._number, 5, payload)
        self.source.send_rtp(packet)

    def close(self) -> None:
        for site in (self.source, self.one, self.other):
            site.close()


@pytest.fixture
async def air(frail: RunningRelay) -> AsyncIterator[Air]:
    air = Air(frail)
    yield await air.start()
    air.close()


async def hears(viewer: Site, seconds: float = 0.4) -> bool:
    try:
        await viewer.next_rtp(seconds)
    except TimeoutError:
        return False
    return True


async def test_a_relay_in_earnest_knows_no_faults(relay: RunningRelay) -> None:
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("DELETE", "/workers/0"),
        ("DELETE", "/relay"),
    ):
        url = relay.url + "/control/faults" + path
        async with relay.http.request(method, url, headers=relay.headers("control"), json={}) as answer:
            assert answer.status == 404
    assert relay.process.poll() is None


async def test_only_who_controls_the_relay_may_disturb_it(frail: RunningRelay) -> None:
    for path in ("", "/workers/0", "/relay"):
        async with frail.http.delete(
            frail.url + "/control/faults" + path, headers=frail.headers("watch", "p", "main")
        ) as answer:
            assert answer.status == 403
    assert frail.process.poll() is None


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"peer": ""},
        {"peer": 5},
        {"way": "up"},
        {"way": []},
        {"drop": 1.5},
        {"drop": "all"},
        {"drop": True},
        {"delay_ms": -1},
        {"delay_ms": 1e9},
        {"other": 1},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(frail: RunningRelay, body: Any) -> None:
    url = frail.url + "/control/faults"
    async with frail.http.put(url, json=body, headers=frail.headers("control")) as answer:
        assert answer.status == 400
    async with frail.http.get(url, headers=frail.headers("control")) as answer:
        assert await answer.json() == {"faults": []}


async def test_one_viewers_line_is_cut_and_comes_back(air: Air, client: RelayClient) -> None:
    await client.fault("one", "out", drop=1.0)
    assert await client.faults() == [{"peer": "one", "way": "out", "drop": 1.0, "delay_ms": 0.0}]
    air.frame()
    assert await hears(air.other, 5)
    assert not await hears(air.one)
    await client.fault("one", "out")
    assert await client.faults() == []
    air.frame()
    assert await hears(air.one, 5)


async def test_a_source_is_not_heard(air: Air, client: RelayClient) -> None:
    await client.fault("source", "in", drop=1.0)
    air.frame()
    assert not await hears(air.one)
    await client.clear_faults()
    air.frame()
    assert await hears(air.one, 5)


async def test_everybodys_datagrams_come_late_and_in_order(air: Air, client: RelayClient) -> None:
    await client.fault(None, "both", delay_ms=150)
    began = time.monotonic()
    for _ in range(5):
        air.frame()
    got = [(await air.one.next_rtp()).sequence for _ in range(5)]
    assert time.monotonic() - began >= 0.3  # once in, once out
    assert [(number - got[0]) & 0xFFFF for number in got] == list(range(5))


async def test_a_share_is_lost(air: Air, client: RelayClient) -> None:
    await client.fault("one", "out", drop=0.5)
    for _ in range(200):
        air.frame()
        await air.other.next_rtp()
    await client.clear_faults()
    came = 0
    while await hears(air.one, 0.3):
        came += 1
    assert 50 < came < 150


async def test_whose_checks_are_lost_is_not_answered(air: Air, client: RelayClient) -> None:
    await client.fault("one", "both", drop=1.0)
    with pytest.raises(TimeoutError):
        await air.one.check()
    await client.clear_faults()
    await air.one.check()


@pytest.mark.timeout(60)
async def test_killing() -> None:
    started = start_relay("--faults", "--workers", "2")
    async with speaking_with(started) as relay, RelayClient(relay.url, relay.key) as client:
        with pytest.raises(RelayRefused, match="not-found"):
            await client.kill_worker(2)
        before = children(relay)
        await client.kill_worker(1)
        async with asyncio.timeout(20):
            while len(set(before) & set(children(relay))) != 1 or not await client.healthy():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        workers = children(relay)
        await client.kill_relay()
        assert await asyncio.to_thread(started.process.wait, 10) == -signal.SIGKILL
        async with asyncio.timeout(10):
            while any(is_alive(pid) for pid in workers):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert started.process.stdout is not None
    started.process.stdout.close()


async def test_the_command(frail: RunningRelay) -> None:
    async def run(*words: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media", "faults", "--relay", frail.url, *words,
            cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": frail.key},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, trouble = await asyncio.wait_for(process.communicate(), 30)
        process._transport.close()  # type: ignore[attr-defined]
        return process.returncode, (told + trouble).decode()

    assert await run("line", "--peer", "p", "--way", "out", "--drop", "2%", "--delay", "30") == (
        0,
        "p, out: 2.0% lost, 30 ms late\n",
    )
    _, told = await run("cut", "relay:b")
    assert "relay:b, in: 100.0% lost, 0 ms late\nrelay:b, out: 100.0% lost, 0 ms late\n" in told
    assert await run("clear") == (0, "")
    code, told = await run("kill-worker", "7")
    assert code == 2
    assert "not-found" in told


def test_faults_leave_nothing_behind_and_are_bounded() -> None:
    with kernel.open_port("127.0.0.1", 0) as sock:
        port = Port(sock, Handlers(*(lambda *_: None,) * 4))  # type: ignore[arg-type]
        transmitter = Fanout(sock).transmitter
        before = [dict(vars(owner)) for owner in (port, port.outbox, transmitter)]
        faults = Faults(port, transmitter)
        for number in range(MAX_FAULTS):
            faults.set(f"p{number}", ["in"], 0.5, 0)
        assert faults.set("one more", ["in"], 0.5, 0)["refused"] == "too-many"
        assert "_handle" in vars(port)
        assert faults.clear() == {"faults": []}
        assert [dict(vars(owner)) for owner in (port, port.outbox, transmitter)] == before


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

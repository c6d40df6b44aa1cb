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

from media.client import Fault, RelayClient, RelayRefused
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


async def test_faults_are_bounded_and_a_refused_one_is_forgotten(client: RelayClient) -> None:
    for number in range(MAX_FAULTS):
        await client.fault(f"p{number}", "in", drop=0.5)
    with pytest.raises(RelayRefused, match="too-many"):
        await client.fault("one more", "in", drop=0.5)
    assert len(await client.faults()) == MAX_FAULTS


async def test_one_viewers_line_is_cut_and_comes_back(air: Air, client: RelayClient) -> None:
    await client.fault("one", "out", drop=1.0)
    assert await client.faults() == (Fault("one", "out", 1.0, 0.0, (0,)),)
    air.frame()
    assert await hears(air.other, 5)
    assert not await hears(air.one)
    await client.fault("one", "out")
    assert await client.faults() == ()
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


@pytest.fixture
async def pair() -> AsyncIterator[tuple[RunningRelay, RelayClient]]:
    """A relay with two workers, that only this test kills."""
    started = await asyncio.to_thread(start_relay, "--faults", "--workers", "2", "--base-path", "/media")
    async with speaking_with(started) as relay, RelayClient(relay.url, relay.key) as client:
        yield relay, client
    started.process.kill()
    started.process.wait(10)
    assert started.process.stdout is not None
    started.process.stdout.close()


async def until_faults(client: RelayClient, *faults: Fault) -> None:
    async with asyncio.timeout(20):
        while await client.faults() != faults:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.timeout(60)
async def test_killing(pair: tuple[RunningRelay, RelayClient]) -> None:
    relay, client = pair
    with pytest.raises(RelayRefused, match="not-found"):
        await client.kill_worker(2)
    before = children(relay)
    await client.kill_worker(1)
    async with asyncio.timeout(20):
        while len(set(before) & set(children(relay))) != 1 or not await client.healthy():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    workers = children(relay)
    await client.kill_relay()
    assert await asyncio.to_thread(relay.process.wait, 10) == -signal.SIGKILL
    async with asyncio.timeout(10):
        while any(is_alive(pid) for pid in workers):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.timeout(60)
async def test_a_worker_in_a_dead_ones_place_gets_the_faults_again(
    pair: tuple[RunningRelay, RelayClient],
) -> None:
    relay, client = pair
    await client.fault("one", "out", drop=0.5)
    await client.fault(None, "both", delay_ms=20)
    late = [Fault("", way, 0.0, 20.0, (0, 1)) for way in ("in", "out")]
    assert await client.faults() == (Fault("one", "out", 0.5, 0.0, (0, 1)), *late)
    async with RelayClient(
        relay.url.removesuffix("/media"), relay.key
    ) as beside:  # the same relay without its path
        assert await beside.faults() == await client.faults()
    assert await command(relay, "kill-worker", "0") == (
        0,
        "worker 0 is killed; another takes its place and gets 3 faults again\n",
    )
    # While it is not there the other one is told all the same, and it hears of that too.
    await client.fault("one", "out")
    await client.fault("two", "in", drop=0.25)
    await until_faults(client, *late, Fault("two", "in", 0.25, 0.0, (0, 1)))
    assert await command(relay, "list") == (
        0,
        "everybody, in: 0.0% lost, 20 ms late (workers: 0, 1)\n"
        "everybody, out: 0.0% lost, 20 ms late (workers: 0, 1)\n"
        "two, in: 25.0% lost, 0 ms late (workers: 0, 1)\n",
    )
    assert await command(relay, "kill-relay") == (0, "the relay is killed\n")


async def command(relay: RunningRelay, *words: str, key: str | None = None) -> tuple[int | None, str]:
    """The command, all that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "faults", "--relay", relay.url, *words,
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": relay.key if key is None else key},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await asyncio.wait_for(process.communicate(), 30)
    process._transport.close()  # type: ignore[attr-defined]
    return process.returncode, told.decode()


@pytest.mark.timeout(120)
async def test_the_drill_of_the_handbook_goes_to_its_end(pair: tuple[RunningRelay, RelayClient]) -> None:
    relay, _ = pair
    given = {"DIENHONG_MEDIA_KEY": relay.key, "KILL": "1", "BRIDGES": "4", "PACE": "2", "LC_ALL": "C"}
    process = await asyncio.create_subprocess_exec(
        "sh", str(ROOT / "docs/drills/lines.sh"), relay.url,
        env=os.environ | given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, trouble = await asyncio.wait_for(process.communicate(), 100)
    process._transport.close()  # type: ignore[attr-defined]
    told = out.decode()
    assert process.returncode == 0, trouble.decode()
    said = ["two in a hundred", "one bridge hears nothing", "all is well again", "the first worker dies"]
    said += [
        "worker 0 is killed",
        "the whole relay dies",
        "the relay is killed",
        f"the relay {relay.url} answered",
    ]
    places = [told.find(words) for words in said]
    assert places == sorted(places), told
    assert places[0] >= 0
    assert told.count("NOT READY") == 2


async def test_the_command(frail: RunningRelay) -> None:
    assert await command(frail, "line", "--peer", "p", "--way", "out", "--drop", "2%", "--delay", "30") == (
        0,
        "p, out: 2.0% lost, 30 ms late (workers: 0)\n",
    )
    _, told = await command(frail, "cut", "relay:b")
    assert "relay:b, in: 100.0% lost, 0 ms late (workers: 0)\nrelay:b, out: 100.0% lost, 0 ms late" in told
    assert await command(frail, "clear") == (0, "")
    code, told = await command(frail, "kill-worker", "7")
    assert code == 2
    assert "not-found" in told
    assert await command(frail, "parents", "s", "main", "http://a:1") == (0, "s/main: http://a:1\n")
    assert await command(frail, "parents", "s", "main") == (0, "s/main: no mirror\n")


async def test_the_command_leaves_a_relay_in_earnest_alone(relay: RunningRelay) -> None:
    await relay.stage("a")
    for words in (
        ("parents", relay.studio, "main", "http://a:1"),
        ("kill-worker", "0"),
        ("kill-relay",),
        ("list",),
    ):
        code, told = await command(relay, *words)
        assert (code, told) == (
            2,
            "the relay was not started in test mode (--faults): nothing is changed\n",
        )
    assert "mirror" not in (await relay.state())["programmes"]["main"]
    for key in ("", "short"):
        code, told = await command(relay, "list", key=key)
        assert code == 2
        assert told.startswith("DIENHONG_MEDIA_KEY is not set, or shorter")
    assert (await command(relay, "list", "--help", key=""))[0] == 0


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

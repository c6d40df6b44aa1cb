"""No descriptor left: whoever wants one is refused, and nobody else notices."""

import asyncio
import contextlib
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.cascade.link import Door
from media.relay.crew import Crew, CrewSettings
from media.wire import rtp
from tests.media.cascade.test_link import Loop
from tests.media.running import RunningRelay, children, speaking_with, start_relay
from tests.media.site import KEY_FRAME, Site


@pytest.fixture
async def relay() -> AsyncIterator[RunningRelay]:
    """Every viewer sits on the worker that is not the studio's home."""
    started = start_relay("--workers", "2", "--home-seats", "0")
    async with speaking_with(started) as relay:
        yield relay
    started.stop()


@contextlib.contextmanager
def nothing_left(pids: list[int]) -> Iterator[None]:
    """These processes may open no file and no socket more."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in pids}
    for pid, (_, hard) in before.items():
        highest = max(int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir())
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


async def test_workers_without_descriptors_live_and_recover(relay: RunningRelay) -> None:
    workers = children(relay)
    source, viewer = Site(relay, "source"), Site(relay, "viewer")
    parents = f"{relay.url}/control/studios/{relay.studio}/programmes/main/parents"
    try:
        with nothing_left(workers):
            await relay.stage("source")
            await source.join(publish=True)  # its own socket is not to be had
            await viewer.join()  # nor the link to the other worker
            body = {"parents": ["http://127.0.0.1:9/media"]}
            async with relay.http.put(parents, json=body, headers=relay.headers("control")) as answer:
                assert answer.status == 200
            state = await relay.state()  # after the pull was refused or not: the worker answers
            assert state["programmes"]["main"]["mirror"]["pulling"] is None
            assert [s["peer"] for s in state["sources"]] == ["source"]
        async with relay.http.put(parents, json={"parents": []}, headers=relay.headers("control")) as answer:
            assert answer.status == 200
        await relay.stage("source")
        source.send_rtp(rtp.Packet(96, True, 100, 9000, 5, KEY_FRAME))
        assert (await viewer.next_rtp()).marker  # over the link that was made meanwhile
        assert children(relay) == workers
    finally:
        source.close()
        viewer.close()


def test_the_soft_limit_is_raised(relay_process: Any) -> None:
    pid = relay_process.process.pid
    (worker, *_) = (int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    soft, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 1 << 16)


def test_who_cannot_be_taken_in_is_turned_away_and_wakes_nobody_again(tmp_path: Path) -> None:
    loop = Loop()
    doors = [loop.door(tmp_path, 0), loop.door(tmp_path, 1)]
    link = doors[1].open(0)
    assert link is not None
    with nothing_left([os.getpid()]):
        held = []
        with contextlib.suppress(OSError):  # gaps below the highest
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        assert doors[0].open(1) is None
        loop.turn()  # it ends: nobody waits at the door any more
        for fd in held:
            os.close(fd)
    assert loop.ended == [link]
    assert not doors[0].links
    again: Door = doors[1]
    assert again.open(0) is not None
    loop.turn()
    assert len(doors[0].links) == 1
    for door in doors:
        door.shut()


async def test_a_worker_that_cannot_be_forked_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(CrewSettings("127.0.0.1", 0, 1, 2500), lambda *_: None, lambda *_: None)
    await crew.start()
    popen, refused = subprocess.Popen, []

    def no_memory(*arguments: Any, **more: Any) -> Any:
        if not refused:
            refused.append(1)
            raise OSError(12, "Cannot allocate memory")
        return popen(*arguments, **more)

    try:
        (hand,) = crew.hands
        monkeypatch.setattr(subprocess, "Popen", no_memory)
        hand.process.kill()
        async with asyncio.timeout(15):
            while crew.hands == [hand]:
                await asyncio.to_thread(hand.process.wait)  # and turns of the loop
        assert refused
        assert (await crew.hands[0].line.call("metrics"))["metrics"]["viewers"] == 0
    finally:
        await crew.stop()

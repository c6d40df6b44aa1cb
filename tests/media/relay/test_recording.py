"""A relay that records when it is told to: by a process of its own, which is watched."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from media.client import RelayClient
from media.recording import logbook
from media.relay.recording import Recordings, RecordingSettings
from tests.media.peers import RED, Source
from tests.media.recordings import play
from tests.media.running import RelayProcess, RunningRelay, speaking_with, start_relay

State = dict[str, Any]


@pytest.fixture
def started(tmp_path: Path) -> RelayProcess:
    return start_relay("--record-into", str(tmp_path), "--record-max-mb", "50")


@pytest.fixture
async def recorded(started: RelayProcess) -> AsyncIterator[RunningRelay]:
    """A relay with something on air."""
    async with speaking_with(started) as relay:
        centre = await Source(relay, "centre").start(RED, 440)
        await relay.stage("centre", "centre")
        yield relay
        await centre.close()
    if started.process.returncode is None:
        started.stop()


async def turn(relay: RunningRelay, on: object, programme: str = "main") -> tuple[int, State]:
    path = f"{relay.url}/control/studios/{relay.studio}/programmes/{programme}/recording"
    async with relay.http.put(path, json={"on": on}, headers=relay.headers("control")) as answer:
        return answer.status, await answer.json(content_type=None)


async def until(relay: RunningRelay, holds: Callable[[State], bool], seconds: float = 30) -> State:
    """The recording's state as soon as something holds of it."""
    state: State = {}
    try:
        async with asyncio.timeout(seconds):
            while not state or not holds(state):
                state = (await relay.state())["recordings"].get("main", {})
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"never got there: {state}") from None
    return state


def recorders(relay: RunningRelay) -> list[int]:
    """The processes that record this studio."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"record" in words and relay.studio.encode() in words:
                found.append(int(entry.name))
    return found


async def all_ended(relay: RunningRelay) -> None:
    for _ in range(400):
        if not recorders(relay):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("a recorder goes on")


async def test_a_recording_begins_and_ends_when_told(recorded: RunningRelay, tmp_path: Path) -> None:
    assert (await recorded.state())["recordings"] == {}
    status, state = await turn(recorded, True)
    assert status == 200
    assert state["on"]
    going = await until(recorded, lambda s: s.get("seconds", 0) > 2)
    assert going["bytes"] > 10_000
    assert going["trouble"] is None
    async with RelayClient(recorded.url, recorded.key) as client:
        read = (await client.studio(recorded.studio)).recordings["main"]
    assert (read.on, read.trouble, read.since) == (True, None, going["since"])
    assert read.size_bytes >= going["bytes"]
    assert await turn(recorded, True) == (200, await until(recorded, bool))
    assert len(recorders(recorded)) == 1
    status, state = await turn(recorded, False)
    assert not state["on"]
    assert (await turn(recorded, False))[1]["on"] is False
    folder = tmp_path / recorded.studio / "main"
    # Off and on again: the next part, after the first is closed.
    assert (await turn(recorded, True))[1]["on"]
    await until(recorded, lambda s: s["on"] and s["seconds"] > 1)
    await turn(recorded, False)
    await all_ended(recorded)
    parts = logbook.parts(folder)
    assert [part.name for part in parts] == ["part-0001.webm", "part-0002.webm"]
    assert all(part.complete for part in parts)
    assert play(folder / "part-0001.webm").times[-1] > 1.5


async def test_a_recorder_that_dies_is_started_again(recorded: RunningRelay, tmp_path: Path) -> None:
    await turn(recorded, True)
    before = await until(recorded, lambda s: s.get("seconds", 0) > 1.5)
    (process,) = recorders(recorded)
    os.kill(process, signal.SIGKILL)
    after = await until(recorded, lambda s: s["seconds"] > before["seconds"] + 2)
    assert after["on"]
    assert after["trouble"] is None
    assert recorders(recorded) != [process]
    await turn(recorded, False)
    await all_ended(recorded)
    assert [p.complete for p in logbook.parts(tmp_path / recorded.studio / "main")] == [False, True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_recorder_outlives_its_relay(
    recorded: RunningRelay, started: RelayProcess, tmp_path: Path, number: int
) -> None:
    await turn(recorded, True)
    await until(recorded, lambda s: s.get("seconds", 0) > 1)
    started.process.send_signal(number)
    started.process.wait(20)
    assert started.process.stdout is not None
    started.process.stdout.close()
    await all_ended(recorded)
    (part,) = logbook.parts(tmp_path / recorded.studio / "main")
    assert part.complete
    kinds = [event["event"] for event in logbook.read(tmp_path / recorded.studio / "main")]
    assert kinds[-1] == "ended"


async def test_another_relay_goes_on_where_this_one_ends(recorded: RunningRelay, tmp_path: Path) -> None:
    """One folder for both, as the handbook advises: the second waits until the first has left it."""
    await turn(recorded, True)
    await until(recorded, lambda s: s.get("seconds", 0) > 1)
    started = start_relay("--record-into", str(tmp_path), key=recorded.key)
    async with speaking_with(started) as other:
        other.studio = recorded.studio
        centre = await Source(other, "centre").start(RED, 440)
        await other.stage("centre", "centre")
        await turn(other, True)
        waiting = await until(other, lambda s: s["trouble"] is not None)
        assert waiting["on"]
        assert "another recorder" in waiting["trouble"]
        await turn(recorded, False)
        await until(other, lambda s: s["seconds"] > 1 and s["trouble"] is None)
        await centre.close()
    await asyncio.to_thread(started.stop)
    first, second = logbook.parts(tmp_path / recorded.studio / "main")
    assert first.complete
    assert second.complete


async def test_a_recording_that_nobody_asks_for_any_more_ends(recorded: RunningRelay, tmp_path: Path) -> None:
    """As at a relay that no server reaches: what it recorded goes on elsewhere by then."""
    forgotten = Recordings(RecordingSettings(tmp_path, unasked_s=2.0), recorded.key.encode())
    url = urlsplit(recorded.url)
    forgotten.open((str(url.hostname), url.port or 0), "127.0.0.1")
    try:
        asked_at = 0.0
        async with asyncio.timeout(30):
            while forgotten.turn(recorded.studio, "main", True)["seconds"] < 2.5:  # longer than the lease
                asked_at = asyncio.get_running_loop().time()
                await asyncio.sleep(0.1)
            while forgotten.state(recorded.studio, "main")["on"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert asyncio.get_running_loop().time() - asked_at > 1.9
        await all_ended(recorded)
    finally:
        await forgotten.stop()
    (part,) = logbook.parts(tmp_path / recorded.studio / "main")
    assert part.complete


async def test_a_full_folder_ends_it_for_good_and_is_told(tmp_path: Path) -> None:
    started = start_relay("--record-into", str(tmp_path), "--record-max-mb", "0.3")
    async with speaking_with(started) as relay:
        centre = await Source(relay, "centre").start(RED, 440)
        await relay.stage("centre", "centre")
        await turn(relay, True)
        state = await until(relay, lambda s: s.get("on") is False)
        assert "has reached" in state["trouble"]
        await centre.close()
    started.stop()


async def test_what_is_refused(relay: RunningRelay, recorded: RunningRelay) -> None:
    status, problem = await turn(relay, True)
    assert (status, problem["code"]) == (409, "no-recordings")
    assert (await turn(relay, False))[1]["on"] is False
    for body in (None, 1, "true"):
        status, problem = await turn(recorded, body)
        assert (status, problem["code"]) == (400, "bad-request")
    recorded.studio = "..."
    status, problem = await turn(recorded, True, "main")
    assert (status, problem["code"]) == (400, "bad-request")
    path = f"{recorded.url}/control/studios/x/programmes/main/recording"
    async with recorded.http.put(
        path, json={"on": True}, headers=recorded.headers("watch", "p", "main")
    ) as answer:
        assert answer.status == 403

"""A real recorder beside a real relay: what was on air is in the files, whatever happens to the process."""

import asyncio
import contextlib
import datetime
import itertools
import json
import resource
import secrets
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from media.recording import logbook
from media.recording.logbook import End
from tests.media.lossy import LossyLine
from tests.media.peers import BLUE, GREEN, RED, Colour, Source, Tone, source
from tests.media.recordings import Line, Played, play, recording
from tests.media.running import RunningRelay, speaking_with, start_relay

FRAME_S = 0.02
LATE_S = 1.0  # what a busy machine may add


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 25 for a, b in zip(one, other, strict=True))


def is_unbroken(played: Played) -> bool:
    """Whether every track of sound goes on without a gap, from the file's beginning."""
    return all(
        times[0] < FRAME_S * 3 and all(0 < b - a < 0.125 for a, b in itertools.pairwise(times))
        for times in played.packets
    )


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def lengths(played: Played) -> list[float]:
    return [played.times[-1], *(times[-1] for times in played.packets)]


async def test_what_was_on_air_is_in_the_file(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path / "r") as recorder:
        await recorder.until(lambda line: line["seconds"] > 4)
        assert await recorder.end() == 0
    (part,) = recorder.parts()
    played = play(part)
    seconds = recorder.status["seconds"]
    assert recorder.status["bytes"] >= part.stat().st_size
    # Besides what came live: up to 48 packets since the last key frame, which a joiner gets.
    # On a busy machine the source itself falls behind.
    assert 20 * seconds * 0.5 < len(played.times) < 20 * seconds * 1.15 + 48
    assert all(b > a for a, b in zip(played.times, played.times[1:], strict=False))
    assert all(near(colour, RED) for colour in played.colours)
    assert lengths(played) == pytest.approx([seconds] * 5, abs=0.25)
    assert is_unbroken(played)
    mix, first, second, third = (len(played.loud(i)) * FRAME_S for i in range(4))
    assert first == pytest.approx(seconds, abs=0.6)
    assert mix == pytest.approx(first, abs=0.1)
    assert second == third == 0
    (listed,) = logbook.parts(tmp_path / "r")
    assert listed.complete
    assert listed.seconds == pytest.approx(seconds, abs=0.01)


async def test_silence_and_switches_stand_where_they_were(
    relay: RunningRelay, tmp_path: Path, cast: list[Source]
) -> None:
    """Two voices, a turn, nobody, and the first again: nothing that comes later is moved by what did not come."""
    await source(relay, cast, "centre", RED, 440)
    await source(relay, cast, "hill", GREEN, 700, size=(640, 360))
    await relay.stage("centre", "centre", "hill")
    async with recording(relay, tmp_path) as recorder:
        began = time.monotonic()
        last = await recorder.until(lambda line: line["seconds"] > 2.5)
        turns: dict[str, float] = {}
        for name, stage in (
            ("hill", ("hill", "hill")), ("nobody", (None,)), ("again", ("centre", "centre")),
        ):  # fmt: skip
            await relay.stage(*stage)
            turns[name] = time.monotonic() - began
            told = last["seconds"]
            last = await recorder.until(lambda line, told=told: line["seconds"] > told + 2.5)  # type: ignore[misc]
        assert await recorder.end() == 0
    (part,) = recorder.parts()  # VP8 bears another size of the picture
    played = play(part)
    assert is_unbroken(played)
    assert set(played.sizes) == {(320, 180), (640, 360)}
    switches = [e for e in recorder.events("switch") if e["slot"] == "video"]
    assert [e["peer"] for e in switches][-4:] == ["centre", "hill", None, "centre"]
    to_hill, to_nobody, again = (e["offset_s"] for e in switches[-3:])
    assert again - to_hill == pytest.approx(turns["again"] - turns["hill"], abs=LATE_S)
    hill = [at for at, colour in zip(played.times, played.colours, strict=True) if near(colour, GREEN)]
    assert hill[0] == pytest.approx(to_hill, abs=LATE_S)
    assert hill[-1] == pytest.approx(to_nobody, abs=LATE_S)
    # Slot 1 sounds until nobody is on air, and again from the third turn on, where the index says.
    heard = played.loud(1)
    silence = max(itertools.pairwise(heard), key=lambda pair: pair[1] - pair[0])
    assert silence == (pytest.approx(to_nobody, abs=LATE_S), pytest.approx(again, abs=LATE_S))
    red_again = next(
        at for at, c in zip(played.times, played.colours, strict=True) if at > again - 1 and near(c, RED)
    )
    assert silence[1] == pytest.approx(red_again, abs=LATE_S)
    # Slot 2 had the hill from the beginning until the first turn; what is played has everything.
    assert played.loud(2)[-1] == pytest.approx(to_hill, abs=LATE_S)
    assert played.loud(0)[-1] == pytest.approx(heard[-1], abs=0.1)
    assert silence[0] < max(at for at in played.loud(0) if at < again - 0.5) + 0.1
    # A louder sum while two speak than while one does.
    two = max(level for at, level in played.sounds[0] if 0.5 < at < to_hill - 0.5)
    one = max(level for at, level in played.sounds[0] if to_hill + 0.7 < at < to_nobody - 0.7)
    assert two > 1.5 * one


class Flashes(Colour):
    """Red and green by turns: green in the odd seconds."""

    async def recv(self) -> VideoFrame:
        self._planes = GREEN if self._count // 20 % 2 else RED
        return await super().recv()


class Beeps(Tone):
    """A tone in the odd seconds."""

    async def recv(self) -> AudioFrame:
        frame = await super().recv()
        if (self._count - 1) // 50 % 2 == 0:
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        return frame


async def test_picture_and_sound_stay_together(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    one = Source(relay, "centre")
    cast.append(one)
    await one.publish(Flashes(RED), Beeps(440))
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path) as recorder:
        await recorder.until(lambda line: line["seconds"] > 7)
        assert await recorder.end() == 0
    played = play(recorder.parts()[0])
    flashes = [
        b for b, before, colour in zip(played.times[1:], played.colours, played.colours[1:], strict=False)
        if near(colour, GREEN) and not near(before, GREEN)
    ]  # fmt: skip
    loud = played.loud(0)
    beeps = [b for a, b in zip([-1.0, *loud], loud, strict=False) if b - a > 0.5]
    assert len(flashes) >= 3
    apart = [min((flash - beep for beep in beeps), key=abs) for flash in flashes[1:]]
    assert all(abs(seconds) < 0.12 for seconds in apart), (flashes, beeps)


async def test_another_codec_begins_another_part(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    await source(relay, cast, "browser", RED, 440)
    await source(relay, cast, "encoder", GREEN, 600, codec="H264")
    await relay.stage("browser", "browser")
    async with recording(relay, tmp_path) as recorder:
        await recorder.until(lambda line: line["seconds"] > 2)
        await relay.stage("encoder", "encoder")
        line = await recorder.until(lambda line: line["picture"] == "H264")
        await recorder.until(lambda now: now["seconds"] > line["seconds"] + 2)
        await relay.stage("browser", "browser")
        await recorder.until(lambda line: line["part"] == "part-0003.webm")
        assert await recorder.end() == 0
    parts = recorder.parts()
    assert [part.name for part in parts] == ["part-0001.webm", "part-0002.mp4", "part-0003.webm"]
    for part, colour in zip(parts, (RED, GREEN, RED), strict=True):
        played = play(part)
        assert near(played.colours[-1], colour), part
        assert is_unbroken(played)
        assert len(played.sounds) == 4
    told = recorder.events("part")
    seen = {event["part"]: event["on_air"]["video"] for event in told}
    seen |= {event["part"]: event["peer"] for event in recorder.events("switch") if event["slot"] == "video"}
    assert list(seen.values())[-1] == "browser"
    begins = [datetime.datetime.fromisoformat(event["at"]).timestamp() for event in told]
    whole = logbook.parts(tmp_path)
    # No time is lost between one part and the next.
    assert begins[1] == pytest.approx(begins[0] + whole[0].seconds, abs=0.05)
    assert begins[2] == pytest.approx(begins[1] + whole[1].seconds, abs=0.05)


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_sigkill_costs_two_seconds_at_most(
    relay: RunningRelay, tmp_path: Path, cast: list[Source], codec: str
) -> None:
    await source(relay, cast, "centre", RED, 440, codec=codec)
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path) as recorder:
        await recorder.until(lambda line: line["seconds"] > 4)
        killed_at = time.time()
        await recorder.end(signal.SIGKILL)
    (began,) = recorder.events("part")
    due_s = killed_at - datetime.datetime.fromisoformat(began["at"]).timestamp()
    played = play(recorder.parts()[0])
    assert min(lengths(played)) > due_s - 2
    assert is_unbroken(played)
    (cut,) = logbook.parts(tmp_path)
    assert not cut.complete
    assert cut.seconds == pytest.approx(max(lengths(played)), abs=0.1)
    before = recorder.parts()[0].read_bytes()
    with (tmp_path / "index.jsonl").open("ab") as index:
        index.write(b'{"event":"swit')  # torn in the middle
    async with recording(relay, tmp_path) as again:
        await again.until(lambda line: line["seconds"] > 1)
        assert await again.end() == 0
    assert [part.stem for part in again.parts()] == ["part-0001", "part-0002"]
    assert again.parts()[0].read_bytes() == before
    assert [part.complete for part in logbook.parts(tmp_path)] == [False, True]
    kinds = [event["event"] for event in logbook.read(tmp_path)]
    assert kinds.count("began") == 2
    assert kinds[-1] == "ended"


async def test_the_bound_ends_it_and_says_so(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path, "--max-mb", "0.36") as recorder:
        line = await recorder.until(lambda line: not line["recording"])
        assert await asyncio.wait_for(recorder.process.wait(), 10) == End.BOUND
    assert line["ended"] == "bound"
    assert folder_bytes(tmp_path) <= 360_000
    assert logbook.parts(tmp_path)[0].complete
    assert recorder.events("ended")[0]["reason"] == line["reason"]
    assert len(play(recorder.parts()[0]).times) > 20
    # What is there counts: the next attempt ends at once, and deletes nothing.
    async with recording(relay, tmp_path, "--max-mb", "0.3") as again:
        await again.until(lambda line: line.get("ended") == "bound")
    assert again.parts() == recorder.parts()


async def test_free_space_is_left_for_others(relay: RunningRelay, tmp_path: Path) -> None:
    async with recording(relay, tmp_path, "--min-free-mb", "900000000") as recorder:
        line = await recorder.until(lambda line: not line["recording"])
        assert await asyncio.wait_for(recorder.process.wait(), 10) == End.BOUND
    assert "free" in line["reason"]


async def test_a_disk_that_takes_no_more(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    """The system refuses to let a file grow: the same way a full disk shows itself."""
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    limit = 60_000
    async with recording(
        relay, tmp_path, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    ) as recorder:
        line = await recorder.until(lambda line: not line["recording"])
        assert await asyncio.wait_for(recorder.process.wait(), 10) == End.DISK
    assert line["ended"] == "disk"
    assert line["reason"] == "File too large"
    assert recorder.events("ended")[0]["reason"] == "File too large"
    played = play(recorder.parts()[0])
    assert len(played.times) > 10
    assert is_unbroken(played)


async def test_folders_that_cannot_be_written(relay: RunningRelay, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    async with recording(relay, tmp_path / "file" / "r") as recorder:
        line = await recorder.until(lambda line: True)
        assert await recorder.process.wait() == End.DISK
    assert line == {"recording": False, "ended": "disk", "reason": "Not a directory"}
    async with recording(relay, tmp_path / "r") as first:
        await first.until(lambda line: line["recording"])
        async with recording(relay, tmp_path / "r") as second:
            line = await second.until(lambda line: True)
            assert await second.process.wait() == End.DISK
        assert "another recorder" in line["reason"]


async def test_who_may_wait_begins_when_the_other_ends(
    relay: RunningRelay, tmp_path: Path, cast: list[Source]
) -> None:
    """As when a conference goes to another relay, and both write to one shared folder."""
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path) as first:
        await first.until(lambda line: line["seconds"] > 1)
        async with recording(relay, tmp_path, "--wait") as second:
            line = await second.until(lambda line: True)
            assert line["recording"]
            assert "another recorder" in line["trouble"]
            await first.end(signal.SIGKILL)
            await second.until(lambda line: line["seconds"] > 1 and line["trouble"] is None)
            async with recording(relay, tmp_path, "--wait") as third:
                await third.until(lambda line: line["recording"])
                assert await third.end() == 0
            assert third.status["ended"] == "told"
            assert await second.end() == 0
    assert [p.name for p in first.parts()] == ["part-0001.webm", "part-0002.webm"]


async def test_a_wrong_key_is_refused_at_once(relay: RunningRelay, tmp_path: Path) -> None:
    relay.key = secrets.token_hex(32)
    async with recording(relay, tmp_path) as recorder:
        line = await recorder.until(lambda line: not line["recording"])
        assert await asyncio.wait_for(recorder.process.wait(), 10) == End.REFUSED
    assert line["reason"].startswith("401")


async def test_sound_alone_is_recorded_too(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    radio = Source(relay, "radio")
    cast.append(radio)
    await radio.publish(None, Tone(440))
    await source(relay, cast, "camera", BLUE)
    await relay.stage(None, "radio")
    async with recording(relay, tmp_path) as recorder:
        await recorder.until(lambda line: line["seconds"] > 2)
        await relay.stage("camera", "radio")
        await recorder.until(lambda line: line["part"] == "part-0002.webm" and line["seconds"] > 5)
        assert await recorder.end() == 0
    sound, both = (play(part) for part in recorder.parts())
    assert not sound.times
    assert len(sound.loud(0)) > 50
    assert near(both.colours[-1], BLUE)
    assert len(both.loud(0)) > 50


async def test_parts_follow_one_another_by_age(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path, "--segment-minutes", "0.04") as recorder:
        await recorder.until(lambda line: line["part"] == "part-0003.webm")
        assert await recorder.end() == 0
    for part in recorder.parts():
        played = play(part)
        assert near(played.colours[0], RED)
        assert is_unbroken(played)
    assert all(2.4 <= part.seconds < 5 for part in logbook.parts(tmp_path)[:2])


async def test_it_comes_back_when_the_relay_does(tmp_path: Path) -> None:
    started = start_relay()
    address = f"127.0.0.1:{urlsplit(started.url).port}"
    async with contextlib.AsyncExitStack() as stack:
        relay = await stack.enter_async_context(speaking_with(started))
        first = await Source(relay, "centre").start(RED, 440)
        await relay.stage("centre", "centre")
        recorder = await stack.enter_async_context(recording(relay, tmp_path))
        await recorder.until(lambda line: line["seconds"] > 2)
        started.process.kill()
        started.process.wait()
        await first.close()
        again = start_relay("--http", address, key=started.key)
        try:
            second = await Source(relay, "centre").start(GREEN, 440)
            await relay.stage("centre", "centre")
            line = await recorder.until(lambda line: line["trouble"] is None)
            line = await recorder.until(lambda now: now["seconds"] > line["seconds"] + 3)
            assert await recorder.end() == 0
            await second.close()
        finally:
            again.stop()
            started.process.stdout.close()  # type: ignore[union-attr]
    (part,) = recorder.parts()
    played = play(part)
    assert near(played.colours[0], RED)
    assert near(played.colours[-1], GREEN)
    assert is_unbroken(played)
    assert any(event["slot"] == "all" for event in recorder.events("gap"))


async def test_the_list_is_one_line_for_each_part(relay: RunningRelay, tmp_path: Path, cast: list[Source]) -> None:
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path) as recorder:
        await recorder.until(lambda line: line["seconds"] > 1)
        assert await recorder.end() == 0
    async with recording(relay, tmp_path, "--list", str(tmp_path)) as listing:
        line: Line = await listing.until(lambda line: True)
        assert await listing.process.wait() == 0
    (part,) = logbook.parts(tmp_path)
    assert line == {
        "name": "part-0001.webm", "began_at": part.began_at, "seconds": part.seconds,
        "bytes": part.bytes, "complete": True,
    }  # fmt: skip
    assert json.dumps(line)


@contextlib.asynccontextmanager
async def lossy(relay: RunningRelay) -> AsyncIterator[LossyLine]:
    """The relay as seen over a line that loses packets: its `url` is changed while it lasts."""
    line, direct = LossyLine(relay.udp[0]), relay.url

    async def forward(request: web.Request) -> web.Response:
        headers = {
            name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers
        }
        async with aiohttp.ClientSession() as http:
            url = direct + request.path
            async with http.request(request.method, url, data=await request.read(), headers=headers) as answer:
                text = (await answer.text()).replace(f" {relay.udp[0]} typ host", f" {line.port} typ host")
                return web.Response(text=text, status=answer.status, content_type=answer.content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    relay.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield line
    relay.url = direct
    await runner.cleanup()
    line.close()


async def test_what_the_line_loses_is_asked_for_again(
    relay: RunningRelay, tmp_path: Path, cast: list[Source]
) -> None:
    await source(relay, cast, "centre", RED, 440, size=(1280, 720))
    await relay.stage("centre", "centre")
    async with lossy(relay) as line:
        async with recording(relay, tmp_path) as recorder:
            await recorder.until(lambda line: line["seconds"] > 6)
            assert await recorder.end() == 0
        assert line.lost > 20
    played = play(recorder.parts()[0])
    assert is_unbroken(played)
    assert sum(event["packets"] for event in recorder.events("gap")) <= line.lost * 0.1
    assert len(played.loud(1)) * FRAME_S > recorder.status["seconds"] * 0.7

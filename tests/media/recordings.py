"""A recorder process under test, and what its files hold."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from tests.media.running import ROOT, RunningRelay

Line = dict[str, Any]


class RunningRecorder:
    """`status` is the last line that it told."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process, self.folder = process, folder
        self.status: Line = {}

    async def until(self, holds: Callable[[Line], bool], seconds: float = 30) -> Line:
        """Its first line of which something holds."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                while line := await self.process.stdout.readline():
                    self.status = json.loads(line)
                    if holds(self.status):
                        return self.status
        except TimeoutError:
            self.process.kill()
        assert self.process.stderr is not None
        told = (await self.process.stderr.read()).decode()
        raise AssertionError(f"the recorder never got there: {self.status}\n{told}")

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        assert self.process.stdout is not None
        last = (await asyncio.wait_for(self.process.stdout.read(), 20)).splitlines()
        if last and number != signal.SIGKILL:
            self.status = json.loads(last[-1])
        return await asyncio.wait_for(self.process.wait(), 20)

    def events(self, kind: str = "") -> list[Line]:
        lines = (self.folder / "index.jsonl").read_text().splitlines()
        return [event for line in lines if (event := json.loads(line)) and kind in ("", event["event"])]

    def parts(self) -> list[Path]:
        return sorted(self.folder.glob("part-*"))


@contextlib.asynccontextmanager
async def recording(
    relay: RunningRelay, folder: Path, *arguments: str, before: Callable[[], None] | None = None
) -> AsyncIterator[RunningRecorder]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "record", "--relay", relay.url, "--studio", relay.studio,
        "--into", str(folder), *arguments,
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": relay.key}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, preexec_fn=before,
    )  # fmt: skip
    recorder = RunningRecorder(process, folder)
    try:
        yield recorder
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@dataclass
class Played:
    """What a player would show and sound: times in seconds; `colours` of the middle of each picture (Y, U, V)."""

    times: list[float]
    colours: list[tuple[int, ...]]
    sizes: list[tuple[int, int]]
    sounds: list[list[tuple[float, int]]]  # of each track, for each 20 ms: when, and the loudest sample
    packets: list[list[float]]

    def loud(self, track: int, level: int = 1000) -> list[float]:
        return [at for at, loudest in self.sounds[track] if loudest > level]


def play(path: Path) -> Played:
    """Decodes all of a file. Raises what the decoder raises."""
    played = Played([], [], [], [], [])
    with av.open(str(path)) as container:
        audio = list(container.streams.audio)
        played.sounds, played.packets = [[] for _ in audio], [[] for _ in audio]
        for packet in container.demux():
            if packet.pts is not None and packet.stream in audio:
                played.packets[audio.index(packet.stream)].append(float(packet.pts * packet.time_base))
            for frame in packet.decode():
                at = float(frame.pts * frame.time_base)
                if isinstance(frame, av.VideoFrame):
                    middle = frame.planes[0].line_size * (frame.height // 2) + frame.width // 2
                    chroma = frame.planes[1].line_size * (frame.height // 4) + frame.width // 4
                    planes = [
                        bytes(plane)[at] for plane, at in zip(frame.planes, (middle, chroma, chroma), strict=True)
                    ]
                    played.times.append(at)
                    played.colours.append(tuple(planes))
                    played.sizes.append((frame.width, frame.height))
                else:
                    samples = memoryview(bytes(frame.planes[0])[: frame.samples * 4]).cast("f")
                    loudest = round(32768 * max(map(abs, samples[::7]), default=0))
                    played.sounds[audio.index(packet.stream)].append((at, loudest))
    return played

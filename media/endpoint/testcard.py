"""What a headless endpoint sends and how it looks at what it receives: a test picture, a tone, and meters.

No network. The picture is one colour with a bar that moves, so that a receiver can tell senders apart.
"""

from __future__ import annotations

import array
import asyncio
import math
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from aiortc import MediaStreamTrack
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

FRAMES_PER_S: Final = 15
CLOCK_HZ: Final = 90_000
RATE_HZ: Final = 48_000
SAMPLES: Final = 960  # 20 ms
AMPLITUDE: Final = 8_000
_BAR_STEPS: Final = 30
_METER_STEP: Final = 8  # every eighth sample tells the energy well enough

Colour = tuple[int, int, int]


def parse_colour(text: str) -> Colour:
    """`RRGGBB`. Raises: ValueError."""
    number = int(text, 16)
    if len(text) != 6:
        raise ValueError("a colour is six hexadecimal digits")
    return number >> 16, number >> 8 & 255, number & 255


def parse_size(text: str) -> tuple[int, int]:
    """`640x360`, both even. Raises: ValueError."""
    width, height = (int(part) for part in text.split("x"))
    if not (16 <= width <= 3840 and 16 <= height <= 2160) or width % 2 or height % 2:
        raise ValueError("a picture has even sides from 16 to 3840x2160")
    return width, height


class TestPicture(MediaStreamTrack):
    """A moving bar over one colour."""

    kind = "video"
    __test__ = False

    def __init__(self, colour: Colour, size: tuple[int, int]) -> None:
        super().__init__()
        self.frames = 0
        self._cards = [_card(colour, size, step) for step in range(_BAR_STEPS)]
        self._pace = _Pace(FRAMES_PER_S)

    async def recv(self) -> VideoFrame:
        await self._pace.wait()
        card = self._cards[self.frames % _BAR_STEPS]
        card.pts = self.frames * CLOCK_HZ // FRAMES_PER_S
        card.time_base = Fraction(1, CLOCK_HZ)
        self.frames += 1
        return card


class Tone(MediaStreamTrack):
    """A sine, 20 ms at a time."""

    kind = "audio"

    def __init__(self, pitch_hz: int = 440) -> None:
        super().__init__()
        # A whole number of waves in a second, so that the second can be repeated without a click.
        second = [round(AMPLITUDE * math.sin(2 * math.pi * pitch_hz * i / RATE_HZ)) for i in range(RATE_HZ)]
        self._second = array.array("h", second)
        self._sent = 0
        self._pace = _Pace(RATE_HZ // SAMPLES)

    async def recv(self) -> AudioFrame:
        await self._pace.wait()
        start = self._sent % RATE_HZ
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(self._second[start : start + SAMPLES].tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._sent, Fraction(1, RATE_HZ)
        self._sent += SAMPLES
        return frame


class _Pace:
    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        self._begun: float | None = None
        self._count = 0

    async def wait(self) -> None:
        if self._begun is None:
            self._begun = time.monotonic()
        await asyncio.sleep(max(0.0, self._begun + self._count / self._per_s - time.monotonic()))
        self._count += 1


def _card(colour: Colour, size: tuple[int, int], step: int) -> VideoFrame:
    width, height = size
    red, green, blue = colour
    # BT.601, studio range: what WebRTC decoders take VP8 for.
    luma = round(16 + 0.257 * red + 0.504 * green + 0.098 * blue)
    values = (
        luma,
        round(128 - 0.148 * red - 0.291 * green + 0.439 * blue),
        round(128 + 0.439 * red - 0.368 * green - 0.071 * blue),
    )
    frame = VideoFrame(width, height, "yuv420p")
    for index, plane in enumerate(frame.planes):
        row = bytearray([values[index]]) * plane.line_size
        if index == 0:
            bar = max(2, width // _BAR_STEPS)
            row[bar * step : bar * (step + 1)] = bytes([235 if luma < 126 else 16]) * bar
            row = row[: plane.line_size]
        plane.update(bytes(row) * plane.height)
    return frame


@dataclass(slots=True)
class PictureMeter:
    """Counts decoded pictures; the last one is looked at only when somebody asks."""

    frames: int = 0
    seen_at: float = field(default_factory=time.monotonic)
    _last: Any = None

    def add(self, frame: VideoFrame) -> None:
        self.frames += 1
        self.seen_at = time.monotonic()
        self._last = frame

    @property
    def size(self) -> tuple[int, int] | None:
        return None if self._last is None else (self._last.width, self._last.height)

    def colour(self) -> Colour | None:
        """The mean of the last picture."""
        if self._last is None:
            return None
        small = self._last.reformat(width=16, height=16, format="rgb24", interpolation="AREA")
        plane = small.planes[0]
        rows = bytes(plane)
        pixels = b"".join(rows[y * plane.line_size : y * plane.line_size + 48] for y in range(16))
        red, green, blue = (sum(pixels[i::3]) // 256 for i in range(3))
        return red, green, blue


@dataclass(slots=True)
class SoundMeter:
    """`energy` as totalAudioEnergy in WebRTC's statistics: seconds times the square of the level (full: 1)."""

    energy: float = 0.0
    frames: int = 0

    def add(self, frame: AudioFrame) -> None:
        self.frames += 1
        samples = array.array("h", bytes(frame.planes[0]))[::_METER_STEP]
        if samples and frame.sample_rate:
            level = sum(s * s for s in samples) / len(samples) / 32768**2
            self.energy += level * frame.samples / frame.sample_rate

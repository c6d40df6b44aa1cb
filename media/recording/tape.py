"""What a recorder does with its disk: parts, their index, and the bounds. Blocks: runs on a thread of its own.

A part begins with a key frame, or with sound alone; another codec, other H.264 parameters or age begin the next.
Nothing that is recorded is ever deleted.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from media.recording.logbook import Logbook
from media.recording.part import Part, Unplayable
from media.wire.depacket import Frame

SOUND_ALONE_S: Final = 1.0  # how long sound waits for a picture to begin a part with
LATE_TURN_S: Final = 10.0  # how long an old part waits for a key frame to end at
SYNC_S: Final = 0.4  # of power failures; what is written survives the process in any case
SPARE_BYTES: Final = 256 * 1024  # what ending a part may still write
MIN_FREE_MB: Final = 512
MAX_MB: Final = 20_000
SEGMENT_MINUTES: Final = 60.0


@dataclass(frozen=True, slots=True)
class Picture:
    at: float  # Unit: s, the clock of the recorder, as in all of these
    frame: Frame


@dataclass(frozen=True, slots=True)
class Sound:
    at: float
    slot: int
    opus: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Something for the index."""

    at: float
    event: str
    more: dict[str, Any] = field(default_factory=dict)


Piece = Picture | Sound | Note


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be written. A bound on a part's age is no bound on the recording."""

    max_bytes: int = MAX_MB * 1_000_000
    min_free_bytes: int = MIN_FREE_MB * 1_000_000
    segment_s: float = SEGMENT_MINUTES * 60


class Full(Exception):
    """A bound is reached; the message says which."""


@dataclass(frozen=True, slots=True)
class TapeState:
    """`seconds`: of this run; `bytes`: of the whole folder."""

    seconds: float
    bytes: int
    part: str | None
    codec: str | None


class Tape:
    """Writes pieces, in the order of their time, to the parts of one folder. `state` may be read by any thread."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        """Raises: logbook.Busy; OSError."""
        self._folder = folder
        self._bounds = bounds
        self._log = Logbook(folder)
        self._synced_at = 0.0
        self._number = self._log.next_part()
        self._part: Part | None = None
        self._waiting: list[Sound] = []
        self._written = sum(path.stat().st_size for path in folder.iterdir())
        self._before_s = 0.0  # of this run's parts that are closed
        self._clock = time.time() - time.monotonic()
        self._on_air: dict[str, str | None] = {}
        self.wants_key_frame = False
        self.state = TapeState(0.0, self._written, None, None)

    def _note_state(self) -> None:
        part = self._part
        codec = part.first.codec.value if part and part.first else None
        self.state = TapeState(self._seconds, self._bytes, part.path.name if part else None, codec)

    @property
    def _seconds(self) -> float:
        return self._before_s + (self._part.seconds if self._part else 0.0)

    @property
    def _bytes(self) -> int:
        return self._written + (self._part.size_bytes if self._part else 0)

    def note(self, at: float, event: str, **more: Any) -> None:
        """One event, at its place in the part that is written now. Raises: OSError."""
        if event == "switch":
            self._on_air[more["slot"]] = more["peer"]
        part = self._part
        offset = max(0.0, at - part.began) if part else None
        self._log.write(event, at + self._clock, offset, part.path.name if part else None, **more)

    def write(self, pieces: Sequence[Piece], until: float) -> None:
        """All of `pieces`, then silence where there is none `until` now. Raises: Full; OSError."""
        self._clock = time.time() - time.monotonic()
        size = sum(len(p.frame.data) if isinstance(p, Picture) else 64 for p in pieces)
        self._check_bounds(size)
        for piece in pieces:
            match piece:
                case Picture():
                    self._picture(piece)
                case Sound():
                    self._sound(piece)
                case Note():
                    self.note(piece.at, piece.event, **piece.more)
        if self._part is None and self._waiting and until - self._waiting[0].at > SOUND_ALONE_S:
            self._begin(self._waiting[0].at, None)
        if self._part is not None:
            self._go_on(self._part, until)
        self._note_state()

    def _go_on(self, part: Part, until: float) -> None:
        age = until - part.began
        self.wants_key_frame = age > self._bounds.segment_s and part.first is not None
        part.fill(until)
        if until - self._synced_at >= SYNC_S:
            part.sync()
            self._synced_at = until
        if age > self._bounds.segment_s + (LATE_TURN_S if part.first is not None else 0):
            self._begin(until, None)

    def _check_bounds(self, size: int) -> None:
        if self._bytes + size + SPARE_BYTES > self._bounds.max_bytes:
            raise Full(f"the recording has reached {self._bounds.max_bytes // 1_000_000} MB")
        if shutil.disk_usage(self._folder).free - size < self._bounds.min_free_bytes:
            raise Full(f"less than {self._bounds.min_free_bytes // 1_000_000} MB are free on the disk")

    def _picture(self, piece: Picture) -> None:
        part, frame = self._part, piece.frame
        old = part is not None and piece.at - part.began > self._bounds.segment_s
        if part is None or not part.takes(frame) or old:
            if frame.key:
                began = self._waiting[0].at if part is None and self._waiting else piece.at
                try:
                    self._begin(began, frame)
                except Unplayable as trouble:
                    self.note(piece.at, "gap", slot="video", reason=str(trouble))
            elif part is None or not part.takes(frame):
                return
        if self._part is not None and self._part.takes(frame):
            self._part.add_picture(piece.at, frame)

    def _sound(self, piece: Sound) -> None:
        if self._part is None:
            self._waiting.append(piece)
            return
        with contextlib.suppress(ValueError):  # not Opus: nothing that could be heard
            self._part.add_sound(piece.at, piece.slot, piece.opus)

    def _begin(self, at: float, first: Frame | None) -> None:
        """The next part, after ending the one before. Raises: Unplayable, then nothing has changed; OSError."""
        ending = "mp4" if first is not None and first.parameters else "webm"
        before, name = self._part, f"part-{self._number:04d}.{ending}"
        part = Part(self._folder / name, at, first)
        self._number += 1
        if before is not None:
            before.fill(at, last=True)
            self._close(before)
        self._part, self.wants_key_frame = part, False
        size = part.size
        wide, high = size or (None, None)
        codec = first.codec.value if first else None
        self.note(at, "part", picture=codec, width=wide, height=high, on_air=self._on_air)
        waiting, self._waiting = self._waiting, []
        for piece in waiting:
            self._sound(piece)

    def _close(self, part: Part) -> None:
        try:
            part.fill(part.ends, last=True)
            part.close()
        finally:
            self._written += part.size_bytes
            self._before_s += part.seconds
            self._part = None
        self._log.write(
            "closed", part.ends + self._clock, part.seconds, part.path.name,
            seconds=round(part.seconds, 3), bytes=part.size_bytes, frames=part.frames,
        )  # fmt: skip

    def close(self, at: float, reason: str) -> None:
        """The end of the recording. Raises: OSError, after everything that can be closed is closed."""
        try:
            if self._part is not None:
                self._close(self._part)
        finally:
            try:
                self._log.write(
                    "ended", at + self._clock, None, None, reason=reason,
                    seconds=round(self._seconds, 3), bytes=self._bytes,
                )  # fmt: skip
            finally:
                self._log.close()
                self._note_state()

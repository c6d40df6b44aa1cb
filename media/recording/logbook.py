"""`index.jsonl`: what was recorded, when, in which file, and who was on air; one line for each event.

A line is on the disk before the next thing happens. The last one may be torn by a crash: readers pass over it.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import functools
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

NAME: Final = "index.jsonl"
MAX_LINE: Final = 64 * 1024
_PART: Final = re.compile(r"part-(\d{4,})\.(webm|mp4)")


class End(IntEnum):
    """Why a recorder ended; these are its exit codes."""

    TOLD = 0
    BOUND = 3
    DISK = 4
    REFUSED = 5


class Busy(Exception):
    """Another recorder writes to this folder."""


def rfc3339(unix_s: float) -> str:
    at = datetime.datetime.fromtimestamp(unix_s, tz=datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Logbook:
    """The index of a folder, open for writing by one recorder at a time."""

    def __init__(self, folder: Path) -> None:
        """Raises: Busy; OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._fd = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise Busy(f"another recorder writes to {folder}") from None
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")  # a crash tore the last line: ours begins on its own

    def write(self, event: str, unix_s: float, offset_s: float | None, part: str | None, **more: Any) -> None:
        """One event at its place in a part. Raises: OSError."""
        line = {
            "event": event,
            "at": rfc3339(unix_s),
            "offset_s": None if offset_s is None else round(offset_s, 3),
            "part": part,
            **more,
        }
        os.write(self._fd, json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        os.fdatasync(self._fd)

    def next_part(self) -> int:
        """One more than the highest number there is."""
        return 1 + max(
            (int(found[1]) for found in map(_PART.fullmatch, os.listdir(self.folder)) if found), default=0
        )

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """The events, in order; lines that are torn are passed over. Raises: OSError."""
    with (folder / NAME).open("rb") as file:
        while line := file.readline(MAX_LINE):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                yield event


@dataclass(frozen=True, slots=True)
class Listed:
    """One part as it lies there. `complete`: it was ended; else it was cut off, or is being written."""

    name: str
    began_at: str | None
    seconds: float | None
    bytes: int
    complete: bool


def parts(folder: Path, *, measure: bool = True) -> list[Listed]:
    """All parts of a recording. `measure`: read through those that were not ended. Raises: OSError."""
    began: dict[str, str] = {}
    closed: dict[str, float] = {}
    with contextlib.suppress(FileNotFoundError):
        for event in read(folder):
            name = event.get("part")
            if event["event"] == "part" and isinstance(name, str):
                began[name] = str(event.get("at"))
            elif event["event"] == "closed" and isinstance(name, str):
                closed[name] = float(event.get("seconds", 0.0))
    listed = []
    for path in sorted(p for p in folder.iterdir() if _PART.fullmatch(p.name)):
        size, seconds = path.stat().st_size, closed.get(path.name)
        if seconds is None and measure:
            seconds = measured_s(path, size)
        listed.append(Listed(path.name, began.get(path.name), seconds, size, path.name in closed))
    return listed


@functools.lru_cache(maxsize=1024)
def measured_s(path: Path, size: int) -> float:
    """How long a part of this size plays, from its packets. 0 when nothing of it can be read."""
    import av

    last = 0.0
    try:
        with av.open(str(path)) as container:
            for packet in container.demux():
                if packet.pts is not None and packet.time_base is not None:
                    last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    except av.error.FFmpegError:
        pass
    return round(last, 3)

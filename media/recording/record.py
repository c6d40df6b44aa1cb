"""The recorder's command line: record a programme, or list what a folder holds."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from media.commands import KEY_VARIABLE, Help
from media.recording import logbook
from media.recording.logbook import End
from media.recording.recorder import Recorder, RecorderSettings, status
from media.recording.tape import MAX_MB, MIN_FREE_MB, SEGMENT_MINUTES, Bounds, Tape, TapeState
from media.tokens import MIN_KEY_SIZE

STATUS_S: Final = 1.0
WAIT_S: Final = 0.3  # how often a folder is asked for that another recorder writes to


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong record",
        formatter_class=Help,
        description="Write what is on air to files that any browser plays, until Ctrl-C; or list what a folder "
        "holds. What a crash cut off plays as it is, and the same command goes on in the same folder. "
        f"The relay's key is read from {KEY_VARIABLE}.",
    )
    parser.add_argument("--relay", default="http://127.0.0.1:8900", help="address of the relay's HTTP face")
    parser.add_argument("--studio", help="whose programme is recorded: a meeting's id")
    parser.add_argument("--programme", default="main", help="which programme of it")
    parser.add_argument("--into", type=Path, help="folder of the recording; what is there is continued")
    parser.add_argument("--max-mb", type=_positive, default=MAX_MB, help="the most that the folder may hold")
    parser.add_argument("--min-free-mb", type=_positive, default=MIN_FREE_MB, help="left free on the disk")
    parser.add_argument("--segment-minutes", type=_positive, default=SEGMENT_MINUTES, help="length of a part")
    parser.add_argument("--via", default="", help="the relay's address for media, else the first it announces")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    parser.add_argument("--wait", action="store_true", help="wait for a folder that another recorder writes to")
    parser.add_argument("--list", type=Path, metavar="DIR", help="print what a folder holds, and end")
    return parser.parse_args(words)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(text)
    return number


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _list(folder: Path) -> int:
    try:
        for part in logbook.parts(folder):
            say(**asdict(part))
    except OSError as trouble:
        sys.stderr.write(f"{folder}: {trouble.strerror}\n")
        return End.DISK
    return 0


async def _record(settings: RecorderSettings, *, until_eof: bool, waits: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        loop.add_reader(0, _listen, stop)
    try:
        tape = await (_awaited(settings, stop) if waits else _opened(settings))
    except (logbook.Busy, OSError) as trouble:
        reason = trouble.strerror if isinstance(trouble, OSError) else str(trouble)
        say(recording=False, ended="disk", reason=reason)
        sys.stderr.write(f"{settings.into}: {reason}\n")
        return int(End.DISK)
    if tape is None:
        say(recording=False, ended="told", reason="told")
        return int(End.TOLD)
    recorder = Recorder(settings, tape, stop)
    told = asyncio.create_task(_tell(recorder))
    try:
        end, reason = await recorder.run()
    finally:
        told.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await told
    say(recording=False, ended=end.name.lower(), reason=reason, **recorder.status())
    if end is not End.TOLD:
        sys.stderr.write(f"the recording ended: {reason}\n")
    return int(end)


async def _opened(settings: RecorderSettings) -> Tape:
    """Raises: logbook.Busy; OSError."""
    return await asyncio.to_thread(Tape, settings.into, settings.bounds)


async def _awaited(settings: RecorderSettings, stop: asyncio.Event) -> Tape | None:
    """As soon as nobody else writes there; None: told to end meanwhile. Raises: OSError."""
    since, told_at = time.time(), 0.0
    while not stop.is_set():
        try:
            return await _opened(settings)
        except logbook.Busy as busy:
            if time.monotonic() - told_at > STATUS_S:
                told_at = time.monotonic()
                say(recording=True, **status(since, TapeState(0.0, 0, None, None), str(busy)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                await stop.wait()
    return None


def _listen(stop: asyncio.Event) -> None:
    if not os.read(0, 4096):
        asyncio.get_running_loop().remove_reader(0)
        stop.set()


async def _tell(recorder: Recorder) -> None:
    while True:
        say(recording=True, **recorder.status())
        await asyncio.sleep(STATUS_S)


def main(words: Sequence[str]) -> int:
    parsed = _arguments(words)
    if parsed.list is not None:
        return _list(parsed.list)
    key = os.environ.get(KEY_VARIABLE, "")
    if len(key.encode()) < MIN_KEY_SIZE or not parsed.studio or parsed.into is None:
        sys.stderr.write(f"needed: --studio, --into, and a secret of {MIN_KEY_SIZE} bytes in {KEY_VARIABLE}\n")
        return 2
    bounds = Bounds(
        round(parsed.max_mb * 1_000_000), round(parsed.min_free_mb * 1_000_000), parsed.segment_minutes * 60
    )
    settings = RecorderSettings(
        parsed.relay, key, parsed.studio, parsed.programme, parsed.into, bounds, parsed.via
    )
    return asyncio.run(_record(settings, until_eof=parsed.until_eof, waits=parsed.wait))

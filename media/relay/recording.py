"""The recordings that a relay was asked for: each is a child process of `python -m media record`, watched here.

One that dies is started again, a few times; one that a bound or the disk ended stays ended and says why. One that
nobody asks for any more ends too: who wants it may have gone to another relay, and no word of it come through.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from media.recording.logbook import End
from media.relay.problems import Refusal

MAX_RECORDINGS: Final = 16
MAX_REMEMBERED: Final = 256
RESTARTS: Final = 5
RESTARTS_WITHIN_S: Final = 60.0
RESTART_PAUSE_S: Final = 0.3
STOP_S: Final = 8.0
TRY_AGAIN_S: Final = 30.0
#: Longer than servers take to start anew; servers ask every 2 s.
UNASKED_S: Final = 60.0
_MAX_LINE: Final = 64 * 1024
_ROOT: Final = Path(__file__).resolve().parents[2]

log = logging.getLogger("media.recording")


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """`into`: a folder for each studio is made there, and in that one for each programme.

    `max_mb`: of each recording; `min_free_mb`: left free on the disk by all of them.
    """

    into: Path
    max_mb: float | None = None
    min_free_mb: float | None = None
    unasked_s: float = UNASKED_S


@dataclass(slots=True)
class _Recording:
    """`seconds` and `bytes` as last told; `before_s` of processes that died."""

    since: float
    on: bool = True
    seconds: float = 0.0
    before_s: float = 0.0
    size_bytes: int = 0
    trouble: str | None = None
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = None
    died_at: list[float] = field(default_factory=list)
    ended_at: float = 0.0  # by itself; Unit: s, monotonic
    lease: asyncio.TimerHandle | None = None  # until it is asked for again

    def state(self) -> dict[str, Any]:
        return {
            "on": self.on,
            "since": round(self.since, 3),
            "seconds": round(self.before_s + self.seconds, 3),
            "bytes": self.size_bytes,
            "trouble": self.trouble,
        }


OFF: Final[dict[str, Any]] = {"on": False, "since": None, "seconds": 0.0, "bytes": 0, "trouble": None}


def _near(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (nothing is bound here)


class Recordings:
    """All of one relay. `open` says where the relay is reached, before the first is asked for."""

    def __init__(self, settings: RecordingSettings | None, key: bytes) -> None:
        self._settings = settings
        self._key = key
        self._url = self._via = ""
        self._recordings: dict[tuple[str, str], _Recording] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def open(self, http: tuple[str, int], media_host: str) -> None:
        """Where the two faces are bound; a wildcard is reached by loopback, whatever is announced."""
        host = _near(http[0])
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{http[1]}"
        self._via = _near(media_host)

    def turn(self, studio: str, programme: str, on: bool) -> dict[str, Any]:
        """Starts or ends a recording; the same again keeps it so. Raises: Refusal."""
        name = studio, programme
        before = self._recordings.get(name)
        if before is not None and before.on == on:
            if on:
                self._renew(name, before)
            return before.state()
        if on and before is not None and before.ended_at and time.monotonic() - before.ended_at < TRY_AGAIN_S:
            return before.state()  # the disk is as full as it was
        if on:
            self._check(name)
            one = self._recordings[name] = _Recording(time.time())
            one.task = asyncio.create_task(self._keep(name, one, before.task if before else None))
            self._renew(name, one)
        elif before is not None:
            self._begin_to_end(before)
        return self.state(*name)

    def _renew(self, name: tuple[str, str], one: _Recording) -> None:
        assert self._settings is not None
        if one.lease is not None:
            one.lease.cancel()
        one.lease = asyncio.get_running_loop().call_later(self._settings.unasked_s, self._lapse, name, one)

    def _lapse(self, name: tuple[str, str], one: _Recording) -> None:
        if one.on:
            log.warning("nobody asks any more for the recording of %s/%s", *name)
            self._begin_to_end(one)

    def _begin_to_end(self, one: _Recording) -> None:
        one.on = False
        ending = asyncio.create_task(self._end(one))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _check(self, name: tuple[str, str]) -> None:
        """Raises: Refusal when there can be no recording of that name."""
        if self._settings is None:
            raise Refusal("no-recordings", "this relay was started without --record-into")
        if not all(part.strip(".") for part in name):
            raise Refusal("bad-request", "a name of dots is no name of a folder")
        if sum(one.on for one in self._recordings.values()) >= MAX_RECORDINGS:
            raise Refusal("too-many", "too many recordings at once")
        ended = [key for key, one in self._recordings.items() if not one.on and one.task and one.task.done()]
        for key in ended[: max(0, len(self._recordings) - MAX_REMEMBERED)]:
            del self._recordings[key]

    def state(self, studio: str, programme: str) -> dict[str, Any]:
        running = self._recordings.get((studio, programme))
        return running.state() if running is not None else OFF

    def of(self, studio: str) -> dict[str, dict[str, Any]]:
        """By programme, of those that were asked for since the relay began."""
        return {name[1]: one.state() for name, one in self._recordings.items() if name[0] == studio}

    async def stop(self) -> None:
        """Ends all, cleanly."""
        for one in self._recordings.values():
            one.on = False
            if one.lease is not None:
                one.lease.cancel()
        await asyncio.gather(*(self._end(one) for one in self._recordings.values()))

    # ── one recording ──

    async def _keep(self, name: tuple[str, str], one: _Recording, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait((before,))  # its folder is in use until then
        while one.on:
            code = await self._live(name, one)
            if not one.on:
                return
            if code in (End.BOUND, End.DISK, End.REFUSED):
                one.on, one.ended_at = False, time.monotonic()
                log.error("the recording of %s/%s ended: %s", *name, one.trouble)
                return
            now = time.monotonic()
            one.died_at = [at for at in one.died_at if now - at < RESTARTS_WITHIN_S] + [now]
            one.trouble = "the recorder died"
            if len(one.died_at) > RESTARTS:
                one.on, one.ended_at = False, time.monotonic()
                log.error("the recorder of %s/%s dies again and again", *name)
                return
            log.warning("the recorder of %s/%s died; starting another", *name)
            await asyncio.sleep(RESTART_PAUSE_S)

    async def _live(self, name: tuple[str, str], one: _Recording) -> int:
        """One process, from its start to its exit code."""
        try:
            process = one.process = await self._start(name)
        except OSError as trouble:
            one.trouble = trouble.strerror
            return -1
        if not one.on:
            process.terminate()  # it was told to end while it began
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # a line beyond the limit
            while line := await process.stdout.readline():
                self._read(one, line)
        code = await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        one.before_s, one.seconds = one.before_s + one.seconds, 0.0
        return code

    async def _start(self, name: tuple[str, str]) -> asyncio.subprocess.Process:
        assert self._settings is not None
        studio, programme = name
        words = [sys.executable, "-m", "media", "record", "--relay", self._url, "--via", self._via]
        words += ["--studio", studio, "--programme", programme, "--until-eof", "--wait"]
        words += ["--into", str(self._settings.into.absolute() / studio / programme)]
        if self._settings.max_mb is not None:
            words += ["--max-mb", str(self._settings.max_mb)]
        if self._settings.min_free_mb is not None:
            words += ["--min-free-mb", str(self._settings.min_free_mb)]
        return await asyncio.create_subprocess_exec(
            *words,
            # Its standard input ends with us, however we end.
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(self._key),
            cwd=_ROOT,
            limit=_MAX_LINE,
        )

    @staticmethod
    def _read(one: _Recording, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            return
        one.seconds = float(told.get("seconds", one.seconds))
        one.size_bytes = int(told.get("bytes", one.size_bytes))
        ended = told.get("recording") is False and told.get("ended") != "told"
        one.trouble = told.get("reason") if ended else told.get("trouble")

    @staticmethod
    async def _end(one: _Recording) -> None:
        """Asks the process to end, and sees that it does."""
        process, task = one.process, one.task
        if task is None:
            return
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await asyncio.shield(task)
        except TimeoutError:
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await task


def environment(key: bytes) -> dict[str, str]:
    """What a recorder may know: none of our other secrets is its affair."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DIENHONG_")}
    return plain | {"DIENHONG_MEDIA_KEY": key.decode()}

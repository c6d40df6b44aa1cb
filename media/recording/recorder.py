"""Records one programme: a viewer of the relay, in a process of its own, that writes what it gets to a folder.

It comes back by itself when the relay goes; it ends when told to, or when a bound or the disk says so. What it
writes is `tape.py`'s affair, what it receives `intake.py`'s. Never part of the packet loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from media.client import Programme, RelayClient, RelayRefused, RelayUnreachable
from media.endpoint.joining import JoinFailed, join
from media.endpoint.lite import LitePeer
from media.recording.intake import Intake
from media.recording.logbook import End
from media.recording.tape import Bounds, Full, Note, Picture, Piece, Tape, TapeState
from media.tokens import RECORDER_PEER, Scope
from media.transport.dtls import Identity

HORIZON_S: Final = 0.6  # what is older is in order and whole, and is written
PATIENCE_S: Final = 1.2  # how long that waits for the relay's word on who was on air
WRITE_S: Final = 0.1
TICK_S: Final = 0.02
CHECK_S: Final = 2.0
REPORT_S: Final = 1.0
LOOK_S: Final = 0.25  # how often the relay is asked who is on air
JOIN_LIMIT_S: Final = 10.0
PAUSE_S: Final = 0.25
PAUSE_MAX_S: Final = 2.0
MAX_BACKLOG: Final = 64_000_000  # Unit: bytes that wait for the disk
SLOTS: Final = 3
_DENIED: Final = (401, 403)


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """`via`: the relay's address for media, when not the first that it announces."""

    relay: str
    key: str
    studio: str
    programme: str
    into: Path
    bounds: Bounds
    via: str = ""


class Recorder:
    """Made with an open tape; `run` once, until `stop` is set. `status` may be read at any time."""

    def __init__(self, settings: RecorderSettings, tape: Tape, stop: asyncio.Event) -> None:
        self._settings = settings
        self._tape = tape
        self._client = RelayClient(settings.relay, settings.key)
        self._disk = ThreadPoolExecutor(1, "disk")
        self._identity = Identity()
        self._pending: list[Piece] = []
        self._backlog = 0
        self._stop = stop
        self._on_air: dict[str, str | None] = {}
        self._looked_at = 0.0
        self.since = time.time()
        self.trouble: str | None = None

    def status(self) -> dict[str, Any]:
        return status(self.since, self._tape.state, self.trouble)

    async def run(self) -> tuple[End, str]:
        """Until it is told to end, or cannot go on: why."""
        names = {"studio": self._settings.studio, "programme": self._settings.programme}
        tasks: set[asyncio.Task[Any]] = {asyncio.create_task(self._stop.wait())}
        try:
            await self._on_disk(self._tape.note, time.monotonic(), "began", **names)
            tasks |= {asyncio.create_task(step()) for step in (self._watch, self._look, self._write)}
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
            end = End.TOLD, "told"
        except Full as full:
            end = End.BOUND, str(full)
        except JoinFailed as refused:
            end = End.REFUSED, str(refused)
        except OSError as trouble:
            end = End.DISK, trouble.strerror or str(trouble)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._client.aclose()
        return await self._finish(*end)

    async def _finish(self, end: End, reason: str) -> tuple[End, str]:
        now = time.monotonic()
        try:
            if end is End.TOLD:
                await self._write_until(now, everything=True)
        except (Full, OSError) as trouble:
            end, reason = (End.BOUND if isinstance(trouble, Full) else End.DISK), str(trouble)
        try:
            await self._on_disk(self._tape.close, now, reason)
        except OSError as trouble:
            said = trouble.strerror or str(trouble)
            end, reason = End.DISK, reason if reason == said else f"{reason}; {said}"
        self._disk.shutdown()
        return end, reason

    async def _on_disk(self, step: Any, *arguments: Any, **more: Any) -> None:
        work = functools.partial(step, *arguments, **more)
        await asyncio.get_running_loop().run_in_executor(self._disk, work)

    # ── receiving ──

    async def _watch(self) -> None:
        pause_s = PAUSE_S
        while True:
            peer = LitePeer(self._identity, sends=False, audio=SLOTS, h264=True, via=self._settings.via)
            began = time.monotonic()
            try:
                await self._join(peer)
                self.trouble = None
                await self._receive(peer, Intake(peer))
                self.trouble = "the relay ended the connection or is silent"
            except JoinFailed as failed:
                if failed.status in _DENIED:
                    raise
                self.trouble = str(failed)
            except (aiohttp.ClientError, OSError) as failed:  # TimeoutError is one
                self.trouble = f"no way to the relay: {failed or type(failed).__name__}"
            finally:
                peer.close()
            self._put(Note(time.monotonic(), "gap", {"slot": "all", "reason": self.trouble}))
            pause_s = PAUSE_S if time.monotonic() - began > 5 else min(2 * pause_s, PAUSE_MAX_S)
            await asyncio.sleep(pause_s)

    async def _join(self, peer: LitePeer) -> None:
        chosen = self._settings
        url = f"{self._client.base_url}/whep/{chosen.studio}/{chosen.programme}"
        token = self._client.token(Scope.WATCH, chosen.studio, RECORDER_PEER + chosen.programme, chosen.programme)
        async with asyncio.timeout(JOIN_LIMIT_S), aiohttp.ClientSession() as http:
            await join(http, url, token, peer, wait_s=JOIN_LIMIT_S)

    async def _receive(self, peer: LitePeer, intake: Intake) -> None:
        """Until the connection is over."""
        assert peer.sock is not None
        loop, fd = asyncio.get_running_loop(), peer.sock.fileno()
        loop.add_reader(fd, lambda: intake.read(time.monotonic()))
        checked_at = reported_at = 0.0
        try:
            while not intake.is_over(now := time.monotonic()):
                for piece in intake.take(now):
                    self._put(piece)
                if self._tape.wants_key_frame:
                    intake.wish_key_frame()
                intake.speak(now)
                if now - checked_at > CHECK_S:
                    checked_at = now
                    peer.check()
                if now - reported_at > REPORT_S:
                    reported_at = now
                    peer.report()
                await asyncio.sleep(TICK_S)
        finally:
            loop.remove_reader(fd)

    def _put(self, piece: Piece) -> None:
        self._pending.append(piece)
        if isinstance(piece, Picture):
            self._backlog += len(piece.frame.data)

    # ── who is on air ──

    async def _look(self) -> None:
        while True:
            asked_at = time.monotonic()
            before = self._looked_at or asked_at
            with contextlib.suppress(RelayUnreachable, RelayRefused):
                programme = await self._client.programme(self._settings.studio, self._settings.programme)
                if programme is not None:
                    self._note_switches(programme, before)
                self._looked_at = asked_at
            await asyncio.sleep(LOOK_S)

    def _note_switches(self, programme: Programme, at: float) -> None:
        """`at`: when it was not so yet. What is noted too early is found; what comes too late is missed."""
        shown = programme.on_air
        names = {"video": shown.video} | {f"audio-{i + 1}": peer for i, peer in enumerate(shown.audio)}
        for slot, peer in names.items():
            if self._on_air.get(slot) != peer:
                self._put(Note(at, "switch", {"slot": slot, "peer": peer}))
        self._on_air = names

    # ── writing ──

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(WRITE_S)
            now = time.monotonic()
            await self._write_until(min(now - HORIZON_S, max(self._looked_at, now - PATIENCE_S)))

    async def _write_until(self, until: float, *, everything: bool = False) -> None:
        if self._backlog > MAX_BACKLOG:
            raise Full("the disk is too slow")
        # A stable sort: what is equal in time stays in order.
        self._pending.sort(key=lambda piece: piece.at)
        count = next((i for i, p in enumerate(self._pending) if p.at > until), len(self._pending))
        ready = self._pending if everything else self._pending[:count]
        self._pending = self._pending[len(ready) :]
        self._backlog -= sum(len(p.frame.data) for p in ready if isinstance(p, Picture))
        await self._on_disk(self._tape.write, ready, until)


def status(since: float, state: TapeState, trouble: str | None) -> dict[str, Any]:
    """What is told of a recording each second. `since`: Unix time in seconds."""
    return {
        "since": round(since, 3),
        "seconds": round(state.seconds, 3),
        "bytes": state.bytes,
        "part": state.part,
        "picture": state.codec,
        "trouble": trouble,
    }

"""The workers of one relay: started, spoken to, started again when one dies or hangs. A studio's home is one."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from media.relay.seating import HOME_SEATS
from media.transport.channel import Message, RelayEnd
from media.wire.fingerprint import Fingerprint

START_LIMIT_S: Final = 15.0
STOP_LIMIT_S: Final = 5.0
RESTART_PAUSE_S: Final = 0.5
PING_S: Final = 1.0
PING_LIMIT_S: Final = 3.0
PINGS: Final = 2  # in a row without an answer: one alone may be this process's own sleep, or the machine's

log = logging.getLogger("media.crew")


@dataclass(frozen=True, slots=True)
class CrewSettings:
    """How workers are started: worker `i` takes UDP port `port + i`, or any free one when `port` is 0."""

    host: str
    port: int
    workers: int
    max_kbps: int
    mode: str | None = None
    home_seats: int = HOME_SEATS
    tcp: tuple[str, int] | None = None  # worker `i` listens on port + i, or on any free one when it is 0
    relay: str = ""  # the relay's id
    faults: bool = False  # test mode: they may be disturbed on purpose


@dataclass(slots=True)
class Hand:
    """One worker process."""

    index: int
    process: subprocess.Popen[bytes]
    line: RelayEnd
    port: int = 0
    tcp_port: int = 0
    fingerprint: Fingerprint = field(default_factory=lambda: Fingerprint("", ""))


class Crew:
    """All worker processes. `gone` is called with the session that ended, with None when a worker died;
    `pulled` with a worker's word on one of its pulls; `replaced`, if set, with each that took a dead one's place.
    """

    def __init__(
        self,
        settings: CrewSettings,
        gone: Callable[[int, str | None], None],
        pulled: Callable[[int, Message], None],
    ) -> None:
        self._pulled = pulled
        self._settings = settings
        self._gone = gone
        self._hands: list[Hand] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._links = ""
        self.replaced: Callable[[Hand], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Raises: RuntimeError when a worker cannot take its port."""
        if self._settings.workers > 1:
            self._links = tempfile.mkdtemp(prefix="dienhong-")  # 0700: nobody else can send us packets
        for index in range(self._settings.workers):
            self._hands.append(await self._hire(index))

    @property
    def hands(self) -> list[Hand]:
        return list(self._hands)

    def of(self, studio: str) -> Hand:
        """The home of this studio: the worker that has its sources and its staging."""
        return self._hands[zlib.crc32(studio.encode()) % len(self._hands)]

    async def _hire(self, index: int, before: Hand | None = None) -> Hand:
        """`before`: the dead one, whose ports are taken over. Raises: RuntimeError; OSError: no room for it."""
        ours, theirs = socket.socketpair()
        wanted = before.port if before else _ports_on(self._settings.port, index)
        command = [sys.executable, "-m", "media", "worker", "--channel", str(theirs.fileno())]
        command += ["--host", self._settings.host, "--port", str(wanted)]
        if self._settings.tcp is not None:
            host, first = self._settings.tcp
            tcp = before.tcp_port if before else _ports_on(first, index)
            command += ["--tcp-host", host, "--tcp-port", str(tcp)]
        command += ["--max-kbps", str(self._settings.max_kbps)]
        command += ["--index", str(index), "--links", self._links, "--relay", self._settings.relay]
        if self._settings.faults:
            command.append("--faults")
        if self._settings.mode:
            command += ["--mode", self._settings.mode]
        # The package is found from wherever the relay was started.
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
        # None of the secrets is a worker's affair.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DIENHONG_")} | {"PYTHONPATH": path}
        with theirs:
            try:
                process = subprocess.Popen(  # noqa: ASYNC220, S603 (forking takes no time worth a thread)
                    command, pass_fds=[theirs.fileno()], env=environment
                )
            except OSError:
                ours.close()
                raise
        reader, writer = await asyncio.open_connection(sock=ours)
        hand = Hand(index, process, RelayEnd(reader, writer))
        self._spawn(self._listen(hand))
        try:
            async with asyncio.timeout(START_LIMIT_S):
                ready = await hand.line.news.get()
        except TimeoutError:
            process.kill()
            raise RuntimeError("a worker did not start") from None
        if ready.get("news") != "ready":
            raise RuntimeError("a worker did not start: are its ports free?")
        hand.port, hand.tcp_port = ready["port"], ready["tcp_port"]
        hand.fingerprint = Fingerprint("sha-256", ready["fingerprint"])
        self._spawn(self._read_news(hand))
        self._spawn(self._ping(hand))
        return hand

    async def _ping(self, hand: Hand) -> None:
        """A worker that answers nothing any more is as good as dead, and is made so."""
        missed = 0
        while missed < PINGS:
            await asyncio.sleep(PING_S)
            try:
                await hand.line.call("ping", PING_LIMIT_S)
            except TimeoutError:
                missed += 1
            except ConnectionError:
                return
            else:
                missed = 0
        log.error("worker %d hangs; ending it", hand.index)
        hand.process.kill()

    def _spawn(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, hand: Hand) -> None:
        await hand.line.pump()
        if not hand.port:
            hand.line.news.put_nowait({"news": "failed"})
        if not self._stopping and hand in self._hands:
            await self._replace(hand)

    async def _replace(self, hand: Hand) -> None:
        log.error("worker %d died; starting another", hand.index)
        await asyncio.to_thread(hand.process.wait)
        self._gone(hand.index, None)
        while not self._stopping:
            try:
                self._hands[hand.index] = await self._hire(hand.index, hand)
            except (RuntimeError, OSError):
                log.exception("worker %d does not start", hand.index)
                await asyncio.sleep(RESTART_PAUSE_S)
            else:
                break
        if self.replaced is not None and not self._stopping:
            await self.replaced(self._hands[hand.index])

    async def _read_news(self, hand: Hand) -> None:
        while True:
            message = await hand.line.news.get()
            if message["news"] == "gone":
                self._gone(hand.index, message["session"])
            elif message["news"] == "pull":
                self._pulled(hand.index, message)

    async def stop(self) -> None:
        """Ask all workers to end, and see that they do."""
        self._stopping = True
        for hand in self._hands:
            with contextlib.suppress(ProcessLookupError):
                hand.process.send_signal(signal.SIGTERM)
        for hand in self._hands:
            try:
                await asyncio.to_thread(hand.process.wait, STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                hand.process.kill()
                await asyncio.to_thread(hand.process.wait)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._links:
            shutil.rmtree(self._links, ignore_errors=True)


def _ports_on(first: int, index: int) -> int:
    """The port of a worker; 0 stays any free one."""
    return first + index if first else 0

"""Which relays live, as this node sees it: a knock at each door every 0.4 s, and a question each second.

A refused connection is death at once; an unanswered one only when it comes twice. A relay that is merely busy has
its door opened by the kernel, so a storm of joins is never taken for a death.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from media.client import RelayClient, RelayRefused, RelayUnreachable, is_refused
from signaling.relays import RelayEntry, Relays
from signaling.tasks import Tasks, repeat

LOOK_S: Final = 0.4
#: Knocks without an answer after which a relay is given up: one lost answer is no death.
MISSED_MAX: Final = 2
STAND_S: Final = 1.0
#: A door that opens and nobody who speaks, for so long: as good as dead.
DUMB_S: Final = 6.0
ADDRESSES_MAX: Final = 4  # of one name
WAIT_S: Final = 0.6

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)


class Knock(StrEnum):
    OPENED = "opened"
    REFUSED = "refused"
    SILENT = "silent"
    UNKNOWN = "unknown"  # we were too slow ourselves to say


class Ears(Protocol):
    """Told of what changes. `reborn`: it lives, but what it carried is gone; `thinned`: some of that."""

    def died(self, url: str) -> None: ...
    def reborn(self, url: str) -> None: ...
    def thinned(self, url: str) -> None: ...


@dataclass(slots=True)
class Seen:
    """One relay. `id`: of its present life; "" not known. `promised`: viewers sent there since it told its own."""

    client: RelayClient
    entry: RelayEntry
    id: str = ""
    lost: int = 0
    alive: bool = True
    missed: int = 0
    promised: int = 0
    stood_at: float = field(default_factory=time.monotonic)
    asked_at: float = float("-inf")

    def now(self) -> RelayEntry:
        return replace(self.entry, viewers=self.entry.viewers + self.promised)


class Lookout:
    """`known` is there from the first `look` on; before that relays of a static list count as living."""

    def __init__(self, relays: Relays, make: Callable[[str], RelayClient], ears: Ears) -> None:
        self._relays = relays
        self._make = make
        self._ears = ears
        self._seen: dict[str, Seen] = {}
        self._read_at = float("-inf")
        self._reviving: asyncio.Future[list[None]] | None = None
        self._tasks = Tasks()

    def start(self) -> None:
        self._tasks.start("relays", repeat("relays", self.look, LOOK_S))

    async def stop(self) -> None:
        await self._tasks.stop()
        await self._relays.stop()
        for seen in self._seen.values():
            await seen.client.aclose()

    def living(self) -> list[Seen]:
        return [seen for _, seen in sorted(self._seen.items()) if seen.alive]

    def find(self, url: str | None) -> Seen | None:
        """When it lives."""
        seen = self._seen.get(url or "")
        return seen if seen is not None and seen.alive else None

    def all(self) -> list[Seen]:
        return list(self._seen.values())

    async def look(self) -> None:
        await self.read()
        await asyncio.gather(*(self._knock(url, seen) for url, seen in tuple(self._seen.items())))
        now = time.monotonic()
        for url, seen in tuple(self._seen.items()):
            if seen.missed == 0 and now - seen.asked_at >= STAND_S:
                seen.asked_at = now
                self._tasks.start(f"stand-{url}", self._ask(url, seen))

    async def read(self) -> None:
        """Which relays there are, once a second."""
        now = time.monotonic()
        if now - self._read_at < STAND_S and self._seen:
            return
        self._read_at = now
        known = {entry.url: entry for entry in await self._relays.known()}
        for url, entry in known.items():
            if url not in self._seen:
                self._seen[url] = Seen(self._make(url), entry)
        for url in [u for u, seen in self._seen.items() if u not in known and not seen.alive]:
            await self._seen.pop(url).client.aclose()

    async def revive(self) -> None:
        """Asks those that are given up, once for all who wait: for when there is no other."""
        if self._reviving is None or self._reviving.done():
            dead = [(url, seen) for url, seen in self._seen.items() if not seen.alive]
            asks = asyncio.gather(*(self._ask(url, seen) for url, seen in dead))
            self._reviving = asyncio.ensure_future(asks)
        await asyncio.shield(self._reviving)

    def lost(self, url: str) -> None:
        """Somebody found its door closed."""
        if (seen := self._seen.get(url)) is not None and seen.alive:
            self._die(url, seen, "refuses connections")

    async def _knock(self, url: str, seen: Seen) -> None:
        match await knock(url):
            case Knock.OPENED:
                seen.missed = 0
                if seen.alive and time.monotonic() - seen.stood_at > DUMB_S:
                    self._die(url, seen, "says nothing")
            case Knock.REFUSED:
                seen.missed = MISSED_MAX
            case Knock.SILENT:
                seen.missed += 1
            case Knock.UNKNOWN:
                pass
        if seen.alive and seen.missed >= MISSED_MAX:
            self._die(url, seen, "does not answer")

    def _die(self, url: str, seen: Seen, why: str) -> None:
        _log.warning("relay %s %s", url, why)
        seen.alive, seen.missed = False, max(seen.missed, MISSED_MAX)
        self._ears.died(url)

    async def _ask(self, url: str, seen: Seen) -> None:
        told_id, lost, entry = "", 0, seen.entry
        try:
            told = await seen.client.standing()
            told_id, lost = told.id, told.lost
            entry = RelayEntry(url, told.region, told.viewers, told.load, told.draining)
        except RelayUnreachable:
            return
        except RelayRefused:
            _log.debug("relay %s does not say how it stands", url)
        was_alive, was_id, was_lost = seen.alive, seen.id, seen.lost
        seen.entry, seen.promised, seen.id, seen.lost = entry, 0, told_id, lost
        seen.alive, seen.missed, seen.stood_at = True, 0, time.monotonic()
        if not was_alive:
            _log.warning("relay %s is back", url)
        if was_id != told_id and (was_id or not was_alive):
            self._ears.reborn(url)
        elif was_id and lost > was_lost:
            _log.warning("relay %s lost a worker", url)
            self._ears.thinned(url)


async def knock(url: str) -> Knock:
    """Whether the relay's door opens: by the kernel's word, so that it does not matter how busy anybody is."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(LOOK_S):
            found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return Knock.UNKNOWN  # our resolver's fault
    except OSError:
        return Knock.SILENT
    knocks = [await _connect(family, address) for family, _, _, _, address in found[:ADDRESSES_MAX]]
    return next((k for k in (Knock.OPENED, Knock.UNKNOWN, Knock.SILENT) if k in knocks), Knock.REFUSED)


async def _connect(family: int, address: Any) -> Knock:
    began = time.monotonic()
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            async with asyncio.timeout(LOOK_S):
                await asyncio.get_running_loop().sock_connect(sock, address)
        except TimeoutError:
            if _is_connected(sock):
                return Knock.OPENED
            # Our own loop may have stood still meanwhile: then it was not the relay.
            return Knock.SILENT if time.monotonic() - began < 2 * LOOK_S else Knock.UNKNOWN
        except OSError as error:
            return Knock.REFUSED if is_refused(error) else Knock.SILENT
    return Knock.OPENED


async def within(asked: Awaitable[T]) -> T | None:
    """A relay's answer; None when it refuses, or does not come in WAIT_S."""
    try:
        async with asyncio.timeout(WAIT_S):
            return await asked
    except (RelayUnreachable, RelayRefused, TimeoutError):
        return None


def _is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True

"""Which relays there are and which one a meeting's studio lives on.

A static list, or a registry in Redis in which every relay has an entry under its owner's lease: only the owner
renews or removes it, and no node's expiry touches another's. All nodes place a studio on the same relay.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import redis.asyncio
from redis.exceptions import RedisError

from signaling.bell import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S

LEASE_S: Final = 6
RENEW_S: Final = 2.0

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayEntry:
    """`url`: the relay's HTTP face. `viewers`: how many it serves. `draining`: takes no new studios."""

    url: str
    viewers: int = 0
    draining: bool = False


class Relays(Protocol):
    async def known(self) -> tuple[RelayEntry, ...]:
        """Those that live, in a fixed order."""
        ...


@dataclass(frozen=True, slots=True)
class StaticRelays:
    urls: tuple[str, ...]

    async def known(self) -> tuple[RelayEntry, ...]:
        return tuple(RelayEntry(url) for url in sorted(self.urls))


class RedisRelays:
    """The registry. While Redis is down, what was known last holds."""

    def __init__(self, url: str, prefix: str, owner: str) -> None:
        self._owner = owner
        self._names = f"{prefix}:relays"
        self._last: tuple[RelayEntry, ...] = ()
        self._redis: Any = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=ANSWER_TIMEOUT_S,
            retry=None,
        )

    async def known(self) -> tuple[RelayEntry, ...]:
        try:
            owners = sorted(await self._redis.smembers(self._names))
            texts = await self._redis.mget([self._key(o) for o in owners]) if owners else []
        except (RedisError, OSError) as error:
            _log.warning("the registry of relays cannot be read: %s", error)
            return self._last
        found = [entry for text in texts if text is not None and (entry := _read(text)) is not None]
        self._last = tuple(sorted(found, key=lambda e: e.url))
        return self._last

    async def announce(self, entry: RelayEntry) -> None:
        """Sets or renews the owner's entry. Raises: RedisError, OSError."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(self._key(self._owner), json.dumps(asdict(entry)), ex=LEASE_S)
            pipe.sadd(self._names, self._owner)
            await pipe.execute()

    async def withdraw(self) -> None:
        """Removes the owner's entry and no other."""
        try:
            await self._redis.delete(self._key(self._owner))
            await self._redis.srem(self._names, self._owner)
        except (RedisError, OSError) as error:
            _log.info("the lease of %s ends by itself: %s", self._owner, error)

    async def keep(self, look: Callable[[], Awaitable[RelayEntry | None]]) -> None:
        """Announces what `look` says until cancelled, and withdraws then; None: not to be announced now."""
        try:
            while True:
                try:
                    if (entry := await look()) is not None:
                        await self.announce(entry)
                except (RedisError, OSError) as error:
                    _log.warning("the relay was not announced: %s", error)
                await asyncio.sleep(RENEW_S)
        finally:
            await self.withdraw()

    async def stop(self) -> None:
        await self._redis.aclose()

    def _key(self, owner: str) -> str:
        return f"{self._names}:{owner}"


def _read(text: str) -> RelayEntry | None:
    try:
        posted = json.loads(text)
        return RelayEntry(str(posted["url"]), int(posted["viewers"]), bool(posted["draining"]))
    except (ValueError, KeyError, TypeError):
        return None


def place(studio: str, relays: Sequence[RelayEntry]) -> RelayEntry | None:
    """The same on every node, by the highest random weight: a relay that ends moves only its own studios."""
    fit = [r for r in relays if not r.draining] or list(relays)
    return max(fit, key=lambda r: hashlib.sha256(f"{studio} {r.url}".encode()).digest(), default=None)

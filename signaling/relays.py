"""Which relays there are: a static list, or a registry in Redis that the relays themselves write.

A relay's entry stands under its own lease (`media/relay/registry.py` writes it, media/PROTOCOL.md tells the
keys); who reads it here never writes or removes anything.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import redis.asyncio
from redis.exceptions import RedisError

from media.client import unseal
from signaling.bell import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S

STAYS: Final = "no"
BUSY_LOAD: Final = 0.85

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayEntry:
    """`url`: the relay's HTTP face. `load`: 0 to 1. `draining`: "no"; "gently": takes nothing new; "now": gives
    away what it has."""

    url: str
    region: str = ""
    viewers: int = 0
    load: float = 0.0
    draining: str = STAYS

    @property
    def stays(self) -> bool:
        return self.draining == STAYS

    @property
    def is_busy(self) -> bool:
        return self.load >= BUSY_LOAD

    def is_near(self, region: str) -> bool:
        """Whether it has declared itself near to this unit."""
        return bool(region) and region.casefold() in {r.strip().casefold() for r in self.region.split(",")}


class Relays(Protocol):
    async def known(self) -> tuple[RelayEntry, ...]:
        """Those that are said to be there, in a fixed order."""
        ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StaticRelays:
    urls: tuple[str, ...]

    async def known(self) -> tuple[RelayEntry, ...]:
        return tuple(RelayEntry(url) for url in sorted(self.urls))

    async def stop(self) -> None:
        """Nothing to end."""


class RedisRelays:
    """The registry. While Redis is down, what was known last holds. Who got at Redis cannot add a relay: entries
    carry a proof made with the media key."""

    def __init__(self, url: str, key: str, prefix: str) -> None:
        self._key = key.encode()
        self._doubted: set[str] = set()  # owners whose entry does not hold, told once
        self._names = f"{prefix}:relays"
        self._last: tuple[RelayEntry, ...] = ()
        self._up = True
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
            texts = await self._redis.mget([f"{self._names}:{o}" for o in owners]) if owners else []
        except (RedisError, OSError) as error:
            if self._up:
                _log.warning("the registry of relays cannot be read: %s", error)
            self._up = False
            return self._last
        self._up = True
        # A relay that was killed and started again has two entries until the lease of its first life ends.
        read = [self._read(text, owner) for owner, text in zip(owners, texts, strict=True) if text is not None]
        found = {entry.url: entry for entry in read if entry is not None}
        self._doubted &= set(owners)
        self._last = tuple(found[url] for url in sorted(found))
        return self._last

    def _read(self, text: str, owner: str) -> RelayEntry | None:
        try:
            posted = unseal(text, owner, self._key)
            if posted is not None:
                return RelayEntry(
                    str(posted["url"]).rstrip("/"),
                    str(posted["region"]),
                    int(posted["viewers"]),
                    float(posted["load"]),
                    str(posted["draining"]),
                )
        except (ValueError, KeyError, TypeError):
            pass
        if owner not in self._doubted:
            self._doubted.add(owner)
            _log.warning("an entry of the registry is not proved, or makes no sense: %r", owner[:64])
        return None

    async def stop(self) -> None:
        await self._redis.aclose()


def place(studio: str, relays: Sequence[RelayEntry], region: str = "") -> RelayEntry | None:
    """Where a studio shall live: not where it drains, not where it is busy, near to its region.

    Of those the same on every node, by the highest random weight: a relay that ends moves only its own studios.
    Nodes that see another load may choose otherwise; the first one's choice holds (`Places.move`).
    """
    fit = [r for r in relays if r.stays] or list(relays)
    fit = [r for r in fit if not r.is_busy] or fit
    fit = [r for r in fit if r.is_near(region)] or fit
    return max(fit, key=lambda r: hashlib.sha256(f"{studio} {r.url}".encode()).digest(), default=None)

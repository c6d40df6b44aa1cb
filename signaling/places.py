"""Where each studio lives, which relays mirror it, and where each of its viewers was put.

All nodes' memory in Redis, or one node's own; while Redis is down each node goes by its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import redis.asyncio
from redis.exceptions import RedisError

from signaling.bell import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S

PLACE_TTL_S: Final = 24 * 3600
STUDIOS_MAX: Final = 1024
#: Moves the studio only from where the caller believed it to be: two nodes never move it to two places.
_MOVE: Final = """
local now = redis.call('GET', KEYS[1])
if (not now) or now == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return ARGV[2] end
return now
"""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A relay that carries a programme of a studio that lives elsewhere."""

    programme: str
    url: str


@dataclass(frozen=True, slots=True)
class Place:
    """Of one studio. `home`: the relay where it lives, by its address."""

    home: str | None = None
    mirrors: frozenset[Mirror] = frozenset()

    def carriers(self, programme: str) -> frozenset[str]:
        return frozenset(m.url for m in self.mirrors if m.programme == programme)


class Places(Protocol):
    async def of(self, studio: str) -> Place: ...
    async def all_of(self, studios: Iterable[str]) -> Mapping[str, Place]: ...
    async def move(self, studio: str, before: str | None, to: str) -> str:
        """Sets its home unless another node moved it meanwhile; returns where it lives now."""
        ...

    async def mirror(self, studio: str, mirror: Mirror, *, ends: bool = False) -> None: ...
    async def seat(self, studio: str, peer: str) -> str | None:
        """Where the viewer was put last."""
        ...

    async def sit(self, studio: str, peer: str, url: str) -> None: ...
    async def stop(self) -> None: ...


@dataclass(slots=True)
class _Studio:
    home: str | None = None
    mirrors: set[Mirror] = field(default_factory=set)
    seats: dict[str, str] = field(default_factory=dict)


class OwnPlaces:
    """One node's memory, of the studios that were used last."""

    def __init__(self) -> None:
        self._studios: dict[str, _Studio] = {}

    def _studio(self, name: str) -> _Studio:
        found = self._studios.pop(name, None) or _Studio()
        self._studios[name] = found
        while len(self._studios) > STUDIOS_MAX:
            del self._studios[next(iter(self._studios))]
        return found

    async def of(self, studio: str) -> Place:
        known = self._studios.get(studio)
        return Place(known.home, frozenset(known.mirrors)) if known is not None else Place()

    async def all_of(self, studios: Iterable[str]) -> Mapping[str, Place]:
        return {studio: await self.of(studio) for studio in studios}

    async def move(self, studio: str, before: str | None, to: str) -> str:
        self._studio(studio).home = to
        return to

    async def mirror(self, studio: str, mirror: Mirror, *, ends: bool = False) -> None:
        mirrors = self._studio(studio).mirrors
        (mirrors.discard if ends else mirrors.add)(mirror)

    async def seat(self, studio: str, peer: str) -> str | None:
        known = self._studios.get(studio)
        return known.seats.get(peer) if known is not None else None

    async def sit(self, studio: str, peer: str, url: str) -> None:
        self._studio(studio).seats[peer] = url

    async def stop(self) -> None:
        """Nothing to end."""


class SharedPlaces:
    """All nodes' memory. What is known of it stays known while Redis is down."""

    def __init__(self, url: str, prefix: str) -> None:
        self._own = OwnPlaces()
        self._prefix = prefix
        self._redis: Any = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=ANSWER_TIMEOUT_S,
            retry=None,
        )

    async def of(self, studio: str) -> Place:
        return (await self.all_of((studio,)))[studio]

    async def all_of(self, studios: Iterable[str]) -> Mapping[str, Place]:
        asked = tuple(studios)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for studio in asked:
                    pipe.get(self._key("place", studio))
                    pipe.smembers(self._key("mirrors", studio))
                found = await pipe.execute()
        except (RedisError, OSError):
            return await self._own.all_of(asked)
        return {
            studio: Place(home, frozenset(Mirror(*text.split(" ", 1)) for text in mirrors))
            for studio, home, mirrors in zip(asked, found[::2], found[1::2], strict=True)
        }

    async def move(self, studio: str, before: str | None, to: str) -> str:
        try:
            now = str(await self._redis.eval(_MOVE, 1, self._key("place", studio), before or "", to, PLACE_TTL_S))
        except (RedisError, OSError) as error:
            _log.warning("the place of a studio is kept on this node only: %s", error)
            now = to
        return await self._own.move(studio, before, now)

    async def mirror(self, studio: str, mirror: Mirror, *, ends: bool = False) -> None:
        await self._own.mirror(studio, mirror, ends=ends)
        key, text = self._key("mirrors", studio), f"{mirror.programme} {mirror.url}"
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                (pipe.srem if ends else pipe.sadd)(key, text)
                pipe.expire(key, PLACE_TTL_S)
                await pipe.execute()
        except (RedisError, OSError) as error:
            _log.warning("a mirror of a studio is known to this node only: %s", error)

    async def seat(self, studio: str, peer: str) -> str | None:
        try:
            found = await self._redis.hget(self._key("seats", studio), peer)
        except (RedisError, OSError):
            return await self._own.seat(studio, peer)
        return str(found) if found is not None else None

    async def sit(self, studio: str, peer: str, url: str) -> None:
        await self._own.sit(studio, peer, url)
        key = self._key("seats", studio)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(key, peer, url)
                pipe.expire(key, PLACE_TTL_S)
                await pipe.execute()
        except (RedisError, OSError) as error:
            _log.debug("where a viewer was put is known to this node only: %s", error)

    async def stop(self) -> None:
        await self._redis.aclose()

    def _key(self, what: str, studio: str) -> str:
        return f"{self._prefix}:{what}:{studio}"

"""Several relays as if they were one: each studio lives on one of them and stays there while that one lives.

A relay that ends gives its studios to those that are left; one that comes back gets new studios only, since what
was moved has its people elsewhere by then. All nodes agree through Redis; alone, or while Redis is down, each node
goes by the order of `relays.place`, which is the same everywhere.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import redis.asyncio
from redis.exceptions import RedisError

from media.client import TOKEN_TTL_S, Programme, RelayClient, RelayUnreachable, StudioState
from signaling.bell import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S
from signaling.relays import RelayEntry, place
from signaling.tasks import Tasks, repeat

LOOK_S: Final = 1.0
#: Looks without an answer after which a relay is given up: one lost answer is no death.
MISSED_MAX: Final = 2
PLACE_TTL_S: Final = 24 * 3600
#: Moves the studio only from where the caller believed it to be: two nodes never move it to two places.
_MOVE: Final = """
local now = redis.call('GET', KEYS[1])
if (not now) or now == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return ARGV[2] end
return now
"""

_log: Final = logging.getLogger(__name__)


class Places(Protocol):
    """Where each studio lives, by the relay's address."""

    async def of(self, studio: str) -> str | None: ...
    async def move(self, studio: str, before: str | None, to: str) -> str:
        """Sets `to` unless another node moved it meanwhile; returns where it lives now."""
        ...

    async def stop(self) -> None: ...


class OwnPlaces:
    """One node's memory."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    async def of(self, studio: str) -> str | None:
        return self._places.get(studio)

    async def move(self, studio: str, before: str | None, to: str) -> str:
        self._places[studio] = to
        return to

    async def stop(self) -> None:
        """Nothing to end."""


class SharedPlaces:
    """All nodes' memory in Redis; while it is down this node's own."""

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

    async def of(self, studio: str) -> str | None:
        try:
            found = await self._redis.get(self._key(studio))
        except (RedisError, OSError):
            return await self._own.of(studio)
        return str(found) if found is not None else None

    async def move(self, studio: str, before: str | None, to: str) -> str:
        try:
            now = str(await self._redis.eval(_MOVE, 1, self._key(studio), before or "", to, PLACE_TTL_S))
        except (RedisError, OSError) as error:
            _log.warning("the place of a studio is kept on this node only: %s", error)
            now = to
        await self._own.move(studio, before, now)
        return now

    async def stop(self) -> None:
        await self._redis.aclose()

    def _key(self, studio: str) -> str:
        return f"{self._prefix}:place:{studio}"


class RelayPool:
    """The same face as one `RelayClient`; who asks names a studio and need not know where it lives."""

    def __init__(self, clients: Mapping[str, RelayClient], places: Places) -> None:
        """`clients`: by address, at least one, all with the same key."""
        self._clients = dict(clients)
        self._places = places
        self._missed = dict.fromkeys(self._clients, 0)
        self._tasks = Tasks()

    def start(self) -> None:
        self._tasks.start("relays", repeat("relays", self.look, LOOK_S))

    async def look(self) -> None:
        """Asks every relay whether it lives."""
        urls = tuple(self._clients)
        answers = await asyncio.gather(*(self._clients[url].healthy() for url in urls))
        for url, well in zip(urls, answers, strict=True):
            before = self._lives(url)
            self._missed[url] = 0 if well else self._missed[url] + 1
            if before != self._lives(url):
                _log.warning("relay %s %s", url, "is back" if well else "does not answer")

    async def at(self, studio: str) -> RelayClient:
        """The relay the studio lives on. Raises: RelayUnreachable when none answers."""
        now = await self._places.of(studio)
        if now is not None and now in self._clients and self._lives(now):
            return self._clients[now]
        chosen = place(studio, [RelayEntry(url) for url in sorted(self._clients) if self._lives(url)])
        if chosen is None:
            raise RelayUnreachable("no relay answers")
        agreed = await self._places.move(studio, now, chosen.url)
        return self._clients.get(agreed, self._clients[chosen.url])

    def token(
        self,
        scope: str,
        studio: str | None = None,
        peer: str | None = None,
        programme: str | None = None,
        *,
        ttl_s: float = TOKEN_TTL_S,
    ) -> str:
        return next(iter(self._clients.values())).token(scope, studio, peer, programme, ttl_s=ttl_s)

    async def stage(
        self, studio: str, programme: str, video: str | None, audio: Sequence[str | None] = ()
    ) -> Programme:
        return await (await self.at(studio)).stage(studio, programme, video, audio)

    async def studio(self, studio: str) -> StudioState:
        return await (await self.at(studio)).studio(studio)

    async def kick(self, studio: str, peer: str) -> None:
        await (await self.at(studio)).kick(studio, peer)

    async def healthy(self) -> bool:
        """Whether any of them lives, as last seen."""
        return any(self._lives(url) for url in self._clients)

    async def aclose(self) -> None:
        await self._tasks.stop()
        await self._places.stop()
        for client in self._clients.values():
            await client.aclose()

    def _lives(self, url: str) -> bool:
        return self._missed[url] < MISSED_MAX

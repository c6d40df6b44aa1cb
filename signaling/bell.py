"""The bell rope between nodes: short texts by Redis pub/sub, and the presence board with its leases.

A bell may be lost, never a letter: whatever must arrive is in the database. Without Redis there is one node
and nobody to call; with a Redis that is down the node carries on alone and joins again by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import redis.asyncio
from redis.exceptions import RedisError

from signaling.tasks import Tasks

CONNECT_TIMEOUT_S: Final = 1.0
ANSWER_TIMEOUT_S: Final = 2.0
RETRY_S: Final = 1.0
OUTBOX_MAX: Final = 1024
LEASE_S: Final = 10
NODE_SET_TTL_S: Final = 24 * 3600

_log: Final = logging.getLogger(__name__)

Hear = Callable[[str], None]


class Bell(Protocol):
    """`ring` never waits and never fails; `hear` is called with what other nodes rang."""

    up: bool

    def ring(self, text: str) -> None: ...
    async def start(self, hear: Hear, joined: Callable[[], None]) -> None:
        """`joined`: called each time the rope holds again; what was rung meanwhile is lost."""
        ...

    async def stop(self) -> None: ...


class Board(Protocol):
    """What each node says of a meeting, under its own name and for a lease: no node ever removes another's."""

    async def post(self, meeting: str, text: str) -> None: ...
    async def others(self, meeting: str) -> Mapping[str, str]:
        """By node. Raises: BoardUnreachable."""
        ...


class BoardUnreachable(Exception):
    """The board cannot be read now; what was read before holds until its lease ends."""


@dataclass(slots=True)
class Alone:
    """One node, nobody to call."""

    up: bool = True

    def ring(self, text: str) -> None:
        """Nobody hears."""

    async def start(self, hear: Hear, joined: Callable[[], None]) -> None:
        """Nothing to wait for."""

    async def stop(self) -> None:
        """Nothing to end."""

    async def post(self, meeting: str, text: str) -> None:
        """Nobody reads."""

    async def others(self, meeting: str) -> Mapping[str, str]:
        return {}


class Rope:
    """Bell and board over one Redis. Keys and channels begin with `prefix`."""

    def __init__(self, url: str, prefix: str, node: str) -> None:
        self.up = False
        self._node = node
        self._channel = f"{prefix}:bell"
        self._prefix = prefix
        self._redis: Any = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=ANSWER_TIMEOUT_S,
            retry=None,
        )
        self._outbox: asyncio.Queue[str] = asyncio.Queue(OUTBOX_MAX)
        self._tasks = Tasks()

    def ring(self, text: str) -> None:
        try:
            self._outbox.put_nowait(text)
        except asyncio.QueueFull:
            _log.debug("the bell's outbox is full; the other nodes will poll")

    async def start(self, hear: Hear, joined: Callable[[], None]) -> None:
        self._tasks.start("bell-send", self._send())
        self._tasks.start("bell-hear", self._hear(hear, joined))

    async def stop(self) -> None:
        await self._tasks.stop()
        await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                await self._redis.publish(self._channel, f"{self._node} {text}")
            except (RedisError, OSError) as error:
                _log.debug("a bell was lost: %s", error)

    async def _hear(self, hear: Hear, joined: Callable[[], None]) -> None:
        while True:
            pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
            try:
                await pubsub.subscribe(self._channel)
                self._set_up(True)
                joined()
                while True:
                    message = await pubsub.get_message(timeout=ANSWER_TIMEOUT_S / 2)
                    if message is not None:
                        self._pass_on(message["data"], hear)
            except (RedisError, OSError) as error:
                self._set_up(False, error)
                await asyncio.sleep(RETRY_S)
            finally:
                await pubsub.aclose()

    def _pass_on(self, text: str, hear: Hear) -> None:
        sender, _, rest = text.partition(" ")
        if sender != self._node:
            hear(rest)

    def _set_up(self, up: bool, error: Exception | None = None) -> None:
        if up != self.up:
            _log.log(
                logging.INFO if up else logging.WARNING, "redis is %s %s", "up" if up else "down", error or ""
            )
        self.up = up

    # ── the board ──

    async def post(self, meeting: str, text: str) -> None:
        """Raises: BoardUnreachable."""
        nodes = f"{self._prefix}:presence:{meeting}"
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(f"{nodes}:{self._node}", text, ex=LEASE_S)
                pipe.sadd(nodes, self._node)
                pipe.expire(nodes, NODE_SET_TTL_S)
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise BoardUnreachable(str(error)) from error

    async def others(self, meeting: str) -> Mapping[str, str]:
        """The lease of a dead node ends by itself, in Redis. Raises: BoardUnreachable."""
        nodes = f"{self._prefix}:presence:{meeting}"
        try:
            names = sorted(set(await self._redis.smembers(nodes)) - {self._node})
            texts = await self._redis.mget([f"{nodes}:{name}" for name in names]) if names else []
        except (RedisError, OSError) as error:
            raise BoardUnreachable(str(error)) from error
        return {name: text for name, text in zip(names, texts, strict=True) if text is not None}

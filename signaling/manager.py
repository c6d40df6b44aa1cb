"""Socket.IO's Redis manager, tidied: it forgets to close what it replaces when Redis comes and goes."""

from __future__ import annotations

import asyncio
from typing import Any

import socketio

from signaling.bell import CONNECT_TIMEOUT_S
from signaling.tasks import Tasks


class RedisManager(socketio.AsyncRedisManager):  # type: ignore[misc]
    """Carries what is for an actor's sockets on every node. The journal does not pass here."""

    def __init__(self, url: str, channel: str) -> None:
        super().__init__(url, channel=channel, redis_options={"socket_connect_timeout": CONNECT_TIMEOUT_S})
        self._tasks = Tasks()

    def _redis_connect(self) -> None:
        old = (self.pubsub, self.redis)
        super()._redis_connect()
        if old[1] is not None:
            self._tasks.start("redis-close", _close(*old))

    async def stop(self) -> None:
        if (listener := getattr(self, "thread", None)) is not None:  # started with the first socket
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        await self._tasks.finish()
        if self.redis is not None:
            await _close(self.pubsub, self.redis)


async def _close(pubsub: Any, redis: Any) -> None:
    await pubsub.aclose()
    await redis.aclose()

"""How often one client may try what is guessed at or costly. In memory, or in Redis for several servers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from server.refusals import TooMany

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.strategies import RateLimiter

#: By purpose; counted for each client, and for the name or account where that is guessed at.
RULES: dict[str, str] = {
    "sign-in": "30/minute",
    "sign-in-name": "10/minute",
    "code": "30/minute",
    "refresh": "120/minute",
    "password": "10/minute",
    "verify": "20/minute",
    "upload": "120/minute",
    "command": "120/minute",
}


class Limiter:
    """`scale`: multiplies every rule; 0 lifts them (a bench, never a service)."""

    def __init__(self, redis_url: str | None = None, scale: float = 1.0) -> None:
        self._redis_url = redis_url
        self._scale = scale
        self._limiter: RateLimiter | None = None
        self._rules: dict[str, RateLimitItem] = {}

    async def require(self, purpose: str, who: str) -> None:
        """Counts one try. Raises: TooMany with `retry_after_s`."""
        if self._scale == 0:
            return
        limiter = self._made()
        if not await limiter.hit(self._rules[purpose], purpose, who):
            raise await self._too_many(purpose, who)

    async def require_left(self, purpose: str, who: str) -> None:
        """Counts nothing: for what only failures are counted of, by `failed`. Raises: TooMany."""
        if self._scale == 0:
            return
        limiter = self._made()
        if not await limiter.test(self._rules[purpose], purpose, who):
            raise await self._too_many(purpose, who)

    async def failed(self, purpose: str, who: str) -> None:
        if self._scale != 0:
            await self._made().hit(self._rules[purpose], purpose, who)

    async def _too_many(self, purpose: str, who: str) -> TooMany:
        limiter, rule = self._made(), self._rules[purpose]
        stats = await limiter.get_window_stats(rule, purpose, who)
        wait = max(1, round(stats.reset_time - time.time()))
        return TooMany("too-many-requests", f"over {RULES[purpose]}", retry_after_s=wait)

    def _made(self) -> RateLimiter:
        # imported late: a server that nobody signs in to yet does not wait for it
        if self._limiter is None:
            from limits import parse
            from limits.aio.storage import MemoryStorage, RedisStorage
            from limits.aio.strategies import SlidingWindowCounterRateLimiter

            storage = (
                RedisStorage(f"async+{self._redis_url}", implementation="redispy")
                if self._redis_url
                else MemoryStorage()
            )
            self._limiter = SlidingWindowCounterRateLimiter(storage)
            for purpose, rule in RULES.items():
                count, _, period = rule.partition("/")
                self._rules[purpose] = parse(f"{max(1, round(int(count) * self._scale))}/{period}")
        return self._limiter

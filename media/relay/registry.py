"""Where a relay says that it is there: its entry in Redis, under its own lease and renewed while it lives.

Knows the keys, which PROTOCOL.md tells; who reads them and what for is not known here. Only the owner writes,
renews or removes its entry: nobody's end takes another's along.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import redis.asyncio
from redis.exceptions import RedisError

from media import entry as entries

PREFIX: Final = "dienhong"
LEASE_S: Final = 6
RENEW_S: Final = 2.0
CONNECT_TIMEOUT_S: Final = 1.0
ANSWER_TIMEOUT_S: Final = 1.5
#: In one step, so that no entry is renewed in between: names whose lease ended, of relays that were killed.
_FORGET: Final = """
for _, owner in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if redis.call('EXISTS', KEYS[1] .. ':' .. owner) == 0 then redis.call('SREM', KEYS[1], owner) end
end
"""

_log: Final = logging.getLogger("media.registry")


class Registry:
    """One relay's entry. `owner`: new with every life, so that the new life's entry is not the old one's."""

    def __init__(self, url: str, key: bytes, prefix: str = PREFIX, owner: str | None = None) -> None:
        self.owner = owner or secrets.token_hex(8)
        self._key = key
        self._names = f"{prefix}:relays"
        self._changed = asyncio.Event()
        self._redis: Any = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=ANSWER_TIMEOUT_S,
            retry=None,
        )

    async def announce(self, entry: Mapping[str, object]) -> None:
        """Sets or renews the entry. Raises: RedisError, OSError."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(f"{self._names}:{self.owner}", entries.seal(entry, self.owner, self._key), ex=LEASE_S)
            pipe.sadd(self._names, self.owner)
            await pipe.execute()

    async def withdraw(self) -> None:
        """Removes the own entry and no other."""
        try:
            await self._redis.delete(f"{self._names}:{self.owner}")
            await self._redis.srem(self._names, self.owner)
        except (RedisError, OSError) as error:
            _log.info("the entry ends with its lease: %s", error)

    def changed(self) -> None:
        """What is announced has changed: say so now."""
        self._changed.set()

    async def keep(self, look: Callable[[], Mapping[str, object]]) -> None:
        """Announces what `look` says until cancelled, and withdraws then."""
        told: bool | None = None
        try:
            while True:
                self._changed.clear()
                try:
                    await self.announce(look())
                    if not told:
                        await self._redis.eval(_FORGET, 1, self._names)
                    told = True
                except (RedisError, OSError) as error:
                    if told is not False:
                        _log.warning("the relay cannot be announced: %s", error)
                    told = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RENEW_S):
                        await self._changed.wait()
        finally:
            await self.withdraw()
            await self._redis.aclose()

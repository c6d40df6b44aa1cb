"""Passwords: argon2id, off the event loop, a few at a time so that a storm of sign-ins stays within memory."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rooms.errors import Invalid

LEAST_CHARACTERS = 8
#: OWASP's second choice: 19 MiB, two passes. Two at once on a small machine.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = 2


class Passwords:
    def __init__(self, hasher: PasswordHasher = HASHER) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Raises: Invalid `password-too-short`."""
        if len(password) < LEAST_CHARACTERS:
            raise Invalid("password-too-short", "too short", least=LEAST_CHARACTERS)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """As long for nobody's password as for somebody's: `hashed` None is checked against a decoy."""
        loop = asyncio.get_running_loop()
        if self._decoy is None:
            self._decoy = await loop.run_in_executor(self._threads, self._hasher.hash, secrets.token_urlsafe())
        right = await loop.run_in_executor(self._threads, self._matches, hashed or self._decoy, password)
        return right and hashed is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

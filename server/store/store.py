"""`rooms.ports.Store` on SQLite or PostgreSQL: a block is a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from rooms.ports import Raced, Transaction
from server.store import once
from server.store.accounts import Accounts
from server.store.engine import for_reading, for_writing, make_engine
from server.store.transaction import SqlTransaction

#: PostgreSQL: serialization failure, deadlock. The command is decided anew.
_RETRYABLE = frozenset({"40001", "40P01"})
_UNIQUE_VIOLATION = "23505"


class SqlStore:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._reading = for_reading(engine)
        # SQLite's own queue for its one writer is a sleep with growing pauses; ours is fair and wakes at once.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    def at(cls, url: str) -> SqlStore:
        return cls(make_engine(url))

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncIterator[Transaction]:
        """Raises: Raced when a unique place was taken meanwhile."""
        async with self._session(write) as session:
            yield SqlTransaction(session)

    @asynccontextmanager
    async def accounts(self, *, write: bool = True) -> AsyncIterator[Accounts]:
        async with self._session(write) as session:
            yield Accounts(session)

    async def forget_old(self, now: datetime) -> int:
        """Answers kept for repeated requests, links and sessions past their time; how many rows went."""
        async with self._session(write=True) as session:
            return await once.forget(session, now) + await Accounts(session).forget_expired(now)

    async def ping(self) -> None:
        """Raises: SQLAlchemyError or OSError when the database does not answer."""
        async with self._reading.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _session(self, write: bool) -> AsyncIterator[AsyncSession]:
        turn = self._turn if write and self._turn is not None else nullcontext()
        engine = self._writing if write else self._reading
        try:
            async with turn, AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as error:
            if _is_race(error):
                raise Raced from error
            raise


def _is_race(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, IntegrityError):
        return state == _UNIQUE_VIOLATION or "UNIQUE constraint failed" in str(error.orig)
    return state in _RETRYABLE

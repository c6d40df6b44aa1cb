"""Engines for the two databases: SQLite in the data folder, PostgreSQL when outgrown.

A writer begins by taking SQLite's one write lock, so that what it read still holds when it writes; a reader
sees one consistent moment on both. Which of the two a transaction is stands in the engine's execution options.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

POOL_SIZE = 10
POOL_WAIT_S = 30
#: How long a writer waits for another process (the command line, a second server) to leave the file.
BUSY_MS = 15_000

_BEGIN = "sqlite_begin"


def make_engine(url: str, *, pool_size: int = POOL_SIZE, foreign_keys: bool = True) -> AsyncEngine:
    """`url`: sqlite+aiosqlite:///… or postgresql+asyncpg://…

    `foreign_keys` False is for migrations alone: SQLite rebuilds tables by dropping them.
    Raises: ValueError for any other database.
    """
    backend = make_url(url).get_backend_name()
    if backend == "postgresql":
        return create_async_engine(
            url, pool_size=pool_size, max_overflow=0, pool_timeout=POOL_WAIT_S, pool_pre_ping=True
        )
    if backend != "sqlite":
        raise ValueError(f"neither SQLite nor PostgreSQL: {backend}")
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=POOL_WAIT_S)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # BEGIN is ours to send
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",  # an acknowledged ballot survives a power cut
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"))

    return engine


def for_writing(engine: AsyncEngine) -> AsyncEngine:
    """The same pool. PostgreSQL: READ COMMITTED, to read after a wait for a lock what was committed meanwhile."""
    options: dict[str, Any] = {_BEGIN: "BEGIN IMMEDIATE"}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "READ COMMITTED"}
    return engine.execution_options(**options)


def for_reading(engine: AsyncEngine) -> AsyncEngine:
    """The same pool; many reads of one moment, no lock."""
    options: dict[str, Any] = {_BEGIN: "BEGIN"}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)

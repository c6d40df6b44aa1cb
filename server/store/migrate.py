"""Brings a database to the tables of this version, before anything else is done with it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from server.store.engine import for_writing, make_engine

#: Any constant of ours: two servers that start at once take turns by it.
_LOCK = 0x1284_D1E4


async def upgrade(url: str) -> None:
    """To the newest version, in one transaction; at once when there is nothing to do."""
    engine = make_engine(url, pool_size=1, foreign_keys=False)
    try:
        async with for_writing(engine).begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    # SQLite: BEGIN IMMEDIATE is the lock.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(config(connection), "head")
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise RuntimeError("the migration left rows that point to nothing")


def config(connection: Connection) -> Config:
    """For Alembic's commands, within this connection's transaction."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made

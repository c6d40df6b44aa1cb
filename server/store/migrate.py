"""Brings a database to the tables of this version, before anything else is done with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from server.store.engine import for_writing, make_engine

if TYPE_CHECKING:
    from alembic.config import Config

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_NAMED = re.compile(r"^(down_revision|revision)\b[^=]*= *['\"](\w+)['\"]", re.MULTILINE)
#: Any constant of ours: two servers that start at once take turns by it.
_LOCK = 0x1284_D1E4


async def upgrade(url: str) -> None:
    """To the newest version, in one transaction; at once when there is nothing to do."""
    engine = make_engine(url, pool_size=1, foreign_keys=False)
    try:
        async with for_writing(engine).begin() as connection:
            if not await connection.run_sync(_is_newest):
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _is_newest(connection: Connection) -> bool:
    """Almost every start finds nothing to do, and then Alembic, which is slow to import, is not needed."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return set(connection.scalars(text("SELECT version_num FROM alembic_version"))) == newest()


def newest() -> set[str]:
    """The revisions that no other comes after, read from the files' own words."""
    told = [_NAMED.findall(path.read_text()) for path in _VERSIONS.glob("[0-9]*.py")]
    names = {
        kind: {name for file in told for k, name in file if k == kind} for kind in ("revision", "down_revision")
    }
    return names["revision"] - names["down_revision"]


def _upgrade(connection: Connection) -> None:
    from alembic import command

    # SQLite: BEGIN IMMEDIATE is the lock.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(config(connection), "head")
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise RuntimeError("the migration left rows that point to nothing")


def config(connection: Connection) -> Config:
    """For Alembic's commands, within this connection's transaction."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made

"""The tables of a migrated database are those of the models; many servers may start at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from server.store import upgrade
from server.store.engine import make_engine
from server.store.migrate import config, newest


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/empty.db"
        return
    url = make_url(request.getfixturevalue("postgres_url"))
    name = f"{url.database}_empty"
    server = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield url.set(database=name).render_as_string(hide_password=False)
    async with server.connect() as connection:
        await connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    await server.dispose()


async def test_models_and_migrations_agree(empty_url: str) -> None:
    await upgrade(empty_url)
    engine = make_engine(empty_url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda c: command.check(config(c)))
    await engine.dispose()


async def test_a_changed_table_would_be_noticed(empty_url: str) -> None:
    await upgrade(empty_url)
    engine = make_engine(empty_url)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE papers ADD COLUMN colour TEXT"))
        with pytest.raises(Exception, match="New upgrade operations detected"):
            await connection.run_sync(lambda c: command.check(config(c)))
    await engine.dispose()


async def test_servers_that_start_at_once_upgrade_once(empty_url: str) -> None:
    await asyncio.gather(*(upgrade(empty_url) for _ in range(4)))
    engine = make_engine(empty_url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM alembic_version"))).scalar() == 1
    await engine.dispose()


async def test_down_and_up_again(empty_url: str) -> None:
    await upgrade(empty_url)
    engine = make_engine(empty_url, foreign_keys=False)
    async with engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(config(c), "base"))
    await engine.dispose()
    await upgrade(empty_url)


def test_the_newest_revision_is_known_without_alembic(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/none.db")
    with engine.connect() as connection:
        assert newest() == set(ScriptDirectory.from_config(config(connection)).get_heads())
    engine.dispose()

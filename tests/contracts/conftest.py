"""The same house on each of the three stores."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from server.store import SqlStore, upgrade
from tests.support import servers
from tests.support.house import House, MemoryKeep, SqlKeep, house_on

STORES = ("memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
T = TypeVar("T")


def _apart(work: Coroutine[Any, Any, T]) -> T:
    """In a thread and loop of its own: session fixtures outlive every test's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated, empty database: copying it is quicker than migrating anew."""
    path = tmp_path_factory.mktemp("template") / "dienhong.db"
    _apart(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path.read_bytes()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this test worker's own, migrated; gone afterwards."""
    name = f"dienhong_test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{secrets.token_hex(4)}"
    server = servers.postgres()
    _apart(_on_server(f'CREATE DATABASE "{name}"'))
    try:
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
        _apart(upgrade(url))
        yield url
    finally:
        _apart(_on_server(f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _on_server(statement: str) -> None:
    engine = create_async_engine(servers.postgres(), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def sql_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = SqlStore.at(_url(request, request.param, tmp_path))
    yield store
    await store.close()


@pytest.fixture(params=STORES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    if request.param == "memory":
        yield await house_on(MemoryKeep())
        return
    store = SqlStore.at(_url(request, request.param, tmp_path))
    yield await house_on(SqlKeep(store))
    await store.close()


def _url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    if kind == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    path = tmp_path / "dienhong.db"
    path.write_bytes(request.getfixturevalue("sqlite_template"))
    return f"sqlite+aiosqlite:///{path}"

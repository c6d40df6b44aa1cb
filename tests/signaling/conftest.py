"""Stores for the live side: SQLite in a folder of the test; PostgreSQL and Redis where nodes share them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from server.store import SqlStore
from server.store.migrate import upgrade
from tests.signaling.world import World, make_world
from tests.support import servers


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path}/live.db"
    await upgrade(url)
    made = SqlStore.at(url)
    yield made
    await made.close()


@pytest.fixture
async def world(store: SqlStore) -> World:
    return await make_world(store)


@pytest.fixture
async def postgres_url() -> AsyncIterator[str]:
    """A database of the test's own."""
    name = f"dh_live_{secrets.token_hex(6)}"
    server = servers.postgres()
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    url = server.rsplit("/", 1)[0] + f"/{name}"
    await upgrade(url)
    yield url
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@pytest.fixture
async def redis_prefix() -> AsyncIterator[str]:
    """Keys and channels of the test's own."""
    client = redis.asyncio.Redis.from_url(servers.REDIS)
    try:
        await client.ping()
    except (OSError, redis.exceptions.ConnectionError) as error:
        servers.missing(f"no Redis at {servers.REDIS} for the tests: {error}")
    prefix = f"dh-test-{secrets.token_hex(6)}"
    yield prefix
    async for key in client.scan_iter(f"{prefix}:*"):
        await client.delete(key)
    await client.aclose()

"""One server a test, in this process, on a migrated SQLite file of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server import logs
from tests.contracts.conftest import sqlite_template
from tests.server.town import Town, settings_for, town_of

__all__ = ["sqlite_template"]


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    logs.configure("CRITICAL")


@pytest.fixture
def data(tmp_path: Path, sqlite_template: bytes) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "dienhong.db").write_bytes(sqlite_template)
    return folder


@pytest.fixture
async def town(data: Path, aiohttp_client: Callable[..., Any]) -> Town:
    return await town_of(aiohttp_client, settings_for(data))

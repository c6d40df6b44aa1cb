"""The PostgreSQL and Redis the tests may use: what the environment names, else what answers on this machine.

Absent: those tests are skipped in one clear line; in CI they fail instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NoReturn

import asyncpg
import pytest

REDIS = os.environ.get("DIENHONG_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
#: As a developer's machine has it, as `tests/tools.sh` sets it up on a fresh Debian.
_POSTGRES = ("postgres@127.0.0.1:5432/postgres", "dienhong:dienhong@127.0.0.1:5432/postgres")


@cache
def postgres() -> str:
    """The address of a server where databases may be made. Skips, or fails in CI, when there is none."""
    given = os.environ.get("DIENHONG_TEST_POSTGRES_URL")
    if given:
        return given
    refused = ""
    for where in _POSTGRES:
        try:
            with ThreadPoolExecutor(1) as apart:  # a loop may be running here
                apart.submit(asyncio.run, _answers(f"postgresql://{where}")).result()
            return f"postgresql+asyncpg://{where}"
        except (OSError, asyncpg.PostgresError) as error:
            refused = str(error)
    return missing(f"no PostgreSQL on 127.0.0.1:5432 for the tests: {refused}")


def missing(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def free_port() -> int:
    """Free now for TCP and for UDP: a relay and a TURN server take both."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("0.0.0.0", 0))
            port: int = tcp.getsockname()[1]
            with contextlib.suppress(OSError):  # the other kind of this number is somebody's
                udp.bind(("0.0.0.0", port))
                return port


async def _answers(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    await connection.close()

"""One relay process for all tests; each test has a studio of its own in it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.media.running import RelayProcess, RunningRelay, speaking_with, start_relay
from tests.media.site import Site


@pytest.fixture(scope="session")
def relay_process() -> Iterator[RelayProcess]:
    started = start_relay("--origin", "*", "--tcp", "127.0.0.1:0")
    yield started
    started.stop()


@pytest.fixture
async def relay(relay_process: RelayProcess) -> AsyncIterator[RunningRelay]:
    async with speaking_with(relay_process) as relay:
        yield relay


@pytest.fixture
async def cast() -> AsyncIterator[list[Any]]:
    """The peers of a test; all are closed at its end."""
    playing: list[Any] = []
    yield playing
    await asyncio.gather(*(one.close() for one in playing if not isinstance(one, Site)))
    for one in playing:
        if isinstance(one, Site):
            one.close()

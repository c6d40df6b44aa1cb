"""A relay of our own on loopback for each test that wants one."""

from collections.abc import AsyncIterator

import pytest

from tests.media.running import RunningRelay, start_relay, stop_relay


@pytest.fixture
async def relay() -> AsyncIterator[RunningRelay]:
    running = await start_relay("--origin", "*")
    yield running
    await stop_relay(running)

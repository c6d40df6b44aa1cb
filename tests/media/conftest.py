"""One relay process for all tests; each test has a studio of its own in it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.media.running import RelayProcess, RunningRelay, speaking_with, start_relay


@pytest.fixture(scope="session")
def relay_process() -> Iterator[RelayProcess]:
    started = start_relay("--origin", "*", "--tcp", "127.0.0.1:0")
    yield started
    started.stop()


@pytest.fixture
async def relay(relay_process: RelayProcess) -> AsyncIterator[RunningRelay]:
    async with speaking_with(relay_process) as relay:
        yield relay

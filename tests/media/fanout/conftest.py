"""One sending socket and a crowd of receivers for each test."""

import socket
from collections.abc import Iterator

import pytest

from media.transport import kernel, sealer
from tests.media.fanout.crowd import Listener


@pytest.fixture(params=[True, False], ids=["c", "python"])
def native(request: pytest.FixtureRequest) -> bool:
    """Both ways to seal, where both are there (`make media/libsealer.so`)."""
    if request.param and sealer.library is None:
        pytest.skip("media/libsealer.so was not built")
    return bool(request.param)


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with kernel.open_port("127.0.0.1", 0) as sock:
        yield sock


@pytest.fixture
def crowd() -> Iterator[list[Listener]]:
    listeners: list[Listener] = []
    yield listeners
    for listener in listeners:
        listener.socket.close()

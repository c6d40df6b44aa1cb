"""A worker in this process whose loop does not run: a test hands it what comes, and is its clock."""

import socket
from collections.abc import Iterator

import pytest

from media.transport.channel import WorkerEnd
from media.worker.worker import Worker, WorkerSettings


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Of the worker's channel: its own, and the other process's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def channel(ends: tuple[socket.socket, socket.socket]) -> WorkerEnd:
    """The other process's end, in the form that never waits."""
    return WorkerEnd(ends[1])


@pytest.fixture
def worker(ends: tuple[socket.socket, socket.socket]) -> Iterator[Worker]:
    worker = Worker(WorkerSettings("127.0.0.1", 0, 2500), ends[0])
    worker.parts.roster.now = worker.now
    yield worker
    worker.end_all()
    worker.parts.port.sock.close()
    worker.eyes.close()

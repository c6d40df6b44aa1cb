"""A worker in this process whose loop does not run: a test hands it what comes, and is its clock."""

import socket
from collections.abc import Iterator

import pytest

from media.worker.worker import Worker, WorkerSettings


@pytest.fixture
def worker() -> Iterator[Worker]:
    ours, theirs = socket.socketpair()
    with theirs:
        worker = Worker(WorkerSettings("127.0.0.1", 0, 2500), ours)
        worker._roster.now = worker._now
        yield worker
        worker._end_all()
        worker._port.sock.close()
        worker._poll.close()
        ours.close()

"""What a peer that is removed still hears: the DTLS alert that ends it at once, whatever is said before."""

import os
import select
from collections.abc import Iterator

import pytest

from media.transport import dtls, kernel, stun
from media.transport.call import Caller
from media.worker.worker import Worker

IDENTITY = dtls.Identity()


class Guest:
    """A viewer with a socket that shakes hands with a worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.sock = kernel.open_port("127.0.0.1", 0)
        self.inbox = kernel.Inbox(self.sock)
        mark = IDENTITY.fingerprint
        told = worker.parts.roster.watch(
            session="session", studio="s", programme="main", peer="p", fingerprint=[mark.algorithm, mark.value],
            types={"VP8": 96}, repairs={}, send_time_id=0, video=True, audio=1,
        )  # fmt: skip
        self.caller = Caller(IDENTITY, worker.identity.fingerprint)
        name, password = told["ufrag"] + ":theirs", told["password"].encode()
        self.put(stun.request(b"t" * 12, name, password, nominate=True))
        self.caller.begin()

    def put(self, *datagrams: bytes) -> None:
        here = kernel.raw_address(*self.sock.getsockname())
        for datagram in datagrams:
            self.worker.parts.port.take(datagram, here, self.worker.now)

    def hears(self) -> None:
        self.worker.parts.port.outbox.flush()
        for datagram, _ in self.inbox.receive():
            if 20 <= datagram[0] < 64:
                self.caller.receive(datagram)

    def wait(self) -> None:
        """For news of the thread, which stay unread."""
        assert select.select([self.worker.wake_fd], [], [], 5)[0]
        os.eventfd_read(self.worker.wake_fd)


@pytest.fixture
def guest(worker: Worker) -> Iterator[Guest]:
    made = Guest(worker)
    yield made
    made.sock.close()


def test_who_goes_with_flights_still_under_way_hears_that_it_is_over(worker: Worker, guest: Guest) -> None:
    """In a storm the thread is behind: the peer's last flights come before the alert."""
    guest.put(*guest.caller.outgoing())
    flights = []
    while guest.caller.keys is None:
        guest.wait()
        worker.newcomers.read()
        guest.hears()
        flights.append(guest.caller.outgoing())
        guest.put(*flights[-1])
    (peer,) = worker.parts.roster.peers.values()
    guest.put(*flights[0])  # as if it had not got what is there: it is said again
    worker.parts.roster.remove(peer, "kicked")
    worker.parts.desk.stop()
    worker.newcomers.read()
    guest.hears()
    assert guest.caller.closed
    assert not worker.parts.roster.leaving


def test_who_goes_while_it_shakes_hands_gets_the_end_of_it_too(worker: Worker, guest: Guest) -> None:
    guest.put(*guest.caller.outgoing())
    while not (last := guest.caller.outgoing()):
        guest.wait()
        worker.newcomers.read()
        guest.hears()
    (peer,) = worker.parts.roster.peers.values()
    guest.put(*last)
    worker.parts.roster.remove(peer, "kicked")  # before the news that the keys are agreed
    worker.parts.desk.stop()
    worker.newcomers.read()
    guest.hears()
    assert guest.caller.closed


def test_nothing_is_owed_to_who_never_shook_hands(worker: Worker, guest: Guest) -> None:
    (peer,) = worker.parts.roster.peers.values()
    worker.parts.roster.remove(peer, "kicked")
    assert worker.parts.roster.leaving
    worker.parts.desk.stop()
    worker.newcomers.read()
    assert not worker.parts.roster.leaving

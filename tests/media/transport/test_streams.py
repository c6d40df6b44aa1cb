"""TCP connections by themselves, with a clock of ours: who is let in, who is thrown out, what is dropped."""

import errno
import select
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from media.transport import streams as module
from media.transport.frames import Unframer, frame
from media.transport.kernel import Address
from media.transport.streams import BUFFER_LIMIT, FRAME_LIMIT, STRANGER_LIMIT_S, Streams, open_listener

NO_DESCRIPTOR = OSError(errno.EMFILE, "no descriptor is left")


class Door:
    """A Streams with its callbacks: who says `me` is known from then on."""

    def __init__(self, listener: Any = None) -> None:
        self.known: set[Address] = set()
        self.came: list[tuple[bytes, Address]] = []
        self.lost: list[Address] = []
        self.now = 0.0
        listener = listener or open_listener("127.0.0.1", 0)
        self.streams = Streams(listener, self.take, self.known.__contains__, self.lost.append)
        self.clients: list[socket.socket] = []

    def take(self, datagram: bytes, address: Address, now: float) -> None:
        self.came.append((datagram, address))
        assert datagram != b"a fault of ours"
        if datagram == b"me":
            self.known.add(address)

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.streams.port))
        client.settimeout(5)
        self.clients.append(client)
        return client

    def work(self) -> None:
        """Everything that is to be done now; what loopback still has under way is waited for."""
        while select.select([self.streams.fileno()], [], [], 0.05)[0]:
            self.streams.work(self.now)

    def close(self) -> None:
        self.streams.close()
        for client in self.clients:
            client.close()


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


def is_over(client: socket.socket) -> bool:
    try:
        client.setblocking(False)
        return client.recv(1) == b""
    except ConnectionError:
        return True
    except BlockingIOError:
        return False


def reset(client: socket.socket) -> None:
    """Break off at once, and leave the port to others."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
    client.close()


def proved(door: Door) -> tuple[socket.socket, Address]:
    client = door.connect()
    client.sendall(frame(b"me"))
    door.work()
    return client, door.came[-1][1]


def test_each_connection_is_an_address_of_its_own(door: Door) -> None:
    first, one = proved(door)
    name = first.getsockname()
    reset(first)
    door.work()
    again = socket.socket()
    again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    again.bind(name)
    again.connect(("127.0.0.1", door.streams.port))
    door.clients.append(again)
    again.sendall(frame(b"me"))
    door.work()
    other = door.came[-1][1]
    assert one[:16] == other[:16]
    assert one != other
    assert door.lost == [one]


def test_the_oldest_stranger_makes_room(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STRANGERS", 3)
    friend, _ = proved(door)
    strangers = [door.connect() for _ in range(4)]
    door.work()
    assert [is_over(s) for s in strangers] == [True, False, False, False]
    assert not is_over(friend)
    assert door.streams.figures()["tcp_refused"] == 1


def test_at_the_bound_newcomers_wait_until_one_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_files_for", lambda _: 2)
    door = Door()
    try:
        first, _ = proved(door)
        proved(door)
        third = door.connect()
        third.sendall(frame(b"me"))
        door.work()
        assert len(door.came) == 2
        first.close()
        door.work()
        assert len(door.came) == 3
    finally:
        door.close()


class Listener:
    """In place of the listening socket: `accept` fails so often, or brings who comes from these hosts."""

    def __init__(self, failures: int = 0, hosts: tuple[str, ...] = (), failure: Exception = NO_DESCRIPTOR) -> None:
        self._real = open_listener("127.0.0.1", 0)
        self.failures, self._failure = failures, failure
        self._hosts = iter(hosts)

    def accept(self) -> tuple[socket.socket, Any]:
        if self.failures:
            self.failures -= 1
            raise self._failure
        sock, (host, port) = self._real.accept()
        return sock, (next(self._hosts, host), port, 0, 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.mark.parametrize("failure", [NO_DESCRIPTOR, KeyError("nobody thought of this")], ids=["full", "fault"])
def test_when_descriptors_are_back_so_is_the_listener(failure: Exception) -> None:
    """Though there was no connection whose end could have told."""
    listener = Listener(failures=3, failure=failure)
    door = Door(listener)
    try:
        door.connect().sendall(frame(b"me"))
        door.work()
        assert listener.failures == 2  # it is not tried again at once
        for _ in range(3):
            assert not door.came
            door.streams.sweep(door.now)
            door.work()
        assert len(door.came) == 1
    finally:
        door.close()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8:1:2::{}", "2001:db8:1:2:ffff::{}", True),
        ("2001:db8:1:2::{}", "2001:db8:1:3::{}", False),
        ("fe80::{}%eth0", "fe80::1:{}%eth1", True),
        ("192.0.2.{}", "192.0.2.1{}", False),
        ("::ffff:192.0.2.{}", "::ffff:192.0.2.1{}", False),
    ],
)
def test_who_has_a_whole_network_is_one_host(
    monkeypatch: pytest.MonkeyPatch, one: str, other: str, alike: bool
) -> None:
    """An IPv6 subscriber has at least 2 to the 64th addresses; an IPv4 one mostly shares a single one."""
    monkeypatch.setattr(module, "STRANGERS_PER_HOST", 3)
    hosts = [one.format(5)] * 3 + [other.format(n) for n in range(5, 8)]
    door = Door(Listener(hosts=tuple(hosts)))
    try:
        strangers = [door.connect() for _ in hosts]
        door.work()
        assert [is_over(s) for s in strangers] == [False] * 3 + [alike] * 3
        assert door.streams.figures()["tcp_refused"] == 3 * alike
    finally:
        door.close()


def test_what_nobody_foresaw_costs_one_connection(door: Door) -> None:
    friend, _ = proved(door)
    bad, address = proved(door)
    for client in (bad, friend):
        client.sendall(frame(b"a fault of ours" if client is bad else b"more"))
    door.work()
    assert is_over(bad)
    assert door.lost == [address]
    assert door.came[-1][0] == b"more" or door.came[-2][0] == b"more"
    assert not is_over(friend)


def test_a_stranger_has_five_seconds_and_so_has_whom_its_peer_left(door: Door) -> None:
    stranger = door.connect()
    friend, address = proved(door)
    door.now = STRANGER_LIMIT_S
    door.streams.sweep(door.now)
    assert not is_over(stranger)
    door.now += 0.1
    door.streams.sweep(door.now)
    assert is_over(stranger)
    assert not is_over(friend)
    door.known.clear()
    door.streams.sweep(door.now)
    assert door.streams.send(address, [b"the last word"])
    friend.setblocking(True)
    assert list(Unframer().feed(friend.recv(100))) == [b"the last word"]
    door.streams.sweep(door.now + STRANGER_LIMIT_S + 0.1)
    assert is_over(friend)
    assert not door.streams.send(address, [b"too late"])


def test_pictures_go_whole_or_not_at_all(door: Door) -> None:
    slow, address = proved(door)
    packet = bytes(1000)
    moment, taken = 0, []
    while door.streams.send(address, [packet] * 4, moment):  # it reads nothing
        assert door.streams.send(address, [packet], moment)  # the same picture's second run
        taken.append(moment)
        moment += 1
        assert moment < 10_000
    assert not door.streams.send(address, [b"sound"])
    assert not door.streams.send(address, [packet], moment)
    # It reads again: the rest of the dropped picture stays away, the next one comes.
    reader, got = Unframer(), []
    while len(got) < 5 * len(taken):
        got += list(reader.feed(slow.recv(1 << 16)))
        door.work()
    assert not door.streams.send(address, [packet], moment)
    assert door.streams.send(address, [b"next"], moment + 1)
    assert list(reader.feed(slow.recv(1 << 16))) == [b"next"]
    assert got == [packet] * 5 * len(taken)


def test_even_one_endless_picture_has_a_bound(door: Door) -> None:
    _, address = proved(door)
    packet, sent = bytes(2000), 0
    while door.streams.send(address, [packet], 7):
        sent += 1
        assert sent < 2000
    waiting = sum(len(c.unsent) for c in door.streams._by_fd.values())
    assert BUFFER_LIMIT < waiting <= FRAME_LIMIT + len(packet) + 2


def test_who_breaks_off_while_written_to_is_lost(door: Door) -> None:
    gone, address = proved(door)
    reset(gone)
    for _ in range(3):
        door.streams.send(address, [bytes(1000)])
        door.work()
    assert door.lost == [address]

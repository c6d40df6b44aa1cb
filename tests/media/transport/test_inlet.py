"""A source's own socket at the port of all: what it gets, when it follows, and that the port stays ours alone."""

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from media.transport import kernel
from media.transport.inlet import MAX_INLETS, Inlets
from media.transport.peer import Peer
from media.transport.watch import Watch
from media.wire.fingerprint import Fingerprint


class Rig:
    """A port, its inlets, and what was read from each descriptor."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = kernel.open_port("::" if ":" in host else host, 0, buffer_size=4096)
        self.inbox = kernel.Inbox(self.port)
        self.handlers: dict[int, Callable[[], None]] = {}
        self.read: list[tuple[bytes, kernel.Address]] = []
        watch = Watch(self.handlers.__setitem__, self.handlers.__delitem__)
        self.inlets = Inlets(self.port, watch, lambda fd: self.read.extend(self.inbox.receive(fd)))
        self.others: list[socket.socket] = []

    def site(self) -> socket.socket:
        sock = kernel.open_port(self.host, 0)
        sock.connect((self.host, self.port.getsockname()[1]))
        self.others.append(sock)
        return sock

    def peer(self, sock: socket.socket, number: int = 1) -> Peer:
        about = {"session": f"s{number}", "studio": "s", "name": "p", "fingerprint": Fingerprint("", "")}
        peer = Peer(number=number, now=0.0, since=0.0, **about)  # type: ignore[arg-type]
        peer.address = address_of(sock)
        return peer

    def close(self) -> None:
        for session in list(self.inlets._sockets):
            self.inlets.close(session)
        for sock in (self.port, *self.others):
            sock.close()


def address_of(sock: socket.socket) -> kernel.Address:
    return kernel.raw_address(*sock.getsockname()[:2])


@pytest.fixture(params=["127.0.0.1", "::1"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = Rig(request.param)
    yield rig
    rig.close()


def test_a_flood_fills_the_port_and_the_source_still_comes_through(rig: Rig) -> None:
    source, stranger = rig.site(), rig.site()
    rig.inlets.follow(rig.peer(source))
    for _ in range(2000):
        stranger.send(os.urandom(500))
    for number in range(50):
        source.send(bytes([number]))
    for handler in rig.handlers.values():
        handler()
    assert [datagram for datagram, _ in rig.read] == [bytes([number]) for number in range(50)]
    assert {address for _, address in rig.read} == {address_of(source)}
    assert 0 < len(list(rig.inbox.receive())) < 2000


def test_an_inlet_follows_its_peer_and_ends_with_it(rig: Rig) -> None:
    source, elsewhere = rig.site(), rig.site()
    peer = rig.peer(source)
    rig.inlets.follow(peer)
    peer.address = address_of(elsewhere)
    rig.inlets.follow(peer)
    assert len(rig.inlets) == len(rig.handlers) == 1
    elsewhere.send(b"new")
    source.send(b"old")
    next(iter(rig.handlers.values()))()
    assert [datagram for datagram, _ in rig.read] == [b"new"]
    assert [datagram for datagram, _ in rig.inbox.receive()] == [b"old"]
    rig.inlets.close(peer.session)
    assert not rig.handlers
    elsewhere.send(b"again")
    assert [datagram for datagram, _ in rig.inbox.receive()] == [b"again"]
    rig.inlets.close(peer.session)  # again changes nothing


def test_inlets_are_bounded(rig: Rig) -> None:
    sock = rig.site()
    for number in range(MAX_INLETS + 10):
        peer = rig.peer(sock, number)
        peer.address = kernel.raw_address(rig.host, 10_000 + number)
        rig.inlets.follow(peer)
    assert len(rig.inlets) == len(rig.handlers) == MAX_INLETS


def test_nobody_else_can_take_the_port(rig: Rig) -> None:
    rig.inlets.follow(rig.peer(rig.site()))
    rig.inlets.follow(rig.peer(rig.site(), 2))
    assert len(rig.inlets) == 2
    with socket.socket(rig.port.family, socket.SOCK_DGRAM) as second:
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            second.bind(rig.port.getsockname())


def test_a_peer_that_comes_over_tcp_needs_none(rig: Rig) -> None:
    peer = rig.peer(rig.site())
    rig.inlets.follow(peer)
    peer.address = kernel.stream_address(peer.address, 1)
    rig.inlets.follow(peer)
    assert not rig.handlers


def test_an_address_that_cannot_be_connected_to_is_left_to_the_port(rig: Rig) -> None:
    peer = rig.peer(rig.site())
    peer.address = kernel.Address(b"\xff\xff" + bytes(14))
    rig.inlets.follow(peer)
    assert len(rig.inlets) == 0
    assert not rig.handlers

"""ICE-TCP (RFC 6544): the connections of peers whose firewall eats UDP. We are passive: they connect, we accept.

A connection is an address like any other to the rest of the worker: what comes on it is told apart as on the UDP
port, what goes to it waits here in a bounded buffer. Nothing blocks. Strangers are bounded in number, time and
bytes until a check of theirs is proved; what the slow do not read is dropped, and is nobody else's trouble.
"""

import contextlib
import errno
import logging
import select
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from media.transport import descriptors
from media.transport.frames import Unframer, frame
from media.transport.kernel import Address, packed_host, raw_address, stream_address
from media.transport.mishaps import Mishaps

MAX_CONNECTIONS: Final = 4096
MAX_STRANGERS: Final = 256
STRANGERS_PER_HOST: Final = 32
STRANGER_LIMIT_S: Final = 5.0
STRANGER_BYTES: Final = 4096
SPARE_FILES: Final = 512  # inlets, pulls and links of other workers come to 448
READ_SIZE: Final = 1 << 16
ACCEPTS: Final = 32  # in one turn of the loop
KERNEL_BUFFER: Final = 1 << 16  # the kernel doubles it; what waits longer than that is of no use any more
BUFFER_LIMIT: Final = 1 << 16
FRAME_LIMIT: Final = 1 << 18  # a frame that was begun is finished, up to here
_NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = logging.getLogger("media.streams")


def open_listener(host: str, port: int) -> socket.socket:
    """A bound, non-blocking TCP socket; an IPv6 wildcard also takes IPv4."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, port))
        sock.listen(512)
    except OSError:
        sock.close()
        raise
    return sock


class Connection:
    """One accepted connection. `proved`: a peer's check came over it; `since`: of this state."""

    __slots__ = (
        "address", "begun", "frames", "host", "proved", "read", "since", "skipped", "sock", "unsent", "waits",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, host: bytes, address: Address, now: float) -> None:
        self.sock = sock
        self.host = host
        self.address = address
        self.since = now
        self.proved = False
        self.read = 0
        self.frames = Unframer()
        self.unsent = bytearray()
        self.waits = False  # for room in the kernel's buffer
        self.begun = self.skipped = -1  # moments of pictures: taken last, and dropped last


class Streams:
    """The listening socket and its connections. Not safe for use from two threads.

    `take` gets what came, with the address it came from; `knows` tells whether an address is a peer's; `lost` is
    told of addresses that lead nowhere any more.
    """

    def __init__(
        self,
        listener: socket.socket,
        take: Callable[[bytes, Address, float], None],
        knows: Callable[[Address], bool],
        lost: Callable[[Address], None],
        mishaps: Mishaps | None = None,
    ) -> None:
        self._listener = listener
        self._mishaps = mishaps or Mishaps()
        self._take, self._knows, self._lost = take, knows, lost
        self._poll = select.epoll()
        self._poll.register(listener.fileno(), select.EPOLLIN)
        self._by_fd: dict[int, Connection] = {}
        self._by_address: dict[Address, Connection] = {}
        self._strangers: dict[int, Connection] = {}  # oldest first
        self._of_host: Counter[bytes] = Counter()
        self._last = 0
        self._limit = _files_for(MAX_CONNECTIONS)
        self._accepting = True
        self.dropped = self.refused = 0

    def fileno(self) -> int:
        """Readable when there is anything to do: an epoll within the worker's."""
        return self._poll.fileno()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def figures(self) -> dict[str, int]:
        """For the metrics."""
        return {
            "tcp_connections": len(self._by_fd),
            "tcp_strangers": len(self._strangers),
            "tcp_refused": self.refused,
            "tcp_dropped": self.dropped,
        }

    def work(self, now: float) -> None:
        """Accept, read and send what can be."""
        for fd, events in self._poll.poll(0):
            try:
                self._turn_to(fd, events, now)
            except Exception:
                self._mishaps.note("what waits at a TCP socket")
                connection = self._by_fd.get(fd)
                if connection is None:
                    self._pause()  # it would be ready again at once
                else:
                    self._close(connection)

    def _turn_to(self, fd: int, events: int, now: float) -> None:
        if fd == self._listener.fileno():
            self._accept(now)
        elif (connection := self._by_fd.get(fd)) is not None:
            if events & select.EPOLLOUT:
                self._flush(connection)
            if events & ~select.EPOLLOUT and fd in self._by_fd:
                self._read(connection, now)

    def sweep(self, now: float) -> None:
        """Once a second: who proved nothing in time goes; so does what its peer has left."""
        for connection in list(self._by_fd.values()):
            if connection.proved and not self._knows(connection.address):
                # Its peer is gone; the DTLS alert may still be under way.
                connection.proved, connection.since, connection.read = False, now, 0
                self._meet(connection)
            elif not connection.proved and now - connection.since > STRANGER_LIMIT_S:
                self._close(connection)
        self._resume()  # who took the last descriptor need not have been a connection

    # Coming

    def _accept(self, now: float) -> None:
        for _ in range(ACCEPTS):
            try:
                sock, name = self._listener.accept()
            except OSError as trouble:
                if trouble.errno in _NO_ROOM:
                    self._pause()
                return
            address = raw_address(name[0].partition("%")[0], name[1])  # a link-local one has its interface behind
            host = _host_of(address)
            if self._of_host[host] >= STRANGERS_PER_HOST:
                self.refused += 1
                sock.close()
                continue
            self._welcome(sock, host, address, now)
            if len(self._strangers) > MAX_STRANGERS:
                self.refused += 1
                self._close(next(iter(self._strangers.values())))
            if len(self._by_fd) >= self._limit:
                self._pause()
                return

    def _welcome(self, sock: socket.socket, host: bytes, name: Address, now: float) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
        self._last += 1
        # A number of its own: the same host and port may come again, and is then somebody else.
        address = stream_address(name, self._last)
        connection = Connection(sock, host, address, now)
        self._by_fd[sock.fileno()] = self._by_address[address] = connection
        self._poll.register(sock.fileno(), select.EPOLLIN)
        self._meet(connection)

    def _meet(self, connection: Connection) -> None:
        self._strangers[connection.sock.fileno()] = connection
        self._of_host[connection.host] += 1

    def _part(self, connection: Connection) -> None:
        """It is a stranger no longer."""
        if self._strangers.pop(connection.sock.fileno(), None) is not None:
            self._of_host[connection.host] -= 1
            if not self._of_host[connection.host]:
                del self._of_host[connection.host]

    def _pause(self) -> None:
        """No more for now: they wait in the kernel's queue until somebody leaves."""
        if self._accepting:
            self._accepting = False
            self._poll.modify(self._listener.fileno(), 0)

    def _resume(self) -> None:
        if not self._accepting and len(self._by_fd) < self._limit:
            self._accepting = True
            self._poll.modify(self._listener.fileno(), select.EPOLLIN)

    def _read(self, connection: Connection, now: float) -> None:
        try:
            received = connection.sock.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._close(connection)
            return
        connection.read += len(received)
        try:
            for datagram in connection.frames.feed(received):
                self._take(datagram, connection.address, now)
                if not connection.proved and self._knows(connection.address):
                    connection.proved = True
                    self._part(connection)
        except ValueError:
            self._close(connection)
            return
        if not connection.proved and connection.read > STRANGER_BYTES:
            self._close(connection)

    # Going

    def send(self, address: Address, datagrams: Iterable[bytes], moment: int = -1) -> bool:
        """Send these over a connection; whether they were taken.

        Half a picture is of no use: of those with one `moment`, the RTP timestamp, all go or none, within reason.
        """
        connection = self._by_address.get(address)
        if connection is None:
            return False
        waiting = len(connection.unsent)
        goes_on = moment >= 0 and moment == connection.begun
        if (moment >= 0 and moment == connection.skipped) or waiting > (FRAME_LIMIT if goes_on else BUFFER_LIMIT):
            if moment >= 0:
                connection.skipped = moment
            self.dropped += 1
            return False
        if moment >= 0:
            connection.begun = moment
        connection.unsent += b"".join(map(frame, datagrams))
        if not waiting:
            self._flush(connection)
        return True

    def _flush(self, connection: Connection) -> None:
        unsent = connection.unsent
        try:
            if unsent:
                del unsent[: connection.sock.send(unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._close(connection)
            return
        if connection.waits != bool(unsent):
            connection.waits = bool(unsent)
            wanted = select.EPOLLIN | (select.EPOLLOUT if unsent else 0)
            self._poll.modify(connection.sock.fileno(), wanted)

    def _close(self, connection: Connection) -> None:
        fd = connection.sock.fileno()
        if self._by_fd.pop(fd, None) is None:
            return
        self._by_address.pop(connection.address, None)
        self._part(connection)
        with contextlib.suppress(OSError):
            self._poll.unregister(fd)
        connection.sock.close()
        self._lost(connection.address)
        self._resume()

    def close(self) -> None:
        """End every connection, once what the kernel takes of the last words is with it."""
        for connection in list(self._by_fd.values()):
            self._close(connection)
        self._poll.close()
        self._listener.close()


def _host_of(address: Address) -> bytes:
    """Whom an address is counted to: a host with IPv6 has a whole network of them (/64)."""
    return packed_host(address)[:8]


def _files_for(connections: int) -> int:
    """How many connections this process may hold, after asking for as many."""
    return max(1, min(connections, descriptors.ask_for_all() - SPARE_FILES))

"""The local sockets between the workers of one relay: one connection from each mirror to the worker it takes from.

SOCK_SEQPACKET under names in a directory that is ours alone. A record of five packets costs 4 µs for both ends, a
datagram socket the same but ten waiting ones at most unless the machine is tuned, a stream its own framing. The
socket's buffer is the only backlog: what finds it full is dropped and counted, and nobody waits.
"""

import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media import framing
from media.framing import MAX_MESSAGE, Message

BUFFER_SIZE: Final = 4 << 20
MAX_LINKS: Final = 128
READ_AT_ONCE: Final = 64  # records of one link before other work gets its turn
_SO_SNDBUFFORCE: Final = 32


class Link:
    """One end of a connection to another worker."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, BUFFER_SIZE)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_SIZE)
        self.sock = sock
        self.closed = False
        self.dropped = 0

    def send(self, record: bytes) -> bool:
        """Whether it is on its way. A broken link takes everything: its end is noticed when it is read."""
        try:
            self.sock.send(record)
        except BlockingIOError:
            self.dropped += 1
            return False
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                self.dropped += 1
                return False
            self.closed = True
        return True

    def read(self) -> Iterator[Message]:
        """What came, up to a bounded number of records; sets `closed` at its end, or when it makes no sense."""
        for _ in range(READ_AT_ONCE):
            try:
                record = self.sock.recv(MAX_MESSAGE)
            except BlockingIOError:
                return
            except OSError:
                record = b""
            if not record:
                self.closed = True
                return
            try:
                message = framing.decode(record)
            except ValueError:
                self.closed = True
                return
            yield message

    def close(self) -> None:
        self.closed = True
        self.sock.close()


@dataclass(frozen=True, slots=True)
class Watch:
    """How the packet loop is told which sockets to look at."""

    add: Callable[[int, Callable[[], None]], None]
    remove: Callable[[int], None]


class Door:
    """Where other workers' links come in, and how ours to them are made."""

    def __init__(
        self, directory: Path, index: int, watch: Watch, received: Callable[[Link, Message], None]
    ) -> None:
        """`received` is called with every message, `ended` with every link that broke."""
        self._directory = directory
        self._watch = watch
        self._received = received
        self.ended: Callable[[Link], None] = lambda link: None
        self.links: set[Link] = set()
        self._dropped = 0
        path = directory / f"{index}.sock"
        path.unlink(missing_ok=True)  # of the worker that died
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._listener.bind(str(path))
        self._listener.listen(MAX_LINKS)
        watch.add(self._listener.fileno(), self._accept)

    @property
    def dropped(self) -> int:
        """Records that found a link full, since the start."""
        return self._dropped + sum(link.dropped for link in self.links)

    def open(self, index: int) -> Link | None:
        """A link to a worker; None while it is not there."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            sock.connect(str(self._directory / f"{index}.sock"))
        except OSError:
            sock.close()
            return None
        return self._take(sock)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            sock, _ = self._listener.accept()
            if len(self.links) >= MAX_LINKS:
                sock.close()
            else:
                self._take(sock)

    def _take(self, sock: socket.socket) -> Link:
        link = Link(sock)
        self.links.add(link)
        self._watch.add(sock.fileno(), lambda: self._read(link))
        return link

    def _read(self, link: Link) -> None:
        for message in link.read():
            self._received(link, message)
        if link.closed:
            self.close(link)

    def close(self, link: Link) -> None:
        if link not in self.links:
            return
        self.links.remove(link)
        self._dropped += link.dropped
        self._watch.remove(link.sock.fileno())
        link.close()
        self.ended(link)

    def shut(self) -> None:
        """Take and keep nothing more."""
        self._watch.remove(self._listener.fileno())
        self._listener.close()
        for link in list(self.links):
            self.close(link)

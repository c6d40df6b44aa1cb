"""The local sockets between the workers of one relay: one connection from each mirror to the worker it takes from.

SOCK_SEQPACKET under names in a directory that is ours alone. A record of five packets costs 4 µs for both ends, a
datagram socket the same but ten waiting ones at most unless the machine is tuned, a stream its own framing. The
socket's buffer is the only backlog: what finds it full is dropped and counted, and nobody waits.
"""

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from media.programme import framing
from media.programme.framing import MAX_MESSAGE, Message
from media.transport.watch import Watch

BUFFER_SIZE: Final = 4 << 20
MAX_LINKS: Final = 128
READ_AT_ONCE: Final = 64  # records of one link before other work gets its turn
_SO_SNDBUFFORCE: Final = 32

log = logging.getLogger("media.link")


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
        self._spare = _spare()
        self._listener.bind(str(path))
        self._listener.listen(MAX_LINKS)
        watch.add(self._listener.fileno(), self._accept)

    @property
    def dropped(self) -> int:
        """Records that found a link full, since the start."""
        return self._dropped + sum(link.dropped for link in self.links)

    def open(self, index: int) -> Link | None:
        """A link to a worker; None while it is not there, or there is no socket to be had."""
        try:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        except OSError as trouble:
            log.warning("no link to worker %d: %s", index, trouble)
            return None
        try:
            sock.connect(str(self._directory / f"{index}.sock"))
        except OSError:
            sock.close()
            return None
        return self._take(sock)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as trouble:
            log.warning("no link from another worker: %s", trouble)
            self._turn_away()
            return
        if len(self.links) >= MAX_LINKS:
            sock.close()
        else:
            self._take(sock)

    def _turn_away(self) -> None:
        """Who waits would wake the loop for ever: taken with the descriptor kept for this, and let go."""
        if self._spare is not None:
            os.close(self._spare)
        with contextlib.suppress(OSError):
            self._listener.accept()[0].close()
        self._spare = _spare()

    def _take(self, sock: socket.socket) -> Link | None:
        try:
            link = Link(sock)
            self._watch.add(sock.fileno(), lambda: self._read(link))
        except OSError as trouble:
            log.warning("no link with another worker: %s", trouble)
            sock.close()
            return None
        self.links.add(link)
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
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        for link in list(self.links):
            self.close(link)


def _spare() -> int | None:
    """A descriptor to be given back when there is no other."""
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None

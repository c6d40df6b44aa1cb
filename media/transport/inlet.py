"""A socket of its own for each source, at the port of all: a flood there cannot crowd the programme out.

The kernel gives what a connected address sends to the socket that is connected to it. Bounded: sources beyond the
bound, or at addresses that cannot be connected to, go on by the socket of all.
"""

import socket
from collections.abc import Callable
from typing import Final

from media.transport import kernel
from media.transport.peer import Peer
from media.transport.watch import Watch

MAX_INLETS: Final = 256


class Inlets:
    """`read` is called with the descriptor of a socket on which something waits."""

    def __init__(self, port: socket.socket, watch: Watch, read: Callable[[int], None]) -> None:
        self._port = port
        self._watch = watch
        self._read = read
        self._sockets: dict[str, socket.socket] = {}  # by session

    def __len__(self) -> int:
        return len(self._sockets)

    def follow(self, peer: Peer) -> None:
        """Open the proved peer's socket, or let it follow the peer to where it is now."""
        if peer.address is None:
            return
        if kernel.is_stream(peer.address):
            self.close(peer.session)  # a connection of its own already
            return
        inlet = self._sockets.get(peer.session)
        try:
            if inlet is not None:
                kernel.tie(inlet, peer.address)
            elif len(self._sockets) < MAX_INLETS:
                self._open(peer.session, kernel.open_beside(self._port, peer.address))
        except OSError:
            self.close(peer.session)

    def _open(self, session: str, inlet: socket.socket) -> None:
        self._sockets[session] = inlet
        fd = inlet.fileno()
        self._watch.add(fd, lambda: self._read(fd))

    def close(self, session: str) -> None:
        inlet = self._sockets.pop(session, None)
        if inlet is not None:
            self._watch.remove(inlet.fileno())
            inlet.close()

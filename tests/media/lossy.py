"""A line that loses packets, for whoever watches or publishes through it."""

import asyncio
import random
import socket
from collections.abc import Callable
from typing import Any

from media.transport import kernel


class LossyLine:
    """Between a peer and the relay: `share` of the media packets is lost to the peer, `share_up` from it."""

    def __init__(self, relay_port: int) -> None:
        self._relay = ("127.0.0.1", relay_port)
        self._chance = random.Random(3)
        self._ways: dict[tuple[str, int], socket.socket] = {}
        self._front = self._open(self._from_peer)
        self.port: int = self._front.getsockname()[1]
        self.share = 1 / 12
        self.share_up = 0.0
        self.lost = 0

    def _open(self, readable: Callable[..., None], *arguments: Any) -> socket.socket:
        sock = kernel.open_port("127.0.0.1", 0)
        asyncio.get_running_loop().add_reader(sock.fileno(), readable, *arguments)
        return sock

    def _from_peer(self) -> None:
        data, peer = self._front.recvfrom(2048)
        if peer not in self._ways:
            self._ways[peer] = self._open(self._to_peer, peer)
        if not self._loses(data, self.share_up):
            self._ways[peer].sendto(data, self._relay)

    def _to_peer(self, peer: tuple[str, int]) -> None:
        data = self._ways[peer].recv(2048)
        if not self._loses(data, self.share):
            self._front.sendto(data, peer)

    def _loses(self, data: bytes, share: float) -> bool:
        is_media = 128 <= data[0] < 192 and not 192 <= data[1] <= 223
        lost = is_media and self._chance.random() < share
        self.lost += lost
        return lost

    def close(self) -> None:
        for sock in (*self._ways.values(), self._front):
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()

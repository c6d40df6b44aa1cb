"""A line that loses packets, for whoever watches through it."""

import asyncio
import random
import socket
from collections.abc import Callable
from typing import Any

from media.transport import kernel


class LossyLine:
    """Between a viewer and the relay: this share of the media packets is lost on its way to the viewer."""

    def __init__(self, relay_port: int) -> None:
        self._relay = ("127.0.0.1", relay_port)
        self._chance = random.Random(3)
        self._ways: dict[tuple[str, int], socket.socket] = {}
        self._front = self._open(self._from_viewer)
        self.port: int = self._front.getsockname()[1]
        self.share = 1 / 12
        self.lost = 0

    def _open(self, readable: Callable[..., None], *arguments: Any) -> socket.socket:
        sock = kernel.open_port("127.0.0.1", 0)
        asyncio.get_running_loop().add_reader(sock.fileno(), readable, *arguments)
        return sock

    def _from_viewer(self) -> None:
        data, viewer = self._front.recvfrom(2048)
        if viewer not in self._ways:
            self._ways[viewer] = self._open(self._to_viewer, viewer)
        self._ways[viewer].sendto(data, self._relay)

    def _to_viewer(self, viewer: tuple[str, int]) -> None:
        data = self._ways[viewer].recv(2048)
        is_media = 128 <= data[0] < 192 and not 192 <= data[1] <= 223
        if is_media and self._chance.random() < self.share:
            self.lost += 1
        else:
            self._front.sendto(data, viewer)

    def close(self) -> None:
        for sock in (*self._ways.values(), self._front):
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()

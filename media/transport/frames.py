"""Datagrams on a byte stream: a length before each (RFC 4571), as ICE-TCP (RFC 6544) carries them.

Pure. What a hostile sender may make us keep is bounded by the largest datagram that we read at all.
"""

import struct
from collections.abc import Iterator
from typing import Final

from media.transport.kernel import DATAGRAM_SIZE

MAX_FRAME: Final = DATAGRAM_SIZE


def frame(datagram: bytes) -> bytes:
    return struct.pack("!H", len(datagram)) + datagram


class Unframer:
    """One direction of one connection."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The datagrams that are whole now; those of length zero are none. Raises: ValueError, the end of it."""
        kept = self._kept
        kept += received
        start = 0
        try:
            while len(kept) - start >= 2:
                size = kept[start] << 8 | kept[start + 1]
                if size > MAX_FRAME:
                    raise ValueError("a frame longer than any datagram of ours")
                if len(kept) - start - 2 < size:
                    return
                start += 2 + size
                if size:
                    yield bytes(kept[start - size : start])
        finally:
            del kept[:start]

"""One chunk's worth of buffers and scatter lists, laid out for the kernel and used again for every chunk.

Allocated once, small enough to stay in the processor's second-level cache; per packet and receiver only the
cipher writes here. Knows layouts, not receivers.
"""

import socket
import struct
from array import array
from typing import Any, Final

from media import kernel
from media.kernel import ffi

SEATS: Final = 64
RUN_LIMIT: Final = 16  # packets in one segmented message
CELL_SIZE: Final = 1536
HEADER_ROOM: Final = 64
KEPT_SIZES: Final = 32
CONTROL_SIZE: Final = 24  # CMSG_SPACE(sizeof(uint16_t))


class Arena:
    """Buffers and scatter lists for 64 receivers × 16 packets, used again for each chunk of each lane."""

    def __init__(self) -> None:
        self.cells = ffi.new("char[]", RUN_LIMIT * SEATS * CELL_SIZE)
        self.headers = ffi.new("char[]", RUN_LIMIT * HEADER_ROOM)
        self.iovecs = ffi.new("struct iovec[]", SEATS * 2 * RUN_LIMIT)
        self.control = ffi.new("char[]", CONTROL_SIZE)
        self.views: list[list[memoryview]] = [[] for _ in range(RUN_LIMIT)]
        self.pointers: list[list[Any]] = []
        self._memory = memoryview(ffi.buffer(self.cells))
        self._header_memory = memoryview(ffi.buffer(self.headers))
        self._control_memory = memoryview(ffi.buffer(self.control))
        self._words = memoryview(ffi.buffer(self.iovecs)).cast("Q")  # base, length, base, length, …
        self._sizes = [-1] * (2 * RUN_LIMIT)
        self._cut: list[dict[int, list[memoryview]]] = [{} for _ in range(RUN_LIMIT)]
        for packet in range(RUN_LIMIT):
            row = []
            for seat in range(SEATS):
                cell = self.cells + (packet * SEATS + seat) * CELL_SIZE
                at = seat * 2 * RUN_LIMIT + 2 * packet
                self.iovecs[at].iov_base = self.headers + packet * HEADER_ROOM
                self.iovecs[at + 1].iov_base = cell
                row.append(cell)
            self.pointers.append(row)

    def lay(self, packet: int, header: bytes, size: int) -> None:
        """Set the header, which all receivers share, and the size of each sealed body of one packet of the run."""
        start = packet * HEADER_ROOM
        self._header_memory[start : start + len(header)] = header
        self._measure(2 * packet, len(header))
        if self._sizes[2 * packet + 1] != size:
            self._measure(2 * packet + 1, size)
            self.views[packet] = self._views(packet, size)

    def _measure(self, part: int, size: int) -> None:
        """The length of one part of every seat's message, in one write: sizes change with each frame."""
        if self._sizes[part] != size:
            self._sizes[part] = size
            self._words[2 * part + 1 :: 4 * RUN_LIMIT] = memoryview(array("Q", (size,)) * SEATS)

    def _views(self, packet: int, size: int) -> list[memoryview]:
        kept = self._cut[packet]
        views = kept.get(size)
        if views is None:
            if len(kept) >= KEPT_SIZES:
                kept.clear()
            first = packet * SEATS * CELL_SIZE
            cells = range(first, first + SEATS * CELL_SIZE, CELL_SIZE)
            views = kept[size] = [self._memory[at : at + size] for at in cells]
        return views

    def set_segment(self, size: int) -> None:
        """Tell the kernel where to cut the messages that carry this control block."""
        self._control_memory[:18] = struct.pack("=QiiH", 18, socket.IPPROTO_UDP, kernel.UDP_SEGMENT, size)

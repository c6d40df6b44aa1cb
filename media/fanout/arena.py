"""One chunk's worth of datagrams, laid out for the kernel and used again for every chunk.

A receiver's datagrams of one run lie one behind the other: what segmentation cuts is one stretch of memory.
Where Python seals, headers, which all receivers of a lane share, are written once for all chunks, and per packet
and receiver only the cipher writes here. Allocated once; what a frame takes stays in the processor's second-level
cache. Knows layouts, not receivers.
"""

import socket
import struct
from array import array
from collections.abc import Sequence
from typing import Any, Final

from media.transport import kernel
from media.transport.kernel import ffi

SEATS: Final = 64
RUN_LIMIT: Final = 16  # packets in one segmented message
PACKET_ROOM: Final = kernel.DATAGRAM_SIZE + 64  # the longest packet that we read, sealed, with our header
KEPT_LAYOUTS: Final = 32
CONTROL_SIZE: Final = 24  # CMSG_SPACE(sizeof(uint16_t))
_LINE: Final = 64  # bytes of a cache line: where a seat's stretch may begin

Part = tuple[bytes, int]  # header, and the size of what is sealed behind it


class Layout:
    """Where everything lies for one combination of sizes. `cuts`: start and length of each part of a seat.

    An encoder's frames have other sizes nearly every time, so what only some ask for is made when they do.
    """

    __slots__ = ("_bodies", "_sizes", "cuts", "numbers", "stride", "words")

    def __init__(self, sizes: Sequence[tuple[int, int]], base: int) -> None:
        self.cuts: list[tuple[int, int]] = []
        total = 0
        for header, body in sizes:
            self.cuts.append((total, header + body))
            total += header + body
        self.stride = -(-total // _LINE) * _LINE
        self._sizes = sizes
        self._bodies: list[list[memoryview]] = []
        self.numbers: dict[int, list[memoryview]] = {}
        self.words = array("Q", bytes(2 * 8 * SEATS))  # base, length, base, length, … of each seat's one element
        self.words[0::2] = array("Q", range(base, base + SEATS * self.stride, self.stride))
        self.words[1::2] = array("Q", (total,)) * SEATS

    def bodies(self, memory: memoryview) -> list[list[memoryview]]:
        """Where what is sealed goes. Shape: [part][seat]."""
        if not self._bodies:
            seats = range(0, SEATS * self.stride, self.stride)
            self._bodies = [
                [memory[seat + start + header : seat + start + header + body] for seat in seats]
                for (start, _), (header, body) in zip(self.cuts, self._sizes, strict=True)
            ]
        return self._bodies


class Arena:
    """Buffers and scatter lists for 64 receivers × 16 packets."""

    def __init__(self) -> None:
        self.cells = ffi.new("unsigned char[]", SEATS * RUN_LIMIT * PACKET_ROOM)
        self.iovecs = ffi.new("struct iovec[]", SEATS)
        self.control = ffi.new("char[]", CONTROL_SIZE)
        self._base = int(ffi.cast("uintptr_t", self.cells))
        self._layout = Layout(((0, 1),), self._base)  # until something is placed
        self._kept: dict[tuple[tuple[int, int], ...], Layout] = {}
        self._memory = memoryview(ffi.buffer(self.cells)).cast("B")
        self._words = memoryview(ffi.buffer(self.iovecs)).cast("B").cast("Q")
        self._control_memory = memoryview(ffi.buffer(self.control))

    def place(self, parts: Sequence[Part]) -> None:
        """Make room for these parts, one behind the other. What is sealed then goes to `bodies[part][seat]`."""
        sizes = tuple((len(header), body) for header, body in parts)
        layout = self._kept.get(sizes)
        if layout is None:
            if len(self._kept) >= KEPT_LAYOUTS:
                self._kept.clear()
            layout = self._kept[sizes] = Layout(sizes, self._base)
        if layout is not self._layout:
            self._layout = layout
            self._words[:] = memoryview(layout.words)

    def lay(self, parts: Sequence[Part], seats: int = SEATS) -> None:
        """Make room for these parts, and write the headers for the first so many seats."""
        self.place(parts)
        for (header, _), (start, _) in zip(parts, self.cuts, strict=True):
            size = len(header)
            for at in range(start, start + seats * self.stride, self.stride):
                self._memory[at : at + size] = header

    @property
    def cuts(self) -> list[tuple[int, int]]:
        return self._layout.cuts

    @property
    def bodies(self) -> list[list[memoryview]]:
        return self._layout.bodies(self._memory)

    @property
    def stride(self) -> int:
        """From one seat's stretch to the next."""
        return self._layout.stride

    def numbers(self, part: int) -> list[memoryview]:
        """Where number and time stand in each seat's RTP header: for receivers that count by themselves."""
        layout = self._layout
        found = layout.numbers.get(part)
        if found is None:
            first = layout.cuts[part][0] + 2
            starts = range(first, first + SEATS * layout.stride, layout.stride)
            found = layout.numbers[part] = [self._memory[at : at + 6] for at in starts]
        return found

    def cell(self, part: int, seat: int) -> Any:
        """Where a part of a seat begins, for calls into C."""
        return self.cells + (seat * self.stride + self.cuts[part][0])

    def set_segment(self, size: int) -> None:
        """Tell the kernel where to cut the messages that carry this control block."""
        self._control_memory[:18] = struct.pack("=QiiH", 18, socket.IPPROTO_UDP, kernel.UDP_SEGMENT, size)

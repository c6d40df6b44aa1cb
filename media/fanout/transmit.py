"""How sealed datagrams leave: a vector for 64 receivers by one system call, frames segmented by the kernel (GSO).

Falls back by itself where the kernel refuses: segmented, packet by packet, receiver by receiver. A receiver's send
error is that receiver's alone.
"""

import errno
import select
import socket
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from media.fanout.arena import Arena
from media.fanout.lane import Chunk, Seat
from media.transport import kernel
from media.transport.kernel import ffi, libc

FULL_WAIT_MS: Final = 5
MAX_SEGMENT: Final = 1448  # with headers, what an Ethernet line takes whole


class Mode(StrEnum):
    """How datagrams leave, best first."""

    SEGMENTED = "gso"
    BATCHED = "sendmmsg"
    SINGLE = "sendto"


@dataclass(slots=True)
class Tally:
    """What left and what did not, since the start."""

    packets: int = 0
    octets: int = 0
    calls: int = 0
    dropped: int = 0
    failed: int = 0


class Transmitter:
    """Sends what lies in the arena. One for each UDP socket; not safe for use from two threads."""

    def __init__(self, sock: socket.socket, arena: Arena, mode: Mode | None = None) -> None:
        self._fd = sock.fileno()
        self.arena = arena
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLOUT)
        self._single = ffi.new("struct mmsghdr *")
        self._alone = ffi.new("struct iovec[]", 1)
        self._segmented_ok = 0
        self._segmented_refused = 0
        self.tally = Tally()
        self.mode = mode or (Mode.SEGMENTED if kernel.segmentation_works() else Mode.BATCHED)

    def alone(self, seat: Seat, datagram: bytes) -> None:
        """One datagram to one receiver."""
        data, name = ffi.from_buffer(datagram), ffi.from_buffer(seat.address)
        self._alone[0].iov_base, self._alone[0].iov_len = data, len(datagram)
        header = self._single.msg_hdr
        header.msg_name, header.msg_namelen = name, len(seat.address)
        header.msg_iov, header.msg_iovlen = self._alone, 1
        self._send_single(seat)

    def _send_single(self, seat: Seat) -> None:
        self.tally.packets += 1
        self.tally.calls += 1
        if libc.sendmsg(self._fd, ffi.addressof(self._single, "msg_hdr"), socket.MSG_DONTWAIT) < 0:
            self.failed(seat)

    def run(self, chunk: Chunk, packets: int, skip: Collection[Seat]) -> None:
        """A run of this many packets to every seat of the chunk that is not passed over."""
        start = 0
        for hole in sorted(s.position for s in skip if s.chunk is chunk):
            self.vector(chunk, packets, start, hole)
            start = hole + 1
        self.vector(chunk, packets, start, len(chunk.seats))

    def vector(self, chunk: Chunk, packets: int, start: int, end: int) -> None:
        """What lies in the arena, of so many packets a seat, to the seats from `start` to before `end`."""
        if start >= end:
            return
        segmented = packets > 1
        if self.mode is not Mode.SINGLE:
            self.tally.packets += (end - start) * packets
        vector, waited = chunk.vector(segmented=segmented), False
        while start < end:
            if self.mode is Mode.SINGLE:
                self._send_apart(chunk, packets, start)
                start += 1
                continue
            self.tally.calls += 1
            sent = libc.sendmmsg(self._fd, vector + start, end - start, socket.MSG_DONTWAIT)
            if sent > 0:
                start += sent
                self._segmented_ok += segmented
                continue
            trouble = ffi.errno
            if trouble in kernel.BUFFER_FULL:
                if waited or not self._poll.poll(FULL_WAIT_MS):
                    self.tally.dropped += (end - start) * packets
                    return
                waited = True
            elif trouble == errno.ENOSYS:
                self.mode = Mode.SINGLE
            elif trouble != errno.EINTR:
                if segmented and trouble in kernel.NO_SEGMENTATION:
                    self._segmentation_refused(trouble)
                    self._send_apart(chunk, packets, start)
                else:
                    self.failed(chunk.seats[start])
                start += 1

    def failed(self, seat: Seat) -> None:
        """Something for this receiver could not be sealed or sent: its trouble alone."""
        self.tally.failed += 1
        seat.failures += 1

    def _segmentation_refused(self, trouble: int) -> None:
        """EIO says that no device can do it; other refusals may concern one path only, until none ever works.

        Packets that are too large for a line say nothing: they are one source's fault.
        """
        if trouble != errno.EIO and max(size for _, size in self.arena.cuts) > MAX_SEGMENT:
            return
        self._segmented_refused += 1
        if trouble == errno.EIO or (self._segmented_refused >= 8 and not self._segmented_ok):
            self.mode = Mode.BATCHED

    def _send_apart(self, chunk: Chunk, packets: int, position: int) -> None:
        """One receiver's datagrams, each by a call of its own."""
        arena, seat = self.arena, chunk.seats[position]
        header = self._single.msg_hdr
        header.msg_name = ffi.from_buffer(seat.address)
        header.msg_namelen = len(seat.address)
        header.msg_iov, header.msg_iovlen = self._alone, 1
        sizes = [size for _, size in arena.cuts]
        if packets == 1:
            sizes = [sum(sizes)]
        for part, size in enumerate(sizes):
            self._alone[0].iov_base, self._alone[0].iov_len = arena.cell(part, position), size
            self._send_single(seat)

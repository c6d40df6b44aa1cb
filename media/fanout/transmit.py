"""How sealed datagrams leave: a vector for 64 receivers by one system call, frames segmented by the kernel (GSO).

Falls back by itself where the kernel refuses: segmented, packet by packet, receiver by receiver. A receiver's send
error is that receiver's alone. Only a full socket concerns all: it is waited for, a few milliseconds a frame.
"""

import errno
import select
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from media.fanout.arena import Arena
from media.fanout.lane import Chunk, Seat
from media.transport import kernel
from media.transport.kernel import ffi, libc

PATIENCE_S: Final = 0.005  # for a full socket, in the whole of a frame
MAX_SEGMENT: Final = 1448  # with headers, what an Ethernet line takes whole


class Mode(StrEnum):
    """How datagrams leave, best first."""

    SEGMENTED = "gso"
    BATCHED = "sendmmsg"
    SINGLE = "sendto"


@dataclass(slots=True)
class Tally:
    """What left and what did not, since the start.

    `dropped`: packets that found the socket full. `failed`: how often one receiver could not be sealed for or be
    sent to.
    """

    packets: int = 0
    octets: int = 0
    calls: int = 0
    dropped: int = 0
    failed: int = 0


class Transmitter:
    """Sends what lies in the arena. One for each UDP socket; not safe for use from two threads."""

    def __init__(self, sock: socket.socket, arena: Arena, mode: Mode | None = None, *, system: Any = libc) -> None:
        """`system`: who has `sendmmsg` and `sendmsg`."""
        self._fd = sock.fileno()
        self._system = system
        self._patience_s = PATIENCE_S
        self.arena = arena
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLOUT)
        self._single = ffi.new("struct mmsghdr *")
        self._alone = ffi.new("struct iovec[]", 1)
        self._segmented_ok = 0
        self._segmented_refused = 0
        self.tally = Tally()
        self.mode = mode or (Mode.SEGMENTED if kernel.segmentation_works() else Mode.BATCHED)

    def begin(self) -> None:
        """A frame begins: there is patience again for a full socket."""
        self._patience_s = PATIENCE_S

    def alone(self, seat: Seat, datagram: bytes) -> None:
        """One datagram to one receiver."""
        data, name = ffi.from_buffer(datagram), ffi.from_buffer(seat.address)
        self._alone[0].iov_base, self._alone[0].iov_len = data, len(datagram)
        header = self._single.msg_hdr
        header.msg_name, header.msg_namelen = name, len(seat.address)
        header.msg_iov, header.msg_iovlen = self._alone, 1
        self._send_single()

    def _send_single(self) -> bool:
        """Whether the message that lies ready left."""
        self.tally.calls += 1
        header = ffi.addressof(self._single, "msg_hdr")
        while self._system.sendmsg(self._fd, header, socket.MSG_DONTWAIT) < 0:
            if ffi.errno == errno.EAGAIN and self._has_room():
                continue
            if ffi.errno == errno.EAGAIN:
                self.tally.dropped += 1
            else:
                self.tally.failed += 1
            return False
        self.tally.packets += 1
        return True

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
        vector = chunk.vector(segmented=segmented)
        while start < end:
            if self.mode is Mode.SINGLE:
                self._send_apart(chunk, packets, start)
                start += 1
                continue
            self.tally.calls += 1
            sent = self._system.sendmmsg(self._fd, vector + start, end - start, socket.MSG_DONTWAIT)
            if sent > 0:
                self.tally.packets += sent * packets
                start += sent
                self._segmented_ok += segmented
                continue
            trouble = ffi.errno
            if trouble == errno.EAGAIN:
                if not self._has_room():
                    self.tally.dropped += (end - start) * packets
                    return
            elif trouble != errno.EINTR:
                self._refused(chunk, packets, start, trouble)
                start += 1

    def _has_room(self) -> bool:
        """Wait until the socket takes something again, as long as patience lasts."""
        began = time.monotonic()
        ready = self._patience_s > 0 and self._poll.poll(self._patience_s * 1e3)
        self._patience_s -= time.monotonic() - began
        return bool(ready)

    def _refused(self, chunk: Chunk, packets: int, position: int, trouble: int) -> None:
        """The first message of a vector did not leave: the kernel cannot do it at all, or not to this receiver."""
        if trouble in kernel.NO_BATCHES:  # a filter of system calls; or a firewall's word on this receiver
            if self._send_apart(chunk, packets, position):
                self.mode = Mode.SINGLE
        elif packets > 1 and trouble in kernel.NO_SEGMENTATION:
            self._segmentation_refused(trouble)
            self._send_apart(chunk, packets, position)
        else:
            self.tally.failed += 1

    def _segmentation_refused(self, trouble: int) -> None:
        """EIO says that no device can do it; other refusals may concern one path only, until none ever works.

        Packets that are too large for a line say nothing: they are one source's fault.
        """
        if trouble != errno.EIO and max(size for _, size in self.arena.cuts) > MAX_SEGMENT:
            return
        self._segmented_refused += 1
        if trouble == errno.EIO or (self._segmented_refused >= 8 and not self._segmented_ok):
            self.mode = Mode.BATCHED

    def _send_apart(self, chunk: Chunk, packets: int, position: int) -> bool:
        """One receiver's datagrams, each by a call of its own. Whether any left."""
        arena, seat = self.arena, chunk.seats[position]
        header = self._single.msg_hdr
        header.msg_name = ffi.from_buffer(seat.address)
        header.msg_namelen = len(seat.address)
        header.msg_iov, header.msg_iovlen = self._alone, 1
        sizes = [size for _, size in arena.cuts]
        if packets == 1:
            sizes = [sum(sizes)]
        left = 0
        for part, size in enumerate(sizes):
            self._alone[0].iov_base, self._alone[0].iov_len = arena.cell(part, position), size
            left += self._send_single()
        return left > 0

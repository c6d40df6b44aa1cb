"""The hot path: for every receiver copy, seal, append to the vector; one system call per 64 receivers.

Receivers that take the same bytes before encryption form a *lane* (same SRTP profile, payload types, extension
ids, slots). A lane is a row of *chunks* of 64 seats. A chunk's message headers point into one *arena* that all
chunks share and that stays in the processor's cache; per packet and receiver only the cipher writes. The packets
of one frame leave as one message per receiver where the kernel segments (UDP GSO), otherwise packet by packet,
otherwise receiver by receiver. A receiver's send error is that receiver's alone.
Knows neither sources nor rules of switching.
"""

import errno
import select
import socket
import struct
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from media import kernel, rtp, srtp
from media.kernel import Address, ffi, libc
from media.rtp import Codec
from media.slot import Clear

SEATS: Final = 64
RUN_LIMIT: Final = 16  # packets in one segmented message
CELL_SIZE: Final = 1536
HEADER_ROOM: Final = 64
MAX_PADDING: Final = 96  # more padding than this costs more than another message
ROLLOVER_AHEAD: Final = 64
FULL_WAIT_MS: Final = 5
KEPT_SIZES: Final = 32
CONTROL_SIZE: Final = 24  # CMSG_SPACE(sizeof(uint16_t))


class Mode(StrEnum):
    """How datagrams leave, best first."""

    SEGMENTED = "gso"
    BATCHED = "sendmmsg"
    SINGLE = "sendto"


@dataclass(frozen=True, slots=True)
class LaneKey:
    """What makes the clear bytes of two receivers differ."""

    profile: str
    payload_types: tuple[tuple[Codec, int], ...]
    send_time_id: int  # extension id of abs-send-time, 0 for none
    video: bool
    audio: int  # how many audio slots


@dataclass(slots=True, eq=False)
class Seat:
    """One receiver in the fan-out. `firsts` is the first sequence number it gets in each slot."""

    address: Address
    sender: srtp.Sender
    firsts: tuple[int, ...]
    chunk: "Chunk | None" = None
    position: int = 0
    failures: int = 0

    def rollover(self, slot: int, sequence: int) -> int:
        """The receiver's own wrap-around count for a packet: it began to count when it joined.

        Receivers start at zero with the first packet they get (RFC 3711, 3.3.1), so one that joins just before
        a wrap-around and loses the rest of it would be out of step for ever; near the end it counts as after it.
        """
        return (sequence >> 16) - (self.firsts[slot] + ROLLOVER_AHEAD >> 16)


@dataclass(slots=True)
class Batch:
    """Packets of one slot that go to the same receivers, and the seats that are passed over."""

    slot: int
    ssrc: int
    packets: Sequence[Clear]
    skip: Collection[Seat] = field(default_factory=tuple)


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


class Bank:
    """The keys of a chunk's seats for RTP or for RTCP, in the order of the seats."""

    __slots__ = ("encrypt", "salts")

    def __init__(self) -> None:
        self.encrypt: list[srtp.EncryptInto] = []
        self.salts = 0

    def load(self, encrypt: list[srtp.EncryptInto], salts: bytes) -> None:
        self.encrypt = encrypt
        self.salts = int.from_bytes(salts, "big")

    def nonces(self, ivs: bytes) -> list[bytes]:
        """All receivers' nonces by one addition of one long number: 0.1 µs each."""
        size = len(ivs)
        joined = (self.salts ^ int.from_bytes(ivs, "big")).to_bytes(size, "big")
        return [joined[at : at + 12] for at in range(0, size, 12)]


class Chunk:
    """Up to 64 receivers with their addresses laid out for the kernel."""

    def __init__(self, arena: Arena) -> None:
        self.seats: list[Seat] = []
        self.rtp = Bank()
        self.rtcp = Bank()
        self._arena = arena
        self._names = ffi.new("char[]", SEATS * kernel.ADDRESS_SIZE)
        self._vectors: dict[int, Any] = {}
        self._rollovers: dict[int, list[int] | int] = {}

    def add(self, seat: Seat) -> None:
        seat.chunk, seat.position = self, len(self.seats)
        self.seats.append(seat)
        self.move(seat)
        self.settle()

    def move(self, seat: Seat) -> None:
        """The receiver has a new address."""
        at = seat.position * kernel.ADDRESS_SIZE
        ffi.memmove(self._names + at, seat.address, len(seat.address))
        for vector in self._vectors.values():
            vector[seat.position].msg_hdr.msg_namelen = len(seat.address)

    def settle(self) -> None:
        """Gather the keys anew after the seats changed."""
        self._rollovers.clear()
        gcm = [s.sender for s in self.seats if isinstance(s.sender, srtp.GcmSender)]
        if gcm:
            self.rtp.load([g.encrypt_rtp for g in gcm], b"".join(g.rtp_salt for g in gcm))
            self.rtcp.load([g.encrypt_rtcp for g in gcm], b"".join(g.rtcp_salt for g in gcm))

    def rtp_ivs(self, slot: int, ssrc: int, sequence: int) -> bytes:
        """What each receiver adds to its salt: equal for all, unless wrap-arounds lie between their joins."""
        low = sequence & 0xFFFF
        bases = self._rollovers.get(slot)
        if bases is None:
            every = [s.rollover(slot, 0) for s in self.seats]
            bases = self._rollovers[slot] = every[0] if len(set(every)) == 1 else every
        turn = sequence >> 16
        if isinstance(bases, int):
            return srtp.rtp_iv(ssrc, turn + bases, low) * len(self.seats)
        return b"".join(srtp.rtp_iv(ssrc, turn + base, low) for base in bases)

    def vector(self, parts: int) -> Any:
        """The message headers for datagrams of this many parts; more than three means segmented."""
        vector = self._vectors.get(parts)
        if vector is None:
            vector = self._vectors[parts] = ffi.new("struct mmsghdr[]", SEATS)
            for i in range(SEATS):
                header = vector[i].msg_hdr
                header.msg_name = self._names + i * kernel.ADDRESS_SIZE
                header.msg_namelen = len(self.seats[i].address) if i < len(self.seats) else 16
                header.msg_iov = self._arena.iovecs + i * 2 * RUN_LIMIT
                header.msg_iovlen = parts
                if parts > 3:
                    header.msg_control = self._arena.control
                    header.msg_controllen = CONTROL_SIZE
        return vector


class Lane:
    """All receivers that take the same clear bytes."""

    def __init__(self, key: LaneKey, arena: Arena) -> None:
        self.key = key
        self.chunks: list[Chunk] = []
        self._arena = arena
        self._types = dict(key.payload_types)

    def __len__(self) -> int:
        return sum(len(chunk.seats) for chunk in self.chunks)

    def add(self, seat: Seat) -> None:
        if not self.chunks or len(self.chunks[-1].seats) == SEATS:
            self.chunks.append(Chunk(self._arena))
        self.chunks[-1].add(seat)

    def remove(self, seat: Seat) -> None:
        """The last seat of the lane takes the place that becomes free."""
        chunk, last = seat.chunk, self.chunks[-1]
        if chunk is None:
            return
        moved = last.seats.pop()
        if moved is not seat:
            chunk.seats[seat.position] = moved
            moved.chunk, moved.position = chunk, seat.position
            chunk.move(moved)
        chunk.settle()
        last.settle()
        if not last.seats:
            self.chunks.pop()
        seat.chunk = None

    def takes(self, packet: Clear) -> bool:
        return packet.codec in self._types

    def payload_type(self, codec: Codec) -> int:
        return self._types[codec]

    def header(self, ssrc: int, packet: Clear, *, as_type: int = -1, sequence: int = -1) -> bytes:
        """The RTP header as this lane's receivers get it, under another type and number for a repair by RTX."""
        first = rtp.VERSION | (rtp.PADDING if packet.padded else 0)
        payload_type = self._types[packet.codec] if as_type < 0 else as_type
        second = payload_type | (rtp.MARKER if packet.marker else 0)
        timed = self.key.send_time_id and packet.codec is not Codec.OPUS
        plain = struct.pack(
            "!BBHII",
            first | (rtp.EXTENSION if timed else 0),
            second,
            (packet.sequence if sequence < 0 else sequence) & 0xFFFF,
            packet.timestamp,
            ssrc,
        )
        if not timed:
            return plain
        element = (self.key.send_time_id << 4 | 2) << 24 | packet.send_time
        return plain + struct.pack("!HHI", 0xBEDE, 1, element)


def in_runs(packets: Sequence[Clear]) -> list[list[Clear]]:
    """Cut a frame into runs that one message can carry: equal sizes, by padding where that pays; the last free."""
    runs: list[list[Clear]] = []
    run: list[Clear] = []
    smallest = biggest = 0
    closed = True
    for packet in packets:
        size = len(packet.payload)
        fits = not closed and len(run) < RUN_LIMIT and packet.codec is run[0].codec
        if fits and size - smallest <= MAX_PADDING:
            closed = biggest - size > MAX_PADDING  # a much shorter one ends the run
            if not closed:
                smallest, biggest = min(smallest, size), max(biggest, size)
            run.append(packet)
            continue
        run, smallest, biggest, closed = [packet], size, size, False
        runs.append(run)
    for run in runs:
        longest = max(len(packet.payload) for packet in run)
        for packet in run[:-1]:
            if len(packet.payload) < longest:
                packet.pad(longest - len(packet.payload))
    return runs


@dataclass(slots=True)
class Tally:
    """What left and what did not, since the start."""

    packets: int = 0
    octets: int = 0
    calls: int = 0
    dropped: int = 0
    failed: int = 0


class Fanout:
    """Seals and sends. One for each UDP socket; not safe for use from two threads."""

    def __init__(self, sock: socket.socket, mode: Mode | None = None) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLOUT)
        self._single = ffi.new("struct mmsghdr *")
        self._alone = ffi.new("struct iovec[]", 1)
        self._segmented_ok = 0
        self._segmented_refused = 0
        self._rtcp_index = 0
        self.arena = Arena()
        self.tally = Tally()
        self.mode = mode or (Mode.SEGMENTED if kernel.segmentation_works() else Mode.BATCHED)

    def lane(self, key: LaneKey) -> Lane:
        return Lane(key, self.arena)

    def prepare(self, packets: Sequence[Clear], now: float, unix_s: float) -> list[list[Clear]]:
        """Fix the bytes of packets that go out now for the first time, and cut them into runs."""
        stamp = int(unix_s * (1 << 18)) & 0xFFFFFF  # abs-send-time: 6 bits of seconds, 18 of fraction
        for packet in packets:
            packet.sent_at, packet.send_time = now, stamp
        if self.mode is Mode.SEGMENTED:
            return in_runs(packets)
        return [[packet] for packet in packets]

    def send(self, lanes: Iterable[Lane], batch: Batch) -> None:
        """Send one run to every seat of the lanes that takes it."""
        for lane in lanes:
            if lane.chunks and lane.takes(batch.packets[0]):
                if lane.key.profile == srtp.GCM.name:
                    self._send_gcm(lane, batch)
                else:
                    self._send_cm(lane, batch)

    def _send_gcm(self, lane: Lane, batch: Batch) -> None:
        arena, packets = self.arena, batch.packets
        headers = [lane.header(batch.ssrc, packet) for packet in packets]
        for i, packet in enumerate(packets):
            arena.lay(i, headers[i], len(packet.payload) + srtp.TAG_SIZE)
        arena.set_segment(len(headers[0]) + len(packets[0].payload) + srtp.TAG_SIZE)
        for chunk in lane.chunks:
            encrypts = chunk.rtp.encrypt
            for i, packet in enumerate(packets):
                header, payload = headers[i], packet.payload
                nonces = chunk.rtp.nonces(chunk.rtp_ivs(batch.slot, batch.ssrc, packet.sequence))
                for encrypt, nonce, cell in zip(encrypts, nonces, arena.views[i], strict=False):
                    encrypt(nonce, payload, header, cell)
            self._transmit(chunk, len(packets), batch.skip)

    def _send_cm(self, lane: Lane, batch: Batch) -> None:
        arena, packets = self.arena, batch.packets
        clear = [lane.header(batch.ssrc, packet) + packet.payload for packet in packets]
        added = 10  # the tag of HMAC-SHA1-80
        for i, packet in enumerate(clear):
            arena.lay(i, b"", len(packet) + added)
        arena.set_segment(len(clear[0]) + added)
        for chunk in lane.chunks:
            for i, packet in enumerate(clear):
                pointers = arena.pointers[i]
                for seat in chunk.seats:
                    if isinstance(seat.sender, srtp.CmSender):
                        cell = pointers[seat.position]
                        ffi.memmove(cell, packet, len(packet))
                        if not seat.sender.protect_in_place(cell, len(packet)):
                            ffi.memmove(cell, bytes(len(packet)), len(packet))  # never send it clear
            self._transmit(chunk, len(packets), batch.skip)

    def send_control(self, lanes: Iterable[Lane], packet: bytes) -> None:
        """Send one RTCP packet to every seat of the lanes."""
        self._rtcp_index = self._rtcp_index + 1 & 0x7FFFFFFF
        for lane in lanes:
            if lane.key.profile == srtp.GCM.name:
                self._send_control_gcm(lane, packet)
            else:
                for chunk in lane.chunks:
                    for seat in chunk.seats:
                        self._send_alone(seat, seat.sender.protect_rtcp(packet, 0))

    def _send_control_gcm(self, lane: Lane, packet: bytes) -> None:
        arena = self.arena
        (ssrc,) = struct.unpack_from("!I", packet, 4)
        tail = struct.pack("!I", srtp.ENCRYPTED | self._rtcp_index)
        clear, covered = packet[8:], packet[:8] + tail
        arena.lay(0, packet[:8], len(clear) + srtp.TAG_SIZE)
        arena.lay(1, tail, 0)
        iv = srtp.rtcp_iv(ssrc, self._rtcp_index)
        for chunk in lane.chunks:
            nonces = chunk.rtcp.nonces(iv * len(chunk.seats))
            for encrypt, nonce, cell in zip(chunk.rtcp.encrypt, nonces, arena.views[0], strict=False):
                encrypt(nonce, clear, covered, cell)
            self._send_vector(chunk, 3, 0, len(chunk.seats))

    def control_index(self) -> int:
        """A fresh SRTCP index for a packet to one receiver."""
        self._rtcp_index = self._rtcp_index + 1 & 0x7FFFFFFF
        return self._rtcp_index

    def _send_alone(self, seat: Seat, datagram: bytes) -> None:
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
            self._failed(seat)

    def _transmit(self, chunk: Chunk, packets: int, skip: Collection[Seat]) -> None:
        start = 0
        for hole in sorted(s.position for s in skip if s.chunk is chunk):
            self._send_vector(chunk, 2 * packets, start, hole)
            start = hole + 1
        self._send_vector(chunk, 2 * packets, start, len(chunk.seats))

    def _send_vector(self, chunk: Chunk, parts: int, start: int, end: int) -> None:
        if start >= end:
            return
        if self.mode is not Mode.SINGLE:
            self.tally.packets += (end - start) * max(1, parts // 2)
        vector, waited = chunk.vector(parts), False
        while start < end:
            if self.mode is Mode.SINGLE:
                self._send_apart(chunk, parts, start)
                start += 1
                continue
            self.tally.calls += 1
            sent = libc.sendmmsg(self._fd, vector + start, end - start, socket.MSG_DONTWAIT)
            if sent > 0:
                start += sent
                self._segmented_ok += parts > 3
                continue
            trouble = ffi.errno
            if trouble in kernel.BUFFER_FULL:
                if waited or not self._poll.poll(FULL_WAIT_MS):
                    self.tally.dropped += (end - start) * max(1, parts // 2)
                    return
                waited = True
            elif trouble == errno.ENOSYS:
                self.mode = Mode.SINGLE
            elif trouble != errno.EINTR:
                if parts > 3 and trouble in kernel.NO_SEGMENTATION:
                    self._segmentation_refused(trouble)
                    self._send_apart(chunk, parts, start)
                else:
                    self._failed(chunk.seats[start])
                start += 1

    def _failed(self, seat: Seat) -> None:
        self.tally.failed += 1
        seat.failures += 1

    def _segmentation_refused(self, trouble: int) -> None:
        """EIO says that no device can do it; other refusals may concern one path only, until none ever works."""
        self._segmented_refused += 1
        if trouble == errno.EIO or (self._segmented_refused >= 8 and not self._segmented_ok):
            self.mode = Mode.BATCHED

    def _send_apart(self, chunk: Chunk, parts: int, position: int) -> None:
        """One receiver's datagrams, each by a call of its own."""
        header = self._single.msg_hdr
        seat = chunk.seats[position]
        header.msg_name = ffi.from_buffer(seat.address)
        header.msg_namelen = len(seat.address)
        header.msg_iovlen = size = 3 if parts == 3 else 2
        for part in range(0, parts, size):
            header.msg_iov = self.arena.iovecs + position * 2 * RUN_LIMIT + part
            self._send_single(seat)

"""Receivers that take the same bytes before encryption: a *lane*, a row of *chunks* of 64 *seats*.

The same bytes means the same SRTP profile, payload types, extension ids and slots. Keeps keys, nonces, addresses
and message headers in the form that the fan-out needs for each packet; sends nothing.
"""

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from media.fanout.arena import CONTROL_SIZE, SEATS, Arena
from media.fanout.slot import Clear
from media.fanout.span import MAX_SPANS, Span
from media.transport import kernel, srtp
from media.transport.kernel import Address, ffi
from media.transport.sealer import Row, Shift
from media.wire import rtp
from media.wire.rtp import Codec

ROLLOVER_AHEAD: Final = 64
COUNT_EVERY: Final = 4096  # numbers that a receiver may miss: it bridges 32,768, so seven in a row may get lost

_CUT: Final = [struct.Struct("12s" * seats).unpack for seats in range(SEATS + 1)]


@dataclass(frozen=True, slots=True)
class LaneKey:
    """What makes the clear bytes of two receivers differ."""

    profile: str
    payload_types: tuple[tuple[Codec, int], ...]
    send_time_id: int  # extension id of abs-send-time, 0 for none
    video: bool
    audio: int  # how many audio slots
    stream: bool = False  # over TCP connections: they are no part of a vector
    rung: int = 0  # of the picture
    shifted: bool = False  # the numbers of the picture are each receiver's own (span.py)
    party: int = 0  # who came in the middle of a picture together; 0: they get it as it is live


def first_to_count(first: int) -> int:
    """The number with which a receiver begins that could get this one first."""
    return max(first, first + ROLLOVER_AHEAD >> 16 << 16)


@dataclass(slots=True, eq=False)
class Seat:
    """One receiver in the fan-out. `firsts` is the first sequence number it gets in each slot, as it counts.

    Receivers start at zero with the first packet they get (RFC 3711, 3.3.1), so one that joins just before a
    wrap-around and loses the rest of it would be out of step for ever; near the end it begins after it.
    """

    address: Address
    sender: srtp.Sender
    firsts: tuple[int, ...]
    chunk: "Chunk | None" = None
    position: int = 0
    spans: tuple[Span, ...] = ()  # of the picture's numbers; none before its first move
    # By slot: the last number it got, and the last one that was not meant for it.
    counted: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.firsts = tuple(map(first_to_count, self.firsts))

    @property
    def span(self) -> Span:
        return self.spans[-1] if self.spans else Span(0, self.firsts[0])

    @property
    def floor(self) -> int:
        """The first number of its rung of the picture that is for it."""
        return max(self.span.floor, self.firsts[0] - self.span.shift)

    def follow(self, span: Span) -> None:
        """The receiver was moved to another rung."""
        self.spans = (*(self.spans or (self.span,)), span)[-MAX_SPANS:]

    def loses_count(self, slot: int, number: int, before: int) -> bool:
        """Whether a receiver that is passed over must get this number all the same: one that misses half a turn of
        the numbers, or begins to count after a turn, could never open the slot again. Yes counts as given.

        `before`: the number that left before this one, to whom it may. All numbers as the receiver counts.
        """
        given, passed_over = self.counted.get(slot, (None, None))
        if passed_over != before:  # it got that one, unless it was not there yet
            given = before if self.firsts[slot] <= before else None
        is_due = given is None or number - given >= COUNT_EVERY
        self.counted[slot] = (number if is_due else given, number)
        return is_due

    def rollover(self, slot: int, sequence: int) -> int:
        """The receiver's own wrap-around count for a packet: it began to count when it joined."""
        return (sequence >> 16) - (self.firsts[slot] >> 16)


@dataclass(slots=True)
class Batch:
    """Packets of one slot that go to the same receivers, and the seats that are passed over."""

    slot: int
    ssrc: int
    packets: Sequence[Clear]
    skip: Collection[Seat] = field(default_factory=tuple)


class Bank:
    """The keys of a chunk's seats for RTP or for RTCP, in the order of the seats, as Python seals with them."""

    __slots__ = ("_salts", "encrypt")

    def __init__(self) -> None:
        self.encrypt: list[srtp.EncryptInto] = []
        self._salts = 0

    def load(self, encrypt: list[srtp.EncryptInto], salts: bytes) -> None:
        self.encrypt = encrypt
        self._salts = int.from_bytes(salts, "big")

    def nonces(self, ivs: bytes) -> tuple[bytes, ...]:
        """All receivers' nonces, by one addition of one long number: 0.06 µs each."""
        joined = (self._salts ^ int.from_bytes(ivs, "big")).to_bytes(len(ivs), "big")
        return _CUT[len(ivs) // 12](joined)


class Chunk:
    """Up to 64 receivers with their addresses laid out for the kernel."""

    def __init__(self, arena: Arena) -> None:
        self.seats: list[Seat] = []
        self.rtp = Bank()
        self.rtcp = Bank()
        self._arena = arena
        self._names = ffi.new("char[]", SEATS * kernel.ADDRESS_SIZE)
        self._vectors: dict[bool, Any] = {}
        self._rollovers: dict[int, list[int] | int] = {}
        self._shifts: list[Shift] = []
        self._rows: dict[int, Row] = {}  # by slot, as C keeps them

    def add(self, seat: Seat) -> None:
        seat.chunk, seat.position = self, len(self.seats)
        self.seats.append(seat)
        self.move(seat)
        self.settle()

    def move(self, seat: Seat) -> None:
        """The receiver has a new address."""
        at = seat.position * kernel.ADDRESS_SIZE
        ffi.memmove(self._names + at, seat.address, min(len(seat.address), kernel.ADDRESS_SIZE))
        for vector in self._vectors.values():
            vector[seat.position].msg_hdr.msg_namelen = len(seat.address)

    def settle(self) -> None:
        """Gather the keys anew after the seats changed."""
        self._rollovers.clear()
        self._shifts.clear()
        self._rows.clear()
        gcm = self._gcm()
        if gcm:
            self.rtp.load([g.encrypt_rtp for g in gcm], b"".join(g.rtp_salt for g in gcm))
            self.rtcp.load([g.encrypt_rtcp for g in gcm], b"".join(g.rtcp_salt for g in gcm))

    def shifts(self) -> list[Shift]:
        """What each seat adds to its rung's numbers."""
        if not self._shifts:
            spans = [(seat.span, seat.rollover(0, 0)) for seat in self.seats]
            self._shifts += [Shift(s.shift, s.ticks, turns, s.pictures, s.levels) for s, turns in spans]
        return self._shifts

    def _gcm(self) -> list[srtp.GcmSender]:
        return [s.sender for s in self.seats if isinstance(s.sender, srtp.GcmSender)]

    def row(self, slot: int, *, shifted: bool) -> Row:
        """The seats for C, with what each adds to the numbers of a slot. `shifted`: also where it was moved."""
        row = self._rows.get(slot)
        if row is None:
            gcm = self._gcm()
            shifts = self.shifts() if shifted else [Shift(turns=s.rollover(slot, 0)) for s in self.seats]
            salts = b"".join(g.rtp_salt for g in gcm)
            row = self._rows[slot] = Row([g.rtp_key for g in gcm], salts, shifts)
        return row

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

    def vector(self, *, segmented: bool) -> Any:
        """The message headers for what lies in the arena."""
        vector = self._vectors.get(segmented)
        if vector is None:
            vector = self._vectors[segmented] = ffi.new("struct mmsghdr[]", SEATS)
            for i in range(SEATS):
                header = vector[i].msg_hdr
                header.msg_name = self._names + i * kernel.ADDRESS_SIZE
                header.msg_namelen = len(self.seats[i].address) if i < len(self.seats) else 16
                header.msg_iov = self._arena.iovecs + i
                header.msg_iovlen = 1
                if segmented:
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

    @property
    def width(self) -> int:
        """How many seats of the arena the lane needs: its chunks are full but for the last."""
        return len(self.chunks[0].seats) if self.chunks else 0

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

    def filler(self, packet: Clear) -> Clear | None:
        """What these receivers get in place of a packet of a codec that they do not take: nothing but padding.

        Never the packet itself under this number, so the same bytes always: SRTP-GCM would be broken otherwise.
        """
        is_sound = packet.codec is Codec.OPUS
        codec = next((c for c in self._types if (c is Codec.OPUS) == is_sound), None)
        return None if codec is None else replace(packet, codec=codec, payload=b"\1", padded=True, marker=False)

    def payload_type(self, codec: Codec) -> int:
        return self._types[codec]

    def header(self, ssrc: int, packet: Clear, *, as_type: int = -1, sequence: int = -1, ticks: int = 0) -> bytes:
        """The RTP header as this lane's receivers get it; a repair by RTX has another type and number, a receiver
        that was moved has its own number and time."""
        first = rtp.VERSION | (rtp.PADDING if packet.padded else 0)
        payload_type = self._types[packet.codec] if as_type < 0 else as_type
        second = payload_type | (rtp.MARKER if packet.marker else 0)
        timed = self.key.send_time_id and packet.codec is not Codec.OPUS
        plain = struct.pack(
            "!BBHII",
            first | (rtp.EXTENSION if timed else 0),
            second,
            (packet.sequence if sequence < 0 else sequence) & 0xFFFF,
            packet.timestamp + ticks & 0xFFFFFFFF,
            ssrc,
        )
        if not timed:
            return plain
        element = (self.key.send_time_id << 4 | 2) << 24 | packet.send_time
        return plain + struct.pack("!HHI", 0xBEDE, 1, element)

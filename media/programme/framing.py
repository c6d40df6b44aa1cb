"""The messages between the workers of one relay that carry the same programme: clear packets down, wishes up.

A message is one record of a SOCK_SEQPACKET socket, at most MAX_MESSAGE bytes. A `stream` is a number that the
worker which passes a programme on gave it. No input or output; a record that is none of ours is a ValueError.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from media.fanout.slot import Clear
from media.wire import onair
from media.wire.onair import OnAir
from media.wire.rtp import MAX_SIZE, Codec, Packet

MAX_MESSAGE: Final = 60_000
MAX_NAME: Final = 128
_CODECS: Final = (Codec.VP8, Codec.H264, Codec.OPUS)
_RUN: Final = struct.Struct("!BIBBI")  # kind, stream, slot, layer, SSRC
_PACKET: Final = struct.Struct("!BHIH")  # marker and codec, sequence, timestamp, size
_CLOCK: Final = struct.Struct("!BIBBQI")
_NUMBER: Final = struct.Struct("!BI")
_BYTE: Final = struct.Struct("!BIB")
_WANT, _LEAVE, _KEY_FRAME, _OPENED, _PACKETS, _AIR, _TIME, _LOSS = range(1, 9)


@dataclass(frozen=True, slots=True)
class Want:
    """Up: pass this programme on to me."""

    studio: str
    programme: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Up: no longer."""

    stream: int


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """Up: somebody needs a key frame."""

    stream: int
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """Up: of 256 packets, how many my viewers lose."""

    stream: int
    lost: int


@dataclass(frozen=True, slots=True)
class Opened:
    """Down: the answer to `Want`; what follows bears this number."""

    stream: int
    studio: str
    programme: str


@dataclass(frozen=True, slots=True)
class Packets:
    """Down: packets of one slot, as a frame was flushed, each with its codec."""

    stream: int
    slot: int
    layer: int
    packets: tuple[tuple[Codec, Packet], ...]


@dataclass(frozen=True, slots=True)
class Air:
    """Down: who is on air in each slot."""

    stream: int
    on_air: OnAir


@dataclass(frozen=True, slots=True)
class Clock:
    """Down: at this NTP time a slot's own time is this timestamp."""

    stream: int
    slot: int
    layer: int
    ntp: int
    timestamp: int


Message = Want | Leave | KeyFrame | Loss | Opened | Packets | Air | Clock


def encode(message: Want | Leave | KeyFrame | Loss | Opened | Air | Clock) -> bytes:
    """One record; packets have `encode_packets`."""
    match message:
        case Want():
            return bytes((_WANT,)) + _names(message.studio, message.programme)
        case Leave():
            return _NUMBER.pack(_LEAVE, message.stream)
        case KeyFrame():
            return _BYTE.pack(_KEY_FRAME, message.stream, message.layer)
        case Loss():
            return _BYTE.pack(_LOSS, message.stream, message.lost)
        case Opened():
            return _NUMBER.pack(_OPENED, message.stream) + _names(message.studio, message.programme)
        case Air():
            return _NUMBER.pack(_AIR, message.stream) + message.on_air.encode()
        case Clock():
            return _CLOCK.pack(_TIME, message.stream, message.slot, message.layer, message.ntp, message.timestamp)
        case _:
            assert_never(message)


def encode_packets(stream: int, slot: int, layer: int, ssrc: int, packets: Sequence[Clear]) -> Iterator[bytes]:
    """The records for packets of one slot: one, unless they are more than a record holds."""
    head = _RUN.pack(_PACKETS, stream, slot, layer, ssrc)
    parts, size = [head], len(head)
    for packet in packets:
        payload = packet.payload[: -packet.payload[-1]] if packet.padded else packet.payload
        if size + _PACKET.size + len(payload) > MAX_MESSAGE:
            yield b"".join(parts)
            parts, size = [head], len(head)
        first = _CODECS.index(packet.codec) | (0x80 if packet.marker else 0)
        parts += (_PACKET.pack(first, packet.sequence & 0xFFFF, packet.timestamp, len(payload)), payload)
        size += _PACKET.size + len(payload)
    if len(parts) > 1:
        yield b"".join(parts)


def decode(record: bytes) -> Message:
    """Raises: ValueError."""
    try:
        match record[0]:
            case kind if kind == _WANT:
                return Want(*_read_names(record[1:]))
            case kind if kind == _LEAVE:
                return Leave(_NUMBER.unpack(record)[1])
            case kind if kind == _KEY_FRAME:
                return KeyFrame(*_BYTE.unpack(record)[1:])
            case kind if kind == _LOSS:
                return Loss(*_BYTE.unpack(record)[1:])
            case kind if kind == _OPENED:
                return Opened(_NUMBER.unpack_from(record)[1], *_read_names(record[_NUMBER.size :]))
            case kind if kind == _PACKETS:
                return _read_packets(record)
            case kind if kind == _AIR:
                return Air(_NUMBER.unpack_from(record)[1], onair.decode(record[_NUMBER.size :]))
            case kind if kind == _TIME:
                return Clock(*_CLOCK.unpack(record)[1:])
    except (struct.error, IndexError):
        raise ValueError("a record that is cut off") from None
    raise ValueError("a record of no known kind")


def _read_packets(record: bytes) -> Packets:
    _, stream, slot, layer, ssrc = _RUN.unpack_from(record)
    position, found = _RUN.size, []
    while position < len(record):
        first, sequence, timestamp, size = _PACKET.unpack_from(record, position)
        position += _PACKET.size
        payload = record[position : position + size]
        if len(payload) != size or size > MAX_SIZE or first & 0x7F >= len(_CODECS):
            raise ValueError("a packet that is none")
        found.append((_CODECS[first & 0x7F], Packet(0, first >= 0x80, sequence, timestamp, ssrc, payload)))
        position += size
    return Packets(stream, slot, layer, tuple(found))


def _names(*names: str) -> bytes:
    """Names are of plain letters and short; one that is not must not end a worker, so it becomes another name."""
    encoded = [name.encode("ascii", "replace")[:MAX_NAME] for name in names]
    return b"".join(bytes((len(name),)) + name for name in encoded)


def _read_names(body: bytes) -> tuple[str, str]:
    names, position = [], 0
    for _ in range(2):
        size = body[position]
        name = body[position + 1 : position + 1 + size]
        if not 0 < size <= MAX_NAME or len(name) != size:
            raise ValueError("a name that is none")
        names.append(name.decode())
        position += 1 + size
    if position != len(body):
        raise ValueError("a record that is too long")
    return names[0], names[1]

"""RTP (RFC 3550) and what the relay must see of the payloads: key frames and VP8's picture numbers (RFC 7741).

No input or output. Hostile bytes are a ValueError.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

VERSION: Final = 0x80
PADDING: Final = 0x20
EXTENSION: Final = 0x10
MARKER: Final = 0x80
HEADER_SIZE: Final = 12
MAX_SIZE: Final = 1500
ONE_BYTE: Final = 0xBEDE
TWO_BYTE: Final = 0x1000
VIDEO_CLOCK_HZ: Final = 90_000
AUDIO_CLOCK_HZ: Final = 48_000


class Codec(StrEnum):
    VP8 = "VP8"
    H264 = "H264"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet without its padding and header extensions: what is passed on."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def is_rtcp(datagram: bytes) -> bool:
    """RFC 5761: the packet types 192 to 223 are control when one port carries both."""
    return len(datagram) >= 2 and 192 <= datagram[1] <= 223


def parse(datagram: bytes) -> Packet:
    """Read an RTP packet. Raises: ValueError for anything malformed."""
    size = len(datagram)
    if size < HEADER_SIZE or size > MAX_SIZE:
        raise ValueError("RTP packet has an impossible size")
    first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", datagram)
    if first & 0xC0 != VERSION:
        raise ValueError("not RTP version 2")
    start = HEADER_SIZE + 4 * (first & 0x0F)
    if first & EXTENSION:
        if start + 4 > size:
            raise ValueError("RTP extension is cut off")
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    end = size
    if first & PADDING:
        if not datagram[-1]:
            raise ValueError("RTP padding of no length")
        end -= datagram[-1]
    if start > end:
        raise ValueError("RTP header runs over the packet")
    return Packet(second & 0x7F, second >= MARKER, sequence, timestamp, ssrc, datagram[start:end])


def extension(datagram: bytes, number: int) -> bytes | None:
    """The header extension element of this number (RFC 8285, one-byte and two-byte form), of a packet that `parse`
    takes. Raises: ValueError when the elements run over."""
    if not datagram[0] & EXTENSION:
        return None
    start = HEADER_SIZE + 4 * (datagram[0] & 0x0F)
    profile, words = struct.unpack_from("!HH", datagram, start)
    position, end = start + 4, start + 4 + 4 * words
    short = profile == ONE_BYTE
    if not short and profile & 0xFFF0 != TWO_BYTE:
        return None
    while position < end:
        if not datagram[position]:  # padding
            position += 1
            continue
        if short:
            found, size = datagram[position] >> 4, (datagram[position] & 0x0F) + 1
            if found == 15:
                return None
        elif position + 1 < end:
            found, size = datagram[position], datagram[position + 1]
        else:
            break
        position += 1 if short else 2
        if position + size > end:
            break
        if found == number:
            return datagram[position : position + size]
        position += size
    if position != end:
        raise ValueError("RTP extension elements run over")
    return None


def build(packet: Packet) -> bytes:
    """The plain form, without extensions."""
    second = packet.payload_type | (MARKER if packet.marker else 0)
    head = struct.pack("!BBHII", VERSION, second, packet.sequence, packet.timestamp, packet.ssrc)
    return head + packet.payload


def is_newer(sequence: int, than: int) -> bool:
    """Order of 16-bit sequence numbers over the wrap-around."""
    return sequence != than and (sequence - than) & 0xFFFF < 0x8000


@dataclass(frozen=True, slots=True)
class Vp8Descriptor:
    """Where VP8's picture number and temporal index stand in a payload; -1 for absent."""

    picture_at: int
    picture: int
    picture_bits: int
    level_at: int
    starts_frame: bool
    size: int


def vp8_descriptor(payload: bytes) -> Vp8Descriptor:
    """Read the VP8 payload descriptor (RFC 7741, 4.2). Raises: ValueError when cut off."""
    if not payload:
        raise ValueError("empty VP8 payload")
    first, position = payload[0], 1
    picture_at = picture = level_at = -1
    bits = 0
    try:
        if first & 0x80:
            flags, position = payload[1], 2
            if flags & 0x80:
                picture_at = position
                if payload[position] & 0x80:
                    picture = int.from_bytes(payload[position : position + 2], "big") & 0x7FFF
                    bits, position = 15, position + 2
                else:
                    picture, bits, position = payload[position], 7, position + 1
            if flags & 0x40:
                level_at, position = position, position + 1
            if flags & 0x30:
                position += 1
        if position >= len(payload):
            raise ValueError("VP8 descriptor without a payload")
    except IndexError:
        raise ValueError("VP8 descriptor is cut off") from None
    starts = bool(first & 0x10) and not first & 0x0F
    return Vp8Descriptor(picture_at, picture, bits, level_at, starts, position)


def vp8_advanced(payload: bytes, at: Vp8Descriptor, pictures: int, levels: int) -> bytes:
    """The payload, whose descriptor this is, with picture number and temporal index so much further."""
    changed = bytearray(payload)
    if at.picture_bits == 15:
        changed[at.picture_at : at.picture_at + 2] = (at.picture + pictures & 0x7FFF | 0x8000).to_bytes(2, "big")
    elif at.picture_bits:
        changed[at.picture_at] = at.picture + pictures & 0x7F
    if at.level_at >= 0:
        changed[at.level_at] = payload[at.level_at] + levels & 0xFF
    return bytes(changed)


def _vp8_key_frame(payload: bytes) -> bool:
    try:
        descriptor = vp8_descriptor(payload)
    except ValueError:
        return False
    # RFC 6386, 9.1: the lowest bit of the frame tag is 0 for a key frame.
    return descriptor.starts_frame and not payload[descriptor.size] & 0x01


_H264_IDR, _H264_SPS, _H264_STAP_A, _H264_FU_A = 5, 7, 24, 28


def _h264_begins(payload: bytes, *kinds: int) -> bool:
    """Whether a unit of these kinds begins in the packet (RFC 6184)."""
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind == _H264_STAP_A:
        position = 1
        while position + 3 <= len(payload):
            if payload[position + 2] & 0x1F in kinds:
                return True
            position += 2 + int.from_bytes(payload[position : position + 2], "big")
        return False
    if kind == _H264_FU_A:
        return len(payload) > 1 and bool(payload[1] & 0x80) and payload[1] & 0x1F in kinds
    return kind in kinds


def starts_key_frame(codec: Codec, payload: bytes) -> bool:
    """Whether a key frame begins in this packet, with its parameters or without; each Opus packet is one."""
    match codec:
        case Codec.VP8:
            return _vp8_key_frame(payload)
        case Codec.H264:
            return _h264_begins(payload, _H264_SPS, _H264_IDR)
        case Codec.OPUS:
            return True


def can_begin(codec: Codec, payload: bytes) -> bool:
    """Whether a decoder that knows nothing of the stream can begin at this packet."""
    if codec is Codec.H264:
        return _h264_begins(payload, _H264_SPS)  # else it is decoded with another source's parameters
    return starts_key_frame(codec, payload)

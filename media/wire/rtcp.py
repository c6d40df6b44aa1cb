"""RTCP (RFC 3550), its feedback messages (RFC 4585, 5104) and REMB: read and built, without input or output.

Hostile bytes are a ValueError; a compound packet has a bounded number of parts and reports.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203
APPLICATION: Final = 204
TRANSPORT_FEEDBACK: Final = 205
PAYLOAD_FEEDBACK: Final = 206

_NACK, _PLI, _FIR, _REMB = 1, 1, 4, 15
MAX_PARTS: Final = 32
MAX_LOST: Final = 512
NTP_EPOCH_S: Final = 2_208_988_800


@dataclass(frozen=True, slots=True)
class Report:
    """One report block: how a receiver gets one of our streams, or how we get one of its."""

    ssrc: int
    fraction_lost: int  # of 256
    lost: int
    highest: int  # extended sequence number
    jitter: int  # Unit: RTP clock ticks
    last_sr: int  # middle 32 bits of the NTP time of the last sender report
    delay: int  # Unit: 1/65536 s


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int  # Unit: 1/2**32 s since 1900
    timestamp: int
    packets: int
    octets: int
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Goodbye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    ssrc: int
    media: int
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyFrameRequest:
    """PLI or FIR: to us they are the same wish."""

    ssrc: int
    media: int


@dataclass(frozen=True, slots=True)
class Remb:
    ssrc: int
    bitrate_bps: int
    media: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """An APP packet (RFC 3550, 6.7): four letters say whose, the rest is theirs."""

    ssrc: int
    name: bytes
    body: bytes


Part = SenderReport | ReceiverReport | Goodbye | Nack | KeyFrameRequest | Remb | Application


def parse(datagram: bytes) -> list[Part]:
    """The parts of a compound packet that we understand. Raises: ValueError for anything malformed."""
    parts: list[Part] = []
    position = count = 0
    while position < len(datagram):
        if count == MAX_PARTS or position + 4 > len(datagram):
            raise ValueError("RTCP parts run over")
        first, kind, words = struct.unpack_from("!BBH", datagram, position)
        end = position + 4 + 4 * words
        if first & 0xC0 != 0x80 or end > len(datagram):
            raise ValueError("RTCP part is cut off")
        body = datagram[position + 4 : end]
        if first & 0x20:
            body = _without_padding(body)
        parts += _read(kind, first & 0x1F, body)
        position, count = end, count + 1
    return parts


def _without_padding(body: bytes) -> bytes:
    if not body or not 0 < body[-1] <= len(body):
        raise ValueError("RTCP padding runs over")
    return body[: -body[-1]]


def _read(kind: int, count: int, body: bytes) -> list[Part]:
    try:
        match kind:
            case _ if kind == SENDER_REPORT:
                ssrc, at, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
                return [SenderReport(ssrc, at, timestamp, packets, octets, _reports(body[24:], count))]
            case _ if kind == RECEIVER_REPORT:
                return [ReceiverReport(struct.unpack_from("!I", body)[0], _reports(body[4:], count))]
            case _ if kind == GOODBYE:
                return [Goodbye(struct.unpack_from(f"!{count}I", body))]
            case _ if kind == APPLICATION:
                ssrc, name = struct.unpack_from("!I4s", body)
                return [Application(ssrc, name, body[8:])]
            case _ if kind == TRANSPORT_FEEDBACK and count == _NACK:
                return [_read_nack(body)]
            case _ if kind == PAYLOAD_FEEDBACK:
                return _read_payload_feedback(count, body)
    except struct.error as error:
        raise ValueError("RTCP part is too short") from error
    return []


def _reports(body: bytes, count: int) -> tuple[Report, ...]:
    if len(body) < 24 * count:
        raise ValueError("RTCP reports are cut off")
    reports = []
    for i in range(count):
        ssrc, loss, highest, jitter, last, delay = struct.unpack_from("!IIIIII", body, 24 * i)
        lost = loss & 0xFFFFFF
        lost = lost - 0x1000000 if lost & 0x800000 else lost
        reports.append(Report(ssrc, loss >> 24, lost, highest, jitter, last, delay))
    return tuple(reports)


def _read_nack(body: bytes) -> Nack:
    ssrc, media = struct.unpack_from("!II", body)
    lost: list[int] = []
    for position in range(8, len(body) - 3, 4):
        first, mask = struct.unpack_from("!HH", body, position)
        lost.append(first)
        lost += [(first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
        if len(lost) > MAX_LOST:
            raise ValueError("RTCP NACK asks for too much")
    return Nack(ssrc, media, tuple(lost))


def _read_payload_feedback(form: int, body: bytes) -> list[Part]:
    ssrc, media = struct.unpack_from("!II", body)
    if form == _PLI:
        return [KeyFrameRequest(ssrc, media)]
    if form == _FIR:
        return [KeyFrameRequest(ssrc, struct.unpack_from("!I", body, at)[0]) for at in range(8, len(body) - 7, 8)]
    if form == _REMB and body[8:12] == b"REMB":
        number, exponent, low = struct.unpack_from("!BBH", body, 12)
        mantissa = (exponent & 0x03) << 16 | low
        exponent >>= 2
        if exponent > 46:  # 2**64 bit/s and more is nobody's link
            raise ValueError("REMB bit rate is impossible")
        return [Remb(ssrc, mantissa << exponent, struct.unpack_from(f"!{number}I", body, 16))]
    return []


def _part(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _report_bytes(reports: Sequence[Report]) -> bytes:
    return b"".join(
        struct.pack(
            "!IIIIII", r.ssrc, r.fraction_lost << 24 | r.lost & 0xFFFFFF, r.highest, r.jitter, r.last_sr, r.delay
        )
        for r in reports
    )


def sender_report(report: SenderReport) -> bytes:
    head = struct.pack("!IQIII", report.ssrc, report.ntp, report.timestamp, report.packets, report.octets)
    return _part(SENDER_REPORT, len(report.reports), head + _report_bytes(report.reports))


def at_time(compound: bytes, ticks: int) -> bytes:
    """The compound packet, which begins with a sender report, on a clock that is so much ahead."""
    (timestamp,) = struct.unpack_from("!I", compound, 16)
    return compound[:16] + struct.pack("!I", timestamp + ticks & 0xFFFFFFFF) + compound[20:]


def receiver_report(report: ReceiverReport) -> bytes:
    return _part(
        RECEIVER_REPORT, len(report.reports), struct.pack("!I", report.ssrc) + _report_bytes(report.reports)
    )


def source_description(ssrc: int, cname: str) -> bytes:
    name = cname.encode("ascii")[:255]
    chunk = struct.pack("!IBB", ssrc, 1, len(name)) + name
    return _part(SOURCE_DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))


def application(ssrc: int, name: bytes, body: bytes) -> bytes:
    return _part(APPLICATION, 0, struct.pack("!I4s", ssrc, name) + body + bytes(-len(body) % 4))


def picture_loss(ssrc: int, media: int) -> bytes:
    return _part(PAYLOAD_FEEDBACK, _PLI, struct.pack("!II", ssrc, media))


def nack(ssrc: int, media: int, lost: Iterable[int]) -> bytes:
    """Ask again for the packets with these (wrapping) sequence numbers, given in their order."""
    pairs: list[list[int]] = []
    for sequence in lost:
        if pairs and 1 <= (sequence - pairs[-1][0]) & 0xFFFF <= 16:
            pairs[-1][1] |= 1 << ((sequence - pairs[-1][0] - 1) & 0xFFFF)
        else:
            pairs.append([sequence & 0xFFFF, 0])
    body = struct.pack("!II", ssrc, media) + b"".join(struct.pack("!HH", *pair) for pair in pairs)
    return _part(TRANSPORT_FEEDBACK, _NACK, body)


def remb(ssrc: int, bitrate_bps: int, media: Sequence[int]) -> bytes:
    exponent = max(0, bitrate_bps.bit_length() - 18)
    mantissa = bitrate_bps >> exponent
    packed = struct.pack("!BBH", len(media), exponent << 2 | mantissa >> 16, mantissa & 0xFFFF)
    body = struct.pack("!II", ssrc, 0) + b"REMB" + packed + struct.pack(f"!{len(media)}I", *media)
    return _part(PAYLOAD_FEEDBACK, _REMB, body)


def ntp(at_s: float) -> int:
    """NTP time of a Unix time."""
    return int((at_s + NTP_EPOCH_S) * (1 << 32))


def unix_time(ntp_time: int) -> float:
    return ntp_time / (1 << 32) - NTP_EPOCH_S

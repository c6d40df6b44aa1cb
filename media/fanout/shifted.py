"""The fan-out to receivers that were moved between rungs: one header for each, in front of the sealed packet.

They take the same payloads as their rung's other receivers, under numbers of their own (span.py). That costs a
header and a nonce for each, so it is kept away from the many who were never moved.
"""

import struct
from collections.abc import Sequence

from media.fanout.arena import Arena
from media.fanout.lane import Batch, Chunk, Lane, Seat
from media.fanout.native import Native
from media.fanout.slot import Clear
from media.fanout.span import Span, vp8_marks
from media.fanout.transmit import Transmitter
from media.transport import srtp
from media.transport.kernel import ffi
from media.wire import rtp

_IV = struct.Struct("!HIIH").pack
_NUMBER = struct.Struct("!HI").pack
_PICTURE = struct.Struct("!HB").pack


def send(arena: Arena, transmitter: Transmitter, lane: Lane, batch: Batch, native: Native | None = None) -> None:
    """Seal and send one run of the picture. A receiver gets nothing of a rung from before it came there.

    `native`: seals in C, where that was built.
    """
    oldest = min(packet.sequence for packet in batch.packets)
    for chunk in lane.chunks:
        if oldest >= max(seat.floor for seat in chunk.seats):
            _send_run(arena, transmitter, lane, chunk, batch, native)
            continue
        for packet in batch.packets:
            early = {seat for seat in chunk.seats if packet.sequence < seat.floor}
            if len(early) < len(chunk.seats):
                alone = Batch(batch.slot, batch.ssrc, (packet,), early.union(batch.skip))
                _send_run(arena, transmitter, lane, chunk, alone, native)


def _send_run(
    arena: Arena, transmitter: Transmitter, lane: Lane, chunk: Chunk, batch: Batch, native: Native | None
) -> None:
    gcm = lane.key.profile == srtp.GCM.name
    if gcm and native is not None:
        native.take(lane, batch, shifted=True)
        native.seal(chunk, batch, shifted=True)
        transmitter.run(chunk, len(batch.packets), batch.skip)
        return
    failed: set[Seat] = set()
    headers = [lane.header(batch.ssrc, packet) for packet in batch.packets]
    sizes = [len(packet.payload) + (srtp.TAG_SIZE if gcm else srtp.CM_TAG_SIZE) for packet in batch.packets]
    arena.lay(list(zip(headers, sizes, strict=True)))
    arena.set_segment(arena.cuts[0][1])
    for at, header in enumerate(headers):
        if gcm:
            _seal_gcm(arena, chunk, batch, at, header)
        else:
            failed.update(_seal_cm(arena, chunk, batch, at, header))
    transmitter.tally.failed += len(failed)
    transmitter.run(chunk, len(batch.packets), failed.union(batch.skip) if failed else batch.skip)


def own(clear: Sequence[tuple[bytes, Clear]], seat: Seat) -> list[tuple[bytes, bytes, int]]:
    """What one receiver gets of a run: header, payload and number, and nothing from before it came."""
    span, floor = seat.span, seat.floor
    return [
        (_renumbered(header, p, span), span.payload(p, vp8_marks(p)), p.sequence + span.shift)
        for header, p in clear
        if p.sequence >= floor
    ]


def _renumbered(header: bytes, packet: Clear, span: Span) -> bytes:
    number = packet.sequence + span.shift & 0xFFFF
    return header[:2] + _NUMBER(number, span.time(packet.timestamp)) + header[8:]


def _seal_gcm(arena: Arena, chunk: Chunk, batch: Batch, at: int, header: bytes) -> None:
    packet = batch.packets[at]
    sequence, timestamp, ssrc = packet.sequence, packet.timestamp, batch.ssrc
    ivs: list[bytes] = []
    numbers: list[bytes] = []
    for shift in chunk.shifts():
        number = sequence + shift.packets
        low = number & 0xFFFF
        ivs.append(_IV(0, ssrc, (number >> 16) + shift.turns & 0xFFFFFFFF, low))
        numbers.append(_NUMBER(low, timestamp + shift.ticks & 0xFFFFFFFF))
    front, back, payloads, skip = header[:2], header[8:], _payloads(chunk, packet), batch.skip
    nonces, places = chunk.rtp.nonces(b"".join(ivs)), arena.numbers(at)
    rows = zip(chunk.seats, chunk.rtp.encrypt, nonces, numbers, payloads, places, arena.bodies[at], strict=False)
    for seat, encrypt, nonce, number_and_time, payload, place, body in rows:
        if not skip or seat not in skip:  # its number may mean another packet: not even to be sealed
            place[:] = number_and_time
            encrypt(nonce, payload, front + number_and_time + back, body)


def _payloads(chunk: Chunk, packet: Clear) -> Sequence[bytes]:
    """The packet's payload for each seat: the numbers within VP8 are its own too."""
    marks, payload = vp8_marks(packet), packet.payload
    if marks is None:
        return [payload] * len(chunk.seats)
    at = marks.picture_at
    if marks.picture_bits != 15 or marks.level_at != at + 2:
        return [rtp.vp8_advanced(payload, marks, s.pictures, s.levels) for s in chunk.shifts()]
    front, back, picture, level = payload[:at], payload[at + 3 :], marks.picture, payload[at + 2]
    return [
        front + _PICTURE(picture + s.pictures & 0x7FFF | 0x8000, level + s.levels & 0xFF) + back
        for s in chunk.shifts()
    ]


def _seal_cm(arena: Arena, chunk: Chunk, batch: Batch, at: int, header: bytes) -> list[Seat]:
    """Who could not be sealed for."""
    failed = []
    packet = batch.packets[at]
    payloads = _payloads(chunk, packet)
    for seat, payload in zip(chunk.seats, payloads, strict=True):
        if isinstance(seat.sender, srtp.CmSender) and seat not in batch.skip:
            cell, clear = arena.cell(at, seat.position), _renumbered(header, packet, seat.span) + payload
            ffi.memmove(cell, clear, len(clear))
            if not seat.sender.protect_in_place(cell, len(clear)):
                ffi.memmove(cell, bytes(len(clear)), len(clear))  # never send it clear
                failed.append(seat)
    return failed

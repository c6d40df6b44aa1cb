"""The fan-out to receivers that were moved between rungs: one header for each, in front of the sealed packet.

They take the same payloads as their rung's other receivers, under numbers of their own (span.py). That costs a
header and a nonce for each, so it is kept away from the many who were never moved.
"""

import struct
from collections.abc import Sequence

from media import srtp
from media.arena import Arena
from media.kernel import ffi
from media.lane import Batch, Chunk, Lane
from media.slot import Clear
from media.span import Span, vp8_marks
from media.transmit import Transmitter


def send(arena: Arena, transmitter: Transmitter, lane: Lane, batch: Batch) -> None:
    """Seal and send one run of the picture. A receiver gets nothing of a rung from before it came there."""
    oldest = min(packet.sequence for packet in batch.packets)
    for chunk in lane.chunks:
        if oldest >= max(seat.span.floor for seat in chunk.seats):
            _send_run(arena, transmitter, lane, chunk, batch)
            continue
        for packet in batch.packets:
            early = {seat for seat in chunk.seats if packet.sequence < seat.span.floor}
            if len(early) < len(chunk.seats):
                alone = Batch(batch.slot, batch.ssrc, (packet,), early.union(batch.skip))
                _send_run(arena, transmitter, lane, chunk, alone)


def _send_run(arena: Arena, transmitter: Transmitter, lane: Lane, chunk: Chunk, batch: Batch) -> None:
    gcm = lane.key.profile == srtp.GCM.name
    added = srtp.TAG_SIZE if gcm else srtp.CM_TAG_SIZE
    headers = [lane.header(batch.ssrc, packet) for packet in batch.packets]
    sizes = [len(header) + len(p.payload) + added for header, p in zip(headers, batch.packets, strict=True)]
    arena.lay([(b"", size) for size in sizes])
    arena.set_segment(sizes[0])
    for i, (header, packet) in enumerate(zip(headers, batch.packets, strict=True)):
        marks = vp8_marks(packet)
        clear = [(_renumbered(header, packet, s.span), s.span.payload(packet, marks)) for s in chunk.seats]
        if gcm:
            _seal_gcm(arena, chunk, batch, i, clear)
        else:
            _seal_cm(arena, chunk, batch, i, clear)
    transmitter.run(chunk, len(batch.packets), batch.skip)


def own(clear: Sequence[tuple[bytes, Clear]], span: Span) -> list[tuple[bytes, bytes, int]]:
    """What one receiver gets of a run: header, payload and number, and nothing from before it came."""
    return [
        (_renumbered(header, p, span), span.payload(p, vp8_marks(p)), p.sequence + span.shift)
        for header, p in clear
        if p.sequence >= span.floor
    ]


def _renumbered(header: bytes, packet: Clear, span: Span) -> bytes:
    number = packet.sequence + span.shift & 0xFFFF
    return header[:2] + struct.pack("!HI", number, span.time(packet.timestamp)) + header[8:]


def _seal_gcm(arena: Arena, chunk: Chunk, batch: Batch, at: int, clear: list[tuple[bytes, bytes]]) -> None:
    sequence = batch.packets[at].sequence
    ivs = b""
    for seat in chunk.seats:
        number = sequence + seat.span.shift
        ivs += srtp.rtp_iv(batch.ssrc, seat.rollover(batch.slot, number), number & 0xFFFF)
    nonces, cells = chunk.rtp.nonces(ivs), arena.bodies[at]
    for seat, encrypt, nonce, (header, payload) in zip(chunk.seats, chunk.rtp.encrypt, nonces, clear, strict=True):
        if seat not in batch.skip:  # its number may mean another packet: not even to be sealed
            cell, size = cells[seat.position], len(header)
            cell[:size] = header
            encrypt(nonce, payload, header, cell[size:])


def _seal_cm(arena: Arena, chunk: Chunk, batch: Batch, at: int, clear: list[tuple[bytes, bytes]]) -> None:
    for seat, (header, payload) in zip(chunk.seats, clear, strict=True):
        if isinstance(seat.sender, srtp.CmSender) and seat not in batch.skip:
            cell, packet = arena.cell(at, seat.position), header + payload
            ffi.memmove(cell, packet, len(packet))
            if not seat.sender.protect_in_place(cell, len(packet)):
                ffi.memmove(cell, bytes(len(packet)), len(packet))  # never send it clear

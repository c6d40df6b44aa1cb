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
from media.span import Span
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
    clear = [(lane.header(batch.ssrc, packet), packet.payload) for packet in batch.packets]
    added = srtp.TAG_SIZE if gcm else srtp.CM_TAG_SIZE
    arena.lay([(b"", len(header) + len(payload) + added) for header, payload in clear])
    arena.set_segment(sum(map(len, clear[0])) + added)
    for i, (header, _) in enumerate(clear):
        headers = [_renumbered(header, batch.packets[i], seat.span) for seat in chunk.seats]
        if gcm:
            _seal_gcm(arena, chunk, batch, i, headers)
        else:
            _seal_cm(arena, chunk, batch, i, headers)
    transmitter.run(chunk, len(batch.packets), batch.skip)


def own(clear: Sequence[tuple[bytes, Clear]], span: Span) -> list[tuple[bytes, Clear]]:
    """What one receiver gets of a run: with its own numbers, and nothing from before it came."""
    return [(_renumbered(header, p, span), p) for header, p in clear if p.sequence >= span.floor]


def _renumbered(header: bytes, packet: Clear, span: Span) -> bytes:
    number = packet.sequence + span.shift & 0xFFFF
    return header[:2] + struct.pack("!HI", number, span.time(packet.timestamp)) + header[8:]


def _seal_gcm(arena: Arena, chunk: Chunk, batch: Batch, at: int, headers: list[bytes]) -> None:
    packet = batch.packets[at]
    ivs = b""
    for seat in chunk.seats:
        number = packet.sequence + seat.span.shift
        ivs += srtp.rtp_iv(batch.ssrc, seat.rollover(batch.slot, number), number & 0xFFFF)
    size, payload = len(headers[0]), packet.payload
    nonces, cells = chunk.rtp.nonces(ivs), arena.bodies[at]
    for seat, encrypt, nonce, header in zip(chunk.seats, chunk.rtp.encrypt, nonces, headers, strict=True):
        if seat not in batch.skip:  # its number may mean another packet: not even to be sealed
            cell = cells[seat.position]
            cell[:size] = header
            encrypt(nonce, payload, header, cell[size:])


def _seal_cm(arena: Arena, chunk: Chunk, batch: Batch, at: int, headers: list[bytes]) -> None:
    for seat, header in zip(chunk.seats, headers, strict=True):
        if isinstance(seat.sender, srtp.CmSender) and seat not in batch.skip:
            cell, clear = arena.cell(at, seat.position), header + batch.packets[at].payload
            ffi.memmove(cell, clear, len(clear))
            if not seat.sender.protect_in_place(cell, len(clear)):
                ffi.memmove(cell, bytes(len(clear)), len(clear))  # never send it clear

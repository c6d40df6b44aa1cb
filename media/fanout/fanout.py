"""The hot path: for every receiver seal; one system call per 64 receivers.

Receivers that take the same bytes before encryption form a lane. Per packet and receiver only the cipher writes;
headers and lengths are set once per packet for all. The packets of one frame leave as one message per receiver
where the kernel segments. Knows neither sources nor rules of switching.
"""

import socket
import struct
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from media.fanout import shifted
from media.fanout.arena import RUN_LIMIT, Arena
from media.fanout.lane import Batch, Chunk, Lane, LaneKey, Seat
from media.fanout.native import Native
from media.fanout.seal import seal
from media.fanout.slot import Clear
from media.fanout.transmit import Mode, Transmitter
from media.transport import sealer, srtp
from media.transport.kernel import ffi, is_stream
from media.transport.streams import Streams
from media.wire.rtp import Codec

MAX_PADDING: Final = 96  # more padding than this costs more than another message


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


def _loses_count(seat: Seat, slot: int, number: int, before: int) -> bool:
    shift = 0 if slot else seat.span.shift
    return seat.loses_count(slot, number + shift, before + shift)


class Fanout:
    """Seals and sends. One for each UDP socket; not safe for use from two threads."""

    def __init__(self, sock: socket.socket, mode: Mode | None = None, *, native: bool = True) -> None:
        """`native`: seal in C where that was built."""
        self.arena = Arena()
        self._native = Native(self.arena) if native and sealer.library is not None else None
        self.transmitter = Transmitter(sock, self.arena, mode)
        self._rtcp_index = 0
        self.streams: Streams | None = None

    def lane(self, key: LaneKey) -> Lane:
        return Lane(key, self.arena)

    def prepare(self, packets: Sequence[Clear], now: float, unix_s: float) -> list[list[Clear]]:
        """Fix the bytes of packets that go out now for the first time, and cut them into runs."""
        self.transmitter.begin()
        stamp = int(unix_s * (1 << 18)) & 0xFFFFFF  # abs-send-time: 6 bits of seconds, 18 of fraction
        for packet in packets:
            packet.sent_at, packet.send_time = now, stamp
            if not packet.payload:  # a source probes its line; left out, its number would be missing
                packet.pad(1)
        if self.transmitter.mode is Mode.SEGMENTED:
            return in_runs(packets)
        return [[packet] for packet in packets]

    def repeat(self, packets: Sequence[Clear]) -> list[list[Clear]]:
        """Runs of packets that went out before: their bytes are fixed, so equal ones of a frame go together."""
        if self.transmitter.mode is not Mode.SEGMENTED:
            return [[packet] for packet in packets]
        equal = [list(some) for _, some in groupby(packets, lambda p: (p.codec, p.timestamp, len(p.payload)))]
        return [some[at : at + RUN_LIMIT] for some in equal for at in range(0, len(some), RUN_LIMIT)]

    def send(self, lanes: Iterable[Lane], batch: Batch) -> None:
        """Send one run to every seat of the lanes that takes it."""
        for lane in lanes:
            if lane.chunks and lane.takes(batch.packets[0]):
                if lane.key.stream:
                    self._send_over_streams(lane, batch)
                elif lane.key.shifted and batch.slot == 0:
                    shifted.send(self.arena, self.transmitter, lane, batch, self._native)
                elif lane.key.profile == srtp.GCM.name:
                    self._send_gcm(lane, batch)
                else:
                    self._send_cm(lane, batch)

    def keep_counts(self, lanes: Iterable[Lane], batch: Batch, before: int) -> None:
        """Who does not take the codec on air loses no count of the numbers: it gets some padding now and then."""
        (packet,) = batch.packets
        for lane in lanes:
            filler = None if lane.takes(packet) else lane.filler(packet)
            if filler is None:
                continue
            seats = [seat for chunk in lane.chunks for seat in chunk.seats]
            skip = {s for s in seats if not _loses_count(s, batch.slot, packet.sequence, before)}
            if len(skip) < len(seats):
                self.send([lane], Batch(batch.slot, batch.ssrc, [filler], skip))

    def _send_gcm(self, lane: Lane, batch: Batch) -> None:
        if self._native is not None:
            self._native.take(lane, batch, shifted=False)
            for chunk in lane.chunks:
                self._native.seal(chunk, batch, shifted=False)
                self.transmitter.run(chunk, len(batch.packets), batch.skip)
            return
        arena, packets = self.arena, batch.packets
        clear = [(lane.header(batch.ssrc, packet), packet.payload) for packet in packets]
        arena.lay([(header, len(payload) + srtp.TAG_SIZE) for header, payload in clear], lane.width)
        arena.set_segment(arena.cuts[0][1])
        for chunk in lane.chunks:
            ivs = [chunk.rtp_ivs(batch.slot, batch.ssrc, packet.sequence) for packet in packets]
            seal(chunk.rtp.encrypt, [chunk.rtp.nonces(some) for some in ivs], arena.bodies, clear)
            self.transmitter.run(chunk, len(packets), batch.skip)

    def _send_cm(self, lane: Lane, batch: Batch) -> None:
        """A receiver gets nothing from before it came: its numbers would turn round with that (srtp.CmSender)."""
        slot, oldest = batch.slot, min(packet.sequence for packet in batch.packets)
        for chunk in lane.chunks:
            if oldest >= max(seat.firsts[slot] for seat in chunk.seats):
                self._run_cm(lane, chunk, batch)
                continue
            for packet in batch.packets:
                early = {seat for seat in chunk.seats if packet.sequence < seat.firsts[slot]}
                if len(early) < len(chunk.seats):
                    self._run_cm(lane, chunk, Batch(slot, batch.ssrc, (packet,), early.union(batch.skip)))

    def _run_cm(self, lane: Lane, chunk: Chunk, batch: Batch) -> None:
        arena, packets = self.arena, batch.packets
        clear = [lane.header(batch.ssrc, packet) + packet.payload for packet in packets]
        arena.place([(b"", len(packet) + srtp.CM_TAG_SIZE) for packet in clear])
        arena.set_segment(len(clear[0]) + srtp.CM_TAG_SIZE)
        failed: set[Seat] = set()
        for i, packet in enumerate(clear):
            for seat in chunk.seats:
                if isinstance(seat.sender, srtp.CmSender) and seat not in batch.skip:
                    cell = arena.cell(i, seat.position)
                    ffi.memmove(cell, packet, len(packet))
                    if not seat.sender.protect_in_place(cell, len(packet)):
                        ffi.memmove(cell, bytes(len(packet)), len(packet))  # never send it clear
                        failed.add(seat)
        self.transmitter.tally.failed += len(failed)
        self.transmitter.run(chunk, len(packets), failed.union(batch.skip) if failed else batch.skip)

    def _send_over_streams(self, lane: Lane, batch: Batch) -> None:
        """To those who came over TCP, each by itself: what one does not read keeps nobody waiting."""
        packets, tally = batch.packets, self.transmitter.tally
        clear = [(lane.header(batch.ssrc, packet), packet) for packet in packets]
        moment = -1 if packets[0].codec is Codec.OPUS else packets[0].timestamp
        for seat in (seat for chunk in lane.chunks for seat in chunk.seats if seat not in batch.skip):
            if lane.key.shifted and batch.slot == 0:
                own = shifted.own(clear, seat)
            else:
                first = seat.firsts[batch.slot]
                own = [(h, p.payload, p.sequence) for h, p in clear if p.sequence >= first]
            try:
                sealed = [
                    seat.sender.protect(header, payload, seat.rollover(batch.slot, number))
                    for header, payload, number in own
                ]
            except ValueError:
                tally.failed += 1
                continue
            if self.streams is not None and self.streams.send(seat.address, sealed, moment):
                tally.packets += len(sealed)
            else:
                tally.dropped += len(sealed)

    def send_control(self, lanes: Iterable[Lane], packet: bytes) -> None:
        """Send one RTCP packet to every seat of the lanes."""
        self._rtcp_index = self._rtcp_index + 1 & 0x7FFFFFFF
        for lane in lanes:
            if lane.key.stream:
                self._send_control_each(lane, packet)
            elif lane.key.profile == srtp.GCM.name:
                self._send_control_gcm(lane, packet)
            else:
                self._send_control_each(lane, packet)

    def _send_control_gcm(self, lane: Lane, packet: bytes) -> None:
        arena = self.arena
        (ssrc,) = struct.unpack_from("!I", packet, 4)
        tail = struct.pack("!I", srtp.ENCRYPTED | self._rtcp_index)
        clear, covered = packet[8:], packet[:8] + tail
        arena.lay([(packet[:8], len(clear) + srtp.TAG_SIZE), (tail, 0)], lane.width)
        iv = srtp.rtcp_iv(ssrc, self._rtcp_index)
        for chunk in lane.chunks:
            nonces = chunk.rtcp.nonces(iv * len(chunk.seats))
            seal(chunk.rtcp.encrypt, [nonces], arena.bodies, [(covered, clear)])
            self.transmitter.vector(chunk, 1, 0, len(chunk.seats))

    def _send_control_each(self, lane: Lane, packet: bytes) -> None:
        for seat in [seat for chunk in lane.chunks for seat in chunk.seats]:
            self._send_control_one(seat, packet)

    def send_control_to(self, seat: Seat, packet: bytes) -> None:
        """Send one RTCP packet to one receiver."""
        self.control_index()
        self._send_control_one(seat, packet)

    def _send_control_one(self, seat: Seat, packet: bytes) -> None:
        try:
            sealed = seat.sender.protect_rtcp(packet, self._rtcp_index)
        except ValueError:
            self.transmitter.tally.failed += 1
            return
        if not is_stream(seat.address):
            self.transmitter.alone(seat, sealed)
        elif self.streams is not None:
            self.streams.send(seat.address, (sealed,))

    def control_index(self) -> int:
        """A fresh SRTCP index for a packet to one receiver."""
        self._rtcp_index = self._rtcp_index + 1 & 0x7FFFFFFF
        return self._rtcp_index

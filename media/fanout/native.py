"""A run sealed in C for a chunk of receivers, where sealer.c was built: header and nonce are each one's own."""

from media.fanout.arena import RUN_LIMIT, Arena
from media.fanout.lane import Batch, Chunk, Lane
from media.fanout.span import vp8_marks
from media.transport import srtp
from media.transport.sealer import Numbered, Sealer


class Native:
    """Over one arena. Made only where there is a library."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._sealer = Sealer(RUN_LIMIT)

    def take(self, lane: Lane, batch: Batch, *, shifted: bool) -> None:
        """Make room for a run. `shifted`: the receivers count by themselves."""
        run = [
            Numbered(
                lane.header(batch.ssrc, packet),
                packet.payload,
                packet.sequence,
                packet.timestamp,
                vp8_marks(packet) if shifted else None,
            )
            for packet in batch.packets
        ]
        arena = self._arena
        arena.place([(one.header, len(one.payload) + srtp.TAG_SIZE) for one in run])
        arena.set_segment(arena.cuts[0][1])
        self._sealer.take(run, [start for start, _ in arena.cuts])

    def seal(self, chunk: Chunk, batch: Batch, *, shifted: bool) -> None:
        """Seal the run that was taken for all of the chunk who are not passed over."""
        skip = batch.skip
        skipped = bytes(seat in skip for seat in chunk.seats) if skip else bytes(len(chunk.seats))
        row = chunk.row(batch.slot, shifted=shifted)
        self._sealer.run(row, skipped, batch.ssrc, self._arena.cells, self._arena.stride)

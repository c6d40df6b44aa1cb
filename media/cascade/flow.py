"""From a slot's packets to everybody who has the slot: gathered to frames, kept for repair, sent.

The way of a programme's packets, wherever they come from.
"""

import time
from dataclasses import replace
from typing import Final

from media.cascade.herald import Herald
from media.fanout.fanout import Fanout
from media.fanout.lane import Batch
from media.fanout.slot import Clear
from media.programme.programme import Cue, Programme
from media.transport.mishaps import Mishaps

FLUSH_AFTER_S: Final = 0.002


class Flow:
    """The frames in the making of all programmes of one worker."""

    def __init__(self, fanout: Fanout, herald: Herald, mishaps: Mishaps | None = None) -> None:
        self._fanout = fanout
        self._herald = herald
        self.mishaps = mishaps or Mishaps()
        self.pending: dict[Cue, Programme] = {}

    def gather(self, programme: Programme, cue: Cue, clear: Clear, now: float) -> None:
        """Take a packet of a slot; its frame leaves with its last packet, or a moment later."""
        if cue.frame and cue.frame[0].timestamp != clear.timestamp:
            self.flush(programme, cue, now)
        if cue.movers and clear.sequence == cue.key_frame == cue.slot.highest:
            self._take_over(programme, cue, clear, now)
        if cue.gather(clear, now):
            self.flush(programme, cue, now)
        else:
            self.pending[cue] = programme

    def _take_over(self, programme: Programme, cue: Cue, key_frame: Clear, now: float) -> None:
        """Viewers come to this rung, each with numbers and time that follow on what it got so far.

        Not at a key frame whose beginning came late: what was sent of it already would be missing. Nor anybody who
        has not come up yet to what is live of his own rung: that would be left out.
        """
        movers = [viewer for viewer in cue.movers if not viewer.lane.party]
        cue.movers, cue.moved_at = [viewer for viewer in cue.movers if viewer.lane.party], now
        for rung in {viewer.lane.rung for viewer in movers}:
            self.flush(programme, programme.pictures[rung], now)  # no number may be under way
        for viewer in movers:
            seat, slot = viewer.seat, programme.pictures[viewer.lane.rung].slot
            if seat is None:
                continue
            last = slot.highest if viewer.lane.video else viewer.picture_at
            seat.follow(seat.span.follow(cue.rung, key_frame, slot, last, now))
            programme.reseat(viewer, replace(viewer.lane, video=True, rung=cue.rung, shifted=True))

    def flush(self, programme: Programme, cue: Cue, now: float) -> None:
        """Send the gathered packets of a slot to everybody who has it."""
        self.pending.pop(cue, None)
        frame, cue.frame = cue.frame, []
        if not frame:
            return
        if programme.outlet is not None or programme.relays:
            self._herald.look(programme)  # who speaks goes ahead of what he says
        if programme.outlet is not None and programme.differs(cue):
            programme.outlet.pass_on(
                cue.index, cue.rung, cue.slot.ssrc, frame
            )  # before padding: a mirror pads for itself
        before, cue.left = cue.left, max(cue.left, frame[-1].sequence)  # a late one moves nothing
        deaf = [v.seat for v in programme.deaf_to(cue) if v.seat is not None]
        skip = tuple(seat for seat in deaf if not seat.loses_count(cue.index, cue.left, before))
        lanes = programme.lanes_of(cue)
        for run in self._fanout.prepare(frame, now, time.time()):
            for packet in run:
                cue.ring.put(packet)
            if cue.rung and programme.relays:
                self._herald.pass_on(programme, cue, run)
            self._fanout.send(lanes, Batch(cue.index, cue.slot.ssrc, run, skip))
        if cue.left > before:
            self._fanout.keep_counts(lanes, Batch(cue.index, cue.slot.ssrc, frame[-1:]), before)

    def flush_due(self, now: float) -> None:
        """Send frames that waited long enough for their last packet."""
        for cue, programme in list(self.pending.items()):
            if now - cue.frame_at >= FLUSH_AFTER_S:
                try:
                    self.flush(programme, cue, now)
                except Exception:  # of a frame that is given up: it is no longer pending
                    self.mishaps.note(f"frame of slot {cue.index}, rung {cue.rung}")

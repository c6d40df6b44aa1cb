"""Viewers who come in the middle of a picture: what was kept of it, a little faster than it is live.

Those who come within one step go the way together, in lanes of their own: in the fan-out a packet costs a sixth of
what it costs alone. They hear the sound meanwhile, and sit down among the others when they are level.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from media.fanout.fanout import Fanout
from media.fanout.lane import Batch, LaneKey
from media.programme.parties import Viewer
from media.programme.programme import Cue, Programme
from media.transport.mishaps import Mishaps

STEP_S: Final = 0.02
AHEAD: Final = 8  # packets a step beyond what is live: 400 a second, 4 Mbit/s at most
STEPS_AT_ONCE: Final = 5  # after a pause of the packet loop


@dataclass(slots=True, eq=False)
class Party:
    """Who came together. `next`: the first number that they lack; `behind`: how many they lack after a step."""

    number: int  # as it stands in the keys of their lanes
    programme: Programme
    cue: Cue
    next: int
    behind: int
    viewers: list[Viewer] = field(default_factory=list)


class Latecomers:
    """All of one worker."""

    def __init__(self, fanout: Fanout, mishaps: Mishaps | None = None) -> None:
        self._fanout = fanout
        self.mishaps = mishaps or Mishaps()
        self._parties: list[Party] = []
        self._gathering: dict[Cue, Party] = {}
        self._last = 0
        self._stepped_at = float("-inf")

    def seat(self, programme: Programme, cue: Cue, viewer: Viewer, key: LaneKey) -> None:
        """The viewer gets the slots of this lane, the picture from the cue's last key frame on, which is kept."""
        party = self._gathering.get(cue)
        if party is None or party.next != cue.key_frame:
            self._last += 1
            party = Party(self._last, programme, cue, cue.key_frame, cue.left - cue.key_frame + 1)
            self._gathering[cue] = party
            self._parties.append(party)
        party.viewers.append(viewer)
        viewer.shown_at = self._stepped_at
        programme.reseat(viewer, replace(key, party=party.number))

    def step(self, now: float) -> None:
        """What is due to all of them. Called often."""
        passed = (now - self._stepped_at) / STEP_S
        if passed < 1:
            return
        steps = int(min(STEPS_AT_ONCE, passed))
        self._stepped_at = now if steps == STEPS_AT_ONCE else self._stepped_at + steps * STEP_S
        self._gathering.clear()
        self._fanout.transmitter.begin()
        for party in list(self._parties):
            party.behind -= steps * AHEAD
            try:
                self._give(party, party.cue.left - max(0, party.behind))
            except Exception:  # they sit down with what they have, and wish for a key frame
                self.mishaps.note(f"latecomers of {party.programme.name}")
                party.behind = 0
            if party.behind <= 0:
                self._parties.remove(party)
                for viewer in party.viewers:
                    seated = viewer.seat is not None and viewer.seat.chunk is not None  # it may have left
                    if seated and viewer.lane.party == party.number:
                        party.programme.reseat(viewer, replace(viewer.lane, party=0))

    def _give(self, party: Party, last: int) -> None:
        cue = party.cue
        lanes = party.programme.lanes_of_party(party.number)
        packets = list(cue.ring.since(party.next, last))
        party.next = max(party.next, last + 1)
        for run in self._fanout.repeat(packets) if lanes else ():
            self._fanout.send(lanes, Batch(cue.index, cue.slot.ssrc, run))

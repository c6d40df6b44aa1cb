"""The worker's end of its links: which of its programmes others mirror, and what they say and wish.

A link carries both ways: what the other mirrors of ours, and, on links that we made, what we mirror of its.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from media.cascade.flow import Flow
from media.cascade.herald import Herald
from media.cascade.link import Door, Link
from media.cascade.mirror import Mirrors
from media.programme import framing
from media.programme.framing import Air, Clock, KeyFrame, Leave, Loss, Message, Opened, Packets, Want
from media.programme.outlet import Outlet
from media.programme.programme import Programme
from media.programme.rungs import RUNGS
from media.programme.studio import Studio, TooMany


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A programme of ours that others mirror."""

    studio: Studio
    programme: Programme
    outlet: Outlet


class Exchange:
    """All that goes over the links of one worker. `clock` is the packet loop's time."""

    def __init__(
        self, door: Door, flow: Flow, herald: Herald, find: Callable[[str], Studio], clock: Callable[[], float]
    ) -> None:
        """`find` gives the studio of a name. Raises (then): TooMany."""
        self._herald = herald
        self._find = find
        self._clock = clock
        self._given: dict[int, Given] = {}
        self._last = 0
        self.door = door
        self.mirrors = Mirrors(door, flow)
        door.ended = self._ended

    @property
    def given(self) -> int:
        return len(self._given)

    def received(self, link: Link, message: Message) -> None:
        """Any message of any link."""
        match message:
            case Want():
                self._want(link, message)
            case Leave():
                self._leave(link, message.stream)
            case KeyFrame():
                given = self._given.get(message.stream)
                if given is not None and message.layer < RUNGS:
                    given.studio.wish_key_frame(given.programme.pictures[message.layer])
            case Loss():
                given = self._given.get(message.stream)
                if given is not None and link in given.outlet.takers:
                    given.outlet.told[link] = message.lost / 256
            case Opened():
                self.mirrors.opened(link, message)
            case Packets() | Air() | Clock():
                self.mirrors.read(link, message, self._clock())
            case _:
                assert_never(message)

    def _want(self, link: Link, message: Want) -> None:
        try:
            studio = self._find(message.studio)
            programme = studio.programme(message.programme)
        except TooMany:
            return  # it asks again
        outlet = programme.outlet
        if outlet is None:
            self._last += 1
            outlet = Outlet(self._last, lambda rung: studio.wish_key_frame(programme.pictures[rung]))
            programme.give(outlet)
            self._given[outlet.stream] = Given(studio, programme, outlet)
        if link not in outlet.takers:
            outlet.takers.append(link)
        link.send(framing.encode(Opened(outlet.stream, message.studio, message.programme)))
        self._herald.look(programme)
        link.send(framing.encode(Air(outlet.stream, programme.air)))
        for cue in programme.pictures:
            kept = cue.since_key_frame() if programme.differs(cue) else []
            for record in outlet.records(0, cue.rung, cue.slot.ssrc, kept):
                link.send(record)
            if not kept and programme.differs(cue):
                studio.wish_key_frame(cue)

    def _leave(self, link: Link, stream: int) -> None:
        given = self._given.get(stream)
        if given is None or link not in given.outlet.takers:
            return
        given.outlet.takers.remove(link)
        given.outlet.told.pop(link, None)
        if not given.outlet.takers:
            given.programme.outlet = None
            del self._given[stream]

    def _ended(self, link: Link) -> None:
        for stream in list(self._given):
            self._leave(link, stream)
        self.mirrors.ended(link)

"""A meeting as one attendant sees it at one moment: what a tablet loads first and then keeps current by events."""

from __future__ import annotations

from dataclasses import dataclass

from rooms.agenda import AgendaItem
from rooms.events import Audience, audience_of
from rooms.floor import Turn
from rooms.ids import PollId
from rooms.meeting import Attendant, BridgeSeat, Meeting
from rooms.papers import Paper
from rooms.poll import Poll
from rooms.roles import RIGHTS, Right, Role, Seat
from rooms.signing import MinutesStatus
from rooms.tally import Choice


@dataclass(frozen=True, slots=True)
class Me:
    """The reader's own place. `ballots`: the reader's own choices, poll by poll."""

    role: Role
    rights: tuple[Right, ...]
    ballots: dict[PollId, Choice]


@dataclass(frozen=True, slots=True)
class Room:
    """`seq`: the journal entry up to which this picture holds."""

    seq: int
    meeting: Meeting
    agenda: tuple[AgendaItem, ...]
    papers: tuple[Paper, ...]
    attendants: tuple[Attendant, ...]
    bridges: tuple[BridgeSeat, ...]
    turns: tuple[Turn, ...]
    polls: tuple[Poll, ...]
    minutes: MinutesStatus
    me: Me


def me(seat: Seat, ballots: dict[PollId, Choice]) -> Me:
    return Me(seat.role, tuple(sorted(RIGHTS[seat.role])), ballots)


def bridges_shown(seat: Seat, bridges: tuple[BridgeSeat, ...]) -> tuple[BridgeSeat, ...]:
    """Operators see every bridge, a bridge itself, other people none: the same rule as `events.visible`."""
    if audience_of(seat) is Audience.OPERATORS:
        return bridges
    return tuple(b for b in bridges if b.bridge_id == seat.actor.bridge_id)


def minutes_shown(seat: Seat, minutes: MinutesStatus) -> MinutesStatus:
    """A commune's bridge is not told of the minutes: the same rule as `events.visible`."""
    return MinutesStatus() if audience_of(seat) is Audience.BRIDGES else minutes

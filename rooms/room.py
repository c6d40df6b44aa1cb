"""A meeting as one attendant sees it at one moment: what a tablet loads first and then keeps current by events."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rooms.agenda import AgendaItem
from rooms.events import Audience, audience_of
from rooms.floor import Turn
from rooms.ids import PollId
from rooms.meeting import AttendanceState, Attendant, BridgeSeat, Meeting
from rooms.papers import Paper
from rooms.poll import Poll
from rooms.roles import RIGHTS, Right, Role, Seat
from rooms.signing import MinutesState, MinutesStatus
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
    if seat.has(Right.SEE_BRIDGES):
        return bridges
    return tuple(b for b in bridges if b.bridge_id == seat.actor.bridge_id)


def minutes_shown(seat: Seat, minutes: MinutesStatus) -> MinutesStatus:
    """A commune's bridge is not told of the minutes, nor others of a draft: the same rule as `events.visible`."""
    audience = audience_of(seat)
    draft = minutes.state is MinutesState.DRAFT
    hidden = audience is Audience.BRIDGES or (draft and audience is not Audience.DESK)
    return MinutesStatus() if hidden else minutes


def attendants_shown(seat: Seat, attendants: tuple[Attendant, ...]) -> tuple[Attendant, ...]:
    """A commune's hall does not read who is excused and why: the same rule as `events.visible`."""
    if audience_of(seat) is not Audience.BRIDGES:
        return attendants
    return tuple(_unexcused(a) for a in attendants)


def _unexcused(person: Attendant) -> Attendant:
    """As he or she was before."""
    state = person.state
    if state is AttendanceState.EXCUSED:
        state = AttendanceState.EXPECTED if person.left_at is None else AttendanceState.LEFT
    return replace(person, state=state, excuse="")

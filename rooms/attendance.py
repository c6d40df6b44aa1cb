"""Who is there: check-in, leaving, excuses, and the bridges' head counts.

A person checks in for himself or herself; the secretary or chair may do it for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict, Forbidden, Invalid, NotFound
from rooms.ids import BridgeId, PersonId
from rooms.meeting import AttendanceState, Attendant, BridgeSeat, Meeting, MeetingState
from rooms.roles import Right
from rooms.values import TITLE_MAX, clean

HEADS_MAX = 20_000


# ── commands ──


@dataclass(frozen=True, slots=True)
class CheckIn:
    """`person_id` None: the actor. For a bridge actor: the bridge, with the heads in its hall."""

    person_id: PersonId | None = None
    heads: int | None = None
    kind: Literal["check_in"] = "check_in"


@dataclass(frozen=True, slots=True)
class CheckOut:
    person_id: PersonId | None = None
    kind: Literal["check_out"] = "check_out"


@dataclass(frozen=True, slots=True)
class Excuse:
    person_id: PersonId
    reason: str = ""
    kind: Literal["excuse"] = "excuse"


@dataclass(frozen=True, slots=True)
class ReportHeads:
    heads: int
    kind: Literal["report_heads"] = "report_heads"


AttendanceCommand = CheckIn | CheckOut | Excuse | ReportHeads

# ── events ──


@dataclass(frozen=True, slots=True)
class PersonCheckedIn:
    person_id: PersonId
    kind: Literal["person.checked_in"] = "person.checked_in"


@dataclass(frozen=True, slots=True)
class PersonCheckedOut:
    person_id: PersonId
    kind: Literal["person.checked_out"] = "person.checked_out"


@dataclass(frozen=True, slots=True)
class PersonExcused:
    person_id: PersonId
    reason: str
    kind: Literal["person.excused"] = "person.excused"


@dataclass(frozen=True, slots=True)
class BridgeCheckedIn:
    bridge_id: BridgeId
    heads: int | None
    kind: Literal["bridge.checked_in"] = "bridge.checked_in"


@dataclass(frozen=True, slots=True)
class BridgeCheckedOut:
    bridge_id: BridgeId
    kind: Literal["bridge.checked_out"] = "bridge.checked_out"


@dataclass(frozen=True, slots=True)
class HeadsReported:
    bridge_id: BridgeId
    heads: int
    kind: Literal["bridge.heads_reported"] = "bridge.heads_reported"


AttendanceEvent = (
    PersonCheckedIn | PersonCheckedOut | PersonExcused | BridgeCheckedIn | BridgeCheckedOut | HeadsReported
)


def decide(
    meeting: Meeting,
    attendant: Attendant | None,
    bridge: BridgeSeat | None,
    command: AttendanceCommand,
    act: Act,
) -> tuple[AttendanceEvent, ...]:
    """`attendant`: the person the command is about; `bridge`: the actor's own seat when it is a bridge.

    Repeating what already holds is accepted and makes no event. Raises: Refusal.
    """
    match command:
        case CheckIn(_, heads):
            meeting.require(MeetingState.CONVENED, MeetingState.OPEN)
            if bridge is not None:
                act.seat.require(Right.CHECK_IN)
                if bridge.checked_in_at is not None and bridge.left_at is None:
                    return ()
                return (BridgeCheckedIn(bridge.bridge_id, _heads(heads)),)
            person = _subject(attendant, act)
            if person.state is AttendanceState.PRESENT:
                return ()
            return (PersonCheckedIn(person.person_id),)
        case CheckOut():
            meeting.require(MeetingState.CONVENED, MeetingState.OPEN)
            if bridge is not None:
                gone = bridge.checked_in_at is None or bridge.left_at is not None
                return () if gone else (BridgeCheckedOut(bridge.bridge_id),)
            person = _subject(attendant, act)
            if person.state is not AttendanceState.PRESENT:
                return ()
            return (PersonCheckedOut(person.person_id),)
        case Excuse(_, reason):
            meeting.require(MeetingState.CONVENED, MeetingState.OPEN)
            act.seat.require(Right.CHECK_IN_OTHERS)
            person = _subject(attendant, act)
            if person.state is AttendanceState.PRESENT:
                raise Conflict("person-is-present", "somebody who is here is not excused")
            return (PersonExcused(person.person_id, clean(reason, limit=TITLE_MAX, what="reason", empty=True)),)
        case ReportHeads(heads):
            meeting.require(MeetingState.CONVENED, MeetingState.OPEN)
            if bridge is None:
                raise Forbidden("not-a-bridge", "only a bridge reports heads")
            counted = _heads(heads)
            if counted is None or counted == bridge.heads:
                return ()
            return (HeadsReported(bridge.bridge_id, counted),)
        case _:
            assert_never(command)


def _subject(attendant: Attendant | None, act: Act) -> Attendant:
    if attendant is None:
        raise NotFound("person-not-invited", "the person is not invited")
    if attendant.person_id == act.seat.actor.id:
        act.seat.require(Right.CHECK_IN)
    else:
        act.seat.require(Right.CHECK_IN_OTHERS)
    return attendant


def _heads(heads: int | None) -> int | None:
    if heads is not None and not 0 <= heads <= HEADS_MAX:
        raise Invalid("bad-head-count", f"a head count is between 0 and {HEADS_MAX}", limit=HEADS_MAX)
    return heads

"""The meeting itself: its details, who is invited, and the one way from draft to closed.

draft → convened → open → closed. Invitations and details may change until the meeting closes; nothing after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict, Invalid, NotFound
from rooms.ids import BridgeId, ItemId, MeetingId, OrganisationId, PaperId, PersonId
from rooms.roles import BRIDGE_ROLES, PERSON_ROLES, VOTING_ROLES, Right, Role
from rooms.values import NAME_MAX, TITLE_MAX, TWO_THIRDS, Threshold, clean

ATTENDANTS_MAX = 5_000
MEMBERS_IN_OFFICE_MAX = 5_000
#: Beyond them no meeting is held, and at the calendar's ends a zone cannot be told any more.
YEARS = range(2000, 2201)


class MeetingState(StrEnum):
    DRAFT = "draft"
    CONVENED = "convened"
    OPEN = "open"
    CLOSED = "closed"


class MeetingKind(StrEnum):
    MEETING = "meeting"
    CONFERENCE = "conference"  # attended by bridges as well as people


class AttendanceState(StrEnum):
    EXPECTED = "expected"
    PRESENT = "present"
    LEFT = "left"
    EXCUSED = "excused"


@dataclass(frozen=True, slots=True)
class Details:
    """What the secretary sets. `members_in_office` is None while it follows the invited voting members."""

    title: str
    kind: MeetingKind
    body_name: str
    place: str
    starts_at: datetime
    ends_at: datetime | None = None
    members_in_office: int | None = None
    quorum: Threshold = TWO_THIRDS

    def checked(self) -> Details:
        """The same, cleaned. Raises: Invalid."""
        if self.starts_at.tzinfo is None or (self.ends_at is not None and self.ends_at.tzinfo is None):
            raise Invalid("time-without-zone", "times need a zone")
        if any(at is not None and at.year not in YEARS for at in (self.starts_at, self.ends_at)):
            raise Invalid("bad-time", "not a time of a meeting", first=YEARS[0], last=YEARS[-1])
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise Invalid("ends-before-start", "the meeting would end before it starts")
        if self.members_in_office is not None and not 1 <= self.members_in_office <= MEMBERS_IN_OFFICE_MAX:
            raise Invalid("bad-members-in-office", "members in office must be a positive number")
        return Details(
            title=clean(self.title, limit=TITLE_MAX, what="title"),
            kind=self.kind,
            body_name=clean(self.body_name, limit=NAME_MAX, what="body_name", empty=True),
            place=clean(self.place, limit=TITLE_MAX, what="place", empty=True),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            members_in_office=self.members_in_office,
            quorum=self.quorum,
        )


@dataclass(frozen=True, slots=True)
class Attendant:
    """A person invited to a meeting, and whether he or she is there."""

    person_id: PersonId
    name: str
    position: str
    role: Role
    state: AttendanceState = AttendanceState.EXPECTED
    checked_in_at: datetime | None = None
    left_at: datetime | None = None
    excuse: str = ""

    @property
    def votes(self) -> bool:
        return self.role in VOTING_ROLES


@dataclass(frozen=True, slots=True)
class BridgeSeat:
    """A bridge invited to a meeting. `heads`: delegates in its hall as last reported."""

    bridge_id: BridgeId
    name: str
    code: str
    role: Role
    checked_in_at: datetime | None = None
    left_at: datetime | None = None
    heads: int | None = None


@dataclass(frozen=True, slots=True)
class Lead:
    """The page the chair leads everyone to. `page` counts from 1."""

    paper_id: PaperId
    page: int


@dataclass(frozen=True, slots=True)
class Meeting:
    id: MeetingId
    organisation_id: OrganisationId
    details: Details
    state: MeetingState
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    current_item_id: ItemId | None = None
    lead: Lead | None = None
    stand_by_bridge_id: BridgeId | None = None
    on_air_bridge_id: BridgeId | None = None
    recording_since: datetime | None = None
    last_seq: int = 0
    last_hash: str = ""

    def require(self, *states: MeetingState) -> None:
        """Raises: Conflict `meeting-is-<state>`."""
        if self.state not in states:
            raise Conflict(f"meeting-is-{self.state}", f"the meeting is {self.state}", state=self.state.value)


def members_in_office(details: Details, attendants: Iterable[Attendant]) -> int:
    """The base of most votes: as set by the secretary, else the number of invited voting members."""
    if details.members_in_office is not None:
        return details.members_in_office
    return sum(1 for a in attendants if a.votes)


@dataclass(frozen=True, slots=True)
class Quorum:
    """Present voting members against members in office, with the rule that decides."""

    present: int
    members: int
    needed: int
    reached: bool


def quorum(details: Details, attendants: Iterable[Attendant]) -> Quorum:
    people = tuple(attendants)
    members = members_in_office(details, people)
    present = sum(1 for a in people if a.votes and a.state is AttendanceState.PRESENT)
    needed = details.quorum.needed(members)
    return Quorum(present, members, needed, members > 0 and details.quorum.met(present, members))


# ── commands ──


@dataclass(frozen=True, slots=True)
class ChangeDetails:
    details: Details
    kind: Literal["change_details"] = "change_details"


@dataclass(frozen=True, slots=True)
class Invitation:
    person_id: PersonId
    role: Role


@dataclass(frozen=True, slots=True)
class BridgeInvitation:
    bridge_id: BridgeId
    role: Role


@dataclass(frozen=True, slots=True)
class InvitePeople:
    """Invites, or changes the role of those invited already."""

    people: tuple[Invitation, ...]
    kind: Literal["invite_people"] = "invite_people"


@dataclass(frozen=True, slots=True)
class UninvitePerson:
    person_id: PersonId
    kind: Literal["uninvite_person"] = "uninvite_person"


@dataclass(frozen=True, slots=True)
class InviteBridges:
    bridges: tuple[BridgeInvitation, ...]
    kind: Literal["invite_bridges"] = "invite_bridges"


@dataclass(frozen=True, slots=True)
class UninviteBridge:
    bridge_id: BridgeId
    kind: Literal["uninvite_bridge"] = "uninvite_bridge"


@dataclass(frozen=True, slots=True)
class Convene:
    kind: Literal["convene"] = "convene"


@dataclass(frozen=True, slots=True)
class OpenMeeting:
    kind: Literal["open_meeting"] = "open_meeting"


@dataclass(frozen=True, slots=True)
class CloseMeeting:
    kind: Literal["close_meeting"] = "close_meeting"


MeetingCommand = (
    ChangeDetails
    | InvitePeople
    | UninvitePerson
    | InviteBridges
    | UninviteBridge
    | Convene
    | OpenMeeting
    | CloseMeeting
)

# ── events ──


@dataclass(frozen=True, slots=True)
class MeetingCreated:
    details: Details
    kind: Literal["meeting.created"] = "meeting.created"


@dataclass(frozen=True, slots=True)
class DetailsChanged:
    details: Details
    kind: Literal["meeting.details_changed"] = "meeting.details_changed"


@dataclass(frozen=True, slots=True)
class PersonInvited:
    person_id: PersonId
    name: str
    position: str
    role: Role
    kind: Literal["person.invited"] = "person.invited"


@dataclass(frozen=True, slots=True)
class PersonUninvited:
    person_id: PersonId
    kind: Literal["person.uninvited"] = "person.uninvited"


@dataclass(frozen=True, slots=True)
class BridgeInvited:
    bridge_id: BridgeId
    name: str
    code: str
    role: Role
    kind: Literal["bridge.invited"] = "bridge.invited"


@dataclass(frozen=True, slots=True)
class BridgeUninvited:
    bridge_id: BridgeId
    kind: Literal["bridge.uninvited"] = "bridge.uninvited"


@dataclass(frozen=True, slots=True)
class MeetingConvened:
    kind: Literal["meeting.convened"] = "meeting.convened"


@dataclass(frozen=True, slots=True)
class MeetingOpened:
    """With the quorum as it stood: the minutes print it."""

    present: int
    members: int
    needed: int
    reached: bool
    kind: Literal["meeting.opened"] = "meeting.opened"


@dataclass(frozen=True, slots=True)
class MeetingClosed:
    kind: Literal["meeting.closed"] = "meeting.closed"


MeetingEvent = (
    MeetingCreated
    | DetailsChanged
    | PersonInvited
    | PersonUninvited
    | BridgeInvited
    | BridgeUninvited
    | MeetingConvened
    | MeetingOpened
    | MeetingClosed
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A person or bridge as the organisation's directory has it, to be invited."""

    id: PersonId | BridgeId
    name: str
    detail: str  # a person's position, a bridge's code


def decide(
    meeting: Meeting,
    attendants: tuple[Attendant, ...],
    bridges: tuple[BridgeSeat, ...],
    directory: tuple[Listed, ...],
    item_count: int,
    command: ChangeDetails
    | InvitePeople
    | UninvitePerson
    | InviteBridges
    | UninviteBridge
    | Convene
    | OpenMeeting,
    act: Act,
) -> tuple[MeetingEvent, ...]:
    """Everything but closing, which also ends the floor and the item (see `service`).

    Raises: Refusal.
    """
    match command:
        case ChangeDetails(details):
            act.seat.require(Right.PREPARE)
            meeting.require(MeetingState.DRAFT, MeetingState.CONVENED)
            checked = details.checked()
            return () if checked == meeting.details else (DetailsChanged(checked),)
        case InvitePeople(people):
            act.seat.require(Right.PREPARE)
            return _invite_people(meeting, attendants, directory, people, act)
        case UninvitePerson(person_id):
            act.seat.require(Right.PREPARE)
            return _uninvite_person(meeting, attendants, person_id, act)
        case InviteBridges(wanted):
            act.seat.require(Right.PREPARE)
            return _invite_bridges(meeting, bridges, directory, wanted)
        case UninviteBridge(bridge_id):
            act.seat.require(Right.PREPARE)
            _require_bridge_free(meeting, bridge_id)
            if all(b.bridge_id != bridge_id for b in bridges):
                raise NotFound("bridge-not-invited", "the bridge is not invited")
            return (BridgeUninvited(bridge_id),)
        case Convene():
            act.seat.require(Right.PREPARE)
            return _convene(meeting, attendants, item_count)
        case OpenMeeting():
            act.seat.require(Right.PRESIDE)
            meeting.require(MeetingState.CONVENED)
            q = quorum(meeting.details, attendants)
            return (MeetingOpened(q.present, q.members, q.needed, q.reached),)
        case _:
            assert_never(command)


def _invite_people(
    meeting: Meeting,
    attendants: tuple[Attendant, ...],
    directory: tuple[Listed, ...],
    people: tuple[Invitation, ...],
    act: Act,
) -> tuple[MeetingEvent, ...]:
    meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
    roles = {a.person_id: a.role for a in attendants}
    listed = {entry.id: entry for entry in directory}
    events: list[MeetingEvent] = []
    for person_id, role in ((p.person_id, p.role) for p in people):
        if role not in PERSON_ROLES:
            raise Invalid("role-not-for-a-person", f"a person cannot be {role}")
        if person_id not in listed:
            raise NotFound("person-unknown", "no such person in this organisation")
        if meeting.state is MeetingState.OPEN and person_id in roles and roles[person_id] is not role:
            raise Conflict("role-fixed-while-open", "roles do not change while the meeting is open")
        if roles.get(person_id) is not role:
            events.append(PersonInvited(person_id, listed[person_id].name, listed[person_id].detail, role))
        roles[person_id] = role
    if roles.get(PersonId(act.seat.actor.id), act.seat.role) is not act.seat.role:
        raise Conflict("cannot-change-own-role", "the secretary stays secretary")
    if meeting.state is not MeetingState.DRAFT and Role.CHAIR not in roles.values():
        raise Conflict("chair-needed", "a convened meeting has a chair; name the next one in the same command")
    for unique in (Role.CHAIR, Role.SECRETARY):
        if sum(1 for r in roles.values() if r is unique) > 1:
            raise Conflict(f"second-{unique}", f"the meeting has a {unique} already")
    if len(roles) > ATTENDANTS_MAX:
        raise Conflict("too-many-attendants", f"over {ATTENDANTS_MAX} people", limit=ATTENDANTS_MAX)
    return tuple(events)


def _uninvite_person(
    meeting: Meeting, attendants: tuple[Attendant, ...], person_id: PersonId, act: Act
) -> tuple[MeetingEvent, ...]:
    meeting.require(MeetingState.DRAFT, MeetingState.CONVENED)
    if person_id == act.seat.actor.id:
        raise Conflict("cannot-uninvite-self", "the secretary stays invited")
    if all(a.person_id != person_id for a in attendants):
        raise NotFound("person-not-invited", "the person is not invited")
    if meeting.state is not MeetingState.DRAFT and any(
        a.person_id == person_id and a.role is Role.CHAIR for a in attendants
    ):
        raise Conflict("chair-needed", "a convened meeting has a chair; name the next one first")
    return (PersonUninvited(person_id),)


def _invite_bridges(
    meeting: Meeting,
    bridges: tuple[BridgeSeat, ...],
    directory: tuple[Listed, ...],
    wanted: tuple[BridgeInvitation, ...],
) -> tuple[MeetingEvent, ...]:
    meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
    roles = {b.bridge_id: b.role for b in bridges}
    listed = {entry.id: entry for entry in directory}
    events: list[MeetingEvent] = []
    for bridge_id, role in ((b.bridge_id, b.role) for b in wanted):
        if role not in BRIDGE_ROLES:
            raise Invalid("role-not-for-a-bridge", f"a bridge cannot be {role}")
        if bridge_id not in listed:
            raise NotFound("bridge-unknown", "no such bridge in this organisation")
        if roles.get(bridge_id) is not role:
            _require_bridge_free(meeting, bridge_id)
            events.append(BridgeInvited(bridge_id, listed[bridge_id].name, listed[bridge_id].detail, role))
        roles[bridge_id] = role
    if sum(1 for r in roles.values() if r is Role.CENTRAL_BRIDGE) > 1:
        raise Conflict("second-central-bridge", "the meeting has a central bridge already")
    return tuple(events)


def _require_bridge_free(meeting: Meeting, bridge_id: BridgeId) -> None:
    if meeting.state is MeetingState.CLOSED:
        meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
    if bridge_id in (meeting.on_air_bridge_id, meeting.stand_by_bridge_id):
        raise Conflict("bridge-is-on-stage", "the bridge is on air or standing by")


def _convene(meeting: Meeting, attendants: tuple[Attendant, ...], item_count: int) -> tuple[MeetingEvent, ...]:
    meeting.require(MeetingState.DRAFT)
    missing = [
        what
        for what, there in (
            ("chair", any(a.role is Role.CHAIR for a in attendants)),
            ("members", any(a.role is Role.MEMBER for a in attendants)),
            ("agenda", item_count > 0),
            ("place", bool(meeting.details.place)),
        )
        if not there
    ]
    if missing:
        raise Conflict("not-ready-to-convene", f"missing: {', '.join(missing)}", missing=missing)
    return (MeetingConvened(),)

"""Who holds which right: two tables, one for an organisation, one for a meeting.

Every right is decided here and asked for by `require`; handlers and sockets never compare roles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from rooms.errors import Forbidden
from rooms.ids import BridgeId, OrganisationId, PersonId


class OfficeRole(StrEnum):
    """What a person is in the organisation, whatever the meeting."""

    ADMINISTRATOR = "administrator"
    SECRETARY = "secretary"
    MEMBER = "member"


class OfficeRight(StrEnum):
    """What an office role allows outside any one meeting."""

    CREATE_MEETINGS = "create_meetings"
    SEE_DIRECTORY = "see_directory"
    KEEP_ACCOUNTS = "keep_accounts"


OFFICE_RIGHTS: dict[OfficeRole, frozenset[OfficeRight]] = {
    OfficeRole.ADMINISTRATOR: frozenset({OfficeRight.KEEP_ACCOUNTS, OfficeRight.SEE_DIRECTORY}),
    OfficeRole.SECRETARY: frozenset({OfficeRight.CREATE_MEETINGS, OfficeRight.SEE_DIRECTORY}),
    OfficeRole.MEMBER: frozenset(),
}


class Role(StrEnum):
    """What an attendant is in one meeting."""

    CHAIR = "chair"
    SECRETARY = "secretary"
    MEMBER = "member"
    GUEST = "guest"
    CENTRAL_BRIDGE = "central_bridge"
    COMMUNE_BRIDGE = "commune_bridge"


#: Only members in office vote; the chair is one of them (Law 77/2015 Art. 91; party statutes Art. 9.5).
VOTING_ROLES = frozenset({Role.CHAIR, Role.MEMBER})
PERSON_ROLES = frozenset({Role.CHAIR, Role.SECRETARY, Role.MEMBER, Role.GUEST})
BRIDGE_ROLES = frozenset({Role.CENTRAL_BRIDGE, Role.COMMUNE_BRIDGE})


class Right(StrEnum):
    """What a role in a meeting allows."""

    SEE = "see"
    SEE_DRAFT = "see_draft"
    PREPARE = "prepare"
    PRESIDE = "preside"  # open and close the meeting, walk the agenda, lead, give the floor, open and close polls
    PREPARE_POLLS = "prepare_polls"
    CHECK_IN = "check_in"
    CHECK_IN_OTHERS = "check_in_others"
    ASK_FLOOR = "ask_floor"
    VOTE = "vote"
    DIRECT = "direct"  # choose what is on air
    SEE_BRIDGES = "see_bridges"
    PUBLISH = "publish"  # send picture and sound
    WATCH = "watch"  # receive the programme
    PROJECT = "project"
    WRITE_MINUTES = "write_minutes"
    READ_MINUTES = "read_minutes"
    PLAY_RECORDINGS = "play_recordings"
    SIGN_AS_SECRETARY = "sign_as_secretary"
    SIGN_AS_CHAIR = "sign_as_chair"


_ATTENDANT = frozenset({Right.SEE, Right.CHECK_IN, Right.ASK_FLOOR, Right.WATCH, Right.READ_MINUTES})

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.CHAIR: _ATTENDANT
    | {
        Right.SEE_DRAFT,
        Right.PRESIDE,
        Right.PREPARE_POLLS,
        Right.VOTE,
        Right.CHECK_IN_OTHERS,
        Right.DIRECT,
        Right.SEE_BRIDGES,
        Right.PROJECT,
        Right.PLAY_RECORDINGS,
        Right.SIGN_AS_CHAIR,
    },
    Role.SECRETARY: _ATTENDANT
    | {
        Right.SEE_DRAFT,
        Right.PREPARE,
        Right.PREPARE_POLLS,
        Right.CHECK_IN_OTHERS,
        Right.DIRECT,
        Right.SEE_BRIDGES,
        Right.PROJECT,
        Right.WRITE_MINUTES,
        Right.PLAY_RECORDINGS,
        Right.SIGN_AS_SECRETARY,
    },
    Role.MEMBER: _ATTENDANT | {Right.VOTE},
    Role.GUEST: _ATTENDANT,
    Role.CENTRAL_BRIDGE: frozenset(
        {
            Right.SEE,
            Right.CHECK_IN,
            Right.ASK_FLOOR,
            Right.WATCH,
            Right.PUBLISH,
            Right.DIRECT,
            Right.SEE_BRIDGES,
            Right.PROJECT,
        }
    ),
    Role.COMMUNE_BRIDGE: frozenset({Right.SEE, Right.CHECK_IN, Right.ASK_FLOOR, Right.WATCH, Right.PUBLISH}),
}


class ActorKind(StrEnum):
    PERSON = "person"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in person, or a bridge that joined with its code."""

    kind: ActorKind
    id: PersonId | BridgeId
    organisation_id: OrganisationId
    name: str
    office_roles: frozenset[OfficeRole] = field(default_factory=frozenset)

    @property
    def person_id(self) -> PersonId | None:
        return PersonId(self.id) if self.kind is ActorKind.PERSON else None

    @property
    def bridge_id(self) -> BridgeId | None:
        return BridgeId(self.id) if self.kind is ActorKind.BRIDGE else None


@dataclass(frozen=True, slots=True)
class Seat:
    """An actor's place in one meeting."""

    actor: Actor
    role: Role

    def has(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Raises: Forbidden with the right that is missing."""
        if not self.has(right):
            raise Forbidden("not-your-right", f"{self.role} lacks {right}", right=right.value)


def require_office(actor: Actor, right: OfficeRight) -> None:
    """Raises: Forbidden when none of the actor's office roles has the right."""
    if not any(right in OFFICE_RIGHTS[role] for role in actor.office_roles):
        raise Forbidden("not-your-right", f"no office role of the actor has {right}", right=right.value)

"""What goes over HTTP and is not a value of `rooms`: models that are taken, dataclasses that are given.

Unions of `rooms` get their names and their discriminator here, so that OpenAPI, TypeScript and the wire agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import TypeAliasType

from rooms.commands import Command as _Command
from rooms.events import Event as _Event
from rooms.ids import BridgeId, MeetingId, OrganisationId, PersonId, PollId
from rooms.journal import ActorRef
from rooms.journal import Entry as JournalEntry
from rooms.meeting import Details, MeetingKind, MeetingState
from rooms.minutes import Minutes
from rooms.roles import ActorKind, OfficeRight, OfficeRole, Role
from rooms.service import JournalPage
from rooms.signing import MinutesState, MinutesStatus

Command = TypeAliasType("Command", Annotated[_Command, Field(discriminator="kind")])
Event = TypeAliasType("Event", Annotated[_Event, Field(discriminator="kind")])
MeetingDetails = TypeAliasType("MeetingDetails", Annotated[Details, Field()])

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
IdempotencyKey = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,100}$")] | None


class Locale(StrEnum):
    VI = "vi"
    EN = "en"


class ColourScheme(StrEnum):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Quality(StrEnum):
    GOOD = "good"
    WEAK = "weak"
    BAD = "bad"
    UNKNOWN = "unknown"


class Rendition(StrEnum):
    """How much of the picture a bridge's line bears."""

    FULL = "full"
    MEDIUM = "medium"
    LOW = "low"
    AUDIO = "audio"


class PictureState(StrEnum):
    """What comes from whoever is on air: a picture; sound alone, as when the camera is off; nothing."""

    SHOWN = "shown"
    OFF = "off"
    MISSING = "missing"


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# ── session and people ──


class SignIn(_In):
    username: Annotated[Text, StringConstraints(min_length=1, max_length=100)]
    password: Annotated[Text, StringConstraints(min_length=1, max_length=1000)]


class CodeIn(_In):
    code: Annotated[Text, StringConstraints(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Organisation:
    id: OrganisationId
    name: str
    zone: str
    locale: Locale


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is signed in. A bridge has no office roles; its `position` is its code."""

    kind: ActorKind
    id: UUID
    name: str
    position: str
    office_roles: tuple[OfficeRole, ...]
    office_rights: tuple[OfficeRight, ...]
    organisation: Organisation
    locale: Locale
    colour_scheme: ColourScheme


@dataclass(frozen=True, slots=True)
class Session:
    access_token: str
    expires_at: datetime
    me: Profile


class ProfileChange(_In):
    locale: Locale | None = None
    colour_scheme: ColourScheme | None = None


class PasswordChange(_In):
    current: Annotated[Text, StringConstraints(max_length=1000)]
    new: Annotated[Text, StringConstraints(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True)
class Person:
    id: PersonId
    username: str
    name: str
    position: str
    office_roles: tuple[OfficeRole, ...]
    active: bool


@dataclass(frozen=True, slots=True)
class PersonList:
    items: tuple[Person, ...]


Name = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,62}$")]
OfficeRoles = Annotated[list[OfficeRole], Field(min_length=1, max_length=3)]


class NewPerson(_In):
    username: Username
    name: Name
    position: Annotated[Text, StringConstraints(max_length=200)] = ""
    office_roles: OfficeRoles = Field(default_factory=lambda: [OfficeRole.MEMBER])
    password: Annotated[Text, StringConstraints(min_length=1, max_length=1000)] | None = None


class PersonChange(_In):
    name: Name | None = None
    position: Annotated[Text, StringConstraints(max_length=200)] | None = None
    office_roles: OfficeRoles | None = None
    active: bool | None = None
    password: Annotated[Text, StringConstraints(min_length=1, max_length=1000)] | None = None


@dataclass(frozen=True, slots=True)
class CodeLink:
    """Shown once: only its hash is kept. `url` opens the page that uses it."""

    code: str
    url: str
    expires_at: datetime


# ── bridges ──


@dataclass(frozen=True, slots=True)
class Bridge:
    """`parent`: what it belongs to (a district, a province); `capacity`: seats in its hall."""

    id: BridgeId
    code: str
    name: str
    parent: str
    phone: str
    capacity: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class BridgeList:
    items: tuple[Bridge, ...]


BridgeCode = Annotated[Text, StringConstraints(min_length=1, max_length=50)]
Parent = Annotated[Text, StringConstraints(max_length=200)]
Phone = Annotated[Text, StringConstraints(max_length=50)]
Capacity = Annotated[int, Field(ge=0, le=20_000)]


class NewBridge(_In):
    code: BridgeCode
    name: Name
    parent: Parent = ""
    phone: Phone = ""
    capacity: Capacity | None = None


class BridgeChange(_In):
    code: BridgeCode | None = None
    name: Name | None = None
    parent: Parent | None = None
    phone: Phone | None = None
    capacity: Capacity | None = None
    active: bool | None = None


# ── meetings ──


@dataclass(frozen=True, slots=True)
class MeetingCard:
    id: MeetingId
    title: str
    kind: MeetingKind
    place: str
    starts_at: datetime
    state: MeetingState
    role: Role
    opened_at: datetime | None
    closed_at: datetime | None
    minutes_state: MinutesState


@dataclass(frozen=True, slots=True)
class MeetingList:
    items: tuple[MeetingCard, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal. `hash`: hex SHA-256 over the previous hash and the entry's canonical body."""

    seq: int
    at: datetime
    actor: ActorRef
    event: Event
    hash: str

    @classmethod
    def of(cls, entry: JournalEntry) -> Entry:
        return cls(entry.seq, entry.at, entry.actor, entry.event, entry.hash)


@dataclass(frozen=True, slots=True)
class Journal:
    """Entries after `after` up to and including `upto`, those this reader may see; `last`: the journal's end."""

    after: int
    upto: int
    last: int
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, page: JournalPage) -> Journal:
        return cls(page.after, page.upto, page.last, tuple(Entry.of(e) for e in page.entries))


class JournalQuery(_In):
    after: Annotated[int, Field(ge=0, le=2**53)] = 0


class PaperQuery(_In):
    title: Annotated[Text, StringConstraints(max_length=500)] = ""
    filename: Annotated[Text, StringConstraints(min_length=1, max_length=255)]
    item_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class MinutesDocument:
    status: MinutesStatus
    minutes: Minutes | None


# ── conference ──


@dataclass(frozen=True, slots=True)
class IceServer:
    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class MediaAccess:
    """Where this actor sends and receives. Paths are of our own origin; None: not this actor's right."""

    whip_url: str | None
    whep_url: str
    preview_whep_url: str | None
    publish_token: str | None
    watch_token: str
    preview_token: str | None
    ice_servers: tuple[IceServer, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RecordedPart:
    """`seconds` None: it is being written. `complete` False: that, or it was cut off by a crash."""

    name: str
    began_at: str | None
    seconds: float | None
    bytes: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Recordings:
    """`on`: the relay writes now; it may not though the meeting says so, and then `trouble` says why."""

    available: bool
    on: bool = False
    seconds: float = 0.0
    bytes: int = 0
    trouble: str | None = None
    parts: tuple[RecordedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class WallBridge:
    bridge_id: BridgeId
    online: bool
    publishing: bool
    quality: Quality
    loss: float | None = None
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    rendition: Rendition | None = None


@dataclass(frozen=True, slots=True)
class Wall:
    bridges: tuple[WallBridge, ...]


# ── the live side, named in the document for the web's types ──


@dataclass(frozen=True, slots=True)
class JournalMessage:
    meeting_id: MeetingId
    after: int
    upto: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class TurnoutMessage:
    meeting_id: MeetingId
    poll_id: PollId
    cast: int
    entitled: int


@dataclass(frozen=True, slots=True)
class PresenceMessage:
    meeting_id: MeetingId
    bridges: tuple[WallBridge, ...]


@dataclass(frozen=True, slots=True)
class PresentMessage:
    meeting_id: MeetingId
    online: int


@dataclass(frozen=True, slots=True)
class LineMessage:
    meeting_id: MeetingId
    rendition: Rendition | None


@dataclass(frozen=True, slots=True)
class PictureMessage:
    meeting_id: MeetingId
    state: PictureState | None


@dataclass(frozen=True, slots=True)
class SeatMessage:
    meeting_id: MeetingId


@dataclass(frozen=True, slots=True)
class MovedMessage:
    meeting_id: MeetingId
    relay: str
    within_s: float
    sources: bool
    ask: bool


@dataclass(frozen=True, slots=True)
class Health:
    status: Literal["ok", "failing"]
    checks: dict[str, bool]

"""What the rules need of the world: a store with transactions, a doorbell, a clock. Implemented by `server`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from rooms.agenda import AgendaItem
from rooms.events import Event
from rooms.floor import Turn
from rooms.ids import BridgeId, ItemId, MeetingId, OrganisationId, PaperId, PersonId, PollId
from rooms.journal import ActorRef, Entry, Link
from rooms.meeting import Attendant, BridgeSeat, Details, Listed, Meeting
from rooms.papers import Paper
from rooms.poll import Poll
from rooms.signing import MinutesStatus
from rooms.tally import Ballot, Choice


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to every command: the last journal entry it made (or found), what it created, when."""

    seq: int
    at: datetime
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """A request that may be repeated: the client's key and a digest of what it asked."""

    key: str
    digest: str


class Lock(StrEnum):
    """What a read holds on its row until the transaction ends. SQLite has one writer: all are NONE there."""

    NONE = "none"
    SHARE = "share"
    UPDATE = "update"


class Raced(Exception):
    """Another transaction took a unique place first; the whole command is decided anew."""


class Transaction(Protocol):
    """One unit: all of it is kept at commit or none. Reads raise NotFound where they return no Optional."""

    async def meeting(self, meeting_id: MeetingId, lock: Lock = Lock.NONE) -> Meeting: ...
    async def create_meeting(
        self, meeting_id: MeetingId, organisation_id: OrganisationId, details: Details
    ) -> None:
        """The bare row; `record` of MeetingCreated follows in the same transaction."""
        ...

    async def meetings_of(self, organisation_id: OrganisationId, attendant_id: UUID) -> Sequence[Meeting]:
        """Those where the person or bridge is invited, latest start first, at most 200."""
        ...

    async def attendant(self, meeting_id: MeetingId, person_id: PersonId) -> Attendant | None: ...
    async def attendants(self, meeting_id: MeetingId) -> tuple[Attendant, ...]:
        """In order of invitation."""
        ...

    async def bridge(self, meeting_id: MeetingId, bridge_id: BridgeId) -> BridgeSeat | None: ...
    async def bridges(self, meeting_id: MeetingId) -> tuple[BridgeSeat, ...]: ...
    async def listed_people(
        self, organisation_id: OrganisationId, ids: Sequence[PersonId]
    ) -> tuple[Listed, ...]: ...
    async def listed_bridges(
        self, organisation_id: OrganisationId, ids: Sequence[BridgeId]
    ) -> tuple[Listed, ...]: ...
    async def items(self, meeting_id: MeetingId) -> tuple[AgendaItem, ...]: ...
    async def item_known(self, meeting_id: MeetingId, item_id: ItemId) -> bool: ...
    async def papers(self, meeting_id: MeetingId) -> tuple[Paper, ...]: ...
    async def paper(self, paper_id: PaperId) -> tuple[MeetingId, Paper]: ...
    async def turns(self, meeting_id: MeetingId) -> tuple[Turn, ...]:
        """Waiting, speaking and done, oldest first; not the withdrawn."""
        ...

    async def poll(self, meeting_id: MeetingId, poll_id: PollId, lock: Lock = Lock.NONE) -> Poll: ...
    async def polls(self, meeting_id: MeetingId) -> tuple[Poll, ...]:
        """All but the cancelled, oldest first."""
        ...

    async def ballot(self, poll_id: PollId, voter_id: PersonId) -> Choice | None: ...
    async def ballots(self, poll_id: PollId) -> tuple[Ballot, ...]: ...
    async def ballot_count(self, poll_id: PollId) -> int: ...
    async def ballots_of(self, meeting_id: MeetingId, voter_id: PersonId) -> dict[PollId, Choice]: ...
    async def put_ballot(self, poll_id: PollId, ballot: Ballot, *, first: bool, at: datetime) -> None:
        """`first`: there is none yet (Raced when there is after all); else replaces the voter's choice."""
        ...

    async def minutes_status(self, meeting_id: MeetingId) -> MinutesStatus: ...
    async def minutes_text(self, meeting_id: MeetingId) -> str | None:
        """The canonical JSON of the minutes as they stand."""
        ...

    async def put_minutes_text(self, meeting_id: MeetingId, text: str) -> None: ...

    async def record(
        self, meeting: Meeting, actor: ActorRef, at: datetime, events: Sequence[Event]
    ) -> tuple[Link, ...]:
        """Applies the events to the rows and appends them to the journal. `meeting` was read with UPDATE.

        At `at`, or at the last entry's instant when that is later.
        """
        ...

    async def entries(self, meeting_id: MeetingId, after: int, limit: int) -> tuple[Entry, ...]: ...
    async def links(self, meeting_id: MeetingId) -> tuple[Link, ...]: ...

    async def remembered(self, actor_id: UUID, once: Once) -> Done | None:
        """Raises: Invalid `idempotency-key-reused` when the key was used to ask something else."""
        ...

    async def remember(self, actor_id: UUID, once: Once, done: Done) -> None:
        """Raises: Raced when the same key was remembered meanwhile."""
        ...


class Store(Protocol):
    def begin(self, *, write: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """Commits when the block ends well, else rolls back. `write` False: a consistent read."""
        ...


class Doorbell(Protocol):
    """Says only that a meeting has news; who hears it reads the entries from the store."""

    def ring(self, meeting_id: MeetingId) -> None: ...
    def turnout(self, meeting_id: MeetingId, poll_id: PollId, cast: int, entitled: int) -> None:
        """Ephemeral, may be coalesced or lost."""
        ...


class Clock(Protocol):
    def __call__(self) -> datetime: ...

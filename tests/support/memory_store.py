"""`rooms.ports.Store` in memory, with real rollback: for fast tests of the rules, and a second view of the rows.

Writers take turns; a block works on a copy that replaces the whole when it ends well.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar, assert_never
from uuid import UUID

from rooms import agenda as g
from rooms import attendance as a
from rooms import conference as c
from rooms import floor as f
from rooms import meeting as m
from rooms import papers as p
from rooms import poll as q
from rooms import signing as s
from rooms.agenda import AgendaItem, ItemState
from rooms.errors import Invalid, NotFound
from rooms.events import Event
from rooms.floor import Turn, TurnState
from rooms.ids import BridgeId, ItemId, MeetingId, OrganisationId, PaperId, PersonId, PollId, TurnId
from rooms.journal import GENESIS, ActorRef, Entry, Link, link, not_before
from rooms.meeting import AttendanceState, Attendant, BridgeSeat, Details, Lead, Listed, Meeting, MeetingState
from rooms.papers import Paper
from rooms.poll import Poll, PollState
from rooms.ports import Done, Lock, Once, Raced, Transaction
from rooms.roles import Role
from rooms.signing import MinutesState, MinutesStatus, Signature
from rooms.tally import Ballot, Choice

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Book:
    """All of one meeting. Values are frozen; dictionaries keep the order in which things were made."""

    meeting: Meeting
    attendants: dict[PersonId, Attendant] = field(default_factory=dict)
    bridges: dict[BridgeId, BridgeSeat] = field(default_factory=dict)
    items: dict[ItemId, AgendaItem] = field(default_factory=dict)
    papers: dict[PaperId, Paper] = field(default_factory=dict)
    turns: dict[TurnId, Turn] = field(default_factory=dict)
    polls: dict[PollId, Poll] = field(default_factory=dict)
    ballots: dict[tuple[PollId, PersonId], Ballot] = field(default_factory=dict)
    minutes: MinutesStatus = field(default_factory=MinutesStatus)
    text: str | None = None
    links: list[Link] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def copied(self) -> Book:
        other = copy(self)
        for name in self.__dataclass_fields__:
            if isinstance(value := getattr(self, name), dict | list):
                setattr(other, name, copy(value))
        return other


@dataclass(slots=True)
class Shelf:
    books: dict[MeetingId, Book] = field(default_factory=dict)
    once: dict[tuple[UUID, str], tuple[str, Done]] = field(default_factory=dict)

    def copied(self) -> Shelf:
        return Shelf({k: b.copied() for k, b in self.books.items()}, copy(self.once))


class MemoryStore:
    """`people`, `bridges`: the directory, by organisation."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.people: dict[OrganisationId, list[Listed]] = {}
        self.bridges: dict[OrganisationId, list[Listed]] = {}
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncIterator[Transaction]:
        async with self._turn if write else nullcontext():
            shelf = self.shelf.copied()
            yield MemoryTransaction(shelf, self.people, self.bridges)
            if write:
                self.shelf = shelf


class MemoryTransaction:
    def __init__(
        self,
        shelf: Shelf,
        people: dict[OrganisationId, list[Listed]],
        bridges: dict[OrganisationId, list[Listed]],
    ) -> None:
        self._shelf, self._people, self._bridges = shelf, people, bridges

    def _book(self, meeting_id: MeetingId) -> Book:
        if meeting_id not in self._shelf.books:
            raise NotFound("meeting-unknown", "no such meeting")
        return self._shelf.books[meeting_id]

    async def meeting(self, meeting_id: MeetingId, lock: Lock = Lock.NONE) -> Meeting:
        await asyncio.sleep(0)  # others may run here, as they would while a database is asked
        return self._book(meeting_id).meeting

    async def create_meeting(
        self, meeting_id: MeetingId, organisation_id: OrganisationId, details: Details
    ) -> None:
        draft = Meeting(meeting_id, organisation_id, details, MeetingState.DRAFT, last_hash=GENESIS)
        self._shelf.books[meeting_id] = Book(draft)

    async def meetings_of(self, organisation_id: OrganisationId, attendant_id: UUID) -> Sequence[Meeting]:
        found = [
            b.meeting
            for b in self._shelf.books.values()
            if b.meeting.organisation_id == organisation_id
            and (attendant_id in b.attendants or attendant_id in b.bridges)
        ]
        return sorted(found, key=lambda x: (x.details.starts_at, x.id), reverse=True)[:200]

    async def attendant(self, meeting_id: MeetingId, person_id: PersonId) -> Attendant | None:
        return self._book(meeting_id).attendants.get(person_id)

    async def attendants(self, meeting_id: MeetingId) -> tuple[Attendant, ...]:
        return tuple(self._book(meeting_id).attendants.values())

    async def bridge(self, meeting_id: MeetingId, bridge_id: BridgeId) -> BridgeSeat | None:
        return self._book(meeting_id).bridges.get(bridge_id)

    async def bridges(self, meeting_id: MeetingId) -> tuple[BridgeSeat, ...]:
        return tuple(self._book(meeting_id).bridges.values())

    async def listed_people(self, organisation_id: OrganisationId, ids: Sequence[PersonId]) -> tuple[Listed, ...]:
        return tuple(x for x in self._people.get(organisation_id, []) if x.id in ids)

    async def listed_bridges(self, organisation_id: OrganisationId, ids: Sequence[BridgeId]) -> tuple[Listed, ...]:
        return tuple(x for x in self._bridges.get(organisation_id, []) if x.id in ids)

    async def items(self, meeting_id: MeetingId) -> tuple[AgendaItem, ...]:
        return tuple(self._book(meeting_id).items.values())

    async def item_known(self, meeting_id: MeetingId, item_id: ItemId) -> bool:
        return item_id in self._book(meeting_id).items

    async def papers(self, meeting_id: MeetingId) -> tuple[Paper, ...]:
        return tuple(self._book(meeting_id).papers.values())

    async def paper(self, paper_id: PaperId) -> tuple[MeetingId, Paper]:
        for meeting_id, book in self._shelf.books.items():
            if paper_id in book.papers:
                return meeting_id, book.papers[paper_id]
        raise NotFound("paper-unknown", "no such paper")

    async def turns(self, meeting_id: MeetingId) -> tuple[Turn, ...]:
        all_turns = self._book(meeting_id).turns.values()
        return tuple(t for t in all_turns if t.state is not TurnState.WITHDRAWN)

    async def poll(self, meeting_id: MeetingId, poll_id: PollId, lock: Lock = Lock.NONE) -> Poll:
        await asyncio.sleep(0)
        polls = self._book(meeting_id).polls
        if poll_id not in polls:
            raise NotFound("poll-unknown", "no such poll")
        return polls[poll_id]

    async def polls(self, meeting_id: MeetingId) -> tuple[Poll, ...]:
        return tuple(x for x in self._book(meeting_id).polls.values() if x.state is not PollState.CANCELLED)

    def _ballots(self, poll_id: PollId) -> list[Ballot]:
        found = [
            b for book in self._shelf.books.values() for (where, _), b in book.ballots.items() if where == poll_id
        ]
        return sorted(found, key=lambda b: b.voter_id)

    async def ballot(self, poll_id: PollId, voter_id: PersonId) -> Choice | None:
        return next((b.choice for b in self._ballots(poll_id) if b.voter_id == voter_id), None)

    async def ballots(self, poll_id: PollId) -> tuple[Ballot, ...]:
        return tuple(self._ballots(poll_id))

    async def ballot_count(self, poll_id: PollId) -> int:
        return len(self._ballots(poll_id))

    async def ballots_of(self, meeting_id: MeetingId, voter_id: PersonId) -> dict[PollId, Choice]:
        book = self._book(meeting_id)
        return {x: book.ballots[x, voter_id].choice for x in book.polls if (x, voter_id) in book.ballots}

    async def put_ballot(self, poll_id: PollId, ballot: Ballot, *, first: bool, at: datetime) -> None:
        book = next(b for b in self._shelf.books.values() if poll_id in b.polls)
        if first and (poll_id, ballot.voter_id) in book.ballots:
            raise Raced
        book.ballots[poll_id, ballot.voter_id] = ballot

    async def minutes_status(self, meeting_id: MeetingId) -> MinutesStatus:
        return self._book(meeting_id).minutes

    async def minutes_text(self, meeting_id: MeetingId) -> str | None:
        return self._book(meeting_id).text

    async def put_minutes_text(self, meeting_id: MeetingId, text: str) -> None:
        self._book(meeting_id).text = text

    async def record(
        self, meeting: Meeting, actor: ActorRef, at: datetime, events: Sequence[Event]
    ) -> tuple[Link, ...]:
        book = self._book(meeting.id)
        at = not_before(at, book.links[-1].at if book.links else None)
        links = link(meeting.id, meeting.last_seq, meeting.last_hash, actor, at, events)
        for made, event in zip(links, events, strict=True):
            evolve(book, event, at)
            book.links.append(made)
            book.entries.append(Entry(made.seq, at, actor, event, made.hash))
            book.meeting = replace(book.meeting, last_seq=made.seq, last_hash=made.hash)
        return links

    async def entries(self, meeting_id: MeetingId, after: int, limit: int) -> tuple[Entry, ...]:
        return tuple(e for e in self._book(meeting_id).entries if e.seq > after)[:limit]

    async def links(self, meeting_id: MeetingId) -> tuple[Link, ...]:
        return tuple(self._book(meeting_id).links)

    async def remembered(self, actor_id: UUID, once: Once) -> Done | None:
        digest, done = self._shelf.once.get((actor_id, once.key), (once.digest, None))
        if digest != once.digest:
            raise Invalid("idempotency-key-reused", "the key was used to ask something else")
        return done

    async def remember(self, actor_id: UUID, once: Once, done: Done) -> None:
        if (actor_id, once.key) in self._shelf.once:
            raise Raced
        self._shelf.once[actor_id, once.key] = once.digest, done


def _change(where: dict[K, V], key: K, **changes: Any) -> None:
    where[key] = replace(where[key], **changes)  # type: ignore[type-var]


def evolve(book: Book, event: Event, at: datetime) -> None:
    """What an event makes of a meeting, said a second time and without a database."""
    if isinstance(event, m.MeetingEvent):
        _evolve_meeting(book, event, at)
    elif isinstance(event, a.AttendanceEvent):
        _evolve_attendance(book, event, at)
    elif isinstance(event, g.AgendaEvent):
        _evolve_agenda(book, event, at)
    elif isinstance(event, p.PapersEvent):
        _evolve_papers(book, event)
    elif isinstance(event, f.FloorEvent):
        _evolve_floor(book, event, at)
    elif isinstance(event, q.PollEvent):
        _evolve_polls(book, event, at)
    elif isinstance(event, s.MinutesEvent):
        _evolve_minutes(book, event, at)
    elif isinstance(event, c.StandByChanged):
        book.meeting = replace(book.meeting, stand_by_bridge_id=event.bridge_id)
    elif isinstance(event, c.OnAirChanged):
        book.meeting = replace(book.meeting, on_air_bridge_id=event.bridge_id)
    elif isinstance(event, c.RecordingStarted | c.RecordingStopped):
        book.meeting = replace(book.meeting, recording_since=at if isinstance(event, c.RecordingStarted) else None)
    else:
        assert_never(event)


def _evolve_meeting(book: Book, event: m.MeetingEvent, at: datetime) -> None:
    match event:
        case m.MeetingCreated(details) | m.DetailsChanged(details):
            book.meeting = replace(book.meeting, details=details)
        case m.MeetingConvened():
            book.meeting = replace(book.meeting, state=MeetingState.CONVENED)
        case m.MeetingOpened():
            book.meeting = replace(book.meeting, state=MeetingState.OPEN, opened_at=at)
        case m.MeetingClosed():
            book.meeting = replace(book.meeting, state=MeetingState.CLOSED, closed_at=at)
        case m.PersonInvited(person_id, name, position, role):
            before = book.attendants.get(person_id, Attendant(person_id, name, position, role))
            book.attendants[person_id] = replace(before, name=name, position=position, role=role)
        case m.PersonUninvited(person_id):
            del book.attendants[person_id]
        case m.BridgeInvited(bridge_id, name, code, role):
            seat = book.bridges.get(bridge_id, BridgeSeat(bridge_id, name, code, role))
            book.bridges[bridge_id] = replace(seat, name=name, code=code, role=role)
        case m.BridgeUninvited(bridge_id):
            del book.bridges[bridge_id]
        case _:
            assert_never(event)


def _evolve_attendance(book: Book, event: a.AttendanceEvent, at: datetime) -> None:
    match event:
        case a.PersonCheckedIn(person_id):
            present = AttendanceState.PRESENT
            _change(book.attendants, person_id, state=present, checked_in_at=at, left_at=None)
        case a.PersonCheckedOut(person_id):
            _change(book.attendants, person_id, state=AttendanceState.LEFT, left_at=at)
        case a.PersonExcused(person_id, reason):
            _change(book.attendants, person_id, state=AttendanceState.EXCUSED, excuse=reason)
        case a.BridgeCheckedIn(bridge_id, heads):
            kept = book.bridges[bridge_id].heads if heads is None else heads
            _change(book.bridges, bridge_id, checked_in_at=at, left_at=None, heads=kept)
        case a.BridgeCheckedOut(bridge_id):
            _change(book.bridges, bridge_id, left_at=at)
        case a.HeadsReported(bridge_id, heads):
            _change(book.bridges, bridge_id, heads=heads)
        case _:
            assert_never(event)


def _evolve_agenda(book: Book, event: g.AgendaEvent, at: datetime) -> None:
    match event:
        case g.ItemAdded(item):
            book.items[item.id] = item
        case g.ItemChanged(item_id, title, presenter, planned_min):
            _change(book.items, item_id, title=title, presenter=presenter, planned_min=planned_min)
        case g.ItemsMoved(places):
            for place in places:
                _change(book.items, place.item_id, parent_id=place.parent_id, position=place.position)
        case g.ItemsRemoved(item_ids):
            for item_id in item_ids:
                del book.items[item_id]
            for about in (book.papers, book.polls, book.turns):
                for key in [k for k, v in about.items() if v.item_id in item_ids]:  # type: ignore[attr-defined]
                    _change(about, key, item_id=None)
        case g.ItemStarted(item_id):
            _change(book.items, item_id, state=ItemState.CURRENT, started_at=at, ended_at=None)
            book.meeting = replace(book.meeting, current_item_id=item_id)
        case g.ItemFinished(item_id):
            _change(book.items, item_id, state=ItemState.DONE, ended_at=at)
            book.meeting = replace(book.meeting, current_item_id=None)
        case _:
            assert_never(event)


def _evolve_papers(book: Book, event: p.PapersEvent) -> None:
    match event:
        case p.PaperAdded(paper):
            book.papers[paper.id] = paper
        case p.PaperChanged(paper_id, title, item_id):
            _change(book.papers, paper_id, title=title, item_id=item_id)
        case p.PaperRemoved(paper_id):
            del book.papers[paper_id]
        case p.LeadMoved(paper_id, page):
            book.meeting = replace(book.meeting, lead=Lead(paper_id, page))
        case p.LeadEnded():
            book.meeting = replace(book.meeting, lead=None)
        case _:
            assert_never(event)


def _evolve_floor(book: Book, event: f.FloorEvent, at: datetime) -> None:
    match event:
        case f.FloorAsked(turn):
            book.turns[turn.id] = turn
        case f.FloorWithdrawn(turn_id):
            _change(book.turns, turn_id, state=TurnState.WITHDRAWN)
        case f.FloorGiven(turn_id, limit_s):
            _change(book.turns, turn_id, state=TurnState.SPEAKING, started_at=at, limit_s=limit_s)
        case f.FloorExtended(turn_id, limit_s):
            _change(book.turns, turn_id, limit_s=limit_s)
        case f.FloorEnded(turn_id):
            _change(book.turns, turn_id, state=TurnState.DONE, ended_at=at)
        case _:
            assert_never(event)


def _evolve_polls(book: Book, event: q.PollEvent, at: datetime) -> None:
    match event:
        case q.PollPrepared(question):
            book.polls[question.id] = question
        case q.PollCancelled(poll_id):
            _change(book.polls, poll_id, state=PollState.CANCELLED)
        case q.PollOpened(poll_id, entitled, frozen):
            _change(book.polls, poll_id, state=PollState.OPEN, opened_at=at, entitled=entitled, frozen=frozen)
        case q.PollClosed(poll_id, tally):
            _change(book.polls, poll_id, state=PollState.CLOSED, closed_at=at, tally=tally)
        case _:
            assert_never(event)


def _evolve_minutes(book: Book, event: s.MinutesEvent, at: datetime) -> None:
    now = book.minutes
    match event:
        case s.MinutesCompiled(version):
            book.minutes = MinutesStatus(MinutesState.DRAFT, version)
        case s.MinutesCorrected(version):
            book.minutes = replace(now, version=version)
        case s.MinutesLocked(version, sha256):
            book.minutes = replace(now, state=MinutesState.LOCKED, version=version, sha256=sha256)
        case s.MinutesSigned(role, name, sha256):
            state = MinutesState.SIGNED if role is Role.CHAIR else now.state
            signed = (*now.signatures, Signature(role, name, at))
            book.minutes = replace(now, state=state, sha256=sha256, signatures=signed)
        case _:
            assert_never(event)

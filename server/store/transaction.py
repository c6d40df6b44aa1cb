"""`rooms.ports.Transaction` over one SQLAlchemy session. Each method names the module that knows how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rooms.agenda import AgendaItem
from rooms.events import Event
from rooms.floor import Turn
from rooms.ids import BridgeId, ItemId, MeetingId, OrganisationId, PaperId, PersonId, PollId
from rooms.journal import ActorRef, Entry, Link, link, not_before
from rooms.meeting import Attendant, BridgeSeat, Details, Listed, Meeting
from rooms.papers import Paper
from rooms.poll import Poll
from rooms.ports import Done, Lock, Once
from rooms.signing import MinutesStatus
from rooms.tally import Ballot, Choice
from server.store import agenda, attendance, floor, journal, meetings, minutes, once, papers, polls, projector


class SqlTransaction:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # ── meetings ──

    async def meeting(self, meeting_id: MeetingId, lock: Lock = Lock.NONE) -> Meeting:
        return meetings.value(await meetings.row(self._session, meeting_id, lock))

    async def create_meeting(
        self, meeting_id: MeetingId, organisation_id: OrganisationId, details: Details
    ) -> None:
        await meetings.create(self._session, meeting_id, organisation_id, details)

    async def meetings_of(self, organisation_id: OrganisationId, attendant_id: UUID) -> Sequence[Meeting]:
        return await meetings.of(self._session, organisation_id, attendant_id)

    # ── who is there ──

    async def attendant(self, meeting_id: MeetingId, person_id: PersonId) -> Attendant | None:
        return await attendance.attendant(self._session, meeting_id, person_id)

    async def attendants(self, meeting_id: MeetingId) -> tuple[Attendant, ...]:
        return await attendance.attendants(self._session, meeting_id)

    async def bridge(self, meeting_id: MeetingId, bridge_id: BridgeId) -> BridgeSeat | None:
        return await attendance.bridge(self._session, meeting_id, bridge_id)

    async def bridges(self, meeting_id: MeetingId) -> tuple[BridgeSeat, ...]:
        return await attendance.bridges(self._session, meeting_id)

    async def listed_people(self, organisation_id: OrganisationId, ids: Sequence[PersonId]) -> tuple[Listed, ...]:
        return await attendance.listed_people(self._session, organisation_id, ids)

    async def listed_bridges(self, organisation_id: OrganisationId, ids: Sequence[BridgeId]) -> tuple[Listed, ...]:
        return await attendance.listed_bridges(self._session, organisation_id, ids)

    # ── what it is about ──

    async def items(self, meeting_id: MeetingId) -> tuple[AgendaItem, ...]:
        return await agenda.items(self._session, meeting_id)

    async def item_known(self, meeting_id: MeetingId, item_id: ItemId) -> bool:
        return await agenda.known(self._session, meeting_id, item_id)

    async def papers(self, meeting_id: MeetingId) -> tuple[Paper, ...]:
        return await papers.papers(self._session, meeting_id)

    async def paper(self, paper_id: PaperId) -> tuple[MeetingId, Paper]:
        return await papers.paper(self._session, paper_id)

    async def turns(self, meeting_id: MeetingId) -> tuple[Turn, ...]:
        return await floor.turns(self._session, meeting_id)

    # ── votes ──

    async def poll(self, meeting_id: MeetingId, poll_id: PollId, lock: Lock = Lock.NONE) -> Poll:
        return await polls.poll(self._session, meeting_id, poll_id, lock)

    async def polls(self, meeting_id: MeetingId) -> tuple[Poll, ...]:
        return await polls.polls(self._session, meeting_id)

    async def ballot(self, poll_id: PollId, voter_id: PersonId) -> Choice | None:
        return await polls.ballot(self._session, poll_id, voter_id)

    async def ballots(self, poll_id: PollId) -> tuple[Ballot, ...]:
        return await polls.ballots(self._session, poll_id)

    async def ballot_count(self, poll_id: PollId) -> int:
        return await polls.ballot_count(self._session, poll_id)

    async def ballots_of(self, meeting_id: MeetingId, voter_id: PersonId) -> dict[PollId, Choice]:
        return await polls.ballots_of(self._session, meeting_id, voter_id)

    async def put_ballot(self, poll_id: PollId, ballot: Ballot, *, first: bool, at: datetime) -> None:
        await polls.put_ballot(self._session, poll_id, ballot, first, at)

    # ── minutes ──

    async def minutes_status(self, meeting_id: MeetingId) -> MinutesStatus:
        return await minutes.status(self._session, meeting_id)

    async def minutes_text(self, meeting_id: MeetingId) -> str | None:
        return await minutes.text(self._session, meeting_id)

    async def put_minutes_text(self, meeting_id: MeetingId, text: str) -> None:
        await minutes.put_text(self._session, meeting_id, text)

    # ── journal ──

    async def record(
        self, meeting: Meeting, actor: ActorRef, at: datetime, events: Sequence[Event]
    ) -> tuple[Link, ...]:
        at = not_before(at, await journal.last_at(self._session, meeting.id, meeting.last_seq))
        links = link(meeting.id, meeting.last_seq, meeting.last_hash, actor, at, events)
        row = await meetings.row(self._session, meeting.id)
        for made, event in zip(links, events, strict=True):
            await projector.apply(self._session, row, event, made.seq, at)
        if links:
            row.last_seq, row.last_hash = links[-1].seq, links[-1].hash
        await journal.append(self._session, meeting.id, links)
        await self._session.flush()
        return links

    async def entries(self, meeting_id: MeetingId, after: int, limit: int) -> tuple[Entry, ...]:
        return await journal.entries(self._session, meeting_id, after, limit)

    async def links(self, meeting_id: MeetingId) -> tuple[Link, ...]:
        return await journal.links(self._session, meeting_id)

    async def remembered(self, actor_id: UUID, request: Once) -> Done | None:
        return await once.remembered(self._session, actor_id, request)

    async def remember(self, actor_id: UUID, request: Once, done: Done) -> None:
        await once.remember(self._session, actor_id, request, done)

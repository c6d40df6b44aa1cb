"""The use cases: load the least, decide, save in one transaction, ring.

Every command of every meeting passes `Meetings.do`; the rights are asked for inside the decisions.
Papers' bytes, drawing and signing are elsewhere: here are only facts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from rooms import agenda, attendance, conference, floor, papers, poll
from rooms import meeting as meetings
from rooms.act import Act
from rooms.commands import RoomCommand
from rooms.errors import Conflict, NotFound
from rooms.events import Event, audience_of, visible
from rooms.ids import ItemId, MeetingId, PaperId, PersonId, PollId
from rooms.journal import ActorRef, Broken, Entry, verify
from rooms.meeting import Attendant, Details, Meeting, MeetingState
from rooms.papers import Paper
from rooms.ports import Clock, Done, Doorbell, Lock, Once, Raced, Store, Transaction
from rooms.roles import Actor, ActorKind, OfficeRight, Right, Role, Seat, require_office
from rooms.room import Room, attendants_shown, bridges_shown, me, minutes_shown
from rooms.tally import Ballot

JOURNAL_PAGE = 500
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Entries after `after` up to and including `upto`, those this reader may see; `last`: the journal's end."""

    after: int
    upto: int
    last: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Turnout:
    cast: int
    entitled: int


class Meetings:
    def __init__(self, store: Store, doorbell: Doorbell, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._store = store
        self._doorbell = doorbell
        self._clock = clock
        self._new_id = new_id

    # ── commands ──

    async def create(self, actor: Actor, details: Details, once: Once | None = None) -> Done:
        """A draft whose secretary is the actor. Raises: Refusal."""
        require_office(actor, OfficeRight.CREATE_MEETINGS)
        checked = details.checked()

        async def attempt() -> Done:
            async with self._store.begin() as tx:
                if once and (done := await tx.remembered(actor.id, once)):
                    return done
                meeting_id = MeetingId(self._new_id())
                await tx.create_meeting(meeting_id, actor.organisation_id, checked)
                directory = await tx.listed_people(actor.organisation_id, [PersonId(actor.id)])
                if not directory:
                    raise NotFound("person-unknown", "the actor is no longer in the directory")
                (listed,) = directory
                events: list[Event] = [
                    meetings.MeetingCreated(checked),
                    meetings.PersonInvited(PersonId(actor.id), listed.name, listed.detail, Role.SECRETARY),
                ]
                meeting = await tx.meeting(meeting_id, Lock.UPDATE)
                return await self._save(tx, meeting, actor, events, once, meeting_id)

        return await self._retried(attempt)

    async def do(
        self, actor: Actor, meeting_id: MeetingId, command: RoomCommand, once: Once | None = None
    ) -> Done:
        """Raises: Refusal."""
        if isinstance(command, poll.CastBallot):
            return await self._cast(actor, meeting_id, command, once)

        async def attempt() -> Done:
            async with self._store.begin() as tx:
                meeting = await tx.meeting(meeting_id, Lock.UPDATE)
                # after the lock: the same request may just have been done by another transaction
                if once and (done := await tx.remembered(actor.id, once)):
                    return done
                act = self._act(await seat(tx, meeting, actor))
                events = await _decide(tx, meeting, command, act)
                return await self._save(tx, meeting, actor, events, once, created_id(events))

        done = await self._retried(attempt)
        self._doorbell.ring(meeting_id)
        return done

    async def add_paper(self, actor: Actor, meeting_id: MeetingId, paper: Paper, once: Once | None = None) -> Done:
        """After the bytes are safely stored. Raises: Refusal."""

        async def attempt() -> Done:
            async with self._store.begin() as tx:
                meeting = await tx.meeting(meeting_id, Lock.UPDATE)
                # after the lock: the same request may just have been done by another transaction
                if once and (done := await tx.remembered(actor.id, once)):
                    return done
                act = self._act(await seat(tx, meeting, actor))
                known = await _item_known(tx, meeting_id, paper.item_id)
                there = await tx.papers(meeting_id)
                events = papers.decide(meeting, there, known, papers.AddPaper(paper), act)
                return await self._save(tx, meeting, actor, list(events), once, paper.id)

        done = await self._retried(attempt)
        self._doorbell.ring(meeting_id)
        return done

    async def require_may_add_paper(self, actor: Actor, meeting_id: MeetingId, item_id: ItemId | None) -> None:
        """Asked before the upload is read. Raises: Refusal."""
        async with self._store.begin(write=False) as tx:
            meeting = await tx.meeting(meeting_id)
            act = self._act(await seat(tx, meeting, actor))
            papers.require_may_add(meeting, len(await tx.papers(meeting_id)), act)
            if not await _item_known(tx, meeting_id, item_id):
                raise NotFound("item-unknown", "no such agenda item")

    async def _cast(
        self, actor: Actor, meeting_id: MeetingId, command: poll.CastBallot, once: Once | None
    ) -> Done:
        """Never takes the meeting's row: a thousand may vote in one second. The poll's row is shared, so that
        closing waits for the ballots under way and counts them all."""
        turnout = Turnout(0, 0)

        async def attempt() -> Done:
            nonlocal turnout
            async with self._store.begin() as tx:
                meeting = await tx.meeting(meeting_id)
                act = self._act(await seat(tx, meeting, actor))
                question = await tx.poll(meeting_id, command.poll_id, Lock.SHARE)
                if once and (done := await tx.remembered(actor.id, once)):
                    return done
                voter = actor.person_id
                attendant = await tx.attendant(meeting_id, voter) if voter else None
                before = await tx.ballot(question.id, voter) if voter else None
                fresh = poll.decide_ballot(meeting, question, attendant, before, command, act)
                if fresh and attendant is not None:
                    ballot = Ballot(attendant.person_id, attendant.name, command.choice)
                    await tx.put_ballot(question.id, ballot, first=before is None, at=act.now)
                turnout = Turnout(await tx.ballot_count(question.id), len(question.entitled))
                done = Done(meeting.last_seq, act.now)
                if once:
                    await tx.remember(actor.id, once, done)
                return done

        done = await self._retried(attempt)
        if turnout.entitled:
            self._doorbell.turnout(meeting_id, command.poll_id, turnout.cast, turnout.entitled)
        return done

    # ── reading ──

    async def mine(self, actor: Actor) -> tuple[tuple[Meeting, Role], ...]:
        """The actor's meetings with his or her role, latest first; drafts only for who prepares them."""
        async with self._store.begin(write=False) as tx:
            found = []
            for meeting in await tx.meetings_of(actor.organisation_id, actor.id):
                try:
                    found.append((meeting, (await seat(tx, meeting, actor)).role))
                except NotFound:
                    continue
            return tuple(found)

    async def room(self, actor: Actor, meeting_id: MeetingId) -> Room:
        """Raises: NotFound, also for who is not invited."""
        async with self._store.begin(write=False) as tx:
            meeting = await tx.meeting(meeting_id)
            place = await seat(tx, meeting, actor)
            person_id = actor.person_id
            return Room(
                seq=meeting.last_seq,
                meeting=meeting,
                agenda=await tx.items(meeting_id),
                papers=await tx.papers(meeting_id),
                attendants=attendants_shown(place, await tx.attendants(meeting_id)),
                bridges=bridges_shown(place, await tx.bridges(meeting_id)),
                turns=await tx.turns(meeting_id),
                polls=await tx.polls(meeting_id),
                minutes=minutes_shown(place, await tx.minutes_status(meeting_id)),
                me=me(place, await tx.ballots_of(meeting_id, person_id) if person_id else {}),
            )

    async def journal(self, actor: Actor, meeting_id: MeetingId, after: int) -> JournalPage:
        """At most JOURNAL_PAGE entries; ask again from `upto` while it is below `last`. Raises: NotFound."""
        async with self._store.begin(write=False) as tx:
            meeting = await tx.meeting(meeting_id)
            place = await seat(tx, meeting, actor)
            entries = await tx.entries(meeting_id, after, JOURNAL_PAGE)
            audience, bridge_id = audience_of(place), actor.bridge_id
            upto = entries[-1].seq if entries else max(after, 0)
            shown = tuple(e for e in entries if visible(e.event, audience, bridge_id))
            return JournalPage(after, upto, meeting.last_seq, shown)

    async def seat(self, actor: Actor, meeting_id: MeetingId) -> Seat:
        """Raises: NotFound."""
        async with self._store.begin(write=False) as tx:
            return await seat(tx, await tx.meeting(meeting_id), actor)

    async def paper(self, actor: Actor, paper_id: PaperId) -> Paper:
        """For every byte of a paper. Raises: NotFound, also for who is not invited."""
        async with self._store.begin(write=False) as tx:
            meeting_id, paper = await tx.paper(paper_id)
            (await seat(tx, await tx.meeting(meeting_id), actor)).require(Right.SEE)
            return paper

    async def turnout(self, actor: Actor, meeting_id: MeetingId, poll_id: PollId) -> Turnout:
        async with self._store.begin(write=False) as tx:
            await seat(tx, await tx.meeting(meeting_id), actor)
            question = await tx.poll(meeting_id, poll_id)
            return Turnout(await tx.ballot_count(poll_id), len(question.entitled))

    async def verify(self, meeting_id: MeetingId) -> Broken | None:
        """For the administrator's command line: recomputes the whole chain."""
        async with self._store.begin(write=False) as tx:
            meeting = await tx.meeting(meeting_id)
            links = await tx.links(meeting_id)
            return verify(meeting_id, links, meeting.last_seq, meeting.last_hash)

    # ── within ──

    def _act(self, place: Seat) -> Act:
        return Act(place, self._clock(), self._new_id)

    async def _save(
        self,
        tx: Transaction,
        meeting: Meeting,
        actor: Actor,
        events: list[Event],
        once: Once | None,
        created: UUID | None,
    ) -> Done:
        now = self._clock()
        links = await tx.record(meeting, ActorRef.of(actor), now, events) if events else ()
        done = Done(links[-1].seq if links else meeting.last_seq, now, created)
        if once:
            await tx.remember(actor.id, once, done)
        return done

    async def _retried(self, attempt: Callable[[], Awaitable[Done]]) -> Done:
        for _ in range(_ATTEMPTS):
            try:
                return await attempt()
            except Raced:
                continue
        raise Conflict("try-again", "too many did the same at once")


async def seat(tx: Transaction, meeting: Meeting, actor: Actor) -> Seat:
    """The actor's place. Raises: NotFound for whoever may not know of the meeting."""
    unknown = NotFound("meeting-unknown", "no such meeting")
    if meeting.organisation_id != actor.organisation_id:
        raise unknown
    if actor.kind is ActorKind.BRIDGE:
        bridge = await tx.bridge(meeting.id, actor.bridge_id) if actor.bridge_id else None
        role = bridge.role if bridge else None
    else:
        attendant = await tx.attendant(meeting.id, actor.person_id) if actor.person_id else None
        role = attendant.role if attendant else None
    if role is None:
        raise unknown
    place = Seat(actor, role)
    if meeting.state is MeetingState.DRAFT and not place.has(Right.SEE_DRAFT):
        raise unknown
    return place


async def _decide(tx: Transaction, meeting: Meeting, command: RoomCommand, act: Act) -> list[Event]:
    """Loads what the command's rules need and asks them."""
    match command:
        case meetings.CloseMeeting():
            return await _close(tx, meeting, act)
        case (
            meetings.ChangeDetails()
            | meetings.InvitePeople()
            | meetings.UninvitePerson()
            | meetings.InviteBridges()
            | meetings.UninviteBridge()
            | meetings.Convene()
            | meetings.OpenMeeting()
        ):
            return await _decide_meeting(tx, meeting, command, act)
        case (
            agenda.AddItem()
            | agenda.ChangeItem()
            | agenda.MoveItem()
            | agenda.RemoveItem()
            | agenda.StartItem()
            | agenda.FinishItem()
        ):
            return list(agenda.decide(meeting, await tx.items(meeting.id), command, act))
        case papers.ChangePaper() | papers.RemovePaper() | papers.LeadTo() | papers.EndLead():
            wanted = command.item_id if isinstance(command, papers.ChangePaper) else None
            known = await _item_known(tx, meeting.id, wanted)
            return list(papers.decide(meeting, await tx.papers(meeting.id), known, command, act))
        case attendance.CheckIn() | attendance.CheckOut() | attendance.Excuse() | attendance.ReportHeads():
            return await _decide_attendance(tx, meeting, command, act)
        case floor.AskFloor() | floor.WithdrawFloor() | floor.GiveFloor() | floor.ExtendFloor() | floor.EndFloor():
            return list(floor.decide(meeting, await tx.turns(meeting.id), command, act))
        case poll.PreparePoll() | poll.CancelPoll() | poll.OpenPoll() | poll.ClosePoll():
            return await _decide_poll(tx, meeting, command, act)
        case conference.StandBy() | conference.PutOnAir() | conference.Record():
            bridges, turns = await tx.bridges(meeting.id), await tx.turns(meeting.id)
            return list(conference.decide(meeting, bridges, turns, command, act))
        case poll.CastBallot():
            raise AssertionError("ballots do not pass here")
        case _:
            assert_never(command)


async def _decide_meeting(
    tx: Transaction,
    meeting: Meeting,
    command: meetings.ChangeDetails
    | meetings.InvitePeople
    | meetings.UninvitePerson
    | meetings.InviteBridges
    | meetings.UninviteBridge
    | meetings.Convene
    | meetings.OpenMeeting,
    act: Act,
) -> list[Event]:
    attendants = await tx.attendants(meeting.id)
    directory: tuple[meetings.Listed, ...] = ()
    if isinstance(command, meetings.InvitePeople):
        directory = await tx.listed_people(meeting.organisation_id, [p.person_id for p in command.people])
    if isinstance(command, meetings.InviteBridges):
        directory = await tx.listed_bridges(meeting.organisation_id, [b.bridge_id for b in command.bridges])
    bridges = await tx.bridges(meeting.id)
    items = await tx.items(meeting.id)
    events: list[Event] = []
    if isinstance(command, meetings.OpenMeeting):
        attendants, events = _with_chair_present(attendants, act)
    events += meetings.decide(meeting, attendants, bridges, directory, len(items), command, act)
    if isinstance(command, meetings.UninviteBridge):
        events += floor.gone(await tx.turns(meeting.id), command.bridge_id, act.now)
    return events


def _with_chair_present(attendants: tuple[Attendant, ...], act: Act) -> tuple[tuple[Attendant, ...], list[Event]]:
    """Who opens the meeting is there: opening checks the chair in."""
    events: list[Event] = []
    people = list(attendants)
    for n, person in enumerate(people):
        absent = person.state is not meetings.AttendanceState.PRESENT
        if person.person_id == act.seat.actor.id and person.role is Role.CHAIR and absent:
            events.append(attendance.PersonCheckedIn(person.person_id))
            people[n] = Attendant(
                person.person_id,
                person.name,
                person.position,
                person.role,
                meetings.AttendanceState.PRESENT,
                act.now,
            )
    return tuple(people), events


async def _decide_attendance(
    tx: Transaction, meeting: Meeting, command: attendance.AttendanceCommand, act: Act
) -> list[Event]:
    actor = act.seat.actor
    bridge = await tx.bridge(meeting.id, actor.bridge_id) if actor.bridge_id else None
    subject = None if isinstance(command, attendance.ReportHeads) else (command.person_id or actor.person_id)
    attendant = await tx.attendant(meeting.id, subject) if subject else None
    events: list[Event] = list(attendance.decide(meeting, attendant, bridge, command, act))
    for event in tuple(events):
        if isinstance(event, attendance.PersonCheckedOut):
            events += floor.gone(await tx.turns(meeting.id), event.person_id, act.now)
    return events


async def _decide_poll(tx: Transaction, meeting: Meeting, command: poll.PollCommand, act: Act) -> list[Event]:
    if isinstance(command, poll.PreparePoll):
        known = await _item_known(tx, meeting.id, command.item_id)
        return list(poll.prepare(meeting, len(await tx.polls(meeting.id)), known, command, act))
    question = await tx.poll(meeting.id, command.poll_id, Lock.UPDATE)
    others = await tx.polls(meeting.id)
    other_open = any(p.state is poll.PollState.OPEN and p.id != question.id for p in others)
    attendants = await tx.attendants(meeting.id)
    ballots = await tx.ballots(question.id) if isinstance(command, poll.ClosePoll) else ()
    return list(poll.decide(meeting, question, other_open, attendants, ballots, command, act))


async def _close(tx: Transaction, meeting: Meeting, act: Act) -> list[Event]:
    """Closing ends what is under way: speaker, item, lead, programme, recording. An open poll forbids it."""
    act.seat.require(Right.PRESIDE)
    meeting.require(MeetingState.OPEN)
    if any(p.state is poll.PollState.OPEN for p in await tx.polls(meeting.id)):
        raise Conflict("poll-still-open", "close the open poll first")
    events: list[Event] = list(floor.end_speaking(await tx.turns(meeting.id), act.now))
    if meeting.current_item_id is not None:
        events.append(agenda.ItemFinished(meeting.current_item_id))
    if meeting.lead is not None:
        events.append(papers.LeadEnded())
    if meeting.stand_by_bridge_id is not None:
        events.append(conference.StandByChanged(None))
    if meeting.on_air_bridge_id is not None:
        events.append(conference.OnAirChanged(None, ""))
    if meeting.recording_since is not None:
        events.append(conference.RecordingStopped())
    return [*events, meetings.MeetingClosed()]


async def _item_known(tx: Transaction, meeting_id: MeetingId, item_id: ItemId | None) -> bool:
    return item_id is None or await tx.item_known(meeting_id, item_id)


def created_id(events: list[Event]) -> UUID | None:
    """What the first creating event made."""
    for event in events:
        match event:
            case agenda.ItemAdded(item):
                return item.id
            case floor.FloorAsked(turn):
                return turn.id
            case poll.PollPrepared(question):
                return question.id
            case _:
                continue
    return None

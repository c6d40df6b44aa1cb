"""From the journal to the minutes: every entry that matters becomes a sentence, a line of the facts or both.

The union of events is closed: a new kind of event does not type-check here until it is told or left out on
purpose. Entries that are left out: preparation before the opening (its result stands in the facts), stand-by
on the stage, and the minutes' own life after the close.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import assert_never

from rooms import agenda, attendance, conference, floor, meeting, papers, poll, signing
from rooms.agenda import AgendaItem
from rooms.ids import ItemId, PaperId, PersonId, PollId, TurnId
from rooms.journal import Entry
from rooms.minutes.course import Course
from rooms.minutes.people import Roll
from rooms.minutes.value import (
    Body,
    Facts,
    Head,
    Locale,
    Minutes,
    NamedBallot,
    OptionCount,
    Paragraph,
    PollRecord,
    QuorumRecord,
    Section,
    formula,
)
from rooms.minutes.words import WORDS, clock, day, duration, say
from rooms.poll import Poll
from rooms.roles import ActorKind
from rooms.values import Threshold


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What the journal does not know: how the organisation heads and addresses its papers."""

    organisation: str
    body: Body = Body.STATE
    parent_body: str | None = None
    number: int | None = None
    symbol: str | None = None
    locality: str | None = None
    chair_authority: str = ""
    recipients: tuple[str, ...] = ()


def compose(entries: Sequence[Entry], head: Letterhead, locale: Locale, zone: tzinfo) -> Minutes:
    """The minutes of one meeting. Shape: entries in order from 1. `zone`: the organisation's.

    Raises: ValueError when the journal does not start with a meeting or the meeting was never opened.
    """
    teller = _Teller(head, locale, zone)
    for entry in entries:
        teller.tell(entry)
    return teller.minutes(entries)


@dataclass(slots=True)
class _Spoken:
    """A turn on the floor while its sentence can still grow."""

    paragraph_id: str
    started_at: datetime
    speaker: str
    limit_s: int | None


class _Teller:
    def __init__(self, head: Letterhead, locale: Locale, zone: tzinfo) -> None:
        self.head, self.locale, self.zone = head, locale, zone
        self.details: meeting.Details | None = None
        self.opened: tuple[datetime, meeting.MeetingOpened, int] | None = None
        self.closed_at: datetime | None = None
        self.closed_seq = 0
        self.roll = Roll(locale)
        self.items: dict[ItemId, AgendaItem] = {}
        self.started: set[ItemId] = set()
        self.papers: dict[PaperId, str] = {}
        self.polls: dict[PollId, Poll] = {}
        self.open_poll: PollId | None = None
        self.turns: dict[TurnId, tuple[floor.Turn, int]] = {}
        self.heard: dict[TurnId, _Spoken] = {}
        self.course = Course(WORDS[locale]["opening"])

    # ── one entry ──

    def tell(self, entry: Entry) -> None:
        at = entry.at.astimezone(self.zone)
        self.course.at, self.course.seq = at, entry.seq
        event = entry.event
        match event:
            case (
                meeting.MeetingCreated()
                | meeting.DetailsChanged()
                | meeting.PersonInvited()
                | meeting.PersonUninvited()
                | meeting.BridgeInvited()
                | meeting.BridgeUninvited()
                | meeting.MeetingConvened()
                | meeting.MeetingOpened()
                | meeting.MeetingClosed()
            ):
                self._meeting(event, at, entry.seq)
            case (
                agenda.ItemAdded()
                | agenda.ItemChanged()
                | agenda.ItemsMoved()
                | agenda.ItemsRemoved()
                | agenda.ItemStarted()
                | agenda.ItemFinished()
            ):
                self._agenda(event)
            case (
                papers.PaperAdded()
                | papers.PaperChanged()
                | papers.PaperRemoved()
                | papers.LeadMoved()
                | papers.LeadEnded()
            ):
                self._paper(event)
            case (
                attendance.PersonCheckedIn()
                | attendance.PersonCheckedOut()
                | attendance.PersonExcused()
                | attendance.BridgeCheckedIn()
                | attendance.BridgeCheckedOut()
                | attendance.HeadsReported()
            ):
                self._attendance(event, at, entry.seq)
            case (
                floor.FloorAsked()
                | floor.FloorWithdrawn()
                | floor.FloorGiven()
                | floor.FloorExtended()
                | floor.FloorEnded()
            ):
                self._floor(event, at, entry.seq)
            case poll.PollPrepared() | poll.PollCancelled() | poll.PollOpened() | poll.PollClosed():
                self._poll(event, at, entry.seq)
            case conference.StandByChanged():
                pass  # a technical preparation that nobody but the director sees
            case conference.OnAirChanged(bridge_id, name):
                if self._running:
                    self._say("off_air") if bridge_id is None else self._say(
                        "on_air", bridge=self._word("bridge", name=name)
                    )
            case (
                signing.MinutesCompiled()
                | signing.MinutesCorrected()
                | signing.MinutesLocked()
                | signing.MinutesSigned()
            ):
                pass  # the life of these minutes, not of the meeting
            case _:
                assert_never(event)

    def _meeting(self, event: meeting.MeetingEvent, at: datetime, seq: int) -> None:
        match event:
            case meeting.MeetingCreated(details) | meeting.DetailsChanged(details):
                self.details = details
                if self._running:
                    self._say("details_changed", title=details.title, place=details.place)
            case meeting.PersonInvited(person_id, name, position, role):
                self.roll.invite(person_id, name, position, role, seq)
                if self._running:
                    self._say("invited", names=self._person(person_id), role=self._word(f"role_{role}"))
            case meeting.PersonUninvited(person_id):
                if self._running:
                    self._say("uninvited", names=self._person(person_id))
                self.roll.uninvite(person_id)
            case meeting.BridgeInvited(bridge_id, name):
                self.roll.invite_bridge(bridge_id, name, seq)
                if self._running:
                    self._group("bridges_invited", name)
            case meeting.BridgeUninvited(bridge_id):
                if self._running:
                    self._group("bridges_uninvited", self.roll.bridge_name(bridge_id))
                self.roll.uninvite_bridge(bridge_id)
            case meeting.MeetingConvened():
                pass
            case meeting.MeetingOpened():
                self.opened = (at, event, seq)
                self._say("opened")
                self._quorum(event)
            case meeting.MeetingClosed():
                self._close(at, seq)
            case _:
                assert_never(event)

    def _quorum(self, event: meeting.MeetingOpened) -> None:
        assert self.details is not None
        rule = self.details.quorum
        self._say(
            "quorum_reached" if event.reached else "quorum_missed",
            suffix="-quorum",
            present=event.present,
            members=event.members,
            needed=event.needed,
            rule=self._rule(rule),
            formula=formula(rule, event.present, event.members),
        )

    def _close(self, at: datetime, seq: int) -> None:
        if self.open_poll is not None:
            self._say("poll_left_open")
        waiting = [(t.item_id, t.name, n) for i, (t, n) in self.turns.items() if i not in self.heard]
        for item_id in dict.fromkeys(item for item, _, _ in waiting):
            names = [name for item, name, _ in waiting if item == item_id]
            evidence = tuple(n for item, _, n in waiting if item == item_id)
            text = self._sentence("not_heard", names=", ".join(dict.fromkeys(names)))
            self.course.add(text, evidence, paragraph_id=f"p{evidence[0]}-not-heard", item_id=item_id)
        self.closed_at, self.closed_seq = at, seq

    def _agenda(self, event: agenda.AgendaEvent) -> None:
        match event:
            case agenda.ItemAdded(item):
                self.items[item.id] = item
                if self._running:
                    self._say("item_added", title=item.title)
            case agenda.ItemChanged(item_id, title, presenter, planned_min):
                item = self.items[item_id]
                self.items[item_id] = replace(item, title=title, presenter=presenter, planned_min=planned_min)
                if self._running:
                    self._say("item_changed", title=title)
            case agenda.ItemsMoved(places):
                for place in places:
                    item = self.items[place.item_id]
                    self.items[place.item_id] = replace(item, parent_id=place.parent_id, position=place.position)
                if self._running:
                    self._say("items_moved")
            case agenda.ItemsRemoved(item_ids):
                titles = ", ".join(f"“{self.items[i].title}”" for i in item_ids)
                for item_id in item_ids:
                    del self.items[item_id]
                if self._running:
                    self._say("items_removed", titles=titles)
            case agenda.ItemStarted(item_id):
                item = self.items[item_id]
                self.course.enter(item_id)
                again = item_id in self.started
                self.started.add(item_id)
                key = "item_resumed" if again else "item_started_by" if item.presenter else "item_started"
                self._say(key, title=item.title, presenter=item.presenter)
            case agenda.ItemFinished():
                self._say("item_finished")
            case _:
                assert_never(event)

    def _paper(self, event: papers.PapersEvent) -> None:
        match event:
            case papers.PaperAdded(paper):
                self.papers[paper.id] = paper.title
                if self._running:
                    self._say("paper_added", title=paper.title)
            case papers.PaperChanged(paper_id, title, _):
                changed = self.papers.get(paper_id) != title
                self.papers[paper_id] = title
                if self._running and changed:
                    self._say("paper_changed", title=title)
            case papers.PaperRemoved(paper_id):
                if self._running:
                    self._say("paper_removed", title=self.papers[paper_id])
            case papers.LeadMoved(paper_id, page):
                self._group("paper_led", str(page), about=str(paper_id), title=self.papers[paper_id])
            case papers.LeadEnded():
                pass  # told by the page led to
            case _:
                assert_never(event)

    def _attendance(self, event: attendance.AttendanceEvent, at: datetime, seq: int) -> None:
        match event:
            case attendance.PersonCheckedIn(person_id):
                self.roll.arrive(person_id, at if self._running else None, at, seq)
                if self._running:
                    self._group("arrived", self._person(person_id))
            case attendance.PersonCheckedOut(person_id):
                self.roll.leave(person_id, at, seq)
                if self._running:
                    self._group("left", self._person(person_id))
            case attendance.PersonExcused(person_id, reason):
                self.roll.excuse(person_id, reason, seq)
                if self._running:
                    key = "excused_reason" if reason else "excused"
                    self._say(key, names=self._person(person_id), reason=reason)
            case attendance.BridgeCheckedIn(bridge_id, heads):
                self.roll.join(bridge_id, heads, at, seq)
                if self._running:
                    self._group("bridges_joined", self.roll.bridge_name(bridge_id, heads))
            case attendance.BridgeCheckedOut(bridge_id):
                self.roll.part(bridge_id, at, seq)
                if self._running:
                    self._group("bridges_left", self.roll.bridge_name(bridge_id))
            case attendance.HeadsReported(bridge_id, heads):
                self.roll.count(bridge_id, heads, seq)
                if self._running:
                    self._group("heads", self.roll.bridge_name(bridge_id, heads))
            case _:
                assert_never(event)

    def _floor(self, event: floor.FloorEvent, at: datetime, seq: int) -> None:
        match event:
            case floor.FloorAsked(turn):
                self.turns[turn.id] = (turn, seq)
            case floor.FloorWithdrawn():
                pass  # told at the close among those who did not speak
            case floor.FloorGiven(turn_id, limit_s):
                turn, asked = self.turns[turn_id]
                spoken = _Spoken(f"p{seq}", at, self._speaker(turn), limit_s)
                self.heard[turn_id] = spoken
                self.course.add(self._spoke(spoken), (asked, seq), paragraph_id=spoken.paragraph_id)
            case floor.FloorExtended(turn_id, limit_s):
                spoken = self.heard[turn_id]
                spoken.limit_s = limit_s
                self.course.grow(spoken.paragraph_id, self._spoke(spoken), seq)
            case floor.FloorEnded(turn_id, spoke_s):
                spoken = self.heard[turn_id]
                self.course.grow(spoken.paragraph_id, self._spoke(spoken, at, spoke_s), seq)
            case _:
                assert_never(event)

    def _spoke(self, spoken: _Spoken, end: datetime | None = None, spoke_s: int = 0) -> str:
        key = "spoke" + ("" if spoken.limit_s is None else "_limit") + ("" if end is None else "_until")
        return say(
            self.locale,
            key,
            time=clock(self.locale, spoken.started_at),
            speaker=spoken.speaker,
            limit=duration(self.locale, spoken.limit_s or 0),
            end="" if end is None else clock(self.locale, end),
            length=duration(self.locale, spoke_s),
        )

    def _poll(self, event: poll.PollEvent, at: datetime, seq: int) -> None:
        match event:
            case poll.PollPrepared(prepared):
                self.polls[prepared.id] = prepared
            case poll.PollCancelled(poll_id):
                if self._running:
                    self._say("poll_cancelled", question=self.polls[poll_id].question)
            case poll.PollOpened(poll_id, entitled, frozen):
                asked = replace(self.polls[poll_id], opened_at=at, entitled=entitled, frozen=frozen)
                self.polls[poll_id], self.open_poll = asked, poll_id
                self._say(
                    "poll_opened",
                    question=asked.question,
                    entitled=len(entitled),
                    present=frozen.present,
                    members=frozen.members_in_office,
                )
                self.course.remember(str(poll_id), seq)
            case poll.PollClosed(poll_id, tally):
                self.open_poll = None
                record = self._record(replace(self.polls[poll_id], closed_at=at, tally=tally), seq)
                self.course.add(
                    self._result(record, tally.needed), record.evidence, paragraph_id=f"poll-{record.id}"
                )
                self.course.attach(record)
            case _:
                assert_never(event)

    def _record(self, closed: Poll, seq: int) -> PollRecord:
        tally, rule = closed.tally, closed.rule.threshold
        assert tally is not None
        assert closed.closed_at is not None
        counts = (
            ("for", tally.votes_for),
            ("against", tally.votes_against),
            ("abstain", tally.abstentions),
            ("silent", tally.silent),
        )
        return PollRecord(
            id=str(closed.id),
            question=closed.question,
            form=self._word("form_named"),
            opened_at=closed.opened_at,
            closed_at=closed.closed_at,
            options=tuple(OptionCount(self._word(key), n) for key, n in counts),
            electorate=len(closed.entitled),
            cast=len(tally.ballots),
            base_label=self._word(tally.base.value),
            base=tally.base_count,
            counted=tally.votes_for,
            rule=rule,
            formula=formula(rule, tally.votes_for, tally.base_count),
            outcome=self._word("outcome_carried" if tally.carried else "outcome_not_carried"),
            carried=tally.carried,
            ballots=tuple(
                NamedBallot(b.name, self.roll.position(b.voter_id), self._word(b.choice.value))
                for b in tally.ballots
            ),
            evidence=(*self.course.remembered(str(closed.id)), seq),
        )

    def _result(self, record: PollRecord, needed: int) -> str:
        assert record.rule is not None
        return say(
            self.locale,
            "poll_closed",
            time=clock(self.locale, record.closed_at),
            counts=", ".join(f"{o.label} {o.count}" for o in record.options),
            base=record.base_label,
            base_count=record.base,
            rule=self._rule(record.rule),
            needed=needed,
            formula=record.formula,
            outcome=self._word("carried" if record.carried else "not_carried"),
        )

    # ── words ──

    @property
    def _running(self) -> bool:
        return self.opened is not None and self.closed_at is None

    def _word(self, key: str, **values: object) -> str:
        return WORDS[self.locale][key].format(**values)

    def _rule(self, rule: Threshold) -> str:
        return self._word("more_than" if rule.strict else "at_least", n=rule.numerator, d=rule.denominator)

    def _person(self, person_id: PersonId) -> str:
        return self._addressed(self.roll.name(person_id))

    def _addressed(self, name: str) -> str:
        return self._word("comrade", name=name) if self.head.body is Body.PARTY else name

    def _speaker(self, turn: floor.Turn) -> str:
        if turn.speaker_kind is ActorKind.BRIDGE:
            return self._word("bridge", name=turn.name)
        return self._addressed(turn.name)

    def _gathering(self, key: str = "") -> str:
        assert self.details is not None
        # a party body meets in conference, whatever the system calls it
        conference_like = self.details.kind is meeting.MeetingKind.CONFERENCE or self.head.body is Body.PARTY
        return self._word(f"{key}{'conference' if conference_like else 'meeting'}")

    def _sentence(self, key: str, **values: object) -> str:
        chair = self._word("party_chair" if self.head.body is Body.PARTY else "chair")
        standing = {"gathering": self._gathering("the_"), "occasion": self._gathering(), "chair": chair}
        return say(self.locale, key, **{**standing, **values})

    def _say(self, key: str, *, suffix: str = "", **values: object) -> None:
        time = clock(self.locale, self.course.at)
        text = self._sentence(key, time=time, **values)
        self.course.add(text, (self.course.seq,), paragraph_id=f"p{self.course.seq}{suffix}")

    def _group(self, key: str, name: str, *, about: str = "", **values: object) -> None:
        """One sentence for a run of like entries: a thousand bridges joining is not a thousand paragraphs."""

        def text(first: datetime, last: datetime, names: Sequence[str]) -> str:
            begin, end = clock(self.locale, first), clock(self.locale, last)
            time = begin if begin == end else self._word("times", first=begin, last=end)
            each = tuple(dict.fromkeys(names))
            listed = ", ".join(each)
            return self._sentence(key, time=time, names=listed, pages=listed, count=len(each), **values)

        self.course.group(key + about, name, text)

    # ── the whole ──

    def minutes(self, entries: Sequence[Entry]) -> Minutes:
        if self.details is None or self.opened is None:
            raise ValueError("there are no minutes of a meeting that was not opened")
        opened_at, opening, seq = self.opened
        last = entries[-1]
        return Minutes(
            locale=self.locale,
            head=Head(
                organisation=self.head.organisation,
                title=self.details.title,
                body=self.head.body,
                gathering=self._gathering(),
                parent_body=self.head.parent_body,
                number=self.head.number,
                symbol=self.head.symbol,
                locality=self.head.locality,
            ),
            facts=Facts(
                opened_at=opened_at,
                closed_at=self.closed_at,
                place=self.details.place,
                chair=replace(self.roll.chair(), authority=self.head.chair_authority),
                secretary=self.roll.secretary(),
                members_in_office=opening.members,
                attendees=self.roll.attendees(opened_at),
                bridges=self.roll.bridges(),
                quorum=QuorumRecord(
                    opening.present, opening.members, opening.needed, self.details.quorum, opening.reached, (seq,)
                ),
            ),
            sections=tuple(self._sections()),
            closing=self._closing(),
            recipients=self.head.recipients or (self._word(_FILE[self.head.body]),),
            last_seq=last.seq,
            last_hash=last.hash,
        )

    def _closing(self) -> Paragraph:
        if self.closed_at is None:
            return Paragraph("closing", say(self.locale, "still_open", gathering=self._gathering()))
        text = say(
            self.locale,
            "closing",
            gathering=self._gathering(),
            time=clock(self.locale, self.closed_at),
            day=day(self.locale, self.closed_at),
        )
        return Paragraph("closing", text, (self.closed_seq,))

    def _sections(self) -> Iterable[Section]:
        yield self.course.opening()
        items = tuple(self.items.values())
        numbers = agenda.numbers(items)
        for item_id, number in numbers.items():
            section = self.course.section(item_id, number, self.items[item_id].title)
            dealt_below = any(i.parent_id == item_id for i in items)
            if not section.paragraphs and not dealt_below:
                text = say(self.locale, "item_not_reached")
                section = replace(section, paragraphs=(Paragraph(f"{section.id}-not-reached", text),))
            yield section


_FILE = {Body.STATE: "file", Body.PARTY: "party_file", Body.PLAIN: "plain_file"}

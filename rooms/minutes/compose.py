"""From the journal to the minutes: every entry that matters becomes a sentence, a line of the facts or both.

The union of events is closed: a new kind of event does not type-check here until it is told or left out on
purpose. Entries that are left out: preparation before the opening (its result stands in the facts), stand-by
on the stage, and the minutes' own life after the close.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import assert_never

from rooms import agenda, attendance, conference, floor, meeting, papers, poll, signing
from rooms.agenda import AgendaItem
from rooms.ids import ItemId, PaperId
from rooms.journal import Entry
from rooms.minutes.debate import Debate
from rooms.minutes.narrator import Letterhead, Narrator
from rooms.minutes.value import (
    Body,
    Facts,
    Head,
    Locale,
    Minutes,
    Paragraph,
    QuorumRecord,
    Section,
    formula,
)
from rooms.minutes.voting import Voting
from rooms.minutes.words import clock, day, say

__all__ = ["Letterhead", "compose"]


def compose(entries: Sequence[Entry], head: Letterhead, locale: Locale, zone: tzinfo) -> Minutes:
    """The minutes of one meeting. Shape: entries in order from 1. `zone`: the organisation's.

    Raises: ValueError when the journal does not start with a meeting or the meeting was never opened.
    """
    teller = _Teller(head, locale, zone)
    for entry in entries:
        teller.tell(entry)
    return teller.minutes(entries)


class _Teller(Narrator):
    def __init__(self, head: Letterhead, locale: Locale, zone: tzinfo) -> None:
        super().__init__(head, locale)
        self.zone = zone
        self.items: dict[ItemId, AgendaItem] = {}
        self.started: set[ItemId] = set()
        self.papers: dict[PaperId, str] = {}
        self.debate = Debate(self)
        self.voting = Voting(self)

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
                self.debate.tell(event, at, entry.seq)
            case poll.PollPrepared() | poll.PollCancelled() | poll.PollOpened() | poll.PollClosed():
                self.voting.tell(event, at, entry.seq)
            case conference.StandByChanged():
                pass  # a technical preparation that nobody but the director sees
            case conference.RecordingStarted() | conference.RecordingStopped():
                pass  # how the session is kept is no part of its course
            case conference.OnAirChanged(bridge_id, name):
                if self.running:
                    self.say("off_air") if bridge_id is None else self.say(
                        "on_air", bridge=self.word("bridge", name=name)
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
                if self.running:
                    self.say("details_changed", title=details.title, place=details.place)
            case meeting.PersonInvited(person_id, name, position, role):
                self.roll.invite(person_id, name, position, role, seq)
                if self.running:
                    self.say("invited", names=self.person(person_id), role=self.word(f"role_{role}"))
            case meeting.PersonUninvited(person_id):
                if self.running:
                    self.say("uninvited", names=self.person(person_id))
                self.roll.uninvite(person_id)
            case meeting.BridgeInvited(bridge_id, name):
                self.roll.invite_bridge(bridge_id, name, seq)
                if self.running:
                    self.group("bridges_invited", name)
            case meeting.BridgeUninvited(bridge_id):
                if self.running:
                    self.group("bridges_uninvited", self.roll.bridge_name(bridge_id))
                self.roll.uninvite_bridge(bridge_id)
            case meeting.MeetingConvened():
                pass
            case meeting.MeetingOpened():
                self.opened = (at, event, seq)
                self.say("opened")
                self._quorum(event)
            case meeting.MeetingClosed():
                self._close(at, seq)
            case _:
                assert_never(event)

    def _quorum(self, event: meeting.MeetingOpened) -> None:
        assert self.details is not None
        rule = self.details.quorum
        self.say(
            "quorum_reached" if event.reached else "quorum_missed",
            suffix="-quorum",
            present=event.present,
            members=event.members,
            needed=event.needed,
            rule=self.rule(rule),
            formula=formula(rule, event.present, event.members),
        )

    def _close(self, at: datetime, seq: int) -> None:
        self.voting.close()
        self.debate.close()
        self.closed_at, self.closed_seq = at, seq

    def _agenda(self, event: agenda.AgendaEvent) -> None:
        match event:
            case agenda.ItemAdded(item):
                self.items[item.id] = item
                if self.running:
                    self.say("item_added", title=item.title)
            case agenda.ItemChanged(item_id, title, presenter, planned_min):
                item = self.items[item_id]
                self.items[item_id] = replace(item, title=title, presenter=presenter, planned_min=planned_min)
                if self.running:
                    self.say("item_changed", title=title)
            case agenda.ItemsMoved(places):
                for place in places:
                    item = self.items[place.item_id]
                    self.items[place.item_id] = replace(item, parent_id=place.parent_id, position=place.position)
                if self.running:
                    self.say("items_moved")
            case agenda.ItemsRemoved(item_ids):
                titles = ", ".join(f"“{self.items[i].title}”" for i in item_ids)
                for item_id in item_ids:
                    del self.items[item_id]
                if self.running:
                    self.say("items_removed", titles=titles)
            case agenda.ItemStarted(item_id):
                item = self.items[item_id]
                self.course.enter(item_id)
                again = item_id in self.started
                self.started.add(item_id)
                key = "item_resumed" if again else "item_started_by" if item.presenter else "item_started"
                self.say(key, title=item.title, presenter=item.presenter)
            case agenda.ItemFinished():
                self.say("item_finished")
            case _:
                assert_never(event)

    def _paper(self, event: papers.PapersEvent) -> None:
        match event:
            case papers.PaperAdded(paper):
                self.papers[paper.id] = paper.title
                if self.running:
                    self.say("paper_added", title=paper.title)
            case papers.PaperChanged(paper_id, title, _):
                changed = self.papers.get(paper_id) != title
                self.papers[paper_id] = title
                if self.running and changed:
                    self.say("paper_changed", title=title)
            case papers.PaperRemoved(paper_id):
                if self.running:
                    self.say("paper_removed", title=self.papers[paper_id])
            case papers.LeadMoved(paper_id, page):
                self.group("paper_led", str(page), about=str(paper_id), title=self.papers[paper_id])
            case papers.LeadEnded():
                pass  # told by the page led to
            case _:
                assert_never(event)

    def _attendance(self, event: attendance.AttendanceEvent, at: datetime, seq: int) -> None:
        match event:
            case attendance.PersonCheckedIn(person_id):
                self.roll.arrive(person_id, at if self.running else None, at, seq)
                if self.running:
                    self.group("arrived", self.person(person_id))
            case attendance.PersonCheckedOut(person_id):
                self.roll.leave(person_id, at, seq)
                if self.running:
                    self.group("left", self.person(person_id))
            case attendance.PersonExcused(person_id, reason):
                self.roll.excuse(person_id, reason, seq)
                if self.running:
                    key = "excused_reason" if reason else "excused"
                    self.say(key, names=self.person(person_id), reason=reason)
            case attendance.BridgeCheckedIn(bridge_id, heads):
                self.roll.join(bridge_id, heads, at, seq)
                if self.running:
                    self.group("bridges_joined", self.roll.bridge_name(bridge_id, heads))
            case attendance.BridgeCheckedOut(bridge_id):
                self.roll.part(bridge_id, at, seq)
                if self.running:
                    self.group("bridges_left", self.roll.bridge_name(bridge_id))
            case attendance.HeadsReported(bridge_id, heads):
                self.roll.count(bridge_id, heads, seq)
                if self.running:
                    self.group("heads", self.roll.bridge_name(bridge_id, heads))
            case _:
                assert_never(event)

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
                gathering=self.gathering(),
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
            recipients=self.head.recipients or (self.word(_FILE[self.head.body]),),
            last_seq=last.seq,
            last_hash=last.hash,
        )

    def _closing(self) -> Paragraph:
        if self.closed_at is None:
            return Paragraph("closing", say(self.locale, "still_open", gathering=self.gathering()))
        text = say(
            self.locale,
            "closing",
            gathering=self.gathering(),
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

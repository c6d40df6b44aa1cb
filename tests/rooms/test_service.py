"""The use cases beyond what every store's contract asks: what closing ends, who rings, what is shown to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import get_args

import pytest

from rooms import agenda, attendance, conference, floor, papers
from rooms import meeting as m
from rooms.commands import Command, RoomCommand
from rooms.errors import Forbidden
from rooms.ids import BridgeId, MeetingId, PersonId
from rooms.meeting import AttendanceState, MeetingState
from rooms.papers import Paper, PaperState
from rooms.poll import CastBallot, OpenPoll, PollState
from rooms.ports import Raced, Transaction
from rooms.roles import OfficeRole, Role
from rooms.service import JOURNAL_PAGE, Meetings, created_id
from rooms.signing import MinutesCommand, MinutesState
from rooms.tally import Choice
from tests.support.given import refused
from tests.support.house import House, MemoryKeep, house_on
from tests.support.whole_meeting import DETAILS, STEPS, WholeMeeting


@pytest.fixture
async def house() -> House:
    return await house_on(MemoryKeep())


@pytest.fixture
async def opened(house: House) -> WholeMeeting:
    whole = await WholeMeeting.created(house)
    for step in STEPS[:4]:
        await step(whole)
    return whole


async def kinds_after(whole: WholeMeeting, seq: int) -> list[str]:
    page = await whole.house.meetings.journal(whole.house.secretary, whole.id, seq)
    return [e.event.kind for e in page.entries]


# ── creating ──


async def test_who_creates_is_its_secretary(house: House) -> None:
    whole = await WholeMeeting.created(house)
    room = await house.meetings.room(house.secretary, whole.id)
    assert room.me.role is Role.SECRETARY
    assert [(a.name, a.position) for a in room.attendants] == [(house.secretary.name, "Chánh Văn phòng")]
    assert await kinds_after(whole, 0) == ["meeting.created", "person.invited"]


async def test_only_the_office_creates(house: House) -> None:
    for office in (frozenset[OfficeRole](), frozenset({OfficeRole.ADMINISTRATOR})):
        with pytest.raises(Forbidden):
            await house.meetings.create(replace(house.member, office_roles=office), DETAILS)
    with refused("text-empty"):
        await house.meetings.create(house.secretary, replace(DETAILS, title=""))


async def test_who_left_the_directory_creates_nothing(house: House) -> None:
    gone = replace(house.secretary, id=PersonId(house.ids()))
    with refused("person-unknown"):
        await house.meetings.create(gone, DETAILS)
    assert await house.meetings.mine(gone) == ()


# ── opening and closing ──


async def test_opening_checks_the_chair_in(opened: WholeMeeting) -> None:
    room = await opened.house.meetings.room(opened.house.chair, opened.id)
    chair = next(a for a in room.attendants if a.role is Role.CHAIR)
    assert chair.state is AttendanceState.PRESENT
    kinds = await kinds_after(opened, 0)
    at = kinds.index("meeting.opened")
    assert kinds[at - 1] == "person.checked_in"


async def test_a_chair_who_is_there_is_not_checked_in_twice(house: House) -> None:
    whole = await WholeMeeting.created(house)
    for step in STEPS[:3]:
        await step(whole)
    await whole.do(house.chair, attendance.CheckIn())
    done = await whole.do(house.chair, m.OpenMeeting())
    assert (await kinds_after(whole, done.seq - 2))[-2:] == ["person.checked_in", "meeting.opened"]
    assert (await kinds_after(whole, done.seq - 1)) == ["meeting.opened"]


async def test_closing_ends_what_is_under_way(opened: WholeMeeting) -> None:
    h = opened.house
    await opened.do(h.chair, floor.GiveFloor(await opened.ask(h.member), 60))
    await opened.do(h.chair, conference.PutOnAir(BridgeId(h.central.id)))
    await opened.do(h.chair, conference.StandBy(BridgeId(h.commune.id)))
    await opened.do(h.chair, conference.Record(True))
    before = (await h.meetings.room(h.chair, opened.id)).seq
    await opened.do(h.chair, m.CloseMeeting())
    assert await kinds_after(opened, before) == [
        "floor.ended",
        "item.finished",
        "lead.ended",
        "stage.stand_by",
        "stage.on_air",
        "recording.stopped",
        "meeting.closed",
    ]
    meeting = (await h.meetings.room(h.chair, opened.id)).meeting
    assert meeting.state is MeetingState.CLOSED
    assert not any((meeting.current_item_id, meeting.lead, meeting.stand_by_bridge_id, meeting.on_air_bridge_id))
    assert meeting.recording_since is None


async def test_an_open_poll_keeps_the_meeting_open(opened: WholeMeeting) -> None:
    await opened.open_poll()
    with refused("poll-still-open"):
        await opened.do(opened.house.chair, m.CloseMeeting())


async def test_who_closes_and_when(opened: WholeMeeting) -> None:
    for actor in (opened.house.secretary, opened.house.member, opened.house.central):
        with refused("not-your-right", right="preside"):
            await opened.do(actor, m.CloseMeeting())
    await opened.do(opened.house.chair, m.CloseMeeting())
    with refused("meeting-is-closed"):
        await opened.do(opened.house.chair, m.CloseMeeting())


# ── the doorbell ──


async def test_every_command_rings_after_it_is_kept(opened: WholeMeeting) -> None:
    h = opened.house
    h.bell.rings.clear()
    await opened.do(h.chair, agenda.FinishItem(opened.report))
    assert h.bell.rings == [opened.id]
    with refused("item-not-current"):
        await opened.do(h.chair, agenda.FinishItem(opened.report))
    assert h.bell.rings == [opened.id], "a refusal is no news"
    await opened.add_paper("Mới", None, 1)
    assert h.bell.rings == [opened.id] * 2


async def test_a_ballot_rings_the_turnout_only(opened: WholeMeeting) -> None:
    h = opened.house
    await opened.open_poll()
    h.bell.rings.clear()
    seq = (await h.meetings.room(h.chair, opened.id)).seq
    done = await opened.do(h.member, CastBallot(opened.poll, Choice.FOR))
    assert h.bell.rings == []
    assert h.bell.turnouts == [(opened.poll, 1, 3)]
    assert (done.seq, (await h.meetings.room(h.chair, opened.id)).seq) == (seq, seq)


# ── what is shown to whom ──


async def test_my_ballots_are_mine(opened: WholeMeeting) -> None:
    h = opened.house
    await opened.open_poll()
    await opened.do(h.member, CastBallot(opened.poll, Choice.AGAINST))
    assert (await h.meetings.room(h.member, opened.id)).me.ballots == {opened.poll: Choice.AGAINST}
    for reader in (h.chair, h.secretary, h.member2, h.central):
        room = await h.meetings.room(reader, opened.id)
        assert room.me.ballots == {}
        assert all(p.tally is None for p in room.polls), "nobody counts before the close"


async def test_a_draft_is_for_those_who_prepare_it(house: House) -> None:
    whole = await WholeMeeting.created(house)
    await whole.invite()
    for reader in (house.member, house.guest, house.commune, house.central):
        with refused("meeting-unknown"):
            await house.meetings.room(reader, whole.id)
    for reader in (house.secretary, house.chair):
        assert (await house.meetings.room(reader, whole.id)).me.role


async def test_another_organisation_knows_nothing(opened: WholeMeeting) -> None:
    h = opened.house
    spy = replace(h.chair, organisation_id=MeetingId(h.ids()))  # type: ignore[arg-type]
    for asked in (h.meetings.room(spy, opened.id), h.meetings.seat(spy, opened.id)):
        with refused("meeting-unknown"):
            await asked


async def test_a_person_does_not_pass_as_a_bridge(opened: WholeMeeting) -> None:
    h = opened.house
    mask = replace(h.member, id=h.commune.id)
    with refused("meeting-unknown"):
        await h.meetings.seat(mask, opened.id)


async def test_communes_see_themselves_and_no_minutes(opened: WholeMeeting) -> None:
    h = opened.house
    await opened.do(h.chair, m.CloseMeeting())
    await opened.write_minutes()
    shown = {
        reader.name: await h.meetings.room(reader, opened.id)
        for reader in (h.chair, h.central, h.member, h.commune)
    }
    assert [len(r.bridges) for r in shown.values()] == [3, 3, 0, 1]
    assert [r.minutes.state for r in shown.values()] == [MinutesState.DRAFT] + [MinutesState.NONE] * 3
    await opened.sign()
    readers = (h.chair, h.central, h.member, h.commune)
    states = [(await h.meetings.room(reader, opened.id)).minutes.state for reader in readers]
    assert states == [MinutesState.SIGNED] * 3 + [MinutesState.NONE]


async def test_the_journal_comes_in_pages(house: House) -> None:
    whole = await WholeMeeting.created(house)
    item = await whole.add_item("Mục")
    for n in range(JOURNAL_PAGE):
        await whole.do(house.secretary, agenda.ChangeItem(item, f"Mục {n}"))
    first = await house.meetings.journal(house.secretary, whole.id, 0)
    assert (first.after, first.upto, first.last, len(first.entries)) == (0, JOURNAL_PAGE, JOURNAL_PAGE + 3, 500)
    rest = await house.meetings.journal(house.secretary, whole.id, first.upto)
    assert (rest.upto, len(rest.entries)) == (rest.last, 3)
    none = await house.meetings.journal(house.secretary, whole.id, rest.last)
    assert (none.upto, none.entries) == (rest.last, ())


async def test_upto_counts_what_is_hidden(opened: WholeMeeting) -> None:
    h = opened.house
    before = (await h.meetings.room(h.member, opened.id)).seq
    await opened.do(h.commune, attendance.ReportHeads(7))
    page = await h.meetings.journal(h.member, opened.id, before)
    assert (page.upto, page.last, page.entries) == (before + 1, before + 1, ())


async def test_papers_are_for_the_invited(opened: WholeMeeting) -> None:
    h = opened.house
    for reader in (h.member, h.guest, h.commune):
        assert (await h.meetings.paper(reader, opened.paper)).title == "Báo cáo chính thức"
    with refused("meeting-unknown"):
        await h.meetings.paper(h.others[0], opened.paper)
    with refused("paper-unknown"):
        await h.meetings.paper(h.member, h.ids())  # type: ignore[arg-type]


async def test_an_upload_is_asked_for_before_it_is_read(opened: WholeMeeting) -> None:
    h = opened.house
    await h.meetings.require_may_add_paper(h.secretary, opened.id, opened.report)
    with refused("not-your-right"):
        await h.meetings.require_may_add_paper(h.member, opened.id, None)
    with refused("item-unknown"):
        await h.meetings.require_may_add_paper(h.secretary, opened.id, opened.doomed)
    paper = Paper(h.ids(), opened.doomed, "x", "x", "x/y", 1, "0" * 64, 1, PaperState.READY, h.clock())  # type: ignore[arg-type]
    with refused("item-unknown"):
        await h.meetings.add_paper(h.secretary, opened.id, paper)


async def test_what_pointed_at_a_removed_item_points_at_the_meeting(opened: WholeMeeting) -> None:
    room = await opened.house.meetings.room(opened.house.chair, opened.id)
    assert next(p for p in room.papers if p.id == opened.kept).item_id is None
    assert next(p for p in room.polls if p.id == opened.second_poll).item_id is None


# ── answers ──


async def test_what_a_command_made_is_named(opened: WholeMeeting) -> None:
    h = opened.house
    made = await opened.do(h.secretary, agenda.AddItem("Thêm"))
    room = await h.meetings.room(h.chair, opened.id)
    assert made.id == room.agenda[-1].id
    assert made.seq == room.seq
    assert (await opened.do(h.chair, papers.EndLead())).id is None
    assert created_id([]) is None


async def test_a_command_that_changes_nothing_is_answered_with_where_the_journal_stands(
    opened: WholeMeeting,
) -> None:
    h = opened.house
    seq = (await h.meetings.room(h.member, opened.id)).seq
    assert (await opened.do(h.member, attendance.CheckIn())).seq == seq


async def test_a_poll_opened_is_the_only_one(opened: WholeMeeting) -> None:
    await opened.open_poll()
    with refused("another-poll-is-open"):
        await opened.do(opened.house.chair, OpenPoll(opened.second_poll))
    room = await opened.house.meetings.room(opened.house.chair, opened.id)
    assert [p.state for p in room.polls] == [PollState.OPEN, PollState.PREPARED]


class _AlwaysRaced:
    """A store whose every commit comes too late."""

    def __init__(self) -> None:
        self.attempts = 0

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncIterator[Transaction]:
        self.attempts += 1
        raise Raced
        yield  # a generator, though nothing comes of it


async def test_a_command_that_always_comes_too_late_is_refused(house: House) -> None:
    store = _AlwaysRaced()
    late = Meetings(store, house.bell, house.clock, house.ids)
    for attempt in (
        late.create(house.secretary, DETAILS),
        late.do(house.secretary, MeetingId(house.ids()), m.Convene()),
    ):
        store.attempts = 0
        with refused("try-again"):
            await attempt
        assert store.attempts == 5
    assert house.bell.rings == []


def test_commands_are_told_apart_by_kind() -> None:
    kinds = [c.__dataclass_fields__["kind"].default for c in get_args(Command)]
    assert len(set(kinds)) == len(kinds) == len(get_args(RoomCommand)) + len(get_args(MinutesCommand))

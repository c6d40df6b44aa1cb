# ruff: noqa: E501 - sentences stay in one line
"""journal -> Minutes: every sentence, in both languages; corrections; canonical JSON."""

from __future__ import annotations

import dataclasses
import string
import typing
import unicodedata
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms import agenda, attendance, conference, floor, meeting, papers, poll, signing
from rooms.agenda import AgendaItem
from rooms.errors import Invalid, NotFound
from rooms.events import Event
from rooms.ids import BridgeId, ItemId, PaperId, PersonId, PollId, TurnId
from rooms.journal import ActorRef, Entry
from rooms.meeting import Details, MeetingKind
from rooms.minutes import (
    Body,
    Letterhead,
    Locale,
    Minutes,
    Presence,
    compose,
    correct,
    day,
    formula,
    from_json,
    to_json,
)
from rooms.minutes.words import WORDS, duration
from rooms.papers import Paper, PaperState
from rooms.roles import ActorKind, Role
from rooms.tally import Ballot, Choice, Frozen, PollRule, Tally, VoteBase, count
from rooms.values import TWO_THIRDS, Threshold

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BODY = Letterhead("Ủy ban nhân dân xã Quảng Lập", parent_body="Tỉnh Lâm Đồng", number=5, symbol="BB-UBND")


def uid(n: int) -> UUID:
    return UUID(int=n)


CHAIR, SECRETARY, AN, BINH, CUC, GUEST = (PersonId(uid(n)) for n in range(1, 7))
CENTRE, NORTH, SOUTH = (BridgeId(uid(n)) for n in range(11, 14))
PLAN, ROADS, LAST = (ItemId(uid(n)) for n in range(21, 24))
PAPER, POLL, TURN, TURN_2, TURN_3 = (
    PaperId(uid(31)),
    PollId(uid(41)),
    TurnId(uid(51)),
    TurnId(uid(52)),
    TurnId(uid(53)),
)
DETAILS = Details(
    title="Họp thường kỳ tháng 02",
    kind=MeetingKind.MEETING,
    body_name="Ủy ban",
    place="Phòng họp số 1",
    starts_at=datetime(2026, 2, 5, 1, tzinfo=UTC),
    members_in_office=4,
    quorum=TWO_THIRDS,
)
# 08:00 in Hanoi on 5 February 2026
START = datetime(2026, 2, 5, 1, 0, tzinfo=UTC)


class Journal:
    """Entries as a meeting would make them. `minute` counts from 08:00 in Hanoi."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, minute: float, *events: Event) -> Journal:
        for event in events:
            seq = len(self.entries) + 1
            actor = ActorRef(ActorKind.PERSON, CHAIR, "Trần Văn Chủ Tọa")
            at = START + timedelta(minutes=minute)
            self.entries.append(Entry(seq, at, actor, event, f"{seq:064x}"))
        return self

    def minutes(self, locale: Locale = Locale.VI, head: Letterhead = BODY) -> Minutes:
        return compose(self.entries, head, locale, HANOI)


def prepared(details: Details = DETAILS) -> Journal:
    """A convened meeting: five people, three bridges, three items, one paper, one poll."""
    people = (
        (CHAIR, "Trần Văn Chủ Tọa", "Chủ tịch", Role.CHAIR),
        (SECRETARY, "Nguyễn Thị Thư Ký", "Chánh Văn phòng", Role.SECRETARY),
        (AN, "Lê Hữu Đỗ", "Phó Chủ tịch", Role.MEMBER),
        (BINH, "Vũ Đặng Ẵm", "Ủy viên", Role.MEMBER),
        (CUC, "Phạm Quỳnh Ngữ", "Ủy viên", Role.MEMBER),
        (GUEST, "Bùi Xuân Dũng", "Trưởng phòng", Role.GUEST),
    )
    bridges = (
        (CENTRE, "Trung tâm", Role.CENTRAL_BRIDGE),
        (NORTH, "thôn Bắc", Role.COMMUNE_BRIDGE),
        (SOUTH, "thôn Nam", Role.COMMUNE_BRIDGE),
    )
    paper = Paper(PAPER, PLAN, "Tờ trình số 7", "7.pdf", "application/pdf", 9, "ab", 30, PaperState.READY, START)
    return Journal().add(
        -60,
        meeting.MeetingCreated(details),
        *(meeting.PersonInvited(*p) for p in people),
        *(meeting.BridgeInvited(i, name, "X", role) for i, name, role in bridges),
        agenda.ItemAdded(AgendaItem(PLAN, None, 0, "Kế hoạch đầu tư công", "Phòng Kinh tế")),
        agenda.ItemAdded(AgendaItem(ROADS, PLAN, 0, "Đường liên thôn")),
        agenda.ItemAdded(AgendaItem(LAST, None, 1, "Việc khác")),
        papers.PaperAdded(paper),
        poll.PollPrepared(poll.Poll(POLL, PLAN, "Thông qua kế hoạch", PollRule())),
        meeting.MeetingConvened(),
    )


def opened(details: Details = DETAILS) -> Journal:
    return (
        prepared(details)
        .add(
            -5,
            attendance.PersonCheckedIn(CHAIR),
            attendance.PersonCheckedIn(SECRETARY),
            attendance.PersonCheckedIn(AN),
            attendance.PersonCheckedIn(BINH),
            attendance.PersonCheckedIn(GUEST),
            attendance.BridgeCheckedIn(CENTRE, 20),
        )
        .add(5, meeting.MeetingOpened(3, 4, 3, True))
    )


def texts(minutes: Minutes) -> list[str]:
    return [p.text for p in minutes.paragraphs()]


def said(
    *events: Event, locale: Locale = Locale.VI, head: Letterhead = BODY, details: Details = DETAILS
) -> list[str]:
    """What the minutes say of these events, five minutes after an opening, that they do not say without them."""
    before = set(texts(opened(details).minutes(locale, head)))
    return [t for t in texts(opened(details).add(10, *events).minutes(locale, head)) if t not in before]


def test_opening_tells_time_chair_and_quorum_with_its_arithmetic():
    minutes = opened().minutes()
    assert texts(minutes)[:2] == [
        "08 giờ 05 phút, chủ tọa tuyên bố khai mạc cuộc họp.",
        "Có mặt 3/4 thành viên có quyền biểu quyết; số tối thiểu theo quy định (ít nhất 2/3) là 3. Phép tính: 3 × 3 = 9 ≥ 2 × 4 = 8. Đủ điều kiện tiến hành cuộc họp.",
    ]
    assert minutes.facts.quorum is not None
    assert minutes.facts.quorum.evidence == (23,)


def test_opening_in_english():
    assert texts(opened().minutes(Locale.EN))[:2] == [
        "At 08:05 the chair opened the meeting.",
        "3 of 4 voting members were present; the least required (at least 2/3) was 3. Arithmetic: 3 × 3 = 9 ≥ 2 × 4 = 8. The meeting was quorate.",
    ]


def test_a_missed_quorum_is_said_plainly():
    minutes = prepared().add(0, meeting.MeetingOpened(2, 4, 3, False)).minutes()
    assert texts(minutes)[1].endswith("là 3. Phép tính: 3 × 2 = 6 < 2 × 4 = 8. Không đủ điều kiện theo quy định.")


SENTENCES: list[tuple[Event, str, str]] = [
    (
        attendance.PersonCheckedIn(CUC),
        "08 giờ 10 phút, Phạm Quỳnh Ngữ có mặt.",
        "At 08:10 Phạm Quỳnh Ngữ arrived.",
    ),
    (
        attendance.PersonCheckedOut(AN),
        "08 giờ 10 phút, Lê Hữu Đỗ rời cuộc họp.",
        "At 08:10 Lê Hữu Đỗ left the meeting.",
    ),
    (
        attendance.PersonExcused(CUC, ""),
        "08 giờ 10 phút, ghi nhận Phạm Quỳnh Ngữ vắng mặt có lý do.",
        "At 08:10 Phạm Quỳnh Ngữ was recorded as excused.",
    ),
    (
        attendance.PersonExcused(CUC, "đi công tác"),
        "08 giờ 10 phút, ghi nhận Phạm Quỳnh Ngữ vắng mặt có lý do: đi công tác.",
        "At 08:10 Phạm Quỳnh Ngữ was recorded as excused: đi công tác.",
    ),
    (
        meeting.PersonInvited(PersonId(uid(9)), "Hồ Sỹ Ỗn", "", Role.GUEST),
        "08 giờ 10 phút, bổ sung thành phần tham dự: Hồ Sỹ Ỗn (khách mời).",
        "At 08:10 added to those invited: Hồ Sỹ Ỗn (guest).",
    ),
    (
        meeting.PersonUninvited(GUEST),
        "08 giờ 10 phút, rút khỏi thành phần tham dự: Bùi Xuân Dũng.",
        "At 08:10 taken off those invited: Bùi Xuân Dũng.",
    ),
    (
        attendance.BridgeCheckedIn(NORTH, 12),
        "08 giờ 10 phút, 1 điểm cầu kết nối: thôn Bắc (12 đại biểu).",
        "At 08:10 bridges connected (1): thôn Bắc (12 delegates).",
    ),
    (
        attendance.BridgeCheckedOut(CENTRE),
        "08 giờ 10 phút, 1 điểm cầu ngắt kết nối: Trung tâm.",
        "At 08:10 bridges disconnected (1): Trung tâm.",
    ),
    (
        attendance.HeadsReported(CENTRE, 21),
        "08 giờ 10 phút, số đại biểu tại các điểm cầu: Trung tâm (21 đại biểu).",
        "At 08:10 delegates reported by bridges: Trung tâm (21 delegates).",
    ),
    (
        meeting.BridgeInvited(BridgeId(uid(14)), "thôn Đông", "D", Role.COMMUNE_BRIDGE),
        "08 giờ 10 phút, bổ sung điểm cầu: thôn Đông.",
        "At 08:10 bridges added: thôn Đông.",
    ),
    (
        meeting.BridgeUninvited(SOUTH),
        "08 giờ 10 phút, rút điểm cầu: thôn Nam.",
        "At 08:10 bridges taken off: thôn Nam.",
    ),
    (
        conference.OnAirChanged(NORTH, "thôn Bắc"),
        "08 giờ 10 phút, tín hiệu của điểm cầu thôn Bắc được truyền tới toàn cuộc họp.",
        "At 08:10 the bridge thôn Bắc went on air to all of the meeting.",
    ),
    (
        conference.OnAirChanged(None, ""),
        "08 giờ 10 phút, ngừng truyền tín hiệu hội nghị.",
        "At 08:10 the programme went off air.",
    ),
    (
        meeting.DetailsChanged(dataclasses.replace(DETAILS, place="Hội trường")),
        "08 giờ 10 phút, thông tin cuộc họp được điều chỉnh: “Họp thường kỳ tháng 02”, tại Hội trường.",
        "At 08:10 the details of the meeting were changed to “Họp thường kỳ tháng 02”, at Hội trường.",
    ),
    (
        agenda.ItemAdded(AgendaItem(ItemId(uid(24)), None, 2, "Việc gấp")),
        "08 giờ 10 phút, bổ sung vào chương trình nội dung: “Việc gấp”.",
        "At 08:10 the item “Việc gấp” was added to the agenda.",
    ),
    (
        agenda.ItemChanged(LAST, "Việc còn lại", "", None),
        "08 giờ 10 phút, một nội dung của chương trình được điều chỉnh thành: “Việc còn lại”.",
        "At 08:10 an agenda item was changed to “Việc còn lại”.",
    ),
    (
        agenda.ItemsMoved((agenda.Placed(LAST, None, 0), agenda.Placed(PLAN, None, 1))),
        "08 giờ 10 phút, thứ tự các nội dung của chương trình được điều chỉnh.",
        "At 08:10 the order of the agenda was changed.",
    ),
    (
        agenda.ItemsRemoved((LAST,)),
        "08 giờ 10 phút, rút khỏi chương trình nội dung: “Việc khác”.",
        "At 08:10 taken off the agenda: “Việc khác”.",
    ),
    (
        agenda.ItemStarted(PLAN),
        "08 giờ 10 phút, chủ tọa mời cuộc họp bắt đầu nội dung “Kế hoạch đầu tư công” (trình bày: Phòng Kinh tế).",
        "At 08:10 the chair asked the meeting to take up “Kế hoạch đầu tư công” (presented by Phòng Kinh tế).",
    ),
    (
        agenda.ItemStarted(LAST),
        "08 giờ 10 phút, chủ tọa mời cuộc họp bắt đầu nội dung “Việc khác”.",
        "At 08:10 the chair asked the meeting to take up “Việc khác”.",
    ),
    (agenda.ItemFinished(PLAN), "08 giờ 10 phút, kết thúc nội dung này.", "At 08:10 this item was concluded."),
    (
        papers.PaperAdded(
            Paper(PaperId(uid(32)), None, "Phụ lục", "p.pdf", "application/pdf", 1, "", 1, PaperState.READY, START)
        ),
        "08 giờ 10 phút, bổ sung tài liệu “Phụ lục”.",
        "At 08:10 the paper “Phụ lục” was added.",
    ),
    (
        papers.PaperChanged(PAPER, "Tờ trình số 8", PLAN),
        "08 giờ 10 phút, tài liệu được điều chỉnh thành “Tờ trình số 8”.",
        "At 08:10 a paper was changed to “Tờ trình số 8”.",
    ),
    (
        papers.PaperRemoved(PAPER),
        "08 giờ 10 phút, rút tài liệu “Tờ trình số 7”.",
        "At 08:10 the paper “Tờ trình số 7” was withdrawn.",
    ),
    (
        papers.LeadMoved(PAPER, 7),
        "08 giờ 10 phút, chủ tọa hướng dẫn đại biểu theo dõi tài liệu “Tờ trình số 7”, trang 7.",
        "At 08:10 the chair referred those present to the paper “Tờ trình số 7”, page 7.",
    ),
    (
        poll.PollCancelled(POLL),
        "08 giờ 10 phút, không tiến hành biểu quyết về “Thông qua kế hoạch”.",
        "At 08:10 the vote on “Thông qua kế hoạch” was called off.",
    ),
    (
        poll.PollOpened(POLL, (CHAIR, AN, BINH), Frozen(4, 3)),
        "08 giờ 10 phút, chủ tọa đề nghị biểu quyết có ghi danh: “Thông qua kế hoạch”. Có 3 người được quyền biểu quyết; tại thời điểm mở biểu quyết có mặt 3/4 thành viên.",
        "At 08:10 the chair put to a named vote: “Thông qua kế hoạch”. Entitled to vote: 3; present when the vote was opened: 3 of 4 members.",
    ),
]


@pytest.mark.parametrize(("event", "vietnamese", "english"), SENTENCES, ids=lambda v: getattr(v, "kind", ""))
def test_each_entry_of_an_open_meeting_is_a_sentence(event: Event, vietnamese: str, english: str):
    assert said(event)[0] == vietnamese
    assert said(event, locale=Locale.EN)[0] == english


def test_every_kind_of_event_is_told_or_left_out_on_purpose():
    elsewhere = {
        "meeting.created", "meeting.convened", "meeting.opened", "meeting.closed", "poll.prepared", "poll.closed",
        "floor.asked", "floor.withdrawn", "floor.given", "floor.extended", "floor.ended", "lead.ended", "stage.stand_by",
        "recording.started", "recording.stopped",
        "minutes.compiled", "minutes.corrected", "minutes.locked", "minutes.signed",
    }  # fmt: skip
    kinds = {kind.__dataclass_fields__["kind"].default for kind in typing.get_args(Event)}
    assert kinds == elsewhere | {event.kind for event, _, _ in SENTENCES}


def asked(turn_id: TurnId, name: str = "Lê Hữu Đỗ", kind: ActorKind = ActorKind.PERSON) -> floor.FloorAsked:
    return floor.FloorAsked(floor.Turn(turn_id, kind, AN, name, None, floor.TurnState.WAITING, START))


def test_a_turn_on_the_floor_grows_into_one_sentence_resting_on_all_its_entries():
    journal = opened().add(10, asked(TURN)).add(11, floor.FloorGiven(TURN, 180))
    assert texts(journal.minutes())[2] == "08 giờ 11 phút, Lê Hữu Đỗ phát biểu (thời lượng quy định 3 phút)."
    journal.add(13, floor.FloorExtended(TURN, 240)).add(14.5, floor.FloorEnded(TURN, 210))
    paragraph = journal.minutes().paragraphs()[2]
    assert (
        paragraph.text
        == "08 giờ 11 phút, Lê Hữu Đỗ phát biểu (thời lượng quy định 4 phút); kết thúc lúc 08 giờ 14 phút, trong 3 phút 30 giây."
    )
    assert paragraph.evidence == (24, 25, 26, 27)
    assert (
        texts(journal.minutes(Locale.EN))[2]
        == "At 08:11 Lê Hữu Đỗ spoke (time allowed: 4 min), ending at 08:14, for 3 min 30 s."
    )


def test_a_bridge_speaks_without_limit():
    journal = opened().add(10, asked(TURN, "thôn Bắc", ActorKind.BRIDGE), floor.FloorGiven(TURN, None))
    assert texts(journal.minutes())[2] == "08 giờ 10 phút, điểm cầu thôn Bắc phát biểu."
    journal.add(11, floor.FloorEnded(TURN, 45))
    assert (
        texts(journal.minutes())[2]
        == "08 giờ 10 phút, điểm cầu thôn Bắc phát biểu; kết thúc lúc 08 giờ 11 phút, trong 45 giây."
    )


def test_who_asked_but_did_not_speak_is_named_at_the_end():
    journal = opened().add(10, asked(TURN), asked(TURN_2, "Vũ Đặng Ẵm"), asked(TURN_3, "Bùi Xuân Dũng"))
    journal.add(11, floor.FloorGiven(TURN, None), floor.FloorWithdrawn(TURN_2), floor.FloorEnded(TURN, 5))
    journal.add(12, meeting.MeetingClosed())
    paragraph = journal.minutes().sections[0].paragraphs[-1]
    assert paragraph.text == "Đăng ký phát biểu nhưng không phát biểu: Vũ Đặng Ẵm, Bùi Xuân Dũng."
    assert paragraph.evidence == (25, 26)


def voted(
    yes: int, no: int, base: VoteBase = VoteBase.MEMBERS_IN_OFFICE, threshold: Threshold | None = None
) -> tuple[PollRule, Tally]:
    rule = PollRule(base, threshold or Threshold(1, 2, strict=True))
    names = ((CHAIR, "Trần Văn Chủ Tọa"), (AN, "Lê Hữu Đỗ"), (BINH, "Vũ Đặng Ẵm"))
    choices = [Choice.FOR] * yes + [Choice.AGAINST] * no
    ballots = tuple(Ballot(i, n, c) for (i, n), c in zip(names, choices, strict=False))
    return rule, count(rule, Frozen(4, 3), 3, ballots)


def test_a_vote_is_recorded_with_base_formula_and_names():
    _, tally = voted(2, 1)
    journal = opened().add(10, agenda.ItemStarted(PLAN), poll.PollOpened(POLL, (CHAIR, AN, BINH), Frozen(4, 3)))
    section = journal.add(12, poll.PollClosed(POLL, tally)).minutes().sections[1]
    record = section.polls[0]
    assert section.paragraphs[-1].id == f"poll-{record.id}"
    assert section.paragraphs[-1].text == (
        "08 giờ 12 phút, kết thúc biểu quyết. Kết quả: tán thành 2, không tán thành 1, không biểu quyết 0, không bỏ phiếu 0. "
        "Căn cứ tính: tổng số thành viên đương nhiệm (4); điều kiện thông qua: trên 1/2, tức ít nhất 3 phiếu tán thành. "
        "Phép tính: 2 × 2 = 4 ≤ 4. Nội dung biểu quyết không được thông qua."
    )
    assert record.carried is False
    assert record.evidence == (25, 26)
    assert [(b.name, b.title, b.choice) for b in record.ballots] == [
        ("Lê Hữu Đỗ", "Phó Chủ tịch", "tán thành"),
        ("Trần Văn Chủ Tọa", "Chủ tịch", "tán thành"),
        ("Vũ Đặng Ẵm", "Ủy viên", "không tán thành"),
    ]


def test_a_carried_vote_in_english_against_votes_cast():
    rule, tally = voted(2, 1, VoteBase.VOTES_CAST, TWO_THIRDS)
    journal = opened().add(
        10,
        poll.PollPrepared(poll.Poll(PollId(uid(42)), None, "Resolution", rule)),
        poll.PollOpened(PollId(uid(42)), (CHAIR, AN, BINH), Frozen(4, 3)),
        poll.PollClosed(PollId(uid(42)), tally),
    )
    assert texts(journal.minutes(Locale.EN))[3] == (
        "At 08:10 the vote was closed. Result: for 2, against 1, abstaining 0, not voting 0. Base: votes cast (3); "
        "required: at least 2/3, that is at least 2 votes for. Arithmetic: 3 × 2 = 6 ≥ 2 × 3 = 6. The question was carried."
    )


def test_a_vote_left_open_at_the_end_has_no_result():
    journal = opened().add(10, poll.PollOpened(POLL, (AN,), Frozen(4, 3)), meeting.MeetingClosed())
    assert "Việc biểu quyết này chưa kết thúc khi cuộc họp kết thúc; không có kết quả." in texts(journal.minutes())


def test_items_are_filed_by_the_agenda_and_the_untouched_named_so():
    journal = (
        opened().add(10, agenda.ItemStarted(LAST)).add(20, agenda.ItemFinished(LAST), agenda.ItemStarted(ROADS))
    )
    journal.add(30, agenda.ItemFinished(ROADS), agenda.ItemStarted(LAST)).add(40, agenda.ItemFinished(LAST))
    sections = journal.add(41, meeting.MeetingClosed()).minutes().sections
    assert [(s.number, s.title, len(s.paragraphs)) for s in sections] == [
        ("", "Khai mạc", 2),
        ("1", "Kế hoạch đầu tư công", 0),
        ("1.1", "Đường liên thôn", 2),
        ("2", "Việc khác", 4),
    ]
    assert sections[3].paragraphs[2].text == "08 giờ 30 phút, chủ tọa mời cuộc họp tiếp tục nội dung “Việc khác”."
    untouched = opened().minutes().sections[3].paragraphs
    assert [p.text for p in untouched] == ["Nội dung này chưa được xem xét."]


def test_a_thousand_bridges_joining_are_one_sentence_with_a_thousand_entries_behind_it():
    journal = opened()
    ids = [BridgeId(uid(1000 + n)) for n in range(1000)]
    journal.entries[1:1] = [
        dataclasses.replace(
            journal.entries[0], event=meeting.BridgeInvited(i, f"Cầu {n}", "", Role.COMMUNE_BRIDGE)
        )
        for n, i in enumerate(ids)
    ]
    for n, bridge_id in enumerate(ids):
        journal.add(10 + n / 200, attendance.BridgeCheckedIn(bridge_id, 10))
    minutes = journal.minutes()
    joined = [p for p in minutes.paragraphs() if "điểm cầu kết nối" in p.text]
    assert len(joined) == 1
    assert joined[0].text.startswith(
        "Từ 08 giờ 10 phút đến 08 giờ 14 phút, 1000 điểm cầu kết nối: Cầu 0 (10 đại biểu), "
    )
    assert len(joined[0].evidence) == 1000
    assert len(minutes.facts.bridges) == 1003


def test_pages_led_to_are_gathered_until_something_else_happens():
    journal = opened().add(10, papers.LeadMoved(PAPER, 7), papers.LeadMoved(PAPER, 9), papers.LeadMoved(PAPER, 7))
    assert texts(journal.minutes())[2].endswith("“Tờ trình số 7”, trang 7, 9.")
    journal.add(11, papers.LeadEnded(), attendance.PersonCheckedOut(AN), papers.LeadMoved(PAPER, 3))
    assert texts(journal.minutes())[4].endswith("trang 3.")


def test_attendance_by_presence_with_late_and_early():
    journal = opened().add(6, attendance.PersonExcused(CUC, "ốm"))
    journal.add(20, attendance.PersonCheckedOut(AN)).add(90, meeting.MeetingClosed())
    facts = journal.minutes().facts
    assert {a.name: (a.presence, a.note) for a in facts.attendees} == {
        "Trần Văn Chủ Tọa": (Presence.PRESENT, ""),
        "Lê Hữu Đỗ": (Presence.PRESENT, "rời họp lúc 08 giờ 20 phút"),
        "Vũ Đặng Ẵm": (Presence.PRESENT, ""),
        "Phạm Quỳnh Ngữ": (Presence.EXCUSED, "ốm"),
        "Bùi Xuân Dũng": (Presence.GUEST, ""),
    }
    assert (facts.chair.name, facts.chair.title) == ("Trần Văn Chủ Tọa", "Chủ tịch")
    assert facts.secretary.name == "Nguyễn Thị Thư Ký"
    late = opened().add(30, attendance.PersonCheckedIn(CUC)).minutes().facts.attendees[3]
    assert (late.presence, late.note) == (Presence.PRESENT, "có mặt từ 08 giờ 30 phút")
    assert opened().minutes().facts.attendees[3].presence is Presence.ABSENT


def test_who_left_before_the_opening_was_not_there():
    journal = prepared().add(-5, attendance.PersonCheckedIn(AN)).add(-2, attendance.PersonCheckedOut(AN))
    journal.add(0, meeting.MeetingOpened(0, 4, 3, False))
    assert next(a for a in journal.minutes().facts.attendees if a.name == "Lê Hữu Đỗ").presence is Presence.ABSENT


def test_bridges_keep_heads_and_times():
    journal = opened().add(10, attendance.BridgeCheckedIn(NORTH, None), attendance.HeadsReported(NORTH, 14))
    journal.add(50, attendance.BridgeCheckedOut(NORTH))
    centre, north, south = journal.minutes().facts.bridges
    assert (centre.head_count, centre.left_at) == (20, None)
    assert north.joined_at is not None
    assert (north.head_count, f"{north.joined_at:%H:%M}", north.left_at) == (
        14,
        "08:10",
        START.astimezone(HANOI) + timedelta(minutes=50),
    )
    assert south.joined_at is None


def test_closing_sentence_and_last_entry():
    minutes = opened().add(205, meeting.MeetingClosed(), signing.MinutesCompiled(1)).minutes()
    assert minutes.closing.text == "Cuộc họp kết thúc vào 11 giờ 25 phút, ngày 05 tháng 02 năm 2026."
    assert minutes.closing.evidence == (24,)
    assert (minutes.last_seq, minutes.last_hash) == (25, f"{25:064x}")
    assert opened().minutes(Locale.EN).closing.text == "The meeting has not ended."


def test_a_party_body_meets_in_conference_and_says_comrade():
    head = dataclasses.replace(BODY, body=Body.PARTY)
    assert (
        said(agenda.ItemFinished(PLAN), attendance.PersonCheckedOut(AN), head=head)[1]
        == "08 giờ 10 phút, đồng chí Lê Hữu Đỗ rời hội nghị."
    )
    assert texts(opened().minutes(head=head))[0] == "08 giờ 05 phút, đồng chí chủ trì tuyên bố khai mạc hội nghị."


def test_a_conference_is_called_one():
    details = dataclasses.replace(DETAILS, kind=MeetingKind.CONFERENCE)
    assert opened(details).minutes().head.gathering == "Hội nghị"


def test_no_minutes_of_a_meeting_that_was_not_opened():
    with pytest.raises(ValueError, match="not opened"):
        prepared().minutes()


def test_paragraph_ids_are_unique_and_stable():
    journal = opened().add(10, agenda.ItemStarted(PLAN), asked(TURN), floor.FloorGiven(TURN, 60))
    first = [p.id for p in journal.minutes().paragraphs()]
    later = [p.id for p in journal.add(20, attendance.PersonCheckedIn(CUC)).minutes().paragraphs()]
    assert len(set(later)) == len(later)
    assert set(first) <= set(later)


def test_evidence_names_entries_that_exist():
    minutes = opened().add(90, meeting.MeetingClosed()).minutes()
    for paragraph in minutes.paragraphs():
        assert all(1 <= seq <= minutes.last_seq for seq in paragraph.evidence)


# ── corrections ──


def test_a_correction_keeps_evidence_and_the_composed_sentence():
    minutes = opened().minutes()
    before = minutes.paragraphs()[0]
    fixed = correct(minutes, before.id, "  Khai   mạc\n\n lúc 8 giờ. ").paragraphs()[0]
    assert (fixed.text, fixed.evidence, fixed.composed) == ("Khai mạc\nlúc 8 giờ.", before.evidence, before.text)
    again = correct(correct(minutes, before.id, "một"), before.id, "hai").paragraphs()[0]
    assert again.composed == before.text


def test_putting_the_composed_sentence_back_is_no_correction():
    minutes = opened().minutes()
    paragraph = minutes.paragraphs()[0]
    assert correct(correct(minutes, paragraph.id, "x"), paragraph.id, paragraph.text) == minutes


def test_a_correction_is_nfc_and_refusals_are_coded():
    minutes = opened().minutes()
    decomposed = unicodedata.normalize("NFD", "Ẵ Ỗ Ữ ợ ặ đ")
    assert correct(minutes, "closing", decomposed).closing.text == "Ẵ Ỗ Ữ ợ ặ đ"
    with pytest.raises(NotFound, match="paragraph-unknown"):
        correct(minutes, "p9999", "x")
    with pytest.raises(Invalid, match="text-empty"):
        correct(minutes, "closing", "  ")
    with pytest.raises(Invalid, match="text-too-long"):
        correct(minutes, "closing", "x" * 20_001)
    assert correct(minutes, minutes.paragraphs()[0].id, " ").paragraphs()[0].text == ""


# ── JSON ──


def full() -> Minutes:
    _, tally = voted(2, 1)
    journal = opened().add(
        10, poll.PollOpened(POLL, (CHAIR, AN, BINH), Frozen(4, 3)), poll.PollClosed(POLL, tally)
    )
    return correct(journal.add(60, meeting.MeetingClosed()).minutes(), "closing", "Kết thúc.")


def test_json_goes_round_and_equal_minutes_are_equal_bytes():
    minutes = full()
    text = to_json(minutes)
    assert from_json(text) == minutes
    assert to_json(from_json(text.encode())) == text
    assert unicodedata.is_normalized("NFC", text)
    assert '"opened_at":"2026-02-05T08:05:00+07:00"' in text


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t.replace('"schema":1', '"schema":2'),
        lambda t: t.replace('"last_seq":', '"last_sequence":'),
        lambda t: t.replace('"locale":"vi"', '"locale":"fr"'),
        lambda t: t.replace('"last_seq":26', '"last_seq":"26"'),
        lambda t: t.replace('"carried":false', '"carried":0'),
        lambda t: t.replace("+07:00", "", 1),
        lambda t: t.replace('"denominator":3', '"denominator":0'),
        lambda t: t[:-1],
        lambda t: "[]",
        lambda t: "[" * 100_000,
    ],
)
def test_json_that_is_not_ours_is_a_value_error(damage):  # type: ignore[no-untyped-def]
    text = to_json(full())
    assert damage(text) != text
    with pytest.raises(ValueError):
        from_json(damage(text))


# ── words and numbers ──


def test_both_languages_have_the_same_sentences_with_the_same_facts():
    def holes(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    vietnamese, english = WORDS[Locale.VI], WORDS[Locale.EN]
    assert vietnamese.keys() == english.keys()
    freely = {"quorum_missed", "party_chair"}
    for key in vietnamese.keys() - freely:
        assert holes(vietnamese[key]) - {"gathering", "occasion"} == holes(english[key]) - {
            "gathering",
            "occasion",
        }, key
        assert unicodedata.is_normalized("NFC", vietnamese[key])


def test_dates_pad_days_below_ten_and_the_first_two_months():
    written = [
        day(Locale.VI, datetime(2026, m, d, tzinfo=UTC)) for m, d in ((1, 5), (2, 29 - 1), (6, 29), (12, 9))
    ]
    assert written == [
        "ngày 05 tháng 01 năm 2026",
        "ngày 28 tháng 02 năm 2026",
        "ngày 29 tháng 6 năm 2026",
        "ngày 09 tháng 12 năm 2026",
    ]


def test_durations():
    assert [duration(Locale.VI, s) for s in (45, 60, 185)] == ["45 giây", "1 phút", "3 phút 05 giây"]


@given(st.integers(0, 5000), st.integers(1, 5000), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_the_formula_is_true(part: int, whole: int, numerator: int, denominator: int, strict: bool):
    if numerator > denominator:
        numerator, denominator = denominator, numerator
    rule = Threshold(numerator, denominator, strict)
    text = formula(rule, part, whole)
    sign = next(s for s in (" ≥ ", " > ", " ≤ ", " < ") if s in text)
    left, right = (int(side.split(" = ")[-1]) for side in text.split(sign))
    holds = {" ≥ ": left >= right, " > ": left > right, " ≤ ": left <= right, " < ": left < right}[sign]
    assert holds
    assert (sign in (" ≥ ", " > ")) is rule.met(part, whole)

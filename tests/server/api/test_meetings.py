"""Meetings over HTTP: the main job, who may see and do what, and every refusal with its sentence."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from tests.server.town import DETAILS, Town, unknown
from tests.support.real_papers import vietnamese_pdf


async def test_a_meeting_from_draft_to_closed(town: Town) -> None:
    meeting_id = await town.closed_meeting()
    member = await town.caller("member")
    room = (await member.get(f"/api/meetings/{meeting_id}/room")).json
    assert room["meeting"]["state"] == "closed"
    assert room["polls"][0]["tally"]["carried"] is True
    assert list(room["me"]["ballots"].values()) == ["for"]
    assert room["bridges"] == [], "members are not told of bridges"
    journal = (await member.get(f"/api/meetings/{meeting_id}/journal?after=0")).json
    assert journal["last"] == room["seq"] == journal["upto"]
    seqs = [entry["seq"] for entry in journal["entries"]]
    assert seqs == sorted(seqs)
    assert len(seqs) < journal["last"], "the bridges' entries are not for members"
    secretary = await town.caller("secretary")
    whole = (await secretary.get(f"/api/meetings/{meeting_id}/journal")).json
    assert [e["seq"] for e in whole["entries"]] == list(range(1, whole["last"] + 1))
    assert whole["entries"][0]["event"]["kind"] == "meeting.created"
    (card,) = (await member.get("/api/meetings")).json["items"]
    assert (card["id"], card["role"], card["state"]) == (meeting_id, "member", "closed")


async def test_who_is_not_invited_sees_nothing(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    chair = await town.caller("chair")
    poll_id = (await chair.done(meeting_id, "prepare_poll", question="Đồng ý?"))["id"]
    secretary = await town.caller("secretary")
    paper_id = (await secretary.upload(meeting_id, vietnamese_pdf(1))).json["id"]
    for name in ("stranger", "admin", "commune2"):
        caller = await town.caller(name)
        assert (await caller.get("/api/meetings")).json == {"items": []}
        for path in (
            f"/api/meetings/{meeting_id}/room",
            f"/api/meetings/{meeting_id}/journal",
            f"/api/meetings/{meeting_id}/polls/{poll_id}/turnout",
            f"/api/meetings/{meeting_id}/minutes",
            f"/api/meetings/{meeting_id}/minutes/pdf",
            f"/api/meetings/{meeting_id}/wall",
            f"/api/papers/{paper_id}/pages",
            f"/api/papers/{paper_id}/original",
        ):
            (await caller.get(path)).refused(404, "meeting-unknown", "hoặc bạn không được mời")
        (await caller.post(f"/api/meetings/{meeting_id}/media")).refused(404, "meeting-unknown")
        (await caller.do(meeting_id, "check_in")).refused(404, "meeting-unknown")
        (await caller.do(meeting_id, "sign_minutes")).refused(404, "meeting-unknown")
        (await caller.upload(meeting_id, b"%PDF-1.7")).refused(404, "meeting-unknown")


async def test_a_draft_is_seen_by_those_who_prepare_it(town: Town) -> None:
    meeting_id = await town.meeting()
    (await (await town.caller("member")).get(f"/api/meetings/{meeting_id}/room")).refused(404, "meeting-unknown")
    assert (await (await town.caller("chair")).get(f"/api/meetings/{meeting_id}/room")).status == 200


async def test_nobody_votes_for_another(town: Town) -> None:
    """There is no way to say whose ballot it is: it is the caller's."""
    meeting_id, poll_id = await open_poll(town)
    member = await town.caller("member")
    answer = await member.do(
        meeting_id, "cast_ballot", poll_id=poll_id, choice="for", voter_id=str(town.people["member2"])
    )
    answer.refused(400, "bad-request", "Dữ liệu gửi lên không đúng khuôn dạng.")
    for name in ("secretary", "central", "commune"):
        caller = await town.caller(name)
        refused = await caller.do(meeting_id, "cast_ballot", poll_id=poll_id, choice="for")
        refused.refused(403, "not-your-right", "Bạn không có quyền làm việc này.")
    assert (await member.get(f"/api/meetings/{meeting_id}/polls/{poll_id}/turnout")).json["cast"] == 0


async def test_voting_after_the_close(town: Town) -> None:
    meeting_id, poll_id = await open_poll(town)
    chair, member = await town.caller("chair"), await town.caller("member")
    await chair.done(meeting_id, "close_poll", poll_id=poll_id)
    late = await member.do(meeting_id, "cast_ballot", poll_id=poll_id, choice="for")
    late.refused(409, "poll-is-closed", "Biểu quyết đã kết thúc, không nhận thêm phiếu.")


async def test_a_ballot_sent_many_times_counts_once(town: Town) -> None:
    meeting_id, poll_id = await open_poll(town)
    member = await town.caller("member")
    body = {"kind": "cast_ballot", "poll_id": poll_id, "choice": "for"}
    key = {"Idempotency-Key": "0123456789abcdef"}
    path = f"/api/meetings/{meeting_id}/commands"
    answers = await asyncio.gather(*(member.post(path, body, headers=key) for _ in range(6)))
    assert {a.status for a in answers} == {200}
    assert len({str(a.json) for a in answers}) == 1
    other = await member.post(path, {**body, "choice": "against"}, headers=key)
    other.refused(422, "idempotency-key-reused", "Mã lần gửi này đã dùng cho một yêu cầu khác.")
    assert (await member.get(f"/api/meetings/{meeting_id}/polls/{poll_id}/turnout")).json == {
        "cast": 1,
        "entitled": 3,
    }


async def test_a_meeting_is_created_once_for_one_key(town: Town) -> None:
    secretary = await town.caller("secretary")
    key = {"Idempotency-Key": "abcdefgh-1"}
    made = [await secretary.post("/api/meetings", DETAILS, headers=key) for _ in range(2)]
    assert made[0].json == made[1].json
    assert len((await secretary.get("/api/meetings")).json["items"]) == 1


async def test_opening_twice(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    again = await (await town.caller("chair")).do(meeting_id, "open_meeting")
    again.refused(409, "meeting-is-open", "Cuộc họp đang diễn ra.")


async def test_convening_too_early_names_what_is_missing(town: Town) -> None:
    meeting_id = await town.meeting(invite=False)
    early = await (await town.caller("secretary")).do(meeting_id, "convene")
    early.refused(409, "not-ready-to-convene", "còn thiếu chủ tọa, thành viên, chương trình")
    assert early.json["facts"]["missing"] == ["chair", "members", "agenda"]


async def test_only_a_secretary_creates_meetings(town: Town) -> None:
    for name in ("member", "admin", "commune"):
        refused = await (await town.caller(name)).post("/api/meetings", DETAILS)
        refused.refused(403, "not-your-right", "Bạn không có quyền")


async def test_unknown_ids(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    chair, secretary = await town.caller("chair"), await town.caller("secretary")
    for path in (f"/api/meetings/{unknown()}/room", f"/api/meetings/{unknown()}/journal"):
        (await chair.get(path)).refused(404, "meeting-unknown")
    (await chair.get("/api/meetings/17/room")).refused(404, "not-found", "Địa chỉ này không có.")
    (await chair.get(f"/api/papers/{unknown()}/pages")).refused(404, "paper-unknown", "Không có tài liệu này")
    turnout = await chair.get(f"/api/meetings/{meeting_id}/polls/{unknown()}/turnout")
    turnout.refused(404, "poll-unknown", "Không có biểu quyết này.")
    for kind, field, code in (
        ("start_item", "item_id", "item-unknown"),
        ("open_poll", "poll_id", "poll-unknown"),
        ("give_floor", "turn_id", "turn-unknown"),
        ("put_on_air", "bridge_id", "bridge-not-invited"),
    ):
        (await chair.do(meeting_id, kind, **{field: unknown()})).refused(404, code)
    invited = await secretary.do(meeting_id, "invite_people", people=[{"person_id": unknown(), "role": "member"}])
    invited.refused(404, "person-unknown", "Không có người này trong tổ chức.")


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"title": "  "}, "text-empty", "Ô “tiêu đề” không được để trống."),
        ({"title": "x" * 501}, "text-too-long", "dài quá 500 ký tự"),
        ({"place": "a\u0000b"}, "text-control-characters", "Ô “địa điểm”"),
        ({"ends_at": "2026-11-30T01:00:00Z"}, "ends-before-start", "Giờ kết thúc phải sau giờ bắt đầu."),
        ({"starts_at": "2026-12-01T01:00:00"}, "time-without-zone", "Thời gian phải kèm múi giờ."),
        ({"members_in_office": 0}, "bad-members-in-office", "phải là số dương"),
        ({"quorum": {"numerator": 3, "denominator": 2, "strict": True}}, "bad-threshold", "phân số"),
    ],
)
async def test_details_that_make_no_sense(town: Town, change: dict[str, Any], code: str, sentence: str) -> None:
    answer = await (await town.caller("secretary")).post("/api/meetings", {**DETAILS, **change})
    answer.refused(422, code, sentence)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"kind":"nothing_known"}',
        b'{"kind":"convene","more":1}',
        b'{"title":"no kind"}',
        b'{"kind":"start_item","item_id":"17"}',
        b'{"kind":"start_item","item_id":null}',
        b'\xff\xfe{"kind":"convene"}',
        b'{"kind":"add_item","title":7}',
        b'{"kind":"add_paper","paper":{}}',
        b"[" * 100_000,
    ],
)
async def test_bodies_that_do_not_fit(town: Town, body: bytes) -> None:
    secretary = await town.caller("secretary")
    meeting_id = await town.meeting(invite=False)
    answer = await secretary.call(
        "POST",
        f"/api/meetings/{meeting_id}/commands",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    answer.refused(400, "bad-request", "Dữ liệu gửi lên không đúng khuôn dạng.")


async def test_what_the_layer_itself_refuses(town: Town) -> None:
    secretary = await town.caller("secretary")
    meeting_id = await town.meeting(invite=False)
    commands, journal = f"/api/meetings/{meeting_id}/commands", f"/api/meetings/{meeting_id}/journal"
    (await secretary.call("POST", commands, data=b"<a/>")).refused(415, "json-wanted", "dạng JSON")
    large = io.BytesIO(b'{"kind":"add_item","title":"' + b"x" * 2_000_000 + b'"}')
    sent = await secretary.call("POST", commands, data=large, headers={"Content-Type": "application/json"})
    sent.refused(413, "body-too-large", "quá lớn")
    (await secretary.post(commands, {"kind": "convene"}, headers={"Idempotency-Key": "short"})).refused(
        400, "bad-request"
    )
    for query in ("after=-1", "after=x", "after=1&after=2", "before=3"):
        (await secretary.get(f"{journal}?{query}")).refused(400, "bad-request")
    gone = await secretary.get("/api/no/such/thing")
    gone.refused(404, "not-found")
    wrong = await secretary.call("DELETE", "/api/meetings")
    wrong.refused(405, "method-not-allowed", "không nhận cách gọi đó")
    assert set(wrong.headers["Allow"].split(",")) == {"GET", "POST"}


async def test_an_accident_is_logged_and_says_nothing_of_the_inside(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(type(town.house.meetings), "room", broken)
    answer = await (await town.caller("chair")).get(f"/api/meetings/{unknown()}/room")
    answer.refused(500, "internal", "Hệ thống gặp lỗi và đã ghi lại.")
    assert b"secret inside" not in answer.content


async def test_text_is_nfc_at_the_door(town: Town) -> None:
    secretary = await town.caller("secretary")
    decomposed = "Hô\u0323i nghi\u0323 Tỉnh u\u0309y"
    made = await secretary.post("/api/meetings", {**DETAILS, "title": decomposed})
    room = (await secretary.get(f"/api/meetings/{made.json['id']}/room")).json
    assert room["meeting"]["details"]["title"] == "Hội nghị Tỉnh ủy"


async def open_poll(town: Town) -> tuple[str, str]:
    meeting_id = await town.meeting(opened=True)
    chair = await town.caller("chair")
    poll_id: str = (await chair.done(meeting_id, "prepare_poll", question="Thông qua?"))["id"]
    await chair.done(meeting_id, "open_poll", poll_id=poll_id)
    return meeting_id, poll_id

"""The minutes over HTTP: compiled, corrected, locked, signed by two; and what an end at any moment leaves."""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from server.minutes_desk import MinutesDesk
from tests.server.town import Caller, Town


async def status(caller: Caller, meeting_id: str) -> dict[str, Any]:
    told: dict[str, Any] = (await caller.get(f"/api/meetings/{meeting_id}/minutes")).json["status"]
    return told


async def locked(town: Town) -> str:
    meeting_id, secretary = await town.closed_meeting(), await town.caller("secretary")
    await secretary.done(meeting_id, "compile_minutes")
    await secretary.done(meeting_id, "lock_minutes", version=1)
    return meeting_id


async def test_from_the_journal_to_two_signatures(town: Town, tmp_path: Path) -> None:
    meeting_id = await town.closed_meeting()
    secretary, chair, member = [await town.caller(n) for n in ("secretary", "chair", "member")]
    path = f"/api/meetings/{meeting_id}/minutes"
    assert (await secretary.get(path)).json["minutes"] is None
    (await secretary.get(f"{path}/pdf")).refused(409, "minutes-are-none", "Chưa có biên bản.")
    await secretary.done(meeting_id, "compile_minutes")
    draft = (await secretary.get(path)).json
    assert (draft["status"]["state"], draft["status"]["version"]) == ("draft", 1)
    assert (await member.get(path)).json["minutes"] is None, "a draft is for those who work on it"
    (await member.get(f"{path}/pdf")).refused(409, "minutes-are-draft", "Biên bản còn là bản thảo")
    preview = await chair.get(f"{path}/pdf")
    assert preview.content.startswith(b"%PDF-")

    paragraph = draft["minutes"]["sections"][0]["paragraphs"][0]
    text = f"{paragraph['text']} Đã sửa một câu cho rõ."
    await secretary.done(meeting_id, "correct_minutes", version=1, paragraph_id=paragraph["id"], text=text)
    late = await secretary.do(meeting_id, "correct_minutes", version=1, paragraph_id=paragraph["id"], text="x")
    late.refused(409, "minutes-changed-meanwhile", "Người khác vừa sửa biên bản.")
    unknown = await secretary.do(meeting_id, "correct_minutes", version=2, paragraph_id="p-none", text="x")
    unknown.refused(404, "paragraph-unknown", "Đoạn này không còn")
    (await secretary.do(meeting_id, "sign_minutes")).refused(409, "minutes-are-draft")

    await secretary.done(meeting_id, "lock_minutes", version=2)
    (await chair.do(meeting_id, "sign_minutes")).refused(409, "secretary-signs-first", "Thư ký ký trước")
    (await member.do(meeting_id, "sign_minutes")).refused(403, "not-your-right")
    await secretary.done(meeting_id, "sign_minutes")
    (await secretary.do(meeting_id, "sign_minutes")).refused(409, "signed-already", "Bạn đã ký biên bản này.")
    await chair.done(meeting_id, "sign_minutes")
    told = await status(member, meeting_id)
    assert told["state"] == "signed"
    assert [s["role"] for s in told["signatures"]] == ["secretary", "chair"]

    paper = await member.get(f"{path}/pdf")
    report = (await town.nobody.call("POST", "/api/verify", data=io.BytesIO(paper.content), headers=PDF)).json
    assert report["verdict"] == "valid", report
    assert [s["name"] for s in report["signatures"]] == ["Nguyễn Thị Minh", "Trần Quang Khải"]
    assert report["sha256"] == told["sha256"]
    changed = bytearray(paper.content)
    changed[len(changed) // 3] ^= 1
    report = (await town.nobody.call("POST", "/api/verify", data=io.BytesIO(bytes(changed)), headers=PDF)).json
    assert report["verdict"] == "invalid"
    await asyncio.to_thread(readable, paper.content, tmp_path)
    room = (await secretary.get(f"/api/meetings/{meeting_id}/room")).json
    journal = (await secretary.get(f"/api/meetings/{meeting_id}/journal?after={room['seq'] - 5}")).json
    assert [e["event"]["kind"] for e in journal["entries"]] == [
        "minutes.compiled",
        "minutes.corrected",
        "minutes.locked",
        "minutes.signed",
        "minutes.signed",
    ]
    (card,) = (await member.get("/api/meetings")).json["items"]
    assert card["minutes_state"] == "signed"


PDF = {"Content-Type": "application/pdf"}


def readable(paper: bytes, folder: Path) -> None:
    path = folder / "minutes.pdf"
    path.write_bytes(paper)
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode()
        assert unicodedata.is_normalized("NFC", text)
        assert "Đã sửa một câu cho rõ." in " ".join(text.split())
    if shutil.which("pdfsig"):
        told = subprocess.run(["pdfsig", path], capture_output=True, check=False).stdout.decode()
        assert told.count("Signature is Valid.") == 2


async def test_an_open_meeting_has_no_minutes(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    early = await (await town.caller("secretary")).do(meeting_id, "compile_minutes")
    early.refused(409, "meeting-is-open", "Cuộc họp đang diễn ra.")


async def test_bridges_do_not_read_them(town: Town) -> None:
    meeting_id = await locked(town)
    answer = await (await town.caller("commune")).get(f"/api/meetings/{meeting_id}/minutes")
    answer.refused(403, "not-your-right")


async def test_one_signature_however_often_it_is_sent(town: Town) -> None:
    meeting_id, secretary = await locked(town), await town.caller("secretary")
    path, body = f"/api/meetings/{meeting_id}/commands", {"kind": "sign_minutes"}
    key = {"Idempotency-Key": "sign-once-1"}
    answers = await asyncio.gather(*(secretary.post(path, body, headers=key) for _ in range(3)))
    assert {a.status for a in answers} == {200}
    assert len({str(a.json) for a in answers}) == 1
    assert len((await status(secretary, meeting_id))["signatures"]) == 1


async def test_two_corrections_at_once_do_not_overwrite_each_other(town: Town) -> None:
    meeting_id, secretary = await town.closed_meeting(), await town.caller("secretary")
    await secretary.done(meeting_id, "compile_minutes")
    minutes = (await secretary.get(f"/api/meetings/{meeting_id}/minutes")).json["minutes"]
    paragraph_id = minutes["sections"][0]["paragraphs"][0]["id"]
    answers = await asyncio.gather(
        *(
            secretary.do(meeting_id, "correct_minutes", version=1, paragraph_id=paragraph_id, text=f"Câu thứ {n}.")
            for n in range(4)
        )
    )
    assert sorted(a.status for a in answers) == [200, 409, 409, 409]
    assert (await status(secretary, meeting_id))["version"] == 2


async def test_an_end_while_signing_leaves_the_old_state(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything up to the transaction is done, then the process ends: no row knows of it."""
    meeting_id, secretary = await locked(town), await town.caller("secretary")
    before = await status(secretary, meeting_id)
    put = town.house.blobs.put

    async def put_and_die(content: bytes) -> str:
        await put(content)
        raise RuntimeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(town.house.blobs, "put", put_and_die)
        (await secretary.do(meeting_id, "sign_minutes")).refused(500, "internal")
    assert await status(secretary, meeting_id) == before
    await secretary.done(meeting_id, "sign_minutes")
    paper = await secretary.get(f"/api/meetings/{meeting_id}/minutes/pdf")
    with pikepdf.open(io.BytesIO(paper.content)) as pdf:
        assert len(pdf.pages) >= 1


async def test_what_changed_while_it_was_signed_is_signed_anew_or_refused(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting_id, secretary = await locked(town), await town.caller("secretary")
    worked, times = MinutesDesk._worked, 0

    async def slow(self: MinutesDesk, *seen: Any) -> Any:
        nonlocal times
        times += 1
        result = await worked(self, *seen)
        if times == 1:
            await worked_meanwhile()
        return result

    async def worked_meanwhile() -> None:
        monkeypatch.setattr(MinutesDesk, "_worked", worked)
        await secretary.done(meeting_id, "sign_minutes")

    monkeypatch.setattr(MinutesDesk, "_worked", slow)
    (await secretary.do(meeting_id, "sign_minutes")).refused(409, "signed-already")
    assert len((await status(secretary, meeting_id))["signatures"]) == 1


async def test_verifying_what_is_no_pdf_and_what_is_not_signed(town: Town) -> None:
    nobody = town.nobody
    wrong = await nobody.call("POST", "/api/verify", data=b"no pdf", headers=PDF)
    wrong.refused(422, "not-a-pdf", "Tệp không phải là PDF.")
    kind = await nobody.call("POST", "/api/verify", data=b"{}", headers={"Content-Type": "application/json"})
    kind.refused(415, "pdf-wanted", "Hãy gửi tệp PDF")
    broken = await nobody.call("POST", "/api/verify", data=b"%PDF-1.7 broken", headers=PDF)
    assert (broken.status, broken.json["verdict"]) == (200, "invalid")
    large = await nobody.call("POST", "/api/verify", data=io.BytesIO(bytes(31 << 20)), headers=PDF)
    large.refused(413, "paper-too-large", "Tệp lớn quá 30 MB.")

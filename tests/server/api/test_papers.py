"""Papers in and out: real PDFs, office documents, and everything that only looks like one."""

from __future__ import annotations

import asyncio
import hashlib
import io
import shutil
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from server.papers.blobs import BlobMissing
from server.papers.desk import tidy_filename
from tests.server.town import Caller, Town, settings_for, town_of, unknown
from tests.support.real_papers import vietnamese_docx, vietnamese_pdf

needs_office = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")


@pytest.fixture(scope="module")
def report() -> bytes:
    return vietnamese_pdf(30)


@pytest.fixture
async def secretary(town: Town) -> Caller:
    return await town.caller("secretary")


@pytest.fixture
async def meeting_id(town: Town) -> str:
    return await town.meeting(convene=True)


def protected(content: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="mật khẩu", owner="chủ"))
    return out.getvalue()


def zipped(entries: dict[str, bytes], zeros: int = 0) -> bytes:
    """`zeros`: size of a document of nothing, never whole in memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        if zeros:
            with archive.open("word/document.xml", "w") as stream:
                for _ in range(zeros >> 20):
                    stream.write(bytes(1 << 20))
    return out.getvalue()


DOCX_TYPES = (
    b'<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    b'wordprocessingml.document.main+xml"/></Types>'
)


async def test_a_long_report_is_read_page_by_page(
    town: Town, secretary: Caller, meeting_id: str, report: bytes
) -> None:
    added = await secretary.upload(meeting_id, report, "Báo cáo kinh tế - xã hội.pdf", title="Báo cáo 6 tháng")
    assert added.status == 201, added.json
    member = await town.caller("member")
    (paper,) = (await member.get(f"/api/meetings/{meeting_id}/room")).json["papers"]
    assert (paper["id"], paper["title"], paper["pages"], paper["state"]) == (
        added.json["id"],
        "Báo cáo 6 tháng",
        30,
        "ready",
    )
    assert paper["sha256"] == hashlib.sha256(report).hexdigest()
    path = f"/api/papers/{paper['id']}"
    whole = await member.get(f"{path}/pages")
    assert (whole.status, whole.content) == (200, report)
    assert whole.headers["Content-Type"] == "application/pdf"
    assert whole.headers["Cache-Control"] == "private, no-cache"
    assert whole.headers["Content-Disposition"] == (
        'inline; filename="Bao cao kinh te - xa hoi.pdf"; '
        "filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20kinh%20t%E1%BA%BF%20-%20x%C3%A3%20h%E1%BB%99i.pdf"
    )
    part = await member.get(f"{path}/pages", headers={"Range": "bytes=100-199"})
    assert (part.status, part.content) == (206, report[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(report)}"
    beyond = await member.get(f"{path}/pages", headers={"Range": f"bytes={len(report)}-"})
    assert beyond.status == 416
    same = await member.get(f"{path}/pages", headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status, same.content) == (304, b"")
    original = await member.get(f"{path}/original")
    assert original.content == report
    assert original.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in original.headers["Content-Security-Policy"]


@needs_office
async def test_a_word_document_becomes_pages(town: Town, secretary: Caller, meeting_id: str) -> None:
    document = vietnamese_docx()
    added = await secretary.upload(meeting_id, document, "Tờ trình.docx")
    (paper,) = (await secretary.get(f"/api/meetings/{meeting_id}/room")).json["papers"]
    assert (paper["state"], paper["title"]) == ("ready", "Tờ trình")
    assert paper["pages"] >= 2
    pages = await secretary.get(f"/api/papers/{added.json['id']}/pages")
    with pikepdf.open(io.BytesIO(pages.content)) as pdf:
        assert len(pdf.pages) == paper["pages"]
    assert 'filename="To trinh.pdf"' in pages.headers["Content-Disposition"]
    assert (await secretary.get(f"/api/papers/{added.json['id']}/original")).content == document


async def test_without_libreoffice_it_is_kept_as_it_came(data: Path, aiohttp_client: Callable[..., Any]) -> None:
    town = await town_of(aiohttp_client, settings_for(data, soffice="no-such-program"))
    meeting_id, secretary = await town.meeting(convene=True), await town.caller("secretary")
    document = vietnamese_docx()
    added = await secretary.upload(meeting_id, document, "Tờ trình.docx")
    (paper,) = (await secretary.get(f"/api/meetings/{meeting_id}/room")).json["papers"]
    assert (paper["state"], paper["pages"]) == ("kept", 0)
    pages = await secretary.get(f"/api/papers/{added.json['id']}/pages")
    pages.refused(409, "paper-has-no-pages", "chỉ tải về được")
    assert (await secretary.get(f"/api/papers/{added.json['id']}/original")).content == document


async def test_a_photographed_page(secretary: Caller, meeting_id: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (1200, 800), "white").save(out, "JPEG")
    added = await secretary.upload(meeting_id, out.getvalue(), "ảnh.jpg")
    assert added.status == 201, added.json
    pages = await secretary.get(f"/api/papers/{added.json['id']}/pages")
    with pikepdf.open(io.BytesIO(pages.content)) as pdf:
        assert len(pdf.pages) == 1


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (b"", "paper-empty", "Tệp rỗng."),
        (b"%PDF-1.7\nnothing that is a PDF", "paper-broken", "Tệp bị hỏng, không mở được."),
        (lambda r: protected(r), "paper-encrypted", "Tệp được đặt mật khẩu."),
        (lambda r: r[: len(r) // 8], "paper-broken", "Tệp bị hỏng"),
        (b"MZ\x90\x00 a program", "paper-type-unknown", "Chỉ nhận PDF, Word, Excel"),
        (b"only words, named docx", "paper-type-unknown", "Chỉ nhận PDF"),
        (zipped({"readme.txt": b"no document"}), "paper-type-unknown", "Chỉ nhận PDF"),
        (b"PK\x03\x04 broken archive", "paper-broken", "Tệp bị hỏng"),
        (b"\x89PNG\r\n\x1a\n broken", "paper-broken", "Tệp bị hỏng"),
        (
            lambda _: zipped({"[Content_Types].xml": DOCX_TYPES}, zeros=450 << 20),
            "paper-bomb",
            "lượng dữ liệu bất thường",
        ),
    ],
    ids=["empty", "not-pdf", "protected", "cut", "program", "words", "zip", "bad-zip", "bad-png", "bomb"],
)
async def test_what_is_not_taken(
    secretary: Caller, meeting_id: str, report: bytes, content: Any, code: str, sentence: str
) -> None:
    sent = content(report) if callable(content) else content
    (await secretary.upload(meeting_id, sent, "tài liệu.docx")).refused(422, code, sentence)
    assert (await secretary.get(f"/api/meetings/{meeting_id}/room")).json["papers"] == []


async def test_a_directory_that_lies_about_its_size(secretary: Caller, meeting_id: str) -> None:
    """The bytes are counted as they come out, not as the archive says."""
    honest = zipped({"[Content_Types].xml": DOCX_TYPES}, zeros=500 << 20)
    size = (500 << 20).to_bytes(4, "little")
    lying = honest.replace(size, (1000).to_bytes(4, "little"))
    assert lying != honest
    answer = await secretary.upload(meeting_id, lying, "bom.docx")
    assert answer.status == 422
    assert answer.code in {"paper-bomb", "paper-broken"}


async def test_too_large_by_announcement_and_by_stream(data: Path, aiohttp_client: Callable[..., Any]) -> None:
    town = await town_of(aiohttp_client, settings_for(data, upload_max_mb=1))
    meeting_id, secretary = await town.meeting(convene=True), await town.caller("secretary")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"%PDF-1.7" + bytes(100_000)

    for content in (bytes(2 * 1024 * 1024), endless()):
        (await secretary.upload(meeting_id, content)).refused(413, "paper-too-large", "Tệp lớn quá 1 MB.")
    assert list((data / "blobs" / "incoming").iterdir()) == []


async def test_an_upload_that_breaks_off_leaves_nothing(town: Town, meeting_id: str, data: Path) -> None:
    secretary = await town.caller("secretary")

    def incoming() -> list[Path]:
        return list((data / "blobs" / "incoming").iterdir())

    _, writer = await asyncio.open_connection(town.client.host, town.client.port)
    writer.write(
        f"PUT /api/meetings/{meeting_id}/papers?filename=a.pdf HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {secretary.token}\r\nContent-Type: application/octet-stream\r\n"
        "Content-Length: 1000000\r\n\r\n%PDF-1.7 half".encode()
    )
    await writer.drain()
    async with asyncio.timeout(10):
        while not incoming():  # noqa: ASYNC110  # a folder tells nobody
            await asyncio.sleep(0.01)
        writer.close()
        while incoming():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await secretary.get(f"/api/meetings/{meeting_id}/room")).json["papers"] == []


async def test_only_who_prepares_adds_papers(town: Town, meeting_id: str, report: bytes) -> None:
    refused = await (await town.caller("member")).upload(meeting_id, report)
    refused.refused(403, "not-your-right", "Bạn không có quyền")


async def test_an_unknown_item_and_a_wrong_kind_of_body(secretary: Caller, meeting_id: str, report: bytes) -> None:
    (await secretary.upload(meeting_id, report, item_id=unknown())).refused(404, "item-unknown")
    wrong = await secretary.call("PUT", f"/api/meetings/{meeting_id}/papers?filename=a.pdf", json={})
    wrong.refused(415, "bytes-wanted", "dạng nhị phân")
    unnamed = await secretary.call("PUT", f"/api/meetings/{meeting_id}/papers", data=b"x")
    unnamed.refused(400, "bad-request")


async def test_the_same_upload_with_one_key_is_one_paper(
    secretary: Caller, meeting_id: str, report: bytes
) -> None:
    path = f"/api/meetings/{meeting_id}/papers?filename=a.pdf"
    headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": "upload-0001"}
    made = [await secretary.call("PUT", path, data=io.BytesIO(report), headers=headers) for _ in range(2)]
    assert made[0].json == made[1].json
    assert len((await secretary.get(f"/api/meetings/{meeting_id}/room")).json["papers"]) == 1


async def test_blobs_are_their_content(town: Town) -> None:
    blobs = town.house.blobs
    sha256 = await blobs.put(b"nguyen ven")
    assert sha256 == hashlib.sha256(b"nguyen ven").hexdigest()
    assert await blobs.put(b"nguyen ven") == sha256
    (await blobs.path(sha256)).write_bytes(b"bi sua")
    with pytest.raises(BlobMissing):
        await blobs.read(sha256)
    with pytest.raises(ValueError, match="SHA-256"):
        await blobs.path("../../etc/passwd")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Báo cáo.pdf", "Báo cáo.pdf"),
        ("C:\\Users\\a\\Tờ trình.docx", "Tờ trình.docx"),
        ("../../etc/passwd", "passwd"),
        ("Ba\u0301o ca\u0301o.pdf", "Báo cáo.pdf"),
        ('a<b>:"c|d?*\u202e.pdf', "a_b___c_d__.pdf"),
        ("x" * 300 + ".pdf", "x" * 140 + ".pdf"),
        ("...", "paper"),
    ],
)
def test_file_names_are_tidied(given: str, kept: str) -> None:
    assert tidy_filename(given) == kept

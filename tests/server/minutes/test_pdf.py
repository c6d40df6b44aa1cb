"""The paper as real tools read it: pdftotext, pdffonts, pdfinfo, pikepdf."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import io
import shutil
import subprocess
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest

from rooms.minutes import Body, Locale, correct
from server.minutes.archive import SignatureRole
from server.minutes.formats import FORMATS, Format
from server.minutes.pdf import draw, render
from server.minutes.words import share
from tests.server.minutes.samples import HARD_LETTERS, LAST_HASH, sample

URL = "https://hop.quanglap.example/kiem-tra/0193-7f2a"
BODIES = [(body, locale) for body in Body for locale in Locale]

pytestmark = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler-utils")


def text_of(pdf: bytes, folder: Path) -> str:
    file = folder / "paper.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True)
    return done.stdout.decode()


def words_of(pdf: bytes, folder: Path) -> str:
    return " ".join(text_of(pdf, folder).split())


@pytest.mark.parametrize(("body", "locale"), BODIES)
def test_the_text_comes_back_whole_and_nfc(body: Body, locale: Locale, tmp_path: Path) -> None:
    minutes = sample(body, locale)
    words = words_of(draw(minutes, verify_url=URL), tmp_path)
    assert unicodedata.is_normalized("NFC", words)
    assert HARD_LETTERS in words
    assert "a<b & c>d" in words
    for paragraph in minutes.paragraphs():
        assert paragraph.text.rstrip(".") in words
    for person in minutes.facts.attendees:
        assert person.name in words
    for expected in (URL, LAST_HASH, minutes.facts.chair.name, minutes.facts.secretary.name):
        assert expected in words


def test_decomposed_text_is_composed_on_paper(tmp_path: Path) -> None:
    minutes = correct(sample(), "p10", "x")
    section = minutes.sections[0]
    decomposed = dataclasses.replace(
        section.paragraphs[1], text=unicodedata.normalize("NFD", f"Chữ {HARD_LETTERS}")
    )
    section = dataclasses.replace(section, paragraphs=(section.paragraphs[0], decomposed))
    minutes = dataclasses.replace(minutes, sections=(section, *minutes.sections[1:]))
    assert HARD_LETTERS in words_of(draw(minutes, verify_url=URL), tmp_path)


def test_state_minutes_follow_form_1_9(tmp_path: Path) -> None:
    words = words_of(draw(sample(Body.STATE), verify_url=URL), tmp_path)
    order = [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: 05/BB-UBND",
        "BIÊN BẢN",
        "Thời gian bắt đầu: 08 giờ 05 phút, ngày 05 tháng 11 năm 2026.",
        "Địa điểm:",
        "Thành phần tham dự:",
        "Chủ trì (chủ tọa):",
        "Thư ký (người ghi biên bản):",
        "Nội dung (theo diễn biến cuộc họp):",
        "ngày 05 tháng 11 năm 2026./.",
        "THƯ KÝ CHỦ TỌA",
        "Nguyễn Thị Thư Ký Trần Văn Chủ Tọa",
        "Nơi nhận:",
        "- Lưu: VT, Hồ sơ.",
    ]
    places = [words.index(part) for part in order]
    assert places == sorted(places)
    assert "Quảng Lập, ngày" not in words


def test_party_minutes_have_their_own_head(tmp_path: Path) -> None:
    words = words_of(draw(sample(Body.PARTY), verify_url=URL), tmp_path)
    for part in ("ĐẢNG CỘNG SẢN VIỆT NAM", "Số 05-BB/ĐU", "Quảng Lập, ngày 05 tháng 11 năm 2026", "*"):
        assert part in words
    assert "NGƯỜI GHI BIÊN BẢN CHỦ TRÌ HỘI NGHỊ" in words
    assert "Độc lập" not in words
    assert "./." not in words


def test_a_number_not_yet_given_leaves_room_for_it(tmp_path: Path) -> None:
    minutes = sample()
    minutes = dataclasses.replace(minutes, head=dataclasses.replace(minutes.head, number=None))
    assert "/BB-UBND" in words_of(draw(minutes, verify_url=URL), tmp_path)


def test_the_vote_prints_its_table_and_shares(tmp_path: Path) -> None:
    words = words_of(draw(sample(), verify_url=URL), tmp_path)
    assert "100% 66,67% 11,11% 0,00% 22,22%" in words
    assert "2 × 6 = 12 > 9" in words


def test_the_same_minutes_are_the_same_bytes_also_from_two_threads() -> None:
    async def both() -> list[bytes]:
        return await asyncio.gather(*(render(sample(), verify_url=URL) for _ in range(3)))

    assert (
        len({hashlib.sha256(pdf).hexdigest() for pdf in [*asyncio.run(both()), draw(sample(), verify_url=URL)]})
        == 1
    )


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.id)
def test_every_font_is_embedded_and_nothing_is_helvetica(form: Format, tmp_path: Path) -> None:
    file = tmp_path / "paper.pdf"
    file.write_bytes(draw(sample(), verify_url=URL, form=form))
    listed = subprocess.run(["pdffonts", str(file)], capture_output=True, check=True, text=True).stdout
    rows = listed.splitlines()[2:]
    assert rows
    assert all("Tinos" in row and row.split()[-5:-2] == ["yes", "yes", "yes"] for row in rows)
    size = subprocess.run(["pdfinfo", str(file)], capture_output=True, check=True, text=True).stdout
    assert "A4" in size


def test_both_fields_are_empty_on_the_paper_where_the_names_are() -> None:
    with pikepdf.open(io.BytesIO(draw(sample(), verify_url=URL))) as pdf:
        fields = list(pdf.Root.AcroForm.Fields)
        assert [str(f.T) for f in fields] == [role.value for role in SignatureRole]
        assert all("/V" not in f for f in fields)
        left, right = (tuple(float(edge) for edge in f.Rect) for f in fields)
        assert left[2] < right[0]
        assert all(0 < edge < 842 for edge in (*left, *right))
        assert fields[0].P.objgen == fields[1].P.objgen


def test_archive_metadata_says_what_the_paper_is() -> None:
    minutes = sample()
    with pikepdf.open(io.BytesIO(draw(minutes, verify_url=URL))) as pdf:
        xmp = pdf.open_metadata()
        assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("2", "B")
        assert xmp["dc:title"] == "BIÊN BẢN: Cuộc họp thường kỳ tháng 11 năm 2026"
        assert str(pdf.Root.Lang) == "vi-VN"
        assert str(pdf.docinfo["/CreationDate"]) == "D:20261105113000+07'00'"
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert pdf.check_pdf_syntax() == []


def test_a_thousand_bridges_and_many_members_go_to_annexes(tmp_path: Path) -> None:
    minutes = sample(members=60, bridges=1000)
    text = text_of(draw(minutes, verify_url=URL), tmp_path)
    words = " ".join(text.split())
    assert "1.000 điểm cầu tham dự" in words
    assert "(danh sách tại Phụ lục II)" in words
    assert words.index("Nơi nhận:") < words.index("PHỤ LỤC I ") < words.index("Điểm cầu thôn 1000")
    last_page = text.rstrip("\f\n").split("\f")[-1]
    assert LAST_HASH in last_page


def test_state_pages_are_numbered_from_the_second(tmp_path: Path) -> None:
    pages = text_of(draw(sample(), verify_url=URL), tmp_path).split("\f")
    assert pages[0].split()[0] != "1"
    assert pages[1].split()[0] == "2"
    plain = text_of(draw(sample(Body.PLAIN), verify_url=URL), tmp_path).split("\f")
    assert "Trang 1/2" in plain[0]


def test_long_words_and_markup_cannot_break_the_paper(tmp_path: Path) -> None:
    minutes = correct(sample(), "p9", "<b>x</b> &amp; " + "dài" * 400 + "\nhai dòng")
    closing = dataclasses.replace(minutes.closing, text="\x07chuông\x00.")
    minutes = dataclasses.replace(minutes, closing=closing)
    words = words_of(draw(minutes, verify_url=URL), tmp_path)
    assert "<b>x</b> &amp;" in words
    assert "chuông./." in words


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [(2, 3, "66,67%"), (1, 3, "33,33%"), (0, 9, "0,00%"), (1, 0, "–"), (1, 800, "0,13%")],
)
def test_shares_are_rounded_in_integers(part: int, whole: int, written: str) -> None:
    assert share(part, whole, Locale.VI) == written


def test_no_format_in_force_is_said() -> None:
    minutes = sample()
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    facts = dataclasses.replace(minutes.facts, opened_at=long_ago, closed_at=long_ago)
    with pytest.raises(LookupError):
        draw(dataclasses.replace(minutes, facts=facts), verify_url=URL)

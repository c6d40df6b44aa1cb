"""The main job, end to end: from the first draft to the signed minutes, by hand, in real browsers.

Several devices at once: the secretary's laptop, the chair's and two members' tablets, the projector, the
director's desk, two commune halls in Chromium with cameras of their own colour, and one that is only a process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e import acts, evidence, media
from tests.e2e.conftest import PROJECTOR, TABLET, Hall
from tests.e2e.media import Headless
from tests.support.real_papers import vietnamese_docx, vietnamese_pdf
from tests.support.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420), pytest.mark.xdist_group("e2e")]

QUESTION = "Thông qua Báo cáo kinh tế - xã hội"


@asynccontextmanager
async def shown_on_failure(pages: dict[str, Page], folder: Path) -> AsyncIterator[None]:
    """What every device showed when the story broke."""
    try:
        yield
    except BaseException:
        for name, page in pages.items():
            await page.screenshot(path=folder / f"failed-{name}.png")
            print(f"{name}: {page.url} {getattr(page, 'errors', [])} {folder}/failed-{name}.png")
        raise


async def test_from_the_first_draft_to_the_signed_minutes(town: Town, hall: Hall, tmp_path: Path) -> None:
    pages: dict[str, Page] = {}
    async with shown_on_failure(pages, tmp_path):
        pages["secretary"] = await hall.page(town.ways["secretary"], TABLET)
        await prepared(pages["secretary"], tmp_path)
        for who in ("chair", "member1", "member2"):
            pages[who] = await hall.page(town.ways[who], TABLET)
        meeting_url = pages["secretary"].url.removesuffix("/prepare")
        await opened(pages, meeting_url)
        pages["projector"] = await projector(hall, pages["secretary"], meeting_url)
        await led_to_page_seven(pages)
        await given_the_floor(pages)
        await voted(pages)
        await broadcast(town, hall, pages)
        await closed_and_signed(town, pages, meeting_url, tmp_path)
        for page in pages.values():
            assert page.errors == []  # type: ignore[attr-defined]


async def prepared(secretary: Page, folder: Path) -> None:
    """1. Created, filled, convened."""
    pdf, docx = folder / "Báo cáo kinh tế - xã hội.pdf", folder / "Tờ trình kế hoạch 2027.docx"
    pdf.write_bytes(vietnamese_pdf())
    docx.write_bytes(vietnamese_docx())
    await acts.create_meeting(secretary)
    await acts.add_items(secretary)
    await acts.select_item(secretary, "Kế hoạch năm 2027")
    await secretary.get_by_role("button", name="làm mục con của mục trên").click()
    await expect(secretary.get_by_text("2.1", exact=True)).to_be_visible()
    await acts.select_item(secretary, "Báo cáo kinh tế - xã hội")
    await acts.upload(secretary, [pdf, docx])
    await expect(secretary.get_by_text("30 trang")).to_be_visible()
    converted = secretary.get_by_text("3 trang").or_(secretary.get_by_text("Chỉ tải về được"))
    await expect(converted.first).to_be_visible(timeout=60_000)
    await acts.invite(secretary, "Trần Quang Khải", "Lê Văn Hưu", "Đặng Thị Ngọc Thịnh")
    await acts.invite(secretary, "Điểm cầu trung tâm", "Xã Bình Than", "Xã Vạn Kiếp", "Phường Thiên Trường")
    await acts.give_role(secretary, "Vai trò của Trần Quang Khải", "Chủ trì")
    await acts.give_role(secretary, "Vai trò của điểm cầu Điểm cầu trung tâm", "Trung tâm")
    await expect(secretary.get_by_text("Đã đủ để phát hành giấy mời")).to_be_visible()
    await acts.press(secretary, "Phát hành giấy mời")
    await acts.confirm(secretary, "Phát hành giấy mời")
    await expect(secretary.get_by_text("Đã phát hành giấy mời")).to_be_visible()


async def opened(pages: dict[str, Page], meeting_url: str) -> None:
    """2. Members check in, the chair opens; quorum shows on every tablet."""
    for who in ("member1", "member2"):
        await acts.enter(pages[who])
        await acts.press(pages[who], "Điểm danh – tôi có mặt")
    await acts.enter(pages["chair"])
    await acts.press(pages["chair"], "Khai mạc cuộc họp")
    await acts.confirm(pages["chair"], "Khai mạc")
    for who in ("chair", "member1", "member2"):
        await expect(pages[who].get_by_text("3/3 có mặt")).to_be_visible()
        await expect(pages[who].get_by_text("đủ túc số").first).to_be_visible()
    await pages["secretary"].goto(meeting_url)
    await expect(pages["secretary"].get_by_text("3/3 có mặt")).to_be_visible()


async def projector(hall: Hall, secretary: Page, meeting_url: str) -> Page:
    """The secretary's second screen: same browser, same sign-in."""
    page = await secretary.context.new_page()
    page.errors = []  # type: ignore[attr-defined]
    await page.set_viewport_size(PROJECTOR)  # type: ignore[arg-type]
    await page.goto(f"{meeting_url}/projector")
    return page


async def led_to_page_seven(pages: dict[str, Page]) -> None:
    """2. Item 2; everyone is led to page 7; a member leaves the lead and comes back."""
    chair, member = pages["chair"], pages["member1"]
    await acts.start_item(chair, "Báo cáo kinh tế - xã hội")
    await expect(pages["projector"].get_by_text("Báo cáo kinh tế - xã hội").first).to_be_visible()
    await acts.open_paper(chair, "Báo cáo kinh tế - xã hội")
    await acts.press(chair, "Dẫn mọi người")
    await acts.go_to_page(chair, 7)
    for who in ("member1", "member2"):
        await expect(acts.reader(pages[who], 7, 30)).to_be_visible()
    await acts.rendered(member)
    await member.get_by_role("button", name="Trang sau").click()
    await expect(acts.reader(member, 8, 30)).to_be_visible()
    await expect(member.get_by_text("Chủ tọa đang ở trang 7")).to_be_visible()
    await acts.press(member, "Về trang của chủ tọa")
    await expect(acts.reader(member, 7, 30)).to_be_visible()


async def given_the_floor(pages: dict[str, Page]) -> None:
    """3. A member asks, gets three minutes that everybody sees, and ends."""
    chair, member = pages["chair"], pages["member1"]
    await acts.press(member, "Đăng ký phát biểu")
    await acts.press(chair, "Mời Lê Văn Hưu phát biểu 3 phút")
    for who in ("chair", "member2", "projector"):
        await expect(pages[who].get_by_text("Lê Văn Hưu").first).to_be_visible()
        await expect(pages[who].get_by_text("02:5").first).to_be_visible()
    await acts.press(chair, "Dừng")
    await expect(pages["member2"].get_by_text("02:5")).to_have_count(0)


async def voted(pages: dict[str, Page]) -> None:
    """4. A named vote; one member's line is gone for ten seconds; every ballot counts once."""
    chair, one, other = pages["chair"], pages["member1"], pages["member2"]
    await acts.prepare_poll(chair, QUESTION)
    await acts.press_step(chair, "Mở biểu quyết")
    await expect(one.get_by_test_id("ballot")).to_be_visible()
    await acts.press(one, "Tán thành")
    await expect(one.get_by_text("Đã ghi nhận").first).to_be_visible()
    await expect(other.get_by_test_id("ballot")).to_be_visible()
    await other.context.set_offline(True)
    await acts.press(other, "Tán thành")
    await expect(other.get_by_text("Đã giữ trên máy").first).to_be_visible()
    await other.wait_for_timeout(10_000)  # the story: ten seconds without a line
    await expect(other.get_by_text("Đã ghi nhận")).to_have_count(0)
    await other.context.set_offline(False)
    await expect(other.get_by_text("Đã ghi nhận").first).to_be_visible(timeout=30_000)
    await acts.press_step(chair, "Đóng biểu quyết")
    await acts.confirm(chair, "Đóng biểu quyết")
    for who in ("chair", "member1", "member2", "secretary"):
        result = pages[who].get_by_test_id("poll-result")
        await expect(result.get_by_text("Thông qua", exact=True)).to_be_visible()
        await expect(result.get_by_text("2 tán thành / 3 thành viên = 66,7 %", exact=False)).to_be_visible()
    await expect(pages["projector"].get_by_text("2 tán thành / 3 thành viên", exact=False)).to_be_visible()


async def broadcast(town: Town, hall: Hall, pages: dict[str, Page]) -> None:
    """5. The centre on air, a commune called, back again: seen and heard in every hall, never renegotiated."""
    with Headless(town.url, town.ways["commune3"]) as headless:
        centre = pages["centre"] = await hall.page(town.ways["central"], PROJECTOR, "blue")
        called = pages["called"] = await hall.page(town.ways["commune1"], TABLET, "orange")
        other = pages["other"] = await hall.page(town.ways["commune2"], TABLET, "green")
        await expect(centre.get_by_test_id("own-bridge")).to_be_visible()
        await expect(called.get_by_test_id("bridge-screen")).to_be_visible()
        await expect(other.get_by_test_id("bridge-screen")).to_be_visible()
        await centre.get_by_test_id("to-centre").click()
        for hall_page in (called, other):
            await media.sees(hall_page, "blue")
            await media.hears(hall_page)
        await headless.sees("blue")

        watching = await media.sessions(other), await media.sessions(called)
        await acts.press(called, "Xin phát biểu")
        raised = centre.get_by_test_id("raised-hand").filter(has_text="Xã Bình Than")
        await expect(raised).to_be_visible()
        await raised.get_by_role("button", name="Lên sóng").click()
        await media.sees(other, "orange")
        await media.hears(other)
        await headless.sees("orange")
        await expect(called.get_by_test_id("air-sign")).to_be_visible()

        await centre.get_by_test_id("to-centre").click()
        for hall_page in (called, other):
            await media.sees(hall_page, "blue")
        await headless.sees("blue")
        assert (await media.sessions(other), await media.sessions(called)) == watching
        assert headless.last["reconnects"] == 0


async def closed_and_signed(town: Town, pages: dict[str, Page], meeting_url: str, folder: Path) -> None:
    """6. Closed; minutes compiled, corrected, signed twice; paper and journal hold, and show tampering."""
    chair, secretary = pages["chair"], pages["secretary"]
    await acts.close_meeting(chair)
    await expect(chair.get_by_text("Đã bế mạc").first).to_be_visible()
    await secretary.goto(f"{meeting_url}/minutes")
    await acts.press(secretary, "Lập biên bản")
    await expect(secretary.get_by_text("BIÊN BẢN", exact=True)).to_be_visible()
    corrected = await acts.correct_a_sentence(secretary)
    await acts.press(secretary, "Khoá và ký")
    await acts.confirm(secretary, "Khoá và ký")
    await expect(secretary.get_by_text("Chờ chủ tọa ký")).to_be_visible(timeout=60_000)
    await chair.goto(f"{meeting_url}/minutes")
    await acts.press(chair, "Ký biên bản")
    await acts.confirm(chair, "Ký biên bản")
    await expect(chair.get_by_text("Đã ký đủ")).to_be_visible(timeout=60_000)
    async with chair.expect_download() as download:
        await acts.press(chair, "Tải biên bản (PDF)")
    signed = folder / "bien-ban.pdf"
    await (await download.value).save_as(signed)

    evidence.two_valid_signatures(signed, town.data, folder)
    text = evidence.text(signed)
    for words in (corrected, "Trần Quang Khải", "Nguyễn Thị Minh", QUESTION, "Xã Bình Than", "Lê Văn Hưu"):
        assert words in text, words
    spoilt = evidence.one_byte_changed(signed, folder)
    evidence.no_valid_signature(spoilt, town.data, folder)
    await secretary.goto(f"{town.url}/verify")
    await acts.check_paper(secretary, signed)
    await expect(secretary.get_by_text("Hợp lệ", exact=True).first).to_be_visible(timeout=60_000)
    await acts.check_paper(secretary, spoilt)
    await expect(secretary.get_by_text("Không hợp lệ", exact=True).first).to_be_visible(timeout=60_000)

    meeting_id = meeting_url.rsplit("/", 1)[1]
    honest = town.cli("journal", "verify", meeting_id)
    assert honest.returncode == 0, honest.stdout + honest.stderr
    altered = evidence.alter_journal(town.data, meeting_id)
    found = town.cli("journal", "verify", meeting_id)
    assert found.returncode == 1
    assert str(altered) in found.stdout + found.stderr

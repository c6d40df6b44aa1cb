"""What people do on the screens, by the words they read: no shortcut around the user interface."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Page, expect

MEETING = "Hội nghị Ban Thường vụ"
ITEMS = ("Khai mạc", "Báo cáo kinh tế - xã hội", "Kế hoạch năm 2027", "Kết luận")


async def create_meeting(secretary: Page, title: str = MEETING) -> None:
    await (
        secretary.get_by_role("button", name="Tạo cuộc họp")
        .or_(secretary.get_by_role("link", name="Tạo cuộc họp"))
        .first.click()
    )
    await secretary.get_by_text("Hội nghị trực tuyến").click()
    await secretary.get_by_label("Tên cuộc họp").fill(title)
    await secretary.get_by_label("Bắt đầu: ngày").fill("24/11/2026")
    await secretary.get_by_label("Bắt đầu: giờ").first.click()
    await secretary.keyboard.type("0800")
    await secretary.get_by_label("Địa điểm").fill("Hội trường A")
    await secretary.get_by_role("button", name="Tạo và chuẩn bị").click()
    await expect(secretary.get_by_text("Hội trường A")).to_be_visible()


async def add_items(secretary: Page) -> None:
    """Four items as a tree: the third below the second is moved there by its lever."""
    box = secretary.get_by_label("Thêm nội dung: Tên nội dung")
    for title in ITEMS:
        await box.fill(title)
        await secretary.get_by_role("button", name="Thêm nội dung", exact=True).click()
        await expect(secretary.get_by_role("button", name=title)).to_be_visible()


async def upload(secretary: Page, files: list[Path]) -> None:
    await secretary.get_by_label("Chọn tệp", exact=True).last.set_input_files(files)


async def invite(secretary: Page, *names: str) -> None:
    for name in names:
        await secretary.get_by_role("button", name=f"Mời {name}").click()
        await expect(secretary.get_by_role("button", name=f"Mời {name}")).to_have_count(0)


async def give_role(secretary: Page, label: str, role: str) -> None:
    await secretary.get_by_role("combobox", name=label).click()
    await secretary.get_by_role("option", name=role).click()


async def select_item(secretary: Page, title: str) -> None:
    await secretary.get_by_role("button", name=title).first.click()


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).first.click()


async def confirm(page: Page, name: str) -> None:
    """The second press, of the few acts that ask once."""
    await page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


async def press_step(page: Page, name: str) -> None:
    """The one button at the bottom that is the next sensible step."""
    await page.get_by_role("contentinfo").get_by_role("button", name=name, exact=True).click()


async def enter(page: Page, title: str = MEETING) -> None:
    """From my meetings into the room, by the one obvious button of the meeting's card."""
    await expect(page.get_by_text(title).first).to_be_visible()
    act = re.compile("Vào phòng họp|Xem chương trình và tài liệu|Vào điểm cầu|Mở bàn điều hành")
    await page.get_by_role("link", name=act).first.click()


async def start_item(chair: Page, title: str) -> None:
    await chair.get_by_role("button", name=title).first.click()
    await press(chair, "Bắt đầu nội dung này")


async def open_paper(page: Page, title: str) -> None:
    await expect(page.get_by_role("button", name=f"Chọn tài liệu: {title}").first).to_be_visible()


async def go_to_page(page: Page, number: int) -> None:
    for _ in range(number - 1):
        await page.get_by_role("button", name="Trang sau").click()


def reader(page: Page, number: int, pages: int):  # type: ignore[no-untyped-def]
    return page.get_by_label(f"Trang {number} trên {pages}", exact=True).first


async def rendered(page: Page) -> None:
    """The page of the paper has been drawn: its canvas is not blank."""
    await page.wait_for_function(
        """() => [...document.querySelectorAll('canvas')].some(canvas => {
            if (canvas.width < 100) return false
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
            return pixels.some((value, n) => n % 4 === 0 && value < 100 && pixels[n + 3] > 0)
        })"""
    )


async def prepare_poll(chair: Page, question: str) -> None:
    await press(chair, "Chuẩn bị biểu quyết")
    await chair.get_by_label("Câu hỏi biểu quyết").fill(question)
    await press(chair, "Lưu câu hỏi")


async def close_meeting(chair: Page) -> None:
    await chair.get_by_role("button", name="Việc khác").click()
    await chair.get_by_role("menuitem", name="Bế mạc cuộc họp").click()
    await confirm(chair, "Bế mạc")


async def correct_a_sentence(secretary: Page) -> str:
    """The last sentence of the floor gets what was said; returns the new words."""
    words = "Đồng chí Lê Văn Hưu đề nghị làm rõ chỉ tiêu giải ngân vốn đầu tư công."
    sentence = secretary.locator("article button").filter(has_text="Lê Văn Hưu").last
    await sentence.click()
    await press(secretary, "Sửa câu này")
    box = secretary.get_by_role("textbox", name="Sửa câu này")
    await box.fill(words)
    await press(secretary, "Ghi")
    await expect(secretary.locator("article").get_by_text(words)).to_be_visible()
    return words


async def check_paper(page: Page, file: Path) -> None:
    await page.locator("input[type=file]").set_input_files(file)

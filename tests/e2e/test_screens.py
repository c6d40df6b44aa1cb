"""Every screen in real Chromium, measured: nothing cut or untranslated, targets for fingers, no script error.

The scenes are set over HTTP with the demo's own links; the screens are then opened and pressed as people do. With
DIENHONG_SCREENS=1 each is kept as a picture in docs/screens.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page, expect

from tests.e2e import acts, evidence, media
from tests.e2e.conftest import CHROMIUM, PHONE, PROJECTOR, TABLET, Hall
from tests.e2e.media import Headless
from tests.e2e.screens import Caller, Show, caller
from tests.support.real_papers import vietnamese_docx, vietnamese_pdf
from tests.support.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420), pytest.mark.xdist_group("e2e")]

TITLE = "Hội nghị Ban Thường vụ Tỉnh ủy lần thứ 24"
QUESTION = "Thông qua Báo cáo kinh tế - xã hội 9 tháng đầu năm và nhiệm vụ quý IV"
ITEMS = (
    ("Khai mạc, thông qua chương trình", "Trần Quang Khải", 10),
    ("Báo cáo kinh tế - xã hội 9 tháng đầu năm", "Lê Văn Hưu", 45),
    ("Tình hình giải ngân vốn đầu tư công", "Đặng Thị Ngọc Thịnh", 30),
    ("Kế hoạch phát triển năm 2027", "Nguyễn Đình Chiểu", 40),
    ("Công tác cán bộ", "Trần Quang Khải", 20),
    ("Kết luận", "Trần Quang Khải", 15),
)
COLLEAGUES = (
    ("Nguyễn Đình Chiểu", "Phó Bí thư Thường trực"),
    ("Hoàng Thị Ngọc Huyền", "Trưởng Ban Tổ chức"),
    ("Phan Châu Trinh", "Chủ tịch Ủy ban nhân dân tỉnh"),
    ("Võ Thị Sáu", "Trưởng Ban Tuyên giáo và Dân vận"),
    ("Huỳnh Thúc Kháng", "Chủ nhiệm Ủy ban Kiểm tra"),
    ("Bùi Thị Xuân", "Giám đốc Sở Tài chính"),
    ("Đoàn Thị Điểm", "Giám đốc Sở Nông nghiệp và Môi trường"),
    ("Ngô Thì Nhậm", "Bí thư Đảng ủy xã Bình Than"),
    ("Lý Thường Kiệt", "Chuyên viên Văn phòng, chưa được mời họp"),
)
COMMUNES = (
    *("Xã Chí Linh", "Xã Yên Tử", "Phường Đông Bộ Đầu", "Xã Hàm Tử", "Xã Chương Dương", "Xã Tây Kết"),
    *("Phường Thăng Long", "Xã Tức Mặc", "Xã Bảo Lộc", "Xã Kiếp Bạc", "Xã Nội Bàng", "Xã Thiên Mạc"),
)
LONG = (
    "Báo cáo tình hình thực hiện nhiệm vụ phát triển kinh tế - xã hội, bảo đảm quốc phòng - an ninh, "
    "xây dựng Đảng và hệ thống chính trị 9 tháng đầu năm; phương hướng, nhiệm vụ và giải pháp chủ yếu những "
    "tháng cuối năm, kèm theo dự thảo Nghị quyết của Ban Chấp hành Đảng bộ tỉnh về nhiệm vụ năm 2027 và "
    "Chương trình hành động thực hiện Nghị quyết Đại hội đại biểu Đảng bộ tỉnh nhiệm kỳ 2025 - 2030 về "
    "chuyển đổi số, cải cách hành chính, nâng cao hiệu lực, hiệu quả hoạt động của chính quyền hai cấp, "
    "Thừa-Thiên-Huế-Quảng-Trị-Quảng-Bình-Nghiêng"
)[:500]
LONG_NAME = "Công Tằng Tôn Nữ Hoàng Nguyễn Phúc Bảo Trân Thị Phương Thảo Quỳnh Hương Diễm Khuê"


@dataclass
class Scene:
    """The whole town of one run: who calls what, and the meeting all screens are about."""

    town: Town
    hall: Hall
    show: Show
    admin: Caller
    secretary: Caller
    chair: Caller
    members: list[Caller]
    people: dict[str, str]
    bridges: dict[str, str]
    meeting: str = ""
    paper: str = ""
    items: tuple[str, ...] = ()

    async def enter(self, who: str, path: str = "", size: dict[str, int] = TABLET) -> Page:
        """A fresh device of that person, at that address of ours."""
        page = await self.hall.page(await self.admin.link(self.people[who]), size, color_scheme="light")
        await expect(page.get_by_role("heading", name="Cuộc họp của tôi")).to_be_visible()
        if path:
            await page.goto(f"{self.town.url}{path}")
        return page

    def at(self, rest: str = "") -> str:
        return f"/meetings/{self.meeting}{rest}"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """At a port known beforehand, so that the links on the screens are those that work."""
    if not Path(CHROMIUM).exists() and not os.environ.get("CI"):
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    here = Town(tmp_path / "data", url=f"http://127.0.0.1:{free_tcp_port()}")
    here.start()
    yield here
    here.stop()


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def scene(town: Town, hall: Hall) -> AsyncIterator[Scene]:
    expect.set_options(timeout=20_000)
    async with AsyncExitStack() as stack:

        async def come(way: str) -> Caller:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return await caller(session, town.url, way)

        admin, secretary, chair = [await come(town.ways[who]) for who in ("administrator", "secretary", "chair")]
        members = [await come(town.ways[who]) for who in ("member1", "member2")]
        for number, (name, position) in enumerate(COLLEAGUES, 1):
            await admin.ask("POST", "/people", {"username": f"dv{number:02}", "name": name, "position": position})
        await admin.ask(
            "POST", "/people", {"username": "moi", "name": "Lý Thường Kiệt", "position": "Chuyên viên"}
        )
        for number, name in enumerate(COMMUNES, 11):
            parent = "Văn phòng Tỉnh ủy" if number % 2 else "Ủy ban nhân dân tỉnh"
            seats = {
                "code": f"X{number}",
                "name": name,
                "parent": parent,
                "capacity": 40,
                "phone": "0220 3852 114",
            }
            await admin.ask("POST", "/bridges", seats)
        people = {p["name"]: p["id"] for p in (await secretary.ask("GET", "/people"))["items"]}
        bridges = {b["name"]: b["id"] for b in (await secretary.ask("GET", "/bridges"))["items"]}
        yield Scene(town, hall, Show(), admin, secretary, chair, members, people, bridges)


async def test_every_screen(scene: Scene, tmp_path: Path) -> None:
    try:
        await outside(scene)
        await first_steps(scene)
        await in_preparation(scene, tmp_path)
        await before_the_opening(scene)
        await in_session(scene)
        await on_the_bridges(scene)
        await after_the_close(scene, tmp_path)
        await in_administration(scene)
        await with_very_long_words(scene)
    except BaseException:
        await shown(scene.hall, tmp_path)
        print("\n".join(scene.show.faults))
        raise
    assert len(set(scene.show.visited)) == len(scene.show.visited)
    assert scene.show.faults == [], "\n" + "\n".join(scene.show.faults)


#: Whether room and papers are kept on the device: both, none, or (null) not yet the one or the other.
KEPT = """async () => {
    const papers = (await caches.keys()).some(name => name.startsWith('dienhong-papers'))
    const room = await new Promise(done => {
        const asked = indexedDB.open('dienhong-device')
        asked.onsuccess = () => {
            const got = asked.result.transaction('remembered').objectStore('remembered').get('room')
            got.onsuccess = () => done(got.result)
        }
    })
    return papers === (room !== undefined) ? papers : null
}"""


async def on_device(page: Page, kept: bool) -> None:
    async with asyncio.timeout(20):
        while await page.evaluate(KEPT) is not kept:
            await page.wait_for_timeout(200)


async def test_a_tablet_starts_without_a_line(scene: Scene) -> None:
    scene.meeting = meeting = await convened(scene, TITLE, "meeting", 1)
    item = await scene.secretary.do(meeting, "add_item", title=ITEMS[1][0])
    papers = f"/meetings/{meeting}/papers"
    await scene.secretary.ask("PUT", papers, vietnamese_pdf(), title="Báo cáo", filename="a.pdf", item_id=item)
    roles = (("Trần Quang Khải", "chair"), ("Lê Văn Hưu", "member"))
    people = [{"person_id": scene.people[name], "role": role} for name, role in roles]
    await scene.secretary.do(meeting, "invite_people", people=people)
    await scene.secretary.do(meeting, "convene")
    page = await scene.enter("Lê Văn Hưu", scene.at())
    await expect(acts.reader(page, 1, 30)).to_be_visible()
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await on_device(page, True)
    await page.reload()
    await expect(page.get_by_role("button", name="Điểm danh – tôi có mặt")).to_be_visible()
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_text("đang xem bản trên máy", exact=False)).to_be_visible()
    await expect(acts.reader(page, 1, 30)).to_be_visible()
    await acts.rendered(page)
    await expect(page.get_by_role("button", name="Điểm danh – tôi có mặt")).to_have_count(0)
    await scene.show.screen(page, "room-without-line")
    await page.context.set_offline(False)
    await expect(page.get_by_role("button", name="Điểm danh – tôi có mặt")).to_be_visible()
    await expect(page.get_by_text("đang xem bản trên máy", exact=False)).to_have_count(0)
    await acts.press(page, "Tài khoản: Lê Văn Hưu")
    await page.get_by_role("menuitem", name="Đăng xuất").click()
    await expect(page.get_by_role("button", name="Vào", exact=True)).to_be_visible()
    await on_device(page, False)
    assert scene.show.faults == [], "\n" + "\n".join(scene.show.faults)


async def shown(hall: Hall, folder: Path) -> None:
    """What every device showed when the story broke."""
    contexts = [context for browser in hall.browsers.values() for context in browser.contexts]
    for number, page in enumerate(page for context in contexts for page in context.pages):
        await page.screenshot(path=folder / f"failed-{number}.png")
        print(page.url, folder / f"failed-{number}.png")


async def outside(scene: Scene) -> None:
    """Signed out: the door, links that no longer open it, a paper to be checked."""
    page = await scene.hall.page(f"{scene.town.url}/signin", TABLET, color_scheme="light")
    await expect(page.get_by_role("button", name="Vào", exact=True)).to_be_visible()
    await scene.show.everywhere(page, "signin")
    await page.goto(f"{scene.town.url}/link#khong-co-ma-nay")
    await expect(page.get_by_role("alert")).to_be_visible()
    await scene.show.screen(page, "link-error")
    await page.goto(f"{scene.town.url}/join#KHONG-CO")
    await expect(page.get_by_role("alert")).to_be_visible()
    await scene.show.screen(page, "join-error")
    await page.goto(f"{scene.town.url}/verify")
    await expect(page.get_by_role("button", name="Chọn tệp").first).to_be_visible()
    await scene.show.screen(page, "verify-empty")
    await page.goto(f"{scene.town.url}/khong-co-trang-nay")
    await expect(page.get_by_role("link").first).to_be_visible()
    await scene.show.screen(page, "not-found")


async def first_steps(scene: Scene) -> None:
    """No meeting yet, for a member and for the secretary; then the form."""
    page = await scene.enter("Lý Thường Kiệt")
    await scene.show.screen(page, "meetings-none")
    page = await scene.enter("Nguyễn Thị Minh")
    await scene.show.screen(page, "meetings-first")
    await page.goto(f"{scene.town.url}/meetings/new")
    await expect(page.get_by_label("Tên cuộc họp")).to_be_visible()
    await scene.show.everywhere(page, "meeting-new")


async def convened(scene: Scene, title: str, kind: str, day: int, *, with_place: bool = True) -> str:
    body = {
        "title": title,
        "kind": kind,
        "body_name": "Ban Thường vụ Tỉnh ủy",
        "place": "Phòng họp số 1, trụ sở Tỉnh ủy" if with_place else "",
        "starts_at": f"2026-12-{day:02}T08:00:00+07:00",
    }
    return str((await scene.secretary.ask("POST", "/meetings", body))["id"])


async def in_preparation(scene: Scene, folder: Path) -> None:
    secretary = scene.secretary
    scene.meeting = meeting = await convened(scene, TITLE, "conference", 1)
    page = await scene.enter("Nguyễn Thị Minh", scene.at("/prepare"))
    await expect(page.get_by_text("Chưa có nội dung nào")).to_be_visible()
    await scene.show.screen(page, "prepare-empty")

    items = []
    for number, (title, presenter, planned) in enumerate(ITEMS):
        under = {"parent_id": items[1]} if number == 2 else {}
        said = {"title": title, "presenter": presenter, "planned_min": planned, **under}
        items.append(await secretary.do(meeting, "add_item", **said))
    scene.items = tuple(items)
    for title, name, body in (
        ("Báo cáo kinh tế - xã hội 9 tháng", "bao-cao.pdf", vietnamese_pdf()),
        ("Tờ trình kế hoạch năm 2027", "to-trinh.docx", vietnamese_docx()),
    ):
        made = await secretary.ask(
            "PUT", f"/meetings/{meeting}/papers", body, title=title, filename=name, item_id=items[1]
        )
        scene.paper = scene.paper or str(made["id"])
    names = ("Lê Văn Hưu", "Đặng Thị Ngọc Thịnh", *(name for name, _ in COLLEAGUES[:-1]))
    roles = [("Trần Quang Khải", "chair"), *((name, "member") for name in names)]
    invited = [{"person_id": scene.people[name], "role": role} for name, role in roles]
    await secretary.do(meeting, "invite_people", people=invited)
    halls = [
        {"bridge_id": key, "role": "central_bridge" if "trung tâm" in name else "commune_bridge"}
        for name, key in scene.bridges.items()
    ]
    await secretary.do(meeting, "invite_bridges", bridges=halls)
    await page.goto(f"{scene.town.url}{scene.at('/prepare')}")
    await expect(page.get_by_text("Đã đủ để phát hành giấy mời")).to_be_visible()
    await acts.select_item(page, ITEMS[1][0])
    await expect(page.get_by_text("30 trang")).to_be_visible()
    await page.evaluate("scrollTo(0, 0)")
    await scene.show.everywhere(page, "prepare")
    await acts.press(page, "Phát hành giấy mời")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await scene.show.screen(page, "prepare-confirm", dark=True)

    for day, kind in ((3, "meeting"), (7, "conference"), (12, "meeting")):
        other = await convened(scene, f"Giao ban tuần thứ {day}", kind, day, with_place=day != 7)
        if day == 12:
            await secretary.do(other, "invite_people", people=[{**invited[0]}, {**invited[1]}])
            await secretary.do(other, "add_item", title="Công việc trong tuần")
            await secretary.do(other, "convene")
    await secretary.do(meeting, "convene")


async def before_the_opening(scene: Scene) -> None:
    page = await scene.enter("Nguyễn Thị Minh")
    await expect(page.get_by_text(TITLE)).to_be_visible()
    await scene.show.everywhere(page, "meetings-secretary")
    page = await scene.enter("Lê Văn Hưu")
    await expect(page.get_by_text(TITLE)).to_be_visible()
    await scene.show.screen(page, "meetings-member", dark=True)
    await page.goto(f"{scene.town.url}{scene.at()}")
    await expect(page.get_by_role("button", name="Điểm danh – tôi có mặt")).to_be_visible()
    await acts.rendered(page)
    await scene.show.screen(page, "room-convened-member")
    for name in [name for name, _ in COLLEAGUES[:6]]:
        await scene.secretary.do(scene.meeting, "check_in", person_id=scene.people[name])
    await scene.secretary.do(scene.meeting, "excuse", person_id=scene.people["Ngô Thì Nhậm"], reason="Đi công tác")
    for member in scene.members:
        await member.do(scene.meeting, "check_in")
    page = await scene.enter("Trần Quang Khải", scene.at())
    await expect(page.get_by_role("button", name="Khai mạc cuộc họp")).to_be_visible()
    await acts.rendered(page)
    await scene.show.screen(page, "room-convened-chair")
    page = await scene.enter("Nguyễn Thị Minh", scene.at("/projector"), PROJECTOR)
    await expect(page.get_by_text(TITLE).first).to_be_visible()
    await scene.show.screen(page, "projector-waiting")
    page = await scene.hall.page("about:blank", TABLET, color_scheme="light")
    await page.context.grant_permissions(["camera", "microphone"])
    await page.goto(scene.town.ways["commune1"])
    await expect(page.get_by_text("Kiểm tra đường truyền")).to_be_visible()
    await scene.show.everywhere(page, "bridge-holding")
    await page.context.close()


async def in_session(scene: Scene) -> None:
    """The room of the chair, a member, the secretary, and the wall, from the opening to a result."""
    meeting, chair, (one, other) = scene.meeting, scene.chair, scene.members
    await chair.do(meeting, "open_meeting")
    pages = {
        "chair": await scene.enter("Trần Quang Khải", scene.at()),
        "member": await scene.enter("Lê Văn Hưu", scene.at()),
        "secretary": await scene.enter("Nguyễn Thị Minh", scene.at()),
        "wall": await scene.enter("Nguyễn Thị Minh", scene.at("/projector"), PROJECTOR),
    }
    await chair.do(meeting, "start_item", item_id=scene.items[0])
    await chair.do(meeting, "finish_item", item_id=scene.items[0])
    await chair.do(meeting, "start_item", item_id=scene.items[1])
    await expect(pages["wall"].get_by_text(ITEMS[1][0]).first).to_be_visible()
    await scene.show.screen(pages["wall"], "projector-item")
    await chair.do(meeting, "lead_to", paper_id=scene.paper, page=7)
    for who in ("chair", "member", "secretary"):
        await expect(acts.reader(pages[who], 7, 30)).to_be_visible()
        await acts.rendered(pages[who])
    await expect(pages["wall"].get_by_text("Trang 7/30")).to_be_visible()
    await acts.rendered(pages["wall"])
    await scene.show.everywhere(pages["chair"], "room-chair")
    await scene.show.everywhere(pages["member"], "room-member")
    await scene.show.screen(pages["secretary"], "room-secretary")
    await scene.show.everywhere(pages["wall"], "projector-page", fingers=False, small=False)
    await enlarged(scene)

    await one.do(meeting, "ask_floor")
    await other.do(meeting, "ask_floor")
    await acts.press(pages["chair"], "Mời Lê Văn Hưu phát biểu 3 phút")
    for page in pages.values():
        await expect(page.get_by_text("02:5").first).to_be_visible()
    await scene.show.everywhere(pages["chair"], "room-floor-chair")
    await scene.show.screen(pages["member"], "room-floor-member", dark=True)
    await scene.show.screen(pages["wall"], "projector-floor")
    await acts.press(pages["chair"], "Việc khác")
    await scene.show.screen(pages["chair"], "room-menu")
    await pages["chair"].get_by_role("menuitem", name="Thành phần dự họp").click()
    await expect(pages["chair"].get_by_role("dialog")).to_be_visible()
    await scene.show.everywhere(pages["chair"], "room-people", english=False)
    await pages["chair"].keyboard.press("Escape")
    await chair.do(meeting, "end_lead")
    await expect(pages["wall"].get_by_role("timer").first).to_be_visible()
    await scene.show.screen(pages["wall"], "projector-speaker", dark=True)
    await acts.press(pages["chair"], "Dừng")

    await acts.press(pages["chair"], "Chuẩn bị biểu quyết")
    await expect(pages["chair"].get_by_label("Câu hỏi biểu quyết")).to_be_visible()
    await scene.show.everywhere(pages["chair"], "poll-form", english=False)
    await pages["chair"].get_by_label("Câu hỏi biểu quyết").fill(QUESTION)
    await acts.press(pages["chair"], "Lưu câu hỏi")
    await acts.press_step(pages["chair"], "Mở biểu quyết")
    await expect(pages["member"].get_by_test_id("ballot")).to_be_visible()
    await scene.show.everywhere(pages["member"], "vote")
    await acts.press(pages["member"], "Tán thành")
    await expect(pages["member"].get_by_text("Đã ghi nhận").first).to_be_visible()
    await scene.show.screen(pages["member"], "vote-recorded", dark=True)
    await expect(pages["chair"].get_by_test_id("ballot")).to_be_visible()
    await scene.show.screen(pages["chair"], "vote-chair")
    await scene.show.screen(pages["wall"], "projector-vote", dark=True)
    poll = (await chair.ask("GET", f"/meetings/{meeting}/room"))["polls"][-1]["id"]
    await other.do(meeting, "cast_ballot", poll_id=poll, choice="against")
    await chair.do(meeting, "cast_ballot", poll_id=poll, choice="for")
    await chair.do(meeting, "close_poll", poll_id=poll)
    for page in (pages["chair"], pages["member"]):
        await expect(page.get_by_test_id("poll-result")).to_be_visible()
    await scene.show.everywhere(pages["member"], "result")
    await scene.show.screen(pages["chair"], "result-chair")
    await expect(pages["wall"].get_by_text("2 tán thành", exact=False).first).to_be_visible()
    await scene.show.screen(pages["wall"], "projector-result", dark=True)
    for page in pages.values():
        await page.context.close()


async def enlarged(scene: Scene) -> None:
    """Text at 200 %: the browser's zoom, which halves the space."""
    half = {side: length // 2 for side, length in TABLET.items()}
    link = await scene.admin.link(scene.people["Trần Quang Khải"])
    page = await scene.hall.page(link, half, device_scale_factor=2, color_scheme="light")
    await expect(page.get_by_role("heading", name="Cuộc họp của tôi")).to_be_visible()
    await scene.show.screen(page, "meetings-at-200")
    await page.goto(f"{scene.town.url}{scene.at()}")
    await acts.rendered(page)
    await scene.show.screen(page, "room-at-200")
    await page.context.close()


async def on_the_bridges(scene: Scene) -> None:
    """Three halls at work: before the opening, then called; and the desk that calls them."""
    town, show = scene.town, scene.show
    with Headless(town.url, town.ways["commune3"]), Headless(town.url, town.ways["commune2"]):
        called = await scene.hall.page(town.ways["commune1"], TABLET, "orange", color_scheme="light")
        await expect(called.get_by_test_id("bridge-screen")).to_be_visible()
        await expect(called.get_by_text("Micrô tắt").or_(called.get_by_text("Micrô bật"))).to_be_visible()
        await show.screen(called, "bridge-waiting")
        centre = await scene.hall.page(town.ways["central"], PROJECTOR, "blue", color_scheme="light")
        await expect(centre.get_by_test_id("own-bridge")).to_be_visible()
        await centre.get_by_test_id("to-centre").click()
        await media.sees(called, "blue")
        await show.everywhere(called, "bridge")
        await acts.press(called, "Xin phát biểu")
        raised = centre.get_by_test_id("raised-hand").filter(has_text="Xã Bình Than")
        await expect(raised).to_be_visible()
        await raised.get_by_role("button", name="Chuẩn bị").click()
        await expect(called.get_by_test_id("air-sign")).to_be_visible()
        await show.screen(called, "bridge-stand-by")
        await expect(centre.get_by_text("4/16 kết nối")).to_be_visible()
        await show.screen(centre, "desk-stand-by", fingers=False, dark=True)
        await centre.get_by_test_id("take").click()
        await expect(called.get_by_text("Đang lên sóng").first).to_be_visible()
        await media.sees(called, "orange")
        await show.everywhere(called, "bridge-on-air")
        await show.everywhere(centre, "desk", fingers=False, small=False)
        await scene.chair.do(scene.meeting, "close_meeting")
        await expect(called.get_by_text("Hội nghị đã bế mạc")).to_be_visible()
        await show.screen(called, "bridge-ended")
        await show.screen(centre, "desk-ended", fingers=False)
        for page in (called, centre):
            await page.context.close()


async def after_the_close(scene: Scene, folder: Path) -> None:
    chair = await scene.enter("Trần Quang Khải", scene.at())
    await expect(chair.get_by_text("Đã bế mạc").first).to_be_visible()
    await acts.rendered(chair)
    await scene.show.screen(chair, "room-closed")
    page = await scene.enter("Nguyễn Thị Minh", scene.at("/minutes"))
    await expect(page.get_by_role("button", name="Lập biên bản")).to_be_visible()
    await scene.show.screen(page, "minutes-none")
    await acts.press(page, "Lập biên bản")
    await expect(page.get_by_text("BIÊN BẢN", exact=True)).to_be_visible()
    await acts.correct_a_sentence(page)
    await scene.show.everywhere(page, "minutes")
    await acts.press(page, "Khoá và ký")
    await acts.confirm(page, "Khoá và ký")
    await expect(page.get_by_text("Chờ chủ tọa ký")).to_be_visible(timeout=60_000)
    await scene.show.screen(page, "minutes-locked")
    await chair.goto(f"{scene.town.url}{scene.at('/minutes')}")
    await acts.press(chair, "Ký biên bản")
    await acts.confirm(chair, "Ký biên bản")
    await expect(chair.get_by_text("Đã ký đủ")).to_be_visible(timeout=60_000)
    await scene.show.screen(chair, "minutes-signed", dark=True)
    async with chair.expect_download() as download:
        await acts.press(chair, "Tải biên bản (PDF)")
    signed = folder / "bien-ban.pdf"
    await (await download.value).save_as(signed)
    await page.goto(f"{scene.town.url}/verify")
    await acts.check_paper(page, signed)
    await expect(page.get_by_text("Hợp lệ", exact=True).first).to_be_visible(timeout=60_000)
    await scene.show.everywhere(page, "verify-valid")
    await acts.check_paper(page, evidence.one_byte_changed(signed, folder))
    await expect(page.get_by_text("Không hợp lệ", exact=True).first).to_be_visible(timeout=60_000)
    await scene.show.screen(page, "verify-not-valid", dark=True)
    await chair.context.close()


async def in_administration(scene: Scene) -> None:
    page = await scene.enter("Phạm Quốc Trung", "/admin", {"width": 1280, "height": 900})
    await expect(page.get_by_text("Bùi Thị Xuân")).to_be_visible()
    await scene.show.everywhere(page, "admin-people")
    await page.get_by_role("tab", name="Điểm cầu").click()
    await expect(page.get_by_text("Xã Yên Tử").first).to_be_visible()
    await scene.show.everywhere(page, "admin-bridges")
    await page.get_by_role("tab", name="Điểm cầu").click()
    await page.get_by_role("button", name="Mã vào họp: Xã Yên Tử").click()
    await acts.confirm(page, "Tạo mã mới")
    await expect(page.get_by_role("button", name="In phiếu bàn giao")).to_be_visible()
    await scene.show.screen(page, "admin-hand-over")
    await page.emulate_media(media="print")
    await scene.show.screen(page, "admin-sheet", fingers=False)


async def with_very_long_words(scene: Scene) -> None:
    """A title, an item, a question of 500 characters and a name as long as the palace gave."""
    admin, secretary = scene.admin, scene.secretary
    longest = {"username": "dai", "name": LONG_NAME, "position": LONG[:200]}
    scene.people[LONG_NAME] = str((await admin.ask("POST", "/people", longest))["id"])
    scene.meeting = meeting = await convened(scene, LONG, "meeting", 20)
    item = await secretary.do(meeting, "add_item", title=LONG, presenter=LONG_NAME, planned_min=15)
    invited = [("Trần Quang Khải", "chair"), (LONG_NAME, "member"), ("Lê Văn Hưu", "member")]
    people = [{"person_id": scene.people[name], "role": role} for name, role in invited]
    await secretary.do(meeting, "invite_people", people=people)
    paper = await secretary.ask(
        "PUT", f"/meetings/{meeting}/papers", vietnamese_pdf(2), title=LONG, filename="a.pdf", item_id=item
    )
    page = await scene.enter("Nguyễn Thị Minh", scene.at("/prepare"))
    await expect(page.get_by_text(LONG[:40]).first).to_be_visible()
    await small_and_large(scene, page, "long-prepare")
    await secretary.do(meeting, "convene")
    await scene.members[0].do(meeting, "check_in")
    await secretary.do(meeting, "check_in", person_id=scene.people[LONG_NAME])
    await scene.chair.do(meeting, "open_meeting")
    await scene.chair.do(meeting, "start_item", item_id=item)
    page = await scene.enter(LONG_NAME)
    await expect(page.get_by_text(LONG[:40], exact=False).first).to_be_visible()
    await small_and_large(scene, page, "long-meetings")
    await page.goto(f"{scene.town.url}{scene.at()}")
    await acts.rendered(page)
    await acts.press(page, "Đăng ký phát biểu")
    chair = await scene.enter("Trần Quang Khải", scene.at())
    await acts.press(chair, f"Mời {LONG_NAME} phát biểu 3 phút")
    await expect(page.get_by_text("Bạn đang phát biểu")).to_be_visible()
    await small_and_large(scene, page, "long-room-speaker")
    await small_and_large(scene, chair, "long-room-chair")
    wall = await scene.enter("Nguyễn Thị Minh", scene.at("/projector"), PROJECTOR)
    await expect(wall.get_by_text(LONG_NAME).first).to_be_visible()
    await scene.show.screen(wall, "long-projector-speaker")
    await scene.chair.do(meeting, "lead_to", paper_id=paper["id"], page=2)
    await acts.rendered(wall)
    await scene.show.screen(wall, "long-projector-page")
    poll = await scene.chair.do(meeting, "prepare_poll", question=LONG, item_id=item)
    await scene.chair.do(meeting, "open_poll", poll_id=poll)
    await expect(page.get_by_test_id("ballot")).to_be_visible()
    await small_and_large(scene, page, "long-vote")
    await scene.show.screen(wall, "long-projector-vote")
    await scene.chair.do(meeting, "close_poll", poll_id=poll)
    await expect(page.get_by_test_id("poll-result")).to_be_visible()
    await small_and_large(scene, page, "long-result")
    await scene.show.screen(wall, "long-projector-result")


async def small_and_large(scene: Scene, page: Page, name: str) -> None:
    await scene.show.screen(page, name)
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await scene.show.screen(page, name)
    await page.set_viewport_size(TABLET)  # type: ignore[arg-type]

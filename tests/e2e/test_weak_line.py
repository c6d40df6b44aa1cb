"""Why a hall has no picture, as its screen says it: the camera on air is off, or its own line bears sound only.

A real relay in test mode loses half of what it sends to one hall; the other hall must read nothing of that.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from media.client import RelayClient
from tests.e2e import media
from tests.e2e.conftest import CHROMIUM, PROJECTOR, TABLET, Hall
from tests.e2e.screens import Caller, caller
from tests.media.running import RelayProcess, start_relay
from tests.support.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("e2e")]

CAMERA_OFF = "Điểm đang lên sóng không bật camera, chỉ có tiếng."
WEAK_HERE = "Đường truyền ở đây yếu: tạm thời chỉ còn tiếng."
SOUND_ONLY = "Yếu, chỉ còn tiếng"
MOVED_WITHIN_MS = 60_000  # it steps down rung by rung, and waits at each


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    if not Path(CHROMIUM).exists() and not os.environ.get("CI"):
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    started = start_relay("--faults", "--base-path", "/media")
    yield started
    started.stop()


@pytest.fixture
def town(tmp_path: Path, relay: RelayProcess) -> Iterator[Town]:
    ours = {"DIENHONG_RELAY_URLS": relay.url, "DIENHONG_MEDIA_KEY": relay.key}
    here = Town(tmp_path / "data", ours)
    here.start()
    yield here
    here.stop()


@pytest.fixture
async def secretary(town: Town) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield await caller(session, town.url, town.ways["secretary"])


async def conference(secretary: Caller) -> dict[str, str]:
    """Convened, with every bridge of the demo; their ids by name."""
    body = {
        "title": "Hội nghị trực tuyến",
        "kind": "conference",
        "body_name": "Ban Thường vụ",
        "place": "Phòng họp số 1",
        "starts_at": "2026-12-01T08:00:00+07:00",
    }
    meeting = str((await secretary.ask("POST", "/meetings", body))["id"])
    people = {p["name"]: p["id"] for p in (await secretary.ask("GET", "/people"))["items"]}
    bridges = {b["name"]: b["id"] for b in (await secretary.ask("GET", "/bridges"))["items"]}
    halls = [
        {"bridge_id": key, "role": "central_bridge" if "trung tâm" in name else "commune_bridge"}
        for name, key in bridges.items()
    ]
    await secretary.do(meeting, "add_item", title="Khai mạc")
    seats = (("Trần Quang Khải", "chair"), ("Lê Văn Hưu", "member"))
    invited = [{"person_id": people[name], "role": role} for name, role in seats]
    await secretary.do(meeting, "invite_people", people=invited)
    await secretary.do(meeting, "invite_bridges", bridges=halls)
    await secretary.do(meeting, "convene")
    return bridges


def connection(page: Page) -> Locator:
    return page.get_by_test_id("connection")


async def reads(page: Page, words: str, within_ms: float = 20_000) -> None:
    """These words over the picture."""
    await expect(page.get_by_test_id("programme").get_by_text(words)).to_be_visible(timeout=within_ms)


async def reads_nothing(page: Page) -> None:
    said = page.get_by_test_id("programme").get_by_role("status")
    await expect(said).to_have_count(0, timeout=20_000)


async def test_a_hall_reads_whose_fault_it_is_that_it_has_no_picture(
    town: Town, hall: Hall, relay: RelayProcess, secretary: Caller
) -> None:
    bridges = await conference(secretary)
    centre = await hall.page(town.ways["central"], PROJECTOR, "blue")
    weak = await hall.page(town.ways["commune1"], TABLET)
    other = await hall.page(town.ways["commune2"], TABLET)
    await centre.get_by_test_id("to-centre").click()
    for page in (weak, other):
        await media.sees(page, "blue")
        await reads_nothing(page)

    await centre.get_by_test_id("camera-toggle").click()
    for page in (weak, other, centre):
        await reads(page, CAMERA_OFF)
        await expect(connection(page)).not_to_have_text(SOUND_ONLY)
    await centre.get_by_test_id("camera-toggle").click()
    for page in (weak, other):
        await media.sees(page, "blue")
        await reads_nothing(page)

    async with RelayClient(relay.url, relay.key) as client:
        await client.fault(f"bridge:{bridges['Xã Bình Than']}", "out", drop=0.5)
        await reads(weak, WEAK_HERE, MOVED_WITHIN_MS)
        await expect(connection(weak)).to_have_text(SOUND_ONLY)
        await media.sees(other, "blue")
        await reads_nothing(other)

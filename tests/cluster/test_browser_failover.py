"""A real browser in a hall while its relay is killed, and while that relay's worker is: picture again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from tests.cluster.outage import Session, session
from tests.cluster.serving import join_code
from tests.e2e.conftest import CHROMIUM, FLAGS

pytestmark = [pytest.mark.redis, pytest.mark.browser]

BOUND_S = 12.0
_LINK = "() => (window.__dienhong_peers ?? []).find(link => link.name === 'main') ?? null"


async def link(page: Page) -> dict[str, Any]:
    found: dict[str, Any] | None = await page.evaluate(_LINK)
    return found or {"sessions": 0, "state": "none", "stats": None}


async def sees(page: Page, sessions: int) -> float:
    """When the link of so many sessions decodes pictures. Raises: TimeoutError."""
    async with asyncio.timeout(60):
        while True:
            now = await link(page)
            video = (now["stats"] or {}).get("video") or {"frames": 0}
            if now["sessions"] >= sessions and now["state"] == "connected" and video["frames"] > 0:
                return time.monotonic()
            await asyncio.sleep(0.05)


async def opened(page: Page, made: Session) -> None:
    code = await join_code(made.store, made.world.communes[0])
    await page.goto(f"{made.servers[0].url}/join#{code}")
    await sees(page, 1)


@pytest.mark.timeout(540)
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no Chromium at {CHROMIUM}: apt-get install chromium")
async def test_a_hall_has_picture_again_by_itself(tmp_path: Path) -> None:
    async with (
        session(tmp_path, viewers=0, relays=2, with_agent=False) as made,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        await opened(page, made)

        began, home = time.monotonic(), await made.home()
        made.kill(home)
        took_s = await sees(page, 2) - began
        print(f"relay killed: a hall in Chromium has picture after {took_s:.2f} s")
        assert took_s < BOUND_S

        sessions, began = (await link(page))["sessions"], time.monotonic()
        made.kill_worker(await made.home())
        took_s = await sees(page, sessions + 1) - began
        print(f"worker killed: a hall in Chromium has picture after {took_s:.2f} s")
        assert took_s < BOUND_S
        await browser.close()

"""Real Chromium against a whole installation. One browser process a hall, since each has a camera of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from tests.support.camera import y4m
from tests.support.town import ROOT, Town

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=Translate",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
TABLET = {"width": 1180, "height": 820}
UPRIGHT = {"width": 820, "height": 1180}
PHONE = {"width": 390, "height": 844}
PROJECTOR = {"width": 1920, "height": 1080}
SCREENS = ROOT / "docs" / "screens"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    if not Path(CHROMIUM).exists():
        message = f"no Chromium at {CHROMIUM}: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    here = Town(tmp_path / "data")
    here.start()
    yield here
    here.stop()


@dataclass
class Hall:
    """Opens pages as people do: a browser for each camera, a context for each device."""

    playwright: Playwright
    folder: Path
    stack: AsyncExitStack
    browsers: dict[str, Browser]

    async def browser(self, camera: str = "") -> Browser:
        if camera not in self.browsers:
            extra = []
            if camera:
                film = y4m(self.folder / f"{camera}.y4m", camera)
                extra = [f"--use-file-for-fake-video-capture={film}"]
            browser = await self.playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *extra])
            self.browsers[camera] = browser
            self.stack.push_async_callback(browser.close)
        return self.browsers[camera]

    async def page(self, url: str, size: dict[str, int], camera: str = "", **options: Any) -> Page:
        """A fresh device at that address; every error of its scripts fails the test."""
        browser = await self.browser(camera)
        context: BrowserContext = await browser.new_context(
            viewport=size, locale="vi-VN", permissions=["camera", "microphone"] if camera else [], **options
        )
        self.stack.push_async_callback(context.close)
        context.set_default_timeout(int(os.environ.get("DIENHONG_E2E_TIMEOUT_MS", "20000")))
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and said(page, line.text))
        page.errors = errors  # type: ignore[attr-defined]
        await page.goto(url)
        return page


#: What a browser says when a request is refused: expected of a signed-out start, of a cut line.
EXPECTED = ("Failed to load resource", "WebSocket connection", "ERR_INTERNET_DISCONNECTED")


def said(page: Page, text: str) -> None:
    """A script's complaint counts as an error too: React reports a crashed screen there."""
    if not any(word in text for word in EXPECTED):
        page.errors.append(text)  # type: ignore[attr-defined]


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        yield Hall(playwright, tmp_path, stack, {})

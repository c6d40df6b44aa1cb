"""Whose picture a hall decodes, and whether it hears: asked of the decoder and of the pixels on the screen."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any

from playwright.async_api import Page

from tests.support.town import ROOT

WAIT_S = 40
_STATS = "() => window.__dienhong_peers"
#: Mean colour of the programme on the screen; null while there is no picture.
_COLOUR = """() => {
    const video = document.querySelector('[data-testid=programme] video')
    if (!video || video.readyState < 2 || !video.videoWidth) return null
    const canvas = document.createElement('canvas')
    canvas.width = 32; canvas.height = 18
    const context = canvas.getContext('2d')
    context.drawImage(video, 0, 0, 32, 18)
    const data = context.getImageData(0, 0, 32, 18).data
    const sum = [0, 0, 0]
    for (let n = 0; n < data.length; n += 4) for (let c = 0; c < 3; c++) sum[c] += data[n + c]
    return sum.map(value => value / (data.length / 4))
}"""


def named(colour: list[float] | None) -> str:
    """Which hall a mean colour is, told by its strongest part."""
    if colour is None:
        return "nothing"
    red, green, blue = colour
    if blue > red + 40 and blue > green + 20:
        return "blue"
    if red > blue + 40 and red > green + 20:
        return "orange"
    if green > red + 20 and green > blue + 10:
        return "green"
    return f"unclear {[round(c) for c in colour]}"


async def sees(page: Page, whose: str) -> None:
    """That hall's picture is on the screen, and frames go on being decoded."""
    until = time.monotonic() + WAIT_S
    seen = "nothing"
    while time.monotonic() < until:
        seen = named(await page.evaluate(_COLOUR))
        if seen == whose:
            before = await _frames(page)
            while time.monotonic() < until:
                if await _frames(page) >= before + 5:
                    return
                await asyncio.sleep(0.2)
        await asyncio.sleep(0.2)
    raise AssertionError(f"waited for {whose}, the screen shows {seen}; {await page.evaluate(_STATS)}")


async def hears(page: Page) -> None:
    before = await _energy(page)
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        now = await _energy(page)
        if now > before and now > 0:
            return
        await asyncio.sleep(0.3)
    raise AssertionError(f"no sound; {await page.evaluate(_STATS)}")


async def sessions(page: Page) -> int:
    """How many times the way to the programme was negotiated."""
    return sum(link["sessions"] for link in await _watching(page))


async def _watching(page: Page) -> list[dict[str, Any]]:
    links = await page.evaluate(_STATS)
    return [link for link in links if link["direction"] == "in"]


async def _frames(page: Page) -> int:
    flows = [link["stats"] for link in await _watching(page) if link["stats"]]
    return sum(flow["video"]["frames"] for flow in flows if flow["video"])


async def _energy(page: Page) -> float:
    flows = [link["stats"] for link in await _watching(page) if link["stats"]]
    return sum(sound["energy"] for flow in flows for sound in flow["audio"])


class Headless:
    """A hall that is only a process: `dienhong bridge`."""

    def __init__(self, url: str, way: str) -> None:
        self._command = [sys.executable, "-m", "server", "bridge", "--server", url, "--code", way.split("#")[1]]
        self.last: dict[str, Any] = {}

    def __enter__(self) -> Headless:
        self._process = subprocess.Popen(
            [*self._command, "--publish", "none", "--heads", "9", "--stats-json"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self.last = json.loads(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(15)
        assert self._process.stdout is not None
        self._process.stdout.close()

    async def sees(self, whose: str) -> None:
        """Decoded frames of that hall rising, sound above zero."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            before = self.last
            await asyncio.sleep(1.2)
            now = self.last
            rising = now.get("frames", 0) > before.get("frames", 0) > 0
            if rising and named(now.get("colour")) == whose and now["audio_energy"] > 0:
                return
        raise AssertionError(f"waited for {whose}: {self.last}")

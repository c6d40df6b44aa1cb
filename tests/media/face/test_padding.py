"""A source that probes its line with padding, before real receivers: Chromium, aiortc and our own recorder."""

import asyncio
import fractions
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiortc.codecs.vpx import Vp8Encoder
from av.video.frame import VideoFrame
from playwright.async_api import Page

from media.wire import rtp
from media.wire.rtp import Packet
from tests.media.browser import decoded, inbound, open_page, until, watch
from tests.media.peers import RED, Watcher
from tests.media.recordings import recording
from tests.media.running import RunningRelay
from tests.media.site import Site

SSRC = 5
FRAMES_PER_S = 30


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with open_page() as page:
        yield page


def picture(number: int) -> VideoFrame:
    """Red, with a stripe that moves."""
    frame = VideoFrame(320, 180, "yuv420p")
    for plane, value in zip(frame.planes, RED, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    row = frame.planes[0].line_size * (100 + number % 60)
    shown = bytearray(frame.planes[0])
    shown[row : row + 200] = bytes(200)
    frame.planes[0].update(bytes(shown))
    frame.pts, frame.time_base = number * 3000, fractions.Fraction(1, 90_000)
    return frame


class Probe(Site):
    """A publisher whose every third picture is followed by three packets of padding, one of them late."""

    padded = 0

    async def play(self) -> None:
        encoder, numbers = Vp8Encoder(), itertools.count(1000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for shown in itertools.count():
            await asyncio.sleep(max(0.0, began + shown / FRAMES_PER_S - loop.time()))
            payloads, _ = encoder.encode(picture(shown), force_keyframe=shown % FRAMES_PER_S == 0)
            for i, payload in enumerate(payloads):
                last = i == len(payloads) - 1
                self.send_rtp(Packet(96, last, next(numbers) & 0xFFFF, shown * 3000, SSRC, payload))
            for late in (0, 0, 0.015) if shown % 3 == 0 else ():
                await asyncio.sleep(late)
                self._pad(next(numbers), shown * 3000)

    def _pad(self, number: int, timestamp: int) -> None:
        assert self.sender is not None
        head = rtp.build(Packet(96, False, number & 0xFFFF, timestamp, SSRC, b""))
        self.send(self.sender.protect(bytes([head[0] | rtp.PADDING]) + head[1:], bytes(223) + b"\xe0", 0))
        self.padded += 1


@pytest.mark.browser
async def test_nobody_misses_anything(relay: RunningRelay, page: Page, tmp_path: Path) -> None:
    await relay.stage("probe")
    source, watcher = Probe(relay, "probe"), Watcher(relay, "watcher")
    await watch(relay, page, "tv")
    await watcher.start()
    await source.join(publish=True)
    async with recording(relay, tmp_path / "films") as recorder:
        await recorder.until(lambda line: line["recording"])
        playing = asyncio.create_task(source.play())
        try:
            early = await until(page, "sub", lambda reports: decoded(reports) > 30)
            shown = await until(page, "sub", lambda reports: decoded(reports) > decoded(early) + 120)
            await watcher.until(lambda w: w.frames > 60 and w.sees(RED))
            viewers = (await relay.state())["viewers"]
        finally:
            playing.cancel()
            await watcher.close()
            source.close()
        assert await recorder.end() == 0
    (before,), (after,) = inbound(early, "video"), inbound(shown, "video")
    assert after["packetsLost"] == after["nackCount"] == after["pliCount"] == 0
    assert after["freezeCount"] == before["freezeCount"]
    assert source.padded > 100
    assert {v["peer"]: v["loss"] for v in viewers if v["peer"] in ("tv", "watcher")} == {"tv": 0, "watcher": 0}
    assert not recorder.events("gap")
    closed = recorder.events("closed")
    assert sum(event["frames"] for event in closed) > 120

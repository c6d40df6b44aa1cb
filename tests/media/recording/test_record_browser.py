"""Real Chromium plays what was recorded: files that were ended, and files that were cut off."""

import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import async_playwright

from tests.media.browser import FLAGS, chromium
from tests.media.peers import GREEN, RED, Source
from tests.media.recordings import recording
from tests.media.running import RunningRelay

PLAY = """async url => {
  const v = document.querySelector('video'), sizes = [];
  v.onresize = () => sizes.push(`${v.videoWidth}x${v.videoHeight}`);
  const ended = new Promise((yes, no) => {
    v.onended = yes;
    v.onerror = () => no(new Error(v.error.message));
    setTimeout(() => no(new Error(`stuck at ${v.currentTime}`)), 20000);
  });
  v.src = url; v.playbackRate = 2;
  await v.play(); await ended;
  const sound = v.webkitAudioDecodedByteCount, frames = v.getVideoPlaybackQuality().totalVideoFrames;
  const at = v.currentTime, seen = [...sizes];
  await new Promise(yes => { v.onseeked = yes; v.currentTime = 1; });
  return {at, sizes: seen, sound, frames, sought: v.currentTime};
}"""


@contextlib.asynccontextmanager
async def player(folder: Path) -> AsyncIterator[Any]:
    """A function that plays a file of the folder to its end."""
    program = chromium()
    app = web.Application()

    async def home(_: web.Request) -> web.Response:
        return web.Response(
            text="<!doctype html><link rel=icon href=data:,><video muted>", content_type="text/html"
        )

    app.router.add_get("/", home)
    app.router.add_static("/files", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            yield lambda name: page.evaluate(PLAY, f"/files/{name}")
            await browser.close()
    finally:
        await runner.cleanup()


@pytest.mark.browser
async def test_chromium_plays_what_was_recorded(relay: RunningRelay, tmp_path: Path) -> None:
    """A switch to another camera's size, then to H.264, then the process is killed."""
    sources = [Source(relay, name) for name in ("small", "large", "encoder")]
    try:
        await sources[0].start(RED, 440)
        await sources[1].start(GREEN, 600, size=(640, 360))
        await sources[2].start(RED, 440, codec="H264")
        await relay.stage("small", "small")
        async with recording(relay, tmp_path) as recorder:
            await recorder.until(lambda line: line["seconds"] > 2)
            await relay.stage("large", "large")
            line = await recorder.until(lambda line: line["seconds"] > 4.5)
            await relay.stage("encoder", "encoder")
            line = await recorder.until(lambda line: line["picture"] == "H264")
            await recorder.until(lambda now: now["seconds"] > line["seconds"] + 3)
            await relay.stage("large", "large")
            await recorder.until(lambda line: line["part"] == "part-0003.webm")
            line = await recorder.until(lambda line: line["picture"] == "VP8")
            await recorder.until(lambda now: now["seconds"] > line["seconds"] + 3)
            await recorder.end(signal.SIGKILL)
    finally:
        for source in sources:
            await source.close()
    ended, mp4, cut = recorder.parts()
    closed = {event["part"]: event["seconds"] for event in recorder.events("closed")}
    async with player(tmp_path) as play:
        for path, sizes in ((ended, ["320x180", "640x360"]), (mp4, ["320x180"]), (cut, ["640x360"])):
            shown = await play(path.name)
            assert shown["sizes"] == sizes, path
            assert shown["at"] > closed.get(path.name, 2.5) - 0.5, path
            assert shown["frames"] > 20
            assert shown["sound"] > 1000
            assert shown["sought"] == pytest.approx(1, abs=0.1)

"""Real Chromium publishes its fake camera by WHIP and watches it by WHEP through the relay."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.media.running import RunningRelay

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]  # fmt: skip

Reports = list[dict[str, Any]]

PAGE = """<!doctype html><link rel=icon href=data:,><video id=v autoplay playsinline></video><script>
async function connect(pc, url, token) {
  await pc.setLocalDescription(await pc.createOffer());
  const answer = await fetch(url, {method: 'POST', body: pc.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', Authorization: 'Bearer ' + token}});
  if (answer.status !== 201) throw new Error(answer.status + ' ' + await answer.text());
  await pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
  return answer.headers.get('Location');
}
async function publish(url, token) {
  const pc = window.pub = new RTCPeerConnection({iceServers: []});
  const media = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 360}, audio: true});
  for (const track of media.getTracks()) pc.addTransceiver(track, {direction: 'sendonly', streams: [media]});
  return connect(pc, url, token);
}
async function watch(url, token) {
  const pc = window.sub = new RTCPeerConnection({iceServers: []});
  const stream = new MediaStream(); v.srcObject = stream;
  pc.ontrack = e => stream.addTrack(e.track);
  pc.addTransceiver('video', {direction: 'recvonly'});
  for (let i = 0; i < 3; i++) pc.addTransceiver('audio', {direction: 'recvonly'});
  return connect(pc, url, token);
}
async function next_stats(pc) { await new Promise(r => setTimeout(r, 250)); return stats(pc); }
async function stats(pc) {
  const all = []; (await pc.getStats()).forEach(r => all.push(r)); return all;
}
</script>"""


@pytest.fixture
async def page(relay: RunningRelay) -> AsyncIterator[Page]:
    app = web.Application()

    async def home(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app.router.add_get("/", home)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = await browser.new_page()
        await page.goto(f"http://{host}:{port}/")
        yield page
        await browser.close()
    await runner.cleanup()


async def until(page: Page, connection: str, holds: Callable[[Reports], bool], seconds: float = 25) -> Reports:
    """The connection's statistics as soon as something holds of them."""
    reports: Reports = []
    try:
        async with asyncio.timeout(seconds):
            while not holds(reports):
                # Chromium renews its statistics twice a second; the page has no event for it.
                reports = await page.evaluate(f"next_stats({connection})")
    except TimeoutError:
        raise AssertionError(f"never got there: {reports}") from None
    return reports


def inbound(reports: Reports, kind: str) -> list[dict[str, Any]]:
    return [r for r in reports if r["type"] == "inbound-rtp" and r["kind"] == kind]


def decoded(reports: Reports) -> int:
    return sum(r.get("framesDecoded", 0) for r in inbound(reports, "video"))


def energy(reports: Reports) -> float:
    return sum(r.get("totalAudioEnergy", 0.0) for r in inbound(reports, "audio"))


@pytest.mark.browser
async def test_chromium_publishes_and_watches(relay: RunningRelay, page: Page) -> None:
    await page.evaluate(
        "([url, token]) => publish(url, token)",
        [f"{relay.url}/whip/{relay.studio}", relay.token("publish", "camera")],
    )
    await page.evaluate(
        "([url, token]) => watch(url, token)",
        [f"{relay.url}/whep/{relay.studio}/main", relay.token("watch", "tv", "main")],
    )
    await relay.stage("camera", "camera")
    reports = await until(page, "sub", lambda r: decoded(r) > 20 and energy(r) > 0)
    more = await until(page, "sub", lambda r: decoded(r) > decoded(reports) + 20)
    (transport,) = (r for r in more if r["type"] == "transport")
    assert transport["srtpCipher"] in ("SRTP_AEAD_AES_128_GCM", "AEAD_AES_128_GCM")
    (picture,) = inbound(more, "video")
    assert picture["frameWidth"] == 640
    assert picture["packetsLost"] == 0
    assert picture["freezeCount"] == 0
    # The encoder climbs: it gets reports and a bit rate from us.
    await until(page, "pub", lambda rs: any(r.get("targetBitrate", 0) > 1_000_000 for r in rs))
    # Picture and sound are of the same moment: our sender reports tie them.
    together = await until(page, "sub", lambda r: abs(_skew_ms(r)) < 120)
    assert decoded(together) > 0
    (viewer,) = (await relay.state())["viewers"]
    assert viewer["loss"] == 0
    assert viewer["rtt_ms"] is not None


def _skew_ms(reports: Reports) -> float:
    times = [
        r["estimatedPlayoutTimestamp"]
        for kind in ("video", "audio")
        for r in inbound(reports, kind)
        if "estimatedPlayoutTimestamp" in r
    ]
    return times[0] - times[1] if len(times) == 2 else float("inf")

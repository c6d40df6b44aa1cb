"""Real Chromium publishes its fake camera by WHIP and watches it by WHEP through the relay."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from media import kernel
from tests.media.running import RunningRelay

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]  # fmt: skip

Reports = list[dict[str, Any]]

PAGE = """<!doctype html><link rel=icon href=data:,><video id=v autoplay playsinline></video><script>
async function connect(pc, url, token, port) {
  await pc.setLocalDescription(await pc.createOffer());
  const answer = await fetch(url, {method: 'POST', body: pc.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', Authorization: 'Bearer ' + token}});
  if (answer.status !== 201) throw new Error(answer.status + ' ' + await answer.text());
  const sdp = (await answer.text()).replace(/^(a=candidate:.* udp .* )\\d+ typ/gm, (all, head) =>
    port ? head + port + ' typ' : all);
  await pc.setRemoteDescription({type: 'answer', sdp});
  return answer.headers.get('Location');
}
async function publish(url, token) {
  const pc = window.pub = new RTCPeerConnection({iceServers: []});
  const media = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 360}, audio: true});
  for (const track of media.getTracks()) pc.addTransceiver(track, {direction: 'sendonly', streams: [media]});
  return connect(pc, url, token);
}
async function watch(url, token, port) {
  const pc = window.sub = new RTCPeerConnection({iceServers: []});
  const stream = new MediaStream(); v.srcObject = stream;
  pc.ontrack = e => stream.addTrack(e.track);
  pc.addTransceiver('video', {direction: 'recvonly'});
  for (let i = 0; i < 3; i++) pc.addTransceiver('audio', {direction: 'recvonly'});
  return connect(pc, url, token, port);
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


def repaired(reports: Reports) -> int:
    return sum(r.get("retransmittedPacketsReceived", 0) for r in inbound(reports, "video"))


def energy(reports: Reports) -> float:
    return sum(r.get("totalAudioEnergy", 0.0) for r in inbound(reports, "audio"))


class LossyLine:
    """Between a browser and the relay: one media packet in twelve is lost on its way to the browser."""

    def __init__(self, relay_port: int) -> None:
        self._relay = ("127.0.0.1", relay_port)
        self._chance = random.Random(3)
        self._ways: dict[tuple[str, int], socket.socket] = {}
        self._front = self._open(self._from_browser)
        self.port: int = self._front.getsockname()[1]
        self.lost = 0

    def _open(self, readable: Callable[..., None], *arguments: Any) -> socket.socket:
        sock = kernel.open_port("127.0.0.1", 0)
        asyncio.get_running_loop().add_reader(sock.fileno(), readable, *arguments)
        return sock

    def _from_browser(self) -> None:
        data, browser = self._front.recvfrom(2048)
        if browser not in self._ways:
            self._ways[browser] = self._open(self._to_browser, browser)
        self._ways[browser].sendto(data, self._relay)

    def _to_browser(self, browser: tuple[str, int]) -> None:
        data = self._ways[browser].recv(2048)
        is_media = 128 <= data[0] < 192 and not 192 <= data[1] <= 223
        if is_media and self._chance.random() < 1 / 12:
            self.lost += 1
        else:
            self._front.sendto(data, browser)

    def close(self) -> None:
        for sock in (*self._ways.values(), self._front):
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()


@pytest.fixture
async def line(relay: RunningRelay) -> AsyncIterator[LossyLine]:
    made = LossyLine(relay.udp[0])
    yield made
    made.close()


@pytest.mark.browser
async def test_chromium_gets_repairs_by_rtx(relay: RunningRelay, page: Page, line: LossyLine) -> None:
    await page.evaluate(
        "([url, token]) => publish(url, token)",
        [f"{relay.url}/whip/{relay.studio}", relay.token("publish", "camera")],
    )
    await relay.stage("camera", "camera")
    await page.evaluate(
        "([url, token, port]) => watch(url, token, port)",
        [f"{relay.url}/whep/{relay.studio}/main", relay.token("watch", "tv", "main"), line.port],
    )
    reports = await until(page, "sub", lambda r: decoded(r) > 60 and repaired(r) > 10)
    (picture,) = inbound(reports, "video")
    assert picture["rtxSsrc"]
    assert picture["nackCount"] > 0
    assert line.lost > 10
    # Chromium goes on counting as lost what came by RTX; nothing may be left that did not.
    assert repaired(reports) >= picture["packetsLost"] * 0.8


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

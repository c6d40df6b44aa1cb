"""A page of real Chromium that publishes its fake camera by WHIP, watches by WHEP, and tells of both."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.media.running import RunningRelay
from tests.support.servers import missing

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]  # fmt: skip

Reports = list[dict[str, Any]]

PAGE = """<!doctype html><link rel=icon href=data:,><video id=v autoplay playsinline></video><script>
async function connect(pc, url, token, port, only) {
  const offer = await pc.createOffer();
  // As our web client has it (peer-offer.ts).
  const sdp = offer.sdp.replace(/^a=rtpmap:(\\d+) opus.*$/gm, '$&\\r\\na=rtcp-fb:$1 nack');
  await pc.setLocalDescription({type: 'offer', sdp});
  const answer = await fetch(url, {method: 'POST', body: pc.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', Authorization: 'Bearer ' + token}});
  if (answer.status !== 201) throw new Error(answer.status + ' ' + await answer.text());
  const lines = (await answer.text()).split('\\r\\n').map(line =>
    port ? line.replace(/^(a=candidate:.* udp .* )\\d+ typ/, `$1${port} typ`) : line);
  const kept = lines.filter(line => !only || !line.startsWith('a=candidate:') || line.includes(` ${only} `));
  await pc.setRemoteDescription({type: 'answer', sdp: kept.join('\\r\\n')});
  return answer.headers.get('Location');
}
async function publish(url, token, config, only, encodings, port) {
  const pc = window.pub = new RTCPeerConnection(config ?? {iceServers: []});
  const size = encodings.length ? {width: 1280, height: 720} : {width: 640, height: 360};
  const media = await navigator.mediaDevices.getUserMedia({video: size, audio: true});
  for (const track of media.getTracks()) {
    const sendEncodings = track.kind === 'video' ? encodings : [];
    pc.addTransceiver(track, {direction: 'sendonly', streams: [media], sendEncodings});
  }
  return connect(pc, url, token, port, only);
}
async function watch(url, token, config, only, port) {
  const pc = window.sub = new RTCPeerConnection(config ?? {iceServers: []});
  const stream = new MediaStream(); v.srcObject = stream;
  pc.ontrack = e => stream.addTrack(e.track);
  pc.addTransceiver('video', {direction: 'recvonly'});
  for (let i = 0; i < 3; i++) pc.addTransceiver('audio', {direction: 'recvonly'});
  return connect(pc, url, token, port, only);
}
async function next_stats(pc) { await new Promise(r => setTimeout(r, 250)); return stats(pc); }
async function stats(pc) {
  const all = []; (await pc.getStats()).forEach(r => all.push(r)); return all;
}
</script>"""


def chromium() -> str:
    """Skips, or fails in CI, when there is none."""
    if not Path(CHROMIUM).exists():
        missing(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    return CHROMIUM


@contextlib.asynccontextmanager
async def open_page(*flags: str) -> AsyncIterator[Page]:
    """The page in a browser of its own, started with these flags besides."""
    program = chromium()
    app = web.Application()

    async def home(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app.router.add_get("/", home)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
            page = await browser.new_page()
            await page.goto(f"http://{host}:{port}/")
            yield page
            await browser.close()
    finally:
        await runner.cleanup()


async def publish(
    relay: RunningRelay,
    page: Page,
    peer: str,
    config: dict[str, Any] | None = None,
    only: str = "",
    encodings: Sequence[dict[str, Any]] = (),
    port: int = 0,
) -> None:
    """The camera goes to the relay. `only`: of the answer's candidates, those over `udp` or `tcp`.

    `port`: where it goes to instead of the relay's UDP port.
    """
    words = [f"{relay.url}/whip/{relay.studio}", relay.token("publish", peer), config, only, [*encodings], port]
    await page.evaluate("words => publish(...words)", words)


async def watch(
    relay: RunningRelay,
    page: Page,
    peer: str,
    config: dict[str, Any] | None = None,
    only: str = "",
    port: int = 0,
) -> None:
    """The programme comes to the page. `port`: where it sends to instead of the relay's UDP port."""
    words = [f"{relay.url}/whep/{relay.studio}/main", relay.token("watch", peer, "main"), config, only, port]
    await page.evaluate("([url, token, config, only, port]) => watch(url, token, config, only, port)", words)


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


def way(reports: Reports) -> tuple[dict[str, Any], dict[str, Any]]:
    """The candidates in use, ours and theirs."""
    by_id = {r["id"]: r for r in reports}
    (transport,) = (r for r in reports if r["type"] == "transport")
    pair = by_id[transport["selectedCandidatePairId"]]
    return by_id[pair["localCandidateId"]], by_id[pair["remoteCandidateId"]]

"""Real Chromium publishes its fake camera by WHIP and watches it by WHEP through the relay."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from playwright.async_api import Page

from tests.media.browser import Reports, decoded, energy, inbound, open_page, publish, repaired, until, watch
from tests.media.lossy import LossyLine
from tests.media.running import RunningRelay


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with open_page() as page:
        yield page


@pytest.fixture
async def line(relay: RunningRelay) -> AsyncIterator[LossyLine]:
    made = LossyLine(relay.udp[0])
    yield made
    made.close()


@pytest.mark.browser
async def test_chromium_gets_repairs_by_rtx(relay: RunningRelay, page: Page, line: LossyLine) -> None:
    await publish(relay, page, "camera")
    await relay.stage("camera", "camera")
    await watch(relay, page, "tv", port=line.port)

    def is_whole(reports: Reports) -> bool:
        # Chromium goes on counting as lost what came by RTX. What is under way at one look is there at another.
        return sum(r["packetsLost"] for r in inbound(reports, "video")) <= repaired(reports)

    reports = await until(page, "sub", lambda r: decoded(r) > 60 and repaired(r) > 20 and is_whole(r))
    (picture,) = inbound(reports, "video")
    assert picture["rtxSsrc"]
    assert picture["nackCount"] > 0
    assert line.lost > 20


def heard(reports: Reports) -> dict[str, Any]:
    """The sound that comes; three can."""
    return max(inbound(reports, "audio"), key=lambda r: r["packetsReceived"], default={})


@pytest.mark.browser
async def test_what_a_lossy_line_loses_of_the_sound_is_repaired_and_spared_for(
    relay: RunningRelay, page: Page, line: LossyLine
) -> None:
    line.share = 0.17
    await publish(relay, page, "camera")
    await relay.stage("camera", "camera")
    await watch(relay, page, "tv", port=line.port)
    # The source's encoder spares for the loss that is reported to it: its packets bring copies of those before.
    reports = await until(page, "sub", lambda r: heard(r).get("fecPacketsReceived", 0) > 0, 40)
    sound = heard(reports)
    assert sound["nackCount"] > 20
    assert sound["packetsLost"] <= sound["packetsReceived"] * 0.02
    told = {r["kind"]: r for r in await until(page, "pub", reported) if r["type"] == "remote-inbound-rtp"}
    assert told["audio"]["fractionLost"] > 0
    assert told["video"]["fractionLost"] == told["audio"]["packetsLost"] == 0  # or its estimate would fall


def reported(reports: Reports) -> bool:
    return sum(r["type"] == "remote-inbound-rtp" for r in reports) == 2


@pytest.mark.browser
async def test_chromium_sends_lost_sound_again(relay: RunningRelay, page: Page, line: LossyLine) -> None:
    line.share, line.share_up = 0.0, 0.1
    await publish(relay, page, "camera", port=line.port)
    await relay.stage("camera", "camera")
    await watch(relay, page, "tv")

    def asked(reports: Reports) -> int:
        sent = (r for r in reports if r["type"] == "outbound-rtp" and r["kind"] == "audio")
        return sum(min(r.get("nackCount", 0), r.get("retransmittedPacketsSent", 0)) for r in sent)

    await until(page, "pub", lambda r: asked(r) > 10)
    sound = heard(await until(page, "sub", lambda r: heard(r).get("packetsReceived", 0) > 100))
    assert sound["packetsLost"] <= sound["packetsReceived"] * 0.02


@pytest.mark.browser
async def test_chromium_publishes_and_watches(relay: RunningRelay, page: Page) -> None:
    await publish(relay, page, "camera")
    await watch(relay, page, "tv")
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


LAYERS = [
    {"rid": "h", "maxBitrate": 1_700_000},
    {"rid": "m", "scaleResolutionDownBy": 2, "maxBitrate": 500_000},
    {"rid": "l", "scaleResolutionDownBy": 4, "maxBitrate": 150_000},
]


@pytest.mark.browser
@pytest.mark.parametrize("order", [1, -1], ids=["best-first", "best-last"])
async def test_chromium_sends_three_layers_and_all_arrive(relay: RunningRelay, page: Page, order: int) -> None:
    await publish(relay, page, "camera", encodings=LAYERS[::order])
    sizes = [[1280, 720], [640, 360], [320, 180]]
    async with asyncio.timeout(25):
        while True:
            sources = (await relay.state())["sources"]
            assert not any(source["over_limit"] for source in sources)  # all layers together heed REMB
            layers = [layer for source in sources for layer in source["layers"]]
            if [layer["size"] for layer in layers] == sizes and all(layer["fps"] > 5 for layer in layers):
                break
            await until(page, "pub", lambda _: True)
    assert [layer["rid"] for layer in layers] == ["h", "m", "l"]


@pytest.mark.browser
async def test_chromium_is_moved_between_layers_without_a_freeze(
    relay: RunningRelay, page: Page, line: LossyLine
) -> None:
    line.share = 0.0
    await publish(relay, page, "camera", encodings=LAYERS)
    await relay.stage("camera", "camera")
    await watch(relay, page, "tv", port=line.port)

    await until(page, "sub", lambda r: width(r) == 1280 and decoded(r) > 40)
    line.share = 0.4
    lower = await until(page, "sub", lambda r: width(r) in (640, 320), 40)
    line.share = 0.0
    assert (await relay.state())["viewers"][0]["rendition"] in ("medium", "low")
    # From here on the line is clean: what stops now stops by our doing.
    calm = await until(page, "sub", lambda r: decoded(r) > decoded(lower) + 30)
    back = await until(page, "sub", lambda r: width(r) == 1280, 60)
    more = await until(page, "sub", lambda r: decoded(r) > decoded(back) + 40)
    (before,), (after,) = inbound(calm, "video"), inbound(more, "video")
    assert after["ssrc"] == before["ssrc"]
    assert after["packetsLost"] == before["packetsLost"]
    assert after["keyFramesDecoded"] - before["keyFramesDecoded"] <= 2  # one for each rung on the way
    assert after["totalFreezesDuration"] - before["totalFreezesDuration"] < 1.0
    assert await page.evaluate("sub.signalingState") == "stable"


def width(reports: Reports) -> int:
    return max((int(r.get("frameWidth", 0)) for r in inbound(reports, "video")), default=0)


def shows(size: int, seen: int) -> Callable[[Reports], bool]:
    """A picture of this width, ten frames and more after so many."""
    return lambda reports: width(reports) == size and decoded(reports) > seen + 10


SWITCHES = 6


@pytest.mark.browser
async def test_chromium_sees_each_switch_without_a_freeze_or_a_new_description(
    relay: RunningRelay, page: Page
) -> None:
    """Two cameras of different size take turns in one programme."""
    await publish(relay, page, "large", encodings=[{"maxBitrate": 800_000}])
    await publish(relay, page, "small")
    await relay.stage("large", "large")
    await watch(relay, page, "tv")
    described = await page.evaluate("sub.remoteDescription.sdp + sub.localDescription.sdp")

    reports = calm = await until(page, "sub", lambda r: width(r) == 1280 and decoded(r) > 40)
    for turn in range(SWITCHES):
        peer, size, seen = ("large", 1280, decoded(reports)) if turn % 2 else ("small", 640, decoded(reports))
        await relay.stage(peer, peer)
        reports = await until(page, "sub", shows(size, seen))
    (before,), (after,) = inbound(calm, "video"), inbound(reports, "video")
    assert after["totalFreezesDuration"] - before["totalFreezesDuration"] < 0.5 * SWITCHES
    assert after["keyFramesDecoded"] - before["keyFramesDecoded"] >= SWITCHES
    assert (after["ssrc"], after["packetsLost"]) == (before["ssrc"], 0)
    assert await page.evaluate("sub.signalingState") == "stable"
    assert await page.evaluate("sub.remoteDescription.sdp + sub.localDescription.sdp") == described


def _skew_ms(reports: Reports) -> float:
    times = [
        r["estimatedPlayoutTimestamp"]
        for kind in ("video", "audio")
        for r in inbound(reports, kind)
        if "estimatedPlayoutTimestamp" in r
    ]
    return times[0] - times[1] if len(times) == 2 else float("inf")

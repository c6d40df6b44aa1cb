"""A client that shares no code with us, aiortc or Chromium: GStreamer's webrtcbin publishes and watches."""

from typing import Any

import pytest

from tests.media.gstreamer import Gstreamer, gstreamer
from tests.media.peers import GREEN, RED, Source, Watcher
from tests.media.running import RunningRelay


def watching(relay: RunningRelay, only: str = "") -> Any:
    url = f"{relay.url}/whep/{relay.studio}/main"
    return gstreamer("watch", url, relay.token("watch", "player", "main"), only)


def sees(player: dict[str, Any], colour: tuple[int, int, int]) -> bool:
    return "colour" in player and all(abs(a - b) < 25 for a, b in zip(player["colour"], colour, strict=True))


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_gstreamer_publishes(relay: RunningRelay, cast: list[Any], codec: str) -> None:
    await relay.stage("encoder", "encoder")
    viewer = Watcher(relay, "tv")
    cast.append(await viewer.start())
    url = f"{relay.url}/whip/{relay.studio}"
    async with gstreamer(f"publish-{codec}", url, relay.token("publish", "encoder")) as encoder:
        await encoder.until(lambda f: f.get("state") == "connected")
        await viewer.until(lambda v: v.sees(RED) and v.hears(0))
    (source,) = (await relay.state())["sources"]
    assert source["connected"]
    assert source["video"]
    assert source["audio"]


async def test_gstreamer_watches_through_a_switch(relay: RunningRelay, cast: list[Any]) -> None:
    for peer, colour in (("centre", RED), ("hill", GREEN)):
        source = Source(relay, peer)
        cast.append(source)
        await source.start(colour, 440)
    await relay.stage("centre", "centre")
    async with watching(relay) as player:
        await player.until(lambda f: sees(f, RED) and f.get("loudness", 0) > 1000)
        await relay.stage("hill", "hill")
        await player.until(lambda f: sees(f, GREEN) and f.get("loudness", 0) > 1000)
        await _reports(relay, player)


async def _reports(relay: RunningRelay, player: Gstreamer) -> None:
    """Its receiver reports reach us: the line's quality is known."""
    while (await relay.state())["viewers"][0]["loss"] is None:
        frames = player.facts["frames"]
        await player.until(lambda f, seen=frames: f["frames"] > seen + 5)  # type: ignore[misc]


async def test_gstreamer_without_udp(relay: RunningRelay, cast: list[Any]) -> None:
    """libnice's ICE-TCP is nobody else's either."""
    await relay.stage("encoder", "encoder")
    url = f"{relay.url}/whip/{relay.studio}"
    async with (
        gstreamer("publish-vp8", url, relay.token("publish", "encoder"), "tcp") as encoder,
        watching(relay, "tcp") as player,
    ):
        await encoder.until(lambda f: f.get("state") == "connected")
        await player.until(lambda f: sees(f, RED) and f.get("loudness", 0) > 1000)
        state = await relay.state()
        assert [peer["over"] for peer in state["sources"] + state["viewers"]] == ["tcp", "tcp"]

"""Peers of aiortc for tests: a publisher of one colour and one tone, and a watcher that sees and hears."""

import asyncio
import fractions
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from tests.media.running import RunningRelay

RATE_HZ = 48_000
RED, GREEN, BLUE = (81, 90, 240), (145, 54, 34), (41, 240, 110)  # Y, U, V


class Colour(MediaStreamTrack):
    """One colour, 20 pictures a second."""

    kind = "video"

    def __init__(self, colour: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> None:
        super().__init__()
        self._planes = colour
        self._size = size
        self._count = 0
        self._start = time.monotonic()

    async def recv(self) -> VideoFrame:
        await asyncio.sleep(max(0.0, self._start + self._count / 20 - time.monotonic()))
        frame = VideoFrame(*self._size, "yuv420p")
        for plane, value in zip(frame.planes, self._planes, strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = self._count * 4500, fractions.Fraction(1, 90_000)
        self._count += 1
        return frame


class Tone(MediaStreamTrack):
    """A sine of one pitch in 20 ms frames."""

    kind = "audio"

    def __init__(self, pitch_hz: int) -> None:
        super().__init__()
        self._pitch = pitch_hz
        self._count = 0
        self._start = time.monotonic()

    async def recv(self) -> AudioFrame:
        await asyncio.sleep(max(0.0, self._start + self._count * 0.02 - time.monotonic()))
        first = self._count * 960
        samples = b"".join(
            int(12_000 * math.sin(2 * math.pi * self._pitch * (first + i) / RATE_HZ)).to_bytes(
                2, "little", signed=True
            )
            for i in range(960)
        )
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(samples)
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, first, fractions.Fraction(1, RATE_HZ)
        self._count += 1
        return frame


def peer_connection(servers: Sequence[dict[str, Any]] = (), *, relay_only: bool = False) -> RTCPeerConnection:
    return RTCPeerConnection(
        RTCConfiguration(
            iceServers=[RTCIceServer(**server) for server in servers],
            # With its default policy aiortc loses the transport of the second audio section.
            bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            iceTransportPolicy=RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL,
        )
    )


async def connect(relay: RunningRelay, connection: RTCPeerConnection, path: str, headers: dict[str, str]) -> str:
    """Offer, post, take the answer, wait until connected; the Location."""
    await connection.setLocalDescription(await connection.createOffer())
    status, text, answered = await relay.post_offer(path, connection.localDescription.sdp, headers)
    assert status == 201, text
    await connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
    await reached(connection, "connected")
    return answered["Location"]


async def reached(connection: RTCPeerConnection, state: str, seconds: float = 15) -> None:
    """Wait for a connection state."""
    happened = asyncio.Event()

    def look() -> None:
        if connection.connectionState == state:
            happened.set()

    connection.on("connectionstatechange", look)
    look()
    async with asyncio.timeout(seconds):
        await happened.wait()


class Source:
    """Publishes a colour and a tone."""

    def __init__(self, relay: RunningRelay, peer: str, connection: RTCPeerConnection | None = None) -> None:
        self.relay, self.peer = relay, peer
        self.connection = connection or peer_connection()
        self.location = ""

    async def start(
        self,
        colour: tuple[int, int, int],
        pitch_hz: int | None = None,
        codec: str = "VP8",
        size: tuple[int, int] = (320, 180),
    ) -> "Source":
        return await self.publish(Colour(colour, size), Tone(pitch_hz) if pitch_hz else None, codec)

    async def publish(
        self, picture: MediaStreamTrack | None, sound: MediaStreamTrack | None, codec: str = "VP8"
    ) -> "Source":
        if picture is not None:
            self.connection.addTrack(picture)
            (transceiver,) = self.connection.getTransceivers()
            known = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([c for c in known if c.mimeType == f"video/{codec}"])
        if sound is not None:
            self.connection.addTrack(sound)
        headers = self.relay.headers("publish", self.peer)
        self.location = await connect(self.relay, self.connection, f"/whip/{self.relay.studio}", headers)
        return self

    async def close(self) -> None:
        await self.connection.close()


class Watcher:
    """Watches a programme; `colour` is of the last decoded picture, `levels` the loudness of each audio slot."""

    def __init__(
        self,
        relay: RunningRelay,
        peer: str,
        programme: str = "main",
        audio: int = 1,
        connection: RTCPeerConnection | None = None,
    ) -> None:
        self.relay, self.peer, self.programme = relay, peer, programme
        self.connection = connection or peer_connection()
        self.colour: tuple[int, int, int] | None = None
        self.frames = 0
        self.levels: list[deque[float]] = [deque(maxlen=10) for _ in range(audio)]
        self.location = ""
        self.descriptions = 0
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.connection.addTransceiver("video", direction="recvonly")
        for _ in range(audio):
            self.connection.addTransceiver("audio", direction="recvonly")

    async def start(self, before: Callable[[RTCPeerConnection], None] | None = None) -> "Watcher":
        if before:
            before(self.connection)
        headers = self.relay.headers("watch", self.peer, self.programme)
        path = f"/whep/{self.relay.studio}/{self.programme}"
        self.location = await connect(self.relay, self.connection, path, headers)
        self.descriptions += 1
        heard = 0
        for transceiver in self.connection.getTransceivers():
            track = transceiver.receiver.track
            if track.kind == "video":
                self._tasks.append(asyncio.create_task(self._see(track)))
            else:
                self._tasks.append(asyncio.create_task(self._hear(track, self.levels[heard])))
                heard += 1
        return self

    async def _see(self, track: Any) -> None:
        while (frame := await _next(track)) is not None:
            planes = [bytes(plane)[plane.line_size * 20 + 40] for plane in frame.planes]
            self.colour = (planes[0], planes[1], planes[2])
            self.frames += 1
            await self._notify()

    async def _hear(self, track: Any, levels: deque[float]) -> None:
        while (frame := await _next(track)) is not None:
            samples = memoryview(bytes(frame.planes[0])).cast("h")
            levels.append(max(map(abs, samples[::7]), default=0))
            await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, holds: Callable[["Watcher"], bool], seconds: float = 15) -> None:
        """Wait until something holds of what was seen and heard."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: holds(self))
        except TimeoutError:
            raise AssertionError(
                f"{self.peer}: frames={self.frames} colour={self.colour} levels={self.levels}"
            ) from None

    def sees(self, colour: tuple[int, int, int]) -> bool:
        return self.colour is not None and all(abs(a - b) < 25 for a, b in zip(self.colour, colour, strict=True))

    def hears(self, slot: int) -> bool:
        levels = self.levels[slot]
        return len(levels) == levels.maxlen and min(levels) > 1000

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connection.close()


async def _next(track: Any) -> VideoFrame | AudioFrame | None:
    try:
        frame: VideoFrame | AudioFrame = await track.recv()
    except (MediaStreamError, av.error.FFmpegError):
        return None
    return frame


async def source(relay: RunningRelay, cast: list[Any], peer: str, *what: Any, **more: Any) -> Source:
    """One that joins and is in the cast, so that it is closed at the end."""
    one = Source(relay, peer)
    cast.append(one)
    return await one.start(*what, **more)


async def watcher(relay: RunningRelay, cast: list[Any], peer: str, **more: Any) -> Watcher:
    one = Watcher(relay, peer, **more)
    cast.append(one)
    return await one.start()

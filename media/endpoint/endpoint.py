"""One WebRTC connection to a relay, by aiortc: a viewer over WHEP or a publisher over WHIP.

Knows an address and a token. Says when it has ended; whether to come back is its owner's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import aiohttp
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from media.endpoint.asking import Refused, post_offer
from media.endpoint.testcard import PictureMeter, SoundMeter

OFFER_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
AUDIO_SLOTS: Final = 3
#: Answers of whoever was asked for a session: it, or its relay, is no longer there.
GONE: Final = (404, 410, 502, 503, 504)
NOTHING_NEW: Final = "a=end-of-candidates\r\n"


def configuration(ice_servers: list[dict[str, Any]]) -> RTCConfiguration:
    # Never the library's default, which looks up a public STUN server.
    return RTCConfiguration(
        iceServers=[
            RTCIceServer(urls=list(s["urls"]), username=s.get("username"), credential=s.get("credential"))
            for s in ice_servers
        ]
    )


class Endpoint:
    """Made, `open`ed once, `close`d once. `ended` is set when the connection is lost or closed.

    `left` is for its owner: set when the relay it is at is to be left.
    """

    def __init__(
        self, http: aiohttp.ClientSession, url: str, token: str, ice_servers: list[dict[str, Any]]
    ) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._token = token
        self._resource = ""
        self._etag = "*"
        self.connection = RTCPeerConnection(configuration(ice_servers))
        self.connection.on("connectionstatechange", self._changed)
        self.ended = asyncio.Event()
        self.left = asyncio.Event()

    def is_at(self, relay: str) -> bool:
        """Whether the session is carried by the relay of this name."""
        return f"/at/{relay}/" in self._resource

    async def is_kept(self) -> bool:
        """Whether the session is still where it was. Raises: aiohttp.ClientError, TimeoutError."""
        if not self._resource:
            return True
        headers = self._headers | {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": self._etag}
        async with self._http.patch(
            self._resource, data=NOTHING_NEW, headers=headers, timeout=OFFER_TIMEOUT
        ) as answer:
            return answer.status not in GONE

    @property
    def state(self) -> str:
        return str(self.connection.connectionState)

    def _changed(self) -> None:
        if self.state in ("failed", "closed"):
            self.ended.set()

    async def open(self) -> None:
        """Raises: Refused; aiohttp.ClientError, TimeoutError when there is no way to the relay."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = self.connection.localDescription.sdp
        answered = await post_offer(self._http, self._url, self._token, offer, OFFER_TIMEOUT)
        self._resource = answered.session
        self._etag = answered.etag or "*"
        try:
            await self.connection.setRemoteDescription(RTCSessionDescription(answered.sdp, "answer"))
        except ValueError as error:
            raise Refused(f"an answer that makes no sense: {error}") from error

    async def close(self) -> None:
        if self._resource:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with self._http.delete(self._resource, headers=self._headers, timeout=OFFER_TIMEOUT):
                    pass
        await self.connection.close()
        self.ended.set()


class Viewer(Endpoint):
    """Receives and decodes a programme."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, token: str, ice_servers: list[dict[str, Any]]
    ) -> None:
        super().__init__(http, url, token, ice_servers)
        self.picture = PictureMeter()
        self.sound = SoundMeter()
        self._readers: set[asyncio.Task[None]] = set()
        self.connection.addTransceiver("video", direction="recvonly")
        for _ in range(AUDIO_SLOTS):
            self.connection.addTransceiver("audio", direction="recvonly")
        self.connection.on("track", self._read)

    def _read(self, track: MediaStreamTrack) -> None:
        meter: Any = self.picture if track.kind == "video" else self.sound

        async def read() -> None:
            with contextlib.suppress(MediaStreamError):
                while True:
                    meter.add(await track.recv())

        task = asyncio.create_task(read(), name=f"read-{track.kind}")
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)

    async def close(self) -> None:
        await super().close()
        for task in tuple(self._readers):
            task.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)


class Publisher(Endpoint):
    """Sends what the tracks give."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        token: str,
        ice_servers: list[dict[str, Any]],
        tracks: list[MediaStreamTrack],
    ) -> None:
        super().__init__(http, url, token, ice_servers)
        self._tracks = tracks
        for track in tracks:
            self.connection.addTransceiver(track, direction="sendonly")

    async def close(self) -> None:
        await super().close()
        for track in self._tracks:
            track.stop()

"""A synthetic source for rehearsals: packets that look like VP8 and Opus, steadily, with the time in them."""

from __future__ import annotations

import asyncio
import struct
import time
from typing import Final

import aiohttp

from media.client import RelayClient
from media.endpoint.joining import join
from media.endpoint.lite import AUDIO_TYPE, VIDEO_TYPE, LitePeer
from media.rehearsal.virtual import CHECK_S, TIME_AT
from media.tokens import Scope
from media.transport.dtls import Identity
from media.wire import rtcp

FRAMES_PER_S: Final = 30
PACKETS_PER_FRAME: Final = 5
VIDEO_SIZE: Final = 1200  # in the mean: an encoder's frames have other sizes nearly every time
VIDEO_SPREAD: Final = 100
AUDIO_PER_S: Final = 50
AUDIO_SIZE: Final = 160
AUDIO_SPREAD: Final = 40
KEY_FRAME_S: Final = 4.0
SOURCE_MARK: Final = 0x2A


class Studio:
    """A publisher of packets that look like VP8 and Opus: frames of equal packets, key frames when asked."""

    def __init__(
        self,
        relay: RelayClient,
        studio: str,
        peer: str,
        mark: int = SOURCE_MARK,
        *,
        key_packets: int = PACKETS_PER_FRAME,
    ) -> None:
        """`mark`: a byte in every packet by which its receivers know the source.

        `key_packets`: of a key frame. One of 720p takes 40 to 100; the bench's figures are for 5, as of any frame.
        """
        self._relay = relay
        self._studio = studio
        self._peer = peer
        self._mark = bytes((mark,))
        self._link = LitePeer(Identity(), sends=True)
        self._sequences = [0, 0]
        self._timestamps = [0, 0]
        self._key_wanted = True
        self._key_packets = key_packets
        self.video = True
        self.sent = self.key_frames = 0

    async def open(self) -> None:
        """Raises: JoinFailed; aiohttp.ClientError, TimeoutError."""
        token = self._relay.token(Scope.PUBLISH, self._studio, self._peer)
        async with aiohttp.ClientSession() as http:
            await join(http, f"{self._relay.base_url}/whip/{self._studio}", token, self._link)

    async def run(self) -> None:
        """Sends at a steady pace until cancelled."""
        began = time.monotonic()
        frames = sounds = 0
        told_at = checked_at = 0.0
        receiver = self._link.receiver()
        while True:
            now = time.monotonic() - began
            while frames / FRAMES_PER_S <= now:
                if self.video:
                    self._frame(key=self._key_wanted or frames % round(FRAMES_PER_S * KEY_FRAME_S) == 0)
                frames += 1
            while sounds / AUDIO_PER_S <= now:
                self._sound()
                sounds += 1
            self._listen(receiver)
            if now - told_at > 1:
                told_at = now
                self._tell()
            if now - checked_at > CHECK_S:
                checked_at = now
                self._link.check()
            next_s = min(frames / FRAMES_PER_S, sounds / AUDIO_PER_S)
            await asyncio.sleep(max(0.0, began + next_s - time.monotonic()))

    def _frame(self, *, key: bool) -> None:
        self._key_wanted = False
        self._timestamps[0] = (self._timestamps[0] + 90_000 // FRAMES_PER_S) & 0xFFFFFFFF
        self.key_frames += key
        packets = self._key_packets if key else PACKETS_PER_FRAME
        size = _about(VIDEO_SIZE - 12, VIDEO_SPREAD, self._sequences[0])
        for part in range(packets):
            # RFC 7741: the first packet starts partition 0; RFC 6386, 9.1: the lowest bit of a key frame is 0.
            head = bytes([0x10 if part == 0 else 0x00, 0x10 if key else 0x11]).ljust(TIME_AT - 1, b"\x2a")
            last = part == packets - 1
            self._send(0, VIDEO_TYPE | (0x80 if last else 0), head, size - last)

    def _sound(self) -> None:
        self._timestamps[1] = (self._timestamps[1] + 48_000 // AUDIO_PER_S) & 0xFFFFFFFF
        self._send(
            1,
            AUDIO_TYPE,
            bytes([0x78]).ljust(TIME_AT - 1, b"\x2a"),
            _about(AUDIO_SIZE, AUDIO_SPREAD, self._sequences[1]),
        )

    def _send(self, stream: int, kind: int, head: bytes, size: int) -> None:
        number = self._sequences[stream]
        self._sequences[stream] = number + 1
        header = struct.pack(
            "!BBHII", 0x80, kind, number & 0xFFFF, self._timestamps[stream], self._link.ssrcs[stream]
        )
        payload = (head + self._mark + struct.pack("!Q", time.time_ns())).ljust(size, b"\x2a")
        self._link.put_rtp(header, payload, number >> 16)
        self.sent += 1

    def _listen(self, receiver: object) -> None:
        assert self._link.sock is not None
        while True:
            try:
                datagram = self._link.sock.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if len(datagram) > 8 and datagram[0] >= 128 and 192 <= datagram[1] <= 223:
                try:
                    parts = rtcp.parse(receiver.unprotect_rtcp(datagram))  # type: ignore[attr-defined]
                except ValueError:
                    continue
                self._key_wanted |= any(isinstance(p, rtcp.KeyFrameRequest) for p in parts)

    def _tell(self) -> None:
        for stream, ssrc in enumerate(self._link.ssrcs):
            number = self._sequences[stream]
            if number:
                now = rtcp.ntp(time.time())
                self._link.put_rtcp(
                    rtcp.sender_report(rtcp.SenderReport(ssrc, now, self._timestamps[stream], number, 0))
                )

    def close(self) -> None:
        self._link.close()


def _about(mean: int, spread: int, turn: int) -> int:
    """Each size within the spread equally often, and no two alike in a row."""
    return mean - spread + turn * 37 % (2 * spread + 1)

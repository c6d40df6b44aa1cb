"""What one virtual bridge sees and hears: its packets put in order, made whole and really decoded.

A synthetic source's packets only look like VP8 and Opus: they are known by their filling and not decoded, but
whether its picture stands still is seen all the same.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

import av
import av.error

from media.programme.reorder import Reorder
from media.wire.depacket import Assembler, Frame
from media.wire.rtp import Codec, Packet

FREEZE_S: Final = 0.5  # a picture that stands so long is frozen to who looks at it
ASK_EVERY_S: Final = 1.0
SYNTHETIC: Final = b"\x2a" * 13
_DECODERS: Final = {Codec.VP8: "vp8", Codec.H264: "h264", Codec.OPUS: "libopus"}


class Eye:
    """Counts of one bridge. `blind`: what comes needs a key frame; ask for one."""

    def __init__(self) -> None:
        self._order = {kind: Reorder() for kind in ("video", "audio")}
        self._assembler = Assembler()
        self._decoders: dict[Codec, Any] = {}
        self._shown_at: float | None = None
        self._asked_at = 0.0
        self.synthetic = False
        self.pictures = self.sounds = self.broken = self.freezes = 0
        self.frozen_s = self.watched_s = 0.0
        self.size: tuple[int, int] | None = None

    def take(self, kind: str, codec: Codec, packet: Packet, now: float) -> None:
        """A packet of the picture, or of the first sound."""
        if packet.payload[2:15] == SYNTHETIC:
            self.synthetic = True
            if kind == "video" and packet.marker:
                self._shown(now)
            return
        order = self._order[kind]
        order.put(packet, now)
        for arrived in order.take(now):
            if kind == "audio":
                if arrived.packet.payload:  # padding alone: to a decoder nothing means the end
                    self.sounds += len(self._decode(codec, arrived.packet.payload))
                continue
            frames: list[Frame] = []
            with contextlib.suppress(ValueError):
                part = arrived.packet
                frames = self._assembler.add(codec, arrived.sequence, part.timestamp, part.marker, part.payload)
            for frame in frames:
                self._show(frame, now)

    def _show(self, frame: Frame, now: float) -> None:
        for picture in self._decode(frame.codec, frame.data):
            self.pictures += 1
            self.size = (picture.width, picture.height)
            self._shown(now)

    def _shown(self, now: float) -> None:
        self.look(now)
        self._shown_at = now

    def look(self, now: float) -> None:
        """Reckon how long the last picture has stood."""
        if self._shown_at is None:
            return
        stood_s = max(0.0, now - self._shown_at)
        self.watched_s += stood_s
        if stood_s > FREEZE_S:
            self.freezes += 1
            self.frozen_s += stood_s - FREEZE_S
        self._shown_at = now

    def _decode(self, codec: Codec, data: bytes) -> list[Any]:
        decoder: Any = self._decoders.get(codec)
        if decoder is None:
            decoder = self._decoders[codec] = av.CodecContext.create(_DECODERS[codec], "r")
        try:
            return list(decoder.decode(av.Packet(data)))
        except av.error.FFmpegError:
            self.broken += 1
            return []

    def asks(self, now: float) -> bool:
        """Whether a key frame is to be asked for now; answering yes counts as having asked."""
        if self.synthetic or not self._assembler.waits or now - self._asked_at < ASK_EVERY_S:
            return False
        self._asked_at = now
        return True

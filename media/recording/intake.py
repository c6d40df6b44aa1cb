"""A viewer's packets made into pictures and sound with their time: what a recorder has of one connection.

Opens (and so authenticates) what a LitePeer gets, asks again for what is lost, wishes for key frames.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from media.endpoint.lite import AUDIO_TYPE, H264_TYPE, VIDEO_TYPE, LitePeer
from media.programme.reorder import Arrived, Reorder, Timeline
from media.programme.repair import Gaps, KeyFrameWish
from media.recording.tape import Note, Picture, Piece, Sound
from media.wire import rtcp, rtp
from media.wire.depacket import Assembler
from media.wire.rtp import Codec

CODECS: Final = {VIDEO_TYPE: Codec.VP8, H264_TYPE: Codec.H264, AUDIO_TYPE: Codec.OPUS}
UNTIED_S: Final = 1.2  # how long the first sender report is waited for: the relay sends one a second
SILENT_S: Final = 6.0  # without any sign from the relay it is gone
_BATCH: Final = 256


@dataclass(slots=True)
class _Slot:
    """`index`: of the sound; -1 for the picture."""

    index: int
    timeline: Timeline
    reorder: Reorder = field(default_factory=Reorder)
    at: float = 0.0

    def place(self, arrived: Arrived, earliest: float, now: float) -> float:
        """When the packet was. A picture never before the one in front of it, whatever was moved: order is all."""
        at = max(earliest, self.timeline.at(arrived.timestamp))
        if self.index < 0:
            at = self.at = max(self.at, at)
        return min(now, at)


class Intake:
    """One connection's slots. The owner calls `read` when the socket has something, `take` and `speak` often."""

    def __init__(self, peer: LitePeer) -> None:
        self._peer = peer
        self._receiver = peer.receiver()
        self._slots: dict[int, _Slot] = {}
        self._assembler = Assembler()
        self._wish = KeyFrameWish()
        self._video_ssrc = 0
        sounds = 0
        for ssrc, slot in peer.slots.items():
            slot.missing = Gaps()
            if slot.kind == "video":
                self._video_ssrc = ssrc
                self._slots[ssrc] = _Slot(-1, Timeline(rtp.VIDEO_CLOCK_HZ))
            else:
                self._slots[ssrc] = _Slot(sounds, Timeline(rtp.AUDIO_CLOCK_HZ))
                sounds += 1
        self.joined_at = self.heard_at = time.monotonic()
        self.ended = False
        self._lost = 0
        self._first_at = 0.0
        self._tied = False

    def read(self, now: float) -> None:
        """Everything that waits at the socket, up to a bound."""
        assert self._peer.sock is not None
        for _ in range(_BATCH):
            try:
                datagram = self._peer.sock.recv(2048)
            except BlockingIOError:
                return
            except OSError:  # unreachable: the relay's process is gone
                self.ended = True
                return
            try:
                self._datagram(datagram, now)
            except ValueError:
                continue  # forged, repeated or senseless: as if it had not come

    def _datagram(self, datagram: bytes, now: float) -> None:
        if len(datagram) <= 12 or datagram[0] < 128:
            self._peer.hear(datagram, now)
            self.ended = self.ended or self._peer.closed
            self.heard_at = max(self.heard_at, self._peer.proved_at)
        elif rtp.is_rtcp(datagram):
            self._control(self._receiver.unprotect_rtcp(datagram), now)
            self.heard_at = now
        else:
            self._media(self._receiver.unprotect(datagram), now)
            self.heard_at = now

    def _control(self, compound: bytes, now: float) -> None:
        for part in rtcp.parse(compound):
            if isinstance(part, rtcp.SenderReport) and (slot := self._slots.get(part.ssrc)):
                timestamp = slot.reorder.extend(part.timestamp)
                if timestamp is not None:
                    slot.timeline.reported(timestamp, now)

    def _media(self, clear: bytes, now: float) -> None:
        packet = rtp.parse(clear)
        slot = self._slots.get(packet.ssrc)
        if slot is None or packet.payload_type not in CODECS:
            return
        self._first_at = self._first_at or now
        counted = self._peer.slots[packet.ssrc]
        counted.add(packet.sequence)
        if counted.missing is not None:
            counted.missing.arrived(packet.sequence, now)
        arrived = slot.reorder.put(packet, now)
        if arrived is not None:
            slot.timeline.arrived(arrived.timestamp, now)

    def take(self, now: float) -> Iterator[Piece]:
        """What is in order now, with the time at which it was."""
        if not self._tied:
            tied = any(slot.timeline.is_tied for slot in self._slots.values())
            if not tied and (not self._first_at or now - self._first_at < UNTIED_S):
                return
            self._tied = True
        for slot in self._slots.values():
            for arrived in slot.reorder.take(now):
                # A joiner first gets what was kept since the last key frame: that stands at the start.
                at = slot.place(arrived, self.joined_at, now)
                packet = arrived.packet
                codec = CODECS[packet.payload_type]
                if slot.index >= 0:
                    if packet.payload and codec is Codec.OPUS:
                        yield Sound(at, slot.index, packet.payload)
                elif codec is not Codec.OPUS:
                    yield from self._pictures(codec, arrived.sequence, arrived.timestamp, packet, at)

    def _pictures(
        self, codec: Codec, sequence: int, timestamp: int, packet: rtp.Packet, at: float
    ) -> Iterator[Piece]:
        assembler = self._assembler
        try:
            frames = assembler.add(codec, sequence, timestamp, packet.marker, packet.payload)
        except ValueError:
            frames = []
        if assembler.lost > self._lost:
            yield Note(at, "gap", {"slot": "video", "packets": assembler.lost - self._lost})
            self._lost = assembler.lost
        for frame in frames:
            if frame.key:
                self._wish.met()
            yield Picture(at, frame)
        if assembler.waits:
            self._wish.wish()

    def wish_key_frame(self) -> None:
        self._wish.wish()

    def speak(self, now: float) -> None:
        """NACK and PLI, as far as they are due."""
        self._peer.ask_again(now)
        if self._video_ssrc and self._wish.due(now):
            own = self._peer.ssrcs[0]
            report = rtcp.receiver_report(rtcp.ReceiverReport(own))
            self._peer.put_rtcp(report + rtcp.picture_loss(own, self._video_ssrc))

    def is_over(self, now: float) -> bool:
        """The relay ended the connection, or is silent even to checks."""
        return self.ended or now - self.heard_at > SILENT_S

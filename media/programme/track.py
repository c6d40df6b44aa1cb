"""One stream that comes to us from a publisher: its sound, its picture, or one layer of its picture.

Knows how the stream arrives and what to ask of it; not where its packets go. Time is an argument.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from media.programme.repair import (
    LOSS_OF_PACKETS,
    LOSS_WITHIN_S,
    PICTURE,
    Gaps,
    KeyFrameWish,
    Patience,
    Reception,
)
from media.wire import rtcp, rtp
from media.wire.picture_size import Size

PAUSE_S: Final = 0.7  # without a packet for this long, a layer does not flow
STEADY_S: Final = 2.0  # a layer that came back must stay for this long before it is used
OFFSET_LEAK_S: Final = 0.0005  # lets the clock offset follow drift upwards, per sender report
OFFSET_JUMP_S: Final = 5.0  # more than this is another clock, not drift


class Track:
    """`rid` names a layer of a simulcast (RFC 8851); a lone picture and a sound have none.

    `patience`: with what is lost of it.
    """

    def __init__(self, clock_hz: int, rid: str = "", patience: Patience = PICTURE) -> None:
        self.clock_hz = clock_hz
        self.rid = rid
        self.ssrc = 0
        self.reception = Reception(clock_hz)
        self._patience = patience
        self.gaps = Gaps(patience)
        self.wish = KeyFrameWish()
        self.lost_beyond = 0.0  # the share that is lost between us and its listeners, until it is told
        self.report: rtcp.SenderReport | None = None
        self.size: Size | None = None
        self.octets = self.frames = 0
        self.kbps = self.fps = 0.0
        self.taken_kbps = 0.0  # of that, what was passed on
        self.over_limit = 0  # packets of the last second that were not
        self._refused = self._refused_octets = 0
        self.loss: float | None = None  # share of the packets of the last second or so; None: not known
        self.jitter_ms: float | None = None
        self._judged = (0, 0)  # lost and expected, until when
        self._unjudged_s = 0.0
        self._came_at = float("-inf")
        self._back_at: float | None = None  # when it came back after a pause; None: it never paused

    def begin(self, ssrc: int) -> None:
        """The publisher's encoder started a new stream."""
        self.ssrc = ssrc
        self.reception = Reception(self.clock_hz)
        self.gaps = Gaps(self._patience)
        self.report = None
        self._judged = (0, 0)

    def arrived(self, packet: rtp.Packet, now: float) -> None:
        if packet.ssrc != self.ssrc:
            self.begin(packet.ssrc)
        self.reception.arrived(packet.sequence, packet.timestamp, len(packet.payload), now)
        self.gaps.arrived(packet.sequence, now)
        self.octets += len(packet.payload)
        self.frames += packet.marker
        if packet.payload:
            if now - self._came_at > PAUSE_S and self._came_at > 0:
                self._back_at = now
            self._came_at = now

    def take_report(self, now: float) -> rtcp.Report | None:
        """The report block for one interval; None before the first packet. It also speaks for who is beyond us."""
        block, beyond = self.reception.report(self.ssrc, now), min(255, round(self.lost_beyond * 256))
        self.lost_beyond = 0.0
        return block and replace(block, fraction_lost=max(block.fraction_lost, beyond))

    def refused(self, packet: rtp.Packet) -> None:
        """It arrived, but its source sends more than it may."""
        self._refused += 1
        self._refused_octets += len(packet.payload)

    def flows(self, now: float) -> bool:
        """Whether its packets come: a browser suspends upper layers while its own line is narrow."""
        return now - self._came_at <= PAUSE_S

    def is_steady(self, now: float) -> bool:
        """Whether it flows, and not only since a moment: what comes and goes must not make pictures jump."""
        return self.flows(now) and (self._back_at is None or now - self._back_at >= STEADY_S)

    def measure(self, passed_s: float) -> None:
        """Close one interval of the rates."""
        self.kbps = round(self.octets * 8 / 1000 / passed_s, 1)
        self.taken_kbps = round((self.octets - self._refused_octets) * 8 / 1000 / passed_s, 1)
        self.fps = round(self.frames / passed_s, 1)
        self.over_limit = round(self._refused / passed_s)
        self.octets = self.frames = self._refused = self._refused_octets = 0
        self._judge_line(passed_s)

    def _judge_line(self, passed_s: float) -> None:
        """How the source's line does, before what it lost came again; nothing while nothing comes."""
        if not self.kbps:
            self.loss = self.jitter_ms = None
            return
        self.jitter_ms = self.reception.jitter_ms
        self._unjudged_s += passed_s
        lost, expected = self.gaps.lost - self._judged[0], self.gaps.expected - self._judged[1]
        if expected >= LOSS_OF_PACKETS or (expected and self._unjudged_s >= LOSS_WITHIN_S):
            self.loss = round(max(0, lost) / expected, 4)
            self._judged, self._unjudged_s = (self.gaps.lost, self.gaps.expected), 0.0


def note_report(
    tracks: Sequence[Track], report: rtcp.SenderReport, offset_s: float | None, now: float, unix_s: float
) -> float | None:
    """A sender report of one of a source's tracks; the offset from the source's clock to ours after it.

    The least delayed report tells most: the offset follows downwards at once and upwards slowly.
    """
    track = next((t for t in tracks if t.ssrc == report.ssrc), None)
    if track is None:
        return offset_s
    track.report = report
    track.reception.sender_report(report.ntp, now)
    told = unix_s - rtcp.unix_time(report.ntp)
    if offset_s is None or abs(told - offset_s) > OFFSET_JUMP_S:
        return told
    return min(told, offset_s + OFFSET_LEAK_S)

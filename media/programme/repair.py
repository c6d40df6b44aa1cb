"""Repair: what is kept for retransmission, when key frames may be asked for, what to ask again, how a link does.

Pure; time is an argument (Unit: s, the clock of the port).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from media.fanout.slot import Clear, unwrap
from media.wire.rtcp import Report

KEY_FRAME_INTERVAL_S: Final = 0.5
VIDEO_RING_S: Final = 1.0
AUDIO_RING_S: Final = 0.5
RING_SIZE: Final = 2048
MAX_MISSING: Final = 256
LOSS_EVERY_S: Final = 0.95  # a little less than the second between reports
LOSS_OF_PACKETS: Final = 20  # one packet of a silent source (DTX) is no share of anything
LOSS_WITHIN_S: Final = 5.0


class Ring:
    """The clear packets of the last moment, once for all receivers."""

    __slots__ = ("_cells", "_keep_s")

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._cells: list[Clear | None] = [None] * RING_SIZE

    def put(self, packet: Clear) -> None:
        self._cells[packet.sequence % RING_SIZE] = packet

    def get(self, sequence: int, now: float, since: float = float("-inf")) -> Clear | None:
        """The packet with these low 16 bits, unless it is too old to help; to who gets them only since then."""
        packet = self._cells[sequence % RING_SIZE]
        if packet is None or packet.sequence & 0xFFFF != sequence:
            return None
        return None if now - max(packet.sent_at, since) > self._keep_s else packet

    def since(self, first: int, last: int) -> Iterator[Clear]:
        """The packets kept between two extended numbers, both included, in order."""
        for sequence in range(max(first, last - RING_SIZE + 1), last + 1):
            packet = self._cells[sequence % RING_SIZE]
            if packet is not None and packet.sequence == sequence:
                yield packet


class KeyFrameWish:
    """Merges the wishes of many receivers for a key frame of one stream into one request per interval."""

    __slots__ = ("_asked_at", "_open")

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self._open = False

    def wish(self) -> None:
        self._open = True

    def met(self) -> None:
        """A key frame came."""
        self._open = False

    def due(self, now: float) -> bool:
        """Whether to ask the source now; answering yes counts as having asked."""
        return bool(self.due_together([self], now))

    @staticmethod
    def due_together(wishes: Sequence["KeyFrameWish"], now: float) -> list["KeyFrameWish"]:
        """Of the streams of one source those to ask for now, all in one request; they count as asked."""
        if any(now - wish._asked_at < KEY_FRAME_INTERVAL_S for wish in wishes):
            return []
        due = [wish for wish in wishes if wish._open]
        for wish in due:
            wish._asked_at = now
        return due


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and at what distance, a lost packet is asked for."""

    times: int
    every_s: float


PICTURE: Final = Patience(6, 0.08)  # decoders wait for it, and a key frame is dearer
SOUND: Final = Patience(3, 0.06)  # jitter buffers play on: what comes more than some 200 ms late is of no use
NEVER: Final = Patience(0, 0.0)  # of who would not send it again


@dataclass(slots=True)
class _Missing:
    asked: int
    ask_at: float


class Gaps:
    """What is missing in a stream that comes to us, and when to ask for it again.

    `lost` of `expected`: how many numbers did not come in time so far, whether or not they came again.
    """

    __slots__ = ("_missing", "_patience", "expected", "highest", "lost")

    def __init__(self, patience: Patience = PICTURE) -> None:
        self.highest = -1
        self._patience = patience
        self.expected = self.lost = 0
        self._missing: dict[int, _Missing] = {}

    def arrived(self, sequence: int, now: float) -> None:
        if self.highest < 0:
            self.highest = sequence
            self.expected = 1
            return
        extended = unwrap(sequence, self.highest)
        if extended <= self.highest:
            missing = self._missing.pop(extended, None)
            if missing is not None and not missing.asked and now < missing.ask_at:
                self.lost -= 1  # it was only late
            return
        gap = range(self.highest + 1, extended)
        self.highest = extended
        self.expected += len(gap) + 1
        self.lost += len(gap)
        if len(gap) + len(self._missing) > MAX_MISSING:
            self._missing.clear()  # beyond repair: only a key frame helps
            return
        for lost in gap:
            self._missing[lost] = _Missing(0, now + 0.005)  # a little disorder is not loss

    def reached(self, sequence: int) -> None:
        """All up to this number came, though nobody said so one by one."""
        self.highest = sequence if self.highest < 0 else max(self.highest, unwrap(sequence, self.highest))

    @property
    def waits(self) -> bool:
        """Whether anything is missing that may still come."""
        return bool(self._missing)

    def due(self, now: float) -> list[int]:
        """The 16-bit numbers to ask for now, in order."""
        ask = []
        for extended, missing in list(self._missing.items()):
            if missing.ask_at > now:
                continue
            if missing.asked == self._patience.times:
                del self._missing[extended]
                continue
            missing.asked += 1
            missing.ask_at = now + self._patience.every_s
            ask.append(extended & 0xFFFF)
        return ask


class Allowance:
    """A token bucket: how many repairs one receiver may ask for, how much one source may send."""

    __slots__ = ("_at", "_left", "_rate", "_size")

    def __init__(self, per_second: float, burst: float) -> None:
        self._rate, self._size = per_second, burst
        self._left = burst
        self._at = float("-inf")

    def take(self, now: float, amount: float = 1) -> bool:
        if self.left(now) < amount:
            return False
        self._left -= amount
        return True

    def left(self, now: float) -> float:
        passed = min(now - self._at, 3600.0)
        self._left = min(self._size, self._left + passed * self._rate)
        self._at = now
        return self._left


class Reception:
    """Statistics of one stream that comes to us, as a report block wants them (RFC 3550, 6.4.1 and A.8)."""

    __slots__ = (
        "_base",
        "_clock_hz",
        "_expected_before",
        "_jitter",
        "_received_before",
        "_sr",
        "_sr_at",
        "_transit",
        "highest",
        "octets",
        "received",
    )

    def __init__(self, clock_hz: int) -> None:
        self._clock_hz = clock_hz
        self._base = -1
        self.highest = -1
        self.received = 0
        self.octets = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._expected_before = self._received_before = 0
        self._sr, self._sr_at = 0, 0.0

    def arrived(self, sequence: int, timestamp: int, size: int, now: float) -> None:
        if self._base < 0:
            self._base = self.highest = sequence
        self.highest = max(self.highest, unwrap(sequence, self.highest))
        self.received += 1
        self.octets += size
        transit = now * self._clock_hz - timestamp
        if self._transit is not None:
            step = abs(transit - self._transit)
            if step < self._clock_hz * 10:  # a jump of the timestamp is not jitter
                self._jitter += (step - self._jitter) / 16
        self._transit = transit

    @property
    def jitter_ms(self) -> float:
        return round(self._jitter * 1000 / self._clock_hz, 1)

    def sender_report(self, ntp: int, now: float) -> None:
        self._sr, self._sr_at = ntp >> 16 & 0xFFFFFFFF, now

    def report(self, ssrc: int, now: float) -> Report | None:
        """The block for one interval; None before the first packet."""
        if self._base < 0:
            return None
        expected = self.highest - self._base + 1
        interval = expected - self._expected_before
        lost = interval - (self.received - self._received_before)
        self._expected_before, self._received_before = expected, self.received
        fraction = min(255, lost * 256 // interval) if interval > 0 and lost > 0 else 0
        total = max(-0x800000, min(0x7FFFFF, expected - self.received))
        delay = round((now - self._sr_at) * 65536) & 0xFFFFFFFF if self._sr else 0
        return Report(ssrc, fraction, total, self.highest & 0xFFFFFFFF, int(self._jitter), self._sr, delay)


@dataclass(slots=True)
class LinkQuality:
    """How a receiver gets our picture, out of its own reports; None before the first one."""

    loss: float | None = None  # share of the packets of the last second or so, whether they came again or not
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    remb_kbps: int | None = None
    _counted: tuple[float, Report] | None = None
    _again: dict[int, tuple[int, int]] = field(default_factory=dict)  # by SSRC: how many, and the last number

    def repaired(self, ssrc: int, number: int) -> None:
        """A packet went again under its own (extended) number: reports will say that it came, yet it was lost."""
        count, last = self._again.get(ssrc, (0, -1))
        if number > last:
            self._again[ssrc] = count + 1, number

    def read(self, report: Report, clock_hz: int, now_ntp: int, now: float) -> None:
        count, _ = self._again.get(report.ssrc, (0, -1))
        self._count_loss(replace(report, lost=report.lost + count), now)
        self.jitter_ms = round(report.jitter * 1000 / clock_hz, 1)
        if report.last_sr:
            ticks = ((now_ntp >> 16) - report.last_sr - report.delay) & 0xFFFFFFFF
            if ticks < 60 << 16:
                self.rtt_ms = round(ticks * 1000 / 65536, 1)

    def _count_loss(self, report: Report, now: float) -> None:
        """By the running counts: Chromium sends reports so often that the share of one interval is mostly 0."""
        at, before = self._counted or (now, report)
        if before is report or before.ssrc != report.ssrc:
            self._counted = now, report
            self.loss = round(report.fraction_lost / 256, 4)
            return
        expected = report.highest - before.highest & 0xFFFFFFFF
        counted = 0 < expected < 0x80000000
        few = counted and expected < LOSS_OF_PACKETS and now - at < LOSS_WITHIN_S
        if self.loss is not None and (now - at < LOSS_EVERY_S or few):
            return
        share = (report.lost - before.lost) / expected if counted else report.fraction_lost / 256
        self.loss = round(min(max(share, 0.0), 1.0), 4)
        self._counted = now, report

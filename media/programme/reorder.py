"""Packets of one slot back in order, and where they stand on our clock. Pure; time is an argument (Unit: s)."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from media.fanout.slot import unwrap
from media.wire.rtp import Packet

WAIT_S: Final = 0.4  # for a packet that is asked for again
MAX_HELD: Final = 4096
WINDOW_S: Final = 2.5
REPORTS: Final = 5  # of which the middle one counts
MAX_SKEW_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet with its numbers extended so that they never wrap."""

    sequence: int
    timestamp: int
    packet: Packet
    at: float


class Reorder:
    """Gives packets in order; one that is missing is waited for, but not longer than WAIT_S."""

    def __init__(self) -> None:
        self._next = -1
        self._highest = -1
        self._timestamp = -1
        self._held: dict[int, Arrived] = {}

    def put(self, packet: Packet, now: float) -> Arrived | None:
        """The packet with its extended numbers; None when it comes too late or again."""
        if self._next < 0:
            self._highest = packet.sequence + 0x10000  # so that earlier ones stay above zero
            self._next = self._highest
            self._timestamp = packet.timestamp + (1 << 32)
        sequence = unwrap(packet.sequence, self._highest)
        if sequence < self._next or sequence in self._held:
            return None
        step = (packet.timestamp - self._timestamp) & 0xFFFFFFFF
        timestamp = self._timestamp + (step if step < 1 << 31 else step - (1 << 32))
        if sequence >= self._highest:
            self._highest, self._timestamp = sequence, timestamp
        arrived = self._held[sequence] = Arrived(sequence, timestamp, packet, now)
        return arrived

    def extend(self, timestamp: int) -> int | None:
        """A 32-bit timestamp of this slot, extended; None before the first packet."""
        if self._timestamp < 0:
            return None
        step = (timestamp - self._timestamp) & 0xFFFFFFFF
        return self._timestamp + (step if step < 1 << 31 else step - (1 << 32))

    def take(self, now: float) -> Iterator[Arrived]:
        """What can be given on now."""
        while self._held:
            if (arrived := self._held.pop(self._next, None)) is None:
                first = min(self._held)
                if now - self._held[first].at < WAIT_S and len(self._held) < MAX_HELD:
                    return
                arrived = self._held.pop(first)
            self._next = arrived.sequence + 1
            yield arrived


class Timeline:
    """Where a slot's timestamps stand on our clock.

    By the least delayed packets of the last seconds, so that a source that falters for a moment moves nothing; and
    by what the relay's sender reports add to that for all slots at once (RFC 3550, 6.4.1), so that picture and
    sound stay together.
    """

    def __init__(self, clock_hz: int) -> None:
        self._hz = clock_hz
        self._floors: deque[list[float]] = deque(maxlen=2)  # of the last windows: its start, its least offset
        self._skews: deque[float] = deque(maxlen=REPORTS)

    def arrived(self, timestamp: int, now: float) -> None:
        offset = now - timestamp / self._hz
        if not self._floors or now - self._floors[-1][0] > WINDOW_S:
            self._floors.append([now, offset])
        self._floors[-1][1] = min(self._floors[-1][1], offset)

    def reported(self, timestamp: int, now: float) -> None:
        """A sender report says that this is the slot's time now."""
        if self._floors:
            skew = now - timestamp / self._hz - self._floor()
            self._skews.append(max(-MAX_SKEW_S, min(MAX_SKEW_S, skew)))

    @property
    def is_tied(self) -> bool:
        return bool(self._skews)

    def at(self, timestamp: int) -> float:
        """When, on our clock; after the first packet only."""
        return timestamp / self._hz + self._floor() + (median(self._skews) if self._skews else 0.0)

    def _floor(self) -> float:
        return min(offset for _, offset in self._floors)

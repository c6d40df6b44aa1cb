"""A slot: one SSRC for life, into which sources are cut one after another.

What goes out has gapless sequence numbers, timestamps that move on with the clock, and VP8 picture numbers that
continue, whatever goes in. A sequence number never leaves twice: SRTP-GCM would be broken by it.
Pure; time is an argument.
"""

from dataclasses import dataclass
from typing import Final

from media.wire import rtp
from media.wire.rtp import Codec

WINDOW: Final = 1024  # how late a packet may be and still pass, in packets
MAX_GAP: Final = 2048  # a source that jumps further is joined without the gap
_MASK_16: Final = 0xFFFF
_MASK_32: Final = 0xFFFFFFFF
_SEEN_MASK: Final = (1 << WINDOW) - 1


@dataclass(slots=True)
class Clear:
    """A packet as every receiver gets it, before encryption. Once sent it must never change."""

    sequence: int  # extended: never wraps
    timestamp: int
    marker: bool
    codec: Codec
    payload: bytes
    sent_at: float = 0.0  # Unit: s, the clock of the port
    send_time: int = 0  # abs-send-time, 24 bits, fixed at the first sending
    padded: bool = False

    def pad(self, size: int) -> None:
        """RTP padding (RFC 3550, 5.1) of `size` bytes more, 1 to 255 in all, so that segments become equal."""
        if self.padded:
            size += self.payload[-1]
            self.payload = self.payload[: -self.payload[-1]]
        self.payload += bytes(size - 1) + bytes((size,))
        self.padded = True


def unwrap(sequence: int, near: int) -> int:
    """The extended number with these low 16 bits that lies nearest to `near`."""
    step = (sequence - near) & _MASK_16
    return near + (step if step < 0x8000 else step - 0x10000)


class Slot:
    """Rewrites the packets of whoever is cut in. `ssrc` and the numbering belong to the slot for its life."""

    __slots__ = (
        "_floor",
        "_input_highest",
        "_last_at",
        "_level_shift",
        "_picture_shift",
        "_seen",
        "_sequence_shift",
        "_started",
        "_timestamp_shift",
        "clock_hz",
        "highest",
        "level",
        "octets",
        "packets",
        "picture",
        "ssrc",
        "timestamp",
    )

    def __init__(self, ssrc: int, clock_hz: int, sequence: int, timestamp: int) -> None:
        self.ssrc = ssrc
        self.clock_hz = clock_hz
        self.highest = sequence  # extended, of the newest packet that left
        self.timestamp = timestamp  # of the newest packet that left
        self.packets = 0
        self.octets = 0
        self._started = False
        self._last_at = 0.0
        self._seen = 0
        self._input_highest = 0
        self._floor = 0
        self._sequence_shift = 0
        self._timestamp_shift = 0
        self.picture, self._picture_shift = 0, 0  # VP8: of the newest packet
        self.level, self._level_shift = 0, 0

    def cut(self, packet: rtp.Packet, codec: Codec, now: float) -> None:
        """From this packet on, the slot carries the stream that the packet belongs to."""
        self._input_highest = packet.sequence - 1
        self._floor = packet.sequence
        self._sequence_shift = self.highest + 1 - packet.sequence
        if self._started:
            self._timestamp_shift = (self.timestamp_next(now) - packet.timestamp) & _MASK_32
        else:
            self._timestamp_shift = (self.timestamp - packet.timestamp) & _MASK_32
        if codec is Codec.VP8:
            self._cut_vp8(packet.payload)

    def _cut_vp8(self, payload: bytes) -> None:
        try:
            descriptor = rtp.vp8_descriptor(payload)
        except ValueError:
            return
        if descriptor.picture_at >= 0:
            self._picture_shift = self.picture + 1 - descriptor.picture
        if descriptor.level_at >= 0:
            self._level_shift = self.level + 1 - payload[descriptor.level_at]

    def rewrite(self, packet: rtp.Packet, codec: Codec, now: float) -> Clear | None:
        """The packet as it leaves, or None when it is repeated, too late, or from before the cut."""
        extended = unwrap(packet.sequence, self._input_highest)
        if extended < self._floor:
            return None
        if extended > self._input_highest:
            if extended - self._input_highest > MAX_GAP:
                self._sequence_shift = self.highest + 1 - extended
                self._floor = extended
            self._input_highest = extended
        sequence = extended + self._sequence_shift
        if not self._first_time(sequence):
            return None
        timestamp = (packet.timestamp + self._timestamp_shift) & _MASK_32
        newest = sequence == self.highest
        if newest and packet.payload:  # padding bears the time of the frame before, however long ago
            self.timestamp = timestamp
            self._last_at = now
            self._started = True
        payload = packet.payload
        if codec is Codec.VP8:
            payload = self._renumber_vp8(payload, newest)
        self.packets += 1
        self.octets += len(payload)
        return Clear(sequence, timestamp, packet.marker, codec, payload)

    def _first_time(self, sequence: int) -> bool:
        """Note the number; false when it left before or is older than the memory of what left."""
        ahead = sequence - self.highest
        if ahead > 0:
            self._seen = (self._seen << ahead | 1) & _SEEN_MASK
            self.highest = sequence
            return True
        if -ahead >= WINDOW or self._seen >> -ahead & 1:
            return False
        self._seen |= 1 << -ahead
        return True

    def _renumber_vp8(self, payload: bytes, newest: bool) -> bytes:
        try:
            descriptor = rtp.vp8_descriptor(payload)
        except ValueError:
            return payload
        if descriptor.picture_at < 0 and descriptor.level_at < 0:
            return payload
        if newest and descriptor.picture_at >= 0:
            self.picture = descriptor.picture + self._picture_shift & (1 << descriptor.picture_bits) - 1
        if newest and descriptor.level_at >= 0:
            self.level = payload[descriptor.level_at] + self._level_shift & 0xFF
        return rtp.vp8_advanced(payload, descriptor, self._picture_shift, self._level_shift)

    def out_timestamp(self, source_timestamp: int) -> int:
        """Where a timestamp of the source on air stands in the slot's own time."""
        return (source_timestamp + self._timestamp_shift) & _MASK_32

    def timestamp_next(self, now: float) -> int:
        """The time of another stream's packet that comes now: what really passed since the newest packet, but at
        least 20 ms, so that no receiver sees time stand still or run back."""
        passed = max(round((now - self._last_at) * self.clock_hz), self.clock_hz // 50)
        return (self.timestamp + passed) & _MASK_32

    def timestamp_at(self, now: float) -> int:
        """The slot's time now, reckoned from the newest packet."""
        return (self.timestamp + round((now - self._last_at) * self.clock_hz)) & _MASK_32

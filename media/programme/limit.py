"""How much of what a source sends is passed on. REMB says what it may send, but not every sender heeds that.

Pure; time is an argument (Unit: s, the clock of the port).
"""

from typing import Final

from media.programme.repair import Allowance
from media.programme.track import Track
from media.wire.rtp import Packet

PICTURE_FACTOR: Final = 1.5  # of what REMB allows: who heeds it goes beyond it at times
SOUND_BPS: Final = 768_000  # Opus takes 510,000 at most
BURST_S: Final = 2.0
LEAST_SIZE: Final = 200  # bytes: a smaller packet costs everybody nearly as much
READY: Final = 0.5  # of the burst: from then on a key frame may begin again


class Limit:
    """Of the picture of one source, all its layers together, or of its sound.

    Never a part of a picture: after a packet that is too much, a stream is held up to its next key frame for which
    half of the burst is there again.
    """

    def __init__(self, bits_per_s: float) -> None:
        self._burst = bits_per_s / 8 * BURST_S
        self._allowance = Allowance(bits_per_s / 8, self._burst)
        self._held: dict[Track, int] = {}  # and the timestamp of its last packet

    def takes(self, track: Track, packet: Packet, size: int, now: float, *, begins: bool) -> bool:
        """Whether this packet is passed on. `size`: of the datagram; `begins`: a decoder could begin with it."""
        held_at = self._held.get(track)
        if held_at is not None and begins and packet.timestamp != held_at and self.is_ready(now):
            del self._held[track]
        if track not in self._held and self._allowance.take(now, max(size, LEAST_SIZE)):
            return True
        self._held[track] = packet.timestamp
        return False

    def is_ready(self, now: float) -> bool:
        """Whether a stream that is held could begin again."""
        return self._allowance.left(now) >= READY * self._burst

    def holds(self, track: Track) -> bool:
        return track in self._held

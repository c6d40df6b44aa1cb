"""One receiver's own numbering, when its picture came from more than one rung of a programme.

Every rung numbers its packets by itself, and a receiver must see one row of numbers and one clock. So a receiver
that was moved carries a *span* for each rung it was on: what to add to the rung's numbers. Spans never overlap,
hence one number of one receiver always means one packet of one rung: SRTP-GCM would be broken otherwise.
Pure values.
"""

from dataclasses import dataclass
from typing import Final

from media.fanout.slot import Clear, Slot
from media.wire import rtp
from media.wire.rtp import Codec, Vp8Descriptor

MAX_SPANS: Final = 4  # moves are seconds apart and repairs reach back one second
_MASK_32: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Span:
    """From the rung's packet `floor` on, the receiver's number is the rung's plus `shift`, its time plus `ticks`.

    `pictures` and `levels` are the same for the numbers within VP8. All numbers are extended; an older packet of
    the rung must never be given to this receiver.
    """

    rung: int
    floor: int
    shift: int = 0
    ticks: int = 0
    pictures: int = 0
    levels: int = 0

    @property
    def first(self) -> int:
        """The receiver's own number at which the span begins."""
        return self.floor + self.shift

    def follow(self, rung: int, key_frame: Clear, here: Slot, last: int, now: float) -> "Span":
        """The span after this one: it begins with this packet of another rung.

        `here` is the slot of the present rung, `last` its highest number that the receiver may have got.
        """
        marks = vp8_marks(key_frame)
        pictures = marks.picture if marks is not None and marks.picture_at >= 0 else 0
        levels = key_frame.payload[marks.level_at] if marks is not None and marks.level_at >= 0 else 0
        return Span(
            rung,
            key_frame.sequence,
            last + self.shift + 1 - key_frame.sequence,
            (here.timestamp_next(now) + self.ticks - key_frame.timestamp) & _MASK_32,
            here.picture + self.pictures + 1 - pictures,
            here.level + self.levels + 1 - levels,
        )

    def time(self, timestamp: int) -> int:
        return (timestamp + self.ticks) & _MASK_32

    def payload(self, packet: Clear, marks: Vp8Descriptor | None) -> bytes:
        """The packet's payload as this receiver gets it. `marks`: of the packet, by `vp8_marks`."""
        if marks is None or not (self.pictures or self.levels):
            return packet.payload
        return rtp.vp8_advanced(packet.payload, marks, self.pictures, self.levels)


def vp8_marks(packet: Clear) -> Vp8Descriptor | None:
    """Where the numbers within a VP8 packet stand; None where there are none."""
    if packet.codec is not Codec.VP8:
        return None
    try:
        return rtp.vp8_descriptor(packet.payload)
    except ValueError:
        return None


def span_of(spans: tuple[Span, ...], number: int) -> Span | None:
    """The span that a receiver's own number belongs to."""
    for span in reversed(spans):
        if number >= span.first:
            return span
    return None

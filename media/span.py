"""One receiver's own numbering, when its picture came from more than one rung of a programme.

Every rung numbers its packets by itself, and a receiver must see one row of numbers and one clock. So a receiver
that was moved carries a *span* for each rung it was on: what to add to the rung's numbers. Spans never overlap,
hence one number of one receiver always means one packet of one rung: SRTP-GCM would be broken otherwise.
Pure values.
"""

from dataclasses import dataclass
from typing import Final

MAX_SPANS: Final = 4  # moves are seconds apart and repairs reach back one second
_MASK_32: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Span:
    """From the rung's packet `floor` on, the receiver's number is the rung's plus `shift`, its time plus `ticks`.

    All numbers are extended; an older packet of the rung must never be given to this receiver.
    """

    rung: int
    floor: int
    shift: int = 0
    ticks: int = 0

    @property
    def first(self) -> int:
        """The receiver's own number at which the span begins."""
        return self.floor + self.shift

    def follow(self, rung: int, floor: int, *, last: int, due: int, timestamp: int) -> "Span":
        """The span after this one.

        It begins with the packet `floor` of another rung, which bears `timestamp`. `last` is the highest number
        of the present rung that the receiver may have got, and `due` the present rung's time by now.
        """
        ticks = (due + self.ticks - timestamp) & _MASK_32
        return Span(rung, floor, last + self.shift + 1 - floor, ticks)

    def time(self, timestamp: int) -> int:
        return (timestamp + self.ticks) & _MASK_32


def span_of(spans: tuple[Span, ...], number: int) -> Span | None:
    """The span that a receiver's own number belongs to."""
    for span in reversed(spans):
        if number >= span.first:
            return span
    return None

"""How much of the picture a viewer's line bears: full, medium, low, or the sound only.

Down after a few bad seconds, at once to what fits; up one step at a time, after a wait that doubles with each try
that failed: a line on the edge must not make the picture come and go. Pure; time is an argument (Unit: s, the
clock of the port).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BAD_LOSS: Final = 0.2
FINE_LOSS: Final = 0.05
NARROW: Final = 0.6  # of what the picture takes: below that share, repairs and queues eat the rest
STEP_LOSS: Final = 0.1  # a smaller picture costs less than none: it is taken earlier
STEP_NARROW: Final = 0.75
FITS: Final = 0.9
RISING: Final = 1.1
STEP_RISING: Final = 1.04
DOWN_AFTER_S: Final = 4.0
STEP_AFTER_S: Final = 2.0
SETTLE_S: Final = 6.0  # the first reports after a change still speak of the time before
FIRST_WAIT_S: Final = 10.0
LONGEST_WAIT_S: Final = 160.0
FORGET_S: Final = 120.0


class Rendition(StrEnum):
    FULL = "full"
    MEDIUM = "medium"
    LOW = "low"
    AUDIO = "audio"


PICTURES: Final = (Rendition.FULL, Rendition.MEDIUM, Rendition.LOW)  # by their rung


@dataclass(frozen=True, slots=True)
class Picture:
    """What a rung carries now. One layer may fill several rungs: `same_as` names the best of them."""

    same_as: Rendition
    kbps: float


Needs = Sequence[Picture]  # for each of PICTURES


class Ladder:
    """One viewer's rendition."""

    __slots__ = ("_bad_since", "_changed_at", "_remb_then", "_retry_at", "_wait_s", "rendition")

    def __init__(self) -> None:
        self.rendition = Rendition.FULL
        self._changed_at: float | None = None
        self._bad_since: float | None = None
        self._remb_then = 0
        self._retry_at = 0.0
        self._wait_s = FIRST_WAIT_S

    def judge(self, now: float, needs: Needs, remb_kbps: int | None, loss: float | None) -> bool:
        """Whether the rendition changed. Called about once a second with the viewer's newest reports."""
        if self._changed_at is None:
            self._changed_at = now  # a newcomer's estimate starts from nothing too
        if self.rendition is Rendition.AUDIO:
            # Without a picture the estimate cannot grow, so only a try tells; the sound's loss says when not to.
            if (loss or 0.0) > FINE_LOSS:
                self._retry_at = max(self._retry_at, now + FIRST_WAIT_S)
            return self._try_more(now, needs)
        if now - self._changed_at >= SETTLE_S and self._suffers(needs, remb_kbps, loss):
            return self._bear(now, needs, remb_kbps, loss)
        self._bad_since = None
        if now - self._changed_at > FORGET_S and not self._others(needs)[0]:
            self._wait_s = FIRST_WAIT_S  # the best picture held
        return (loss or 0.0) <= FINE_LOSS and self._try_more(now, needs)

    def _others(self, needs: Needs) -> tuple[list[Rendition], list[Rendition]]:
        """The pictures that are better, and those that are smaller than ours; each best first."""
        differ = [
            rendition for rendition, picture in zip(PICTURES, needs, strict=True) if picture.same_as is rendition
        ]
        if self.rendition is Rendition.AUDIO:
            return differ, []
        place = differ.index(needs[PICTURES.index(self.rendition)].same_as)
        return differ[:place], differ[place + 1 :]

    def _suffers(self, needs: Needs, remb_kbps: int | None, loss: float | None) -> bool:
        _, below = self._others(needs)
        need = needs[PICTURES.index(self.rendition)].kbps
        narrow = remb_kbps is not None and remb_kbps < (STEP_NARROW if below else NARROW) * need
        return narrow or (loss or 0.0) >= (STEP_LOSS if below else BAD_LOSS)

    def _bear(self, now: float, needs: Needs, remb_kbps: int | None, loss: float | None) -> bool:
        """A bad second; whether it was the last that is borne."""
        remb, (_, below) = remb_kbps or 0, self._others(needs)
        rises = remb > self._remb_then * (STEP_RISING if below else RISING) and (loss or 0.0) < FINE_LOSS
        if self._bad_since is None or rises:
            # A browser's estimate climbs by 4 to 8 % a second, from far below after a time with less.
            self._bad_since, self._remb_then = now, remb
            return False
        if now - self._bad_since < (STEP_AFTER_S if below else DOWN_AFTER_S):
            return False
        fitting = [r for r in below if remb_kbps is None or needs[PICTURES.index(r)].kbps <= FITS * remb_kbps]
        self._change((*fitting, *below[-1:], Rendition.AUDIO)[0], now)
        self._retry_at = now + self._wait_s
        return True

    def _try_more(self, now: float, needs: Needs) -> bool:
        above, _ = self._others(needs)
        if now < self._retry_at or not above:
            return False
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        self._retry_at = now + SETTLE_S + FIRST_WAIT_S  # when this one holds, the next
        self._change(above[-1], now)
        return True

    def _change(self, to: Rendition, now: float) -> None:
        self.rendition, self._changed_at, self._bad_since = to, now, None

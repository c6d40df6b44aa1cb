"""When a viewer's line is too narrow for the picture, and when to try it again.

Down after a few bad seconds, up after a wait that doubles with each failed try: a line on the edge must not make
the picture come and go. Pure; time is an argument (Unit: s, the clock of the port).
"""

from enum import StrEnum
from typing import Final

BAD_LOSS: Final = 0.2
FINE_LOSS: Final = 0.05
NARROW: Final = 0.6  # of what the picture takes: below that share, repairs and queues eat the rest
RISING: Final = 1.1
DOWN_AFTER_S: Final = 4.0
SETTLE_S: Final = 6.0  # the first reports after a change still speak of the time before
FIRST_WAIT_S: Final = 10.0
LONGEST_WAIT_S: Final = 160.0
FORGET_S: Final = 120.0


class Rendition(StrEnum):
    FULL = "full"
    AUDIO = "audio"


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

    def judge(self, now: float, needs_kbps: float, remb_kbps: int | None, loss: float | None) -> bool:
        """Whether the rendition changed. Called about once a second with the viewer's newest reports."""
        if self.rendition is Rendition.AUDIO:
            return self._try_again(now, loss or 0.0)
        if self._changed_at is None:
            self._changed_at = now  # a newcomer's estimate starts from nothing too
        if now - self._changed_at < SETTLE_S or not self._suffers(needs_kbps, remb_kbps, loss):
            self._bad_since = None
            if now - self._changed_at > FORGET_S:
                self._wait_s = FIRST_WAIT_S
            return False
        remb = remb_kbps or 0
        rises = remb > self._remb_then * RISING and (loss or 0.0) < FINE_LOSS
        if self._bad_since is None or rises:
            # A browser's estimate climbs by a twelfth a second, from far below after a time without a picture.
            self._bad_since, self._remb_then = now, remb
        elif now - self._bad_since >= DOWN_AFTER_S:
            self._change(Rendition.AUDIO, now)
            self._retry_at = now + self._wait_s
            return True
        return False

    def _suffers(self, needs_kbps: float, remb_kbps: int | None, loss: float | None) -> bool:
        narrow = remb_kbps is not None and remb_kbps < NARROW * needs_kbps
        return narrow or (loss or 0.0) >= BAD_LOSS

    def _try_again(self, now: float, loss: float) -> bool:
        # Without a picture the estimate cannot grow, so only a try tells; the sound's loss says when not to.
        if loss > FINE_LOSS:
            self._retry_at = max(self._retry_at, now + FIRST_WAIT_S)
        if now < self._retry_at:
            return False
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        self._change(Rendition.FULL, now)
        return True

    def _change(self, to: Rendition, now: float) -> None:
        self.rendition, self._changed_at, self._bad_since = to, now, None

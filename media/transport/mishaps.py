"""The second line of defence of the packet loop: what nobody foresaw costs one datagram or frame, not the worker.

Bad input is a ValueError, and counted where it is read. Whatever else comes out of the handling of one datagram is
a fault of ours: it is counted (the metric `faults`), now and then logged, and the loop goes on.
"""

import logging
import time
from typing import Final

LOG_EVERY_S: Final = 1.0  # a peer that has found a way to one must not fill the disk

log = logging.getLogger("media.mishaps")


class Mishaps:
    """Counts and logs. `note` is called in an `except` clause."""

    def __init__(self) -> None:
        self.count = 0
        self._logged_at = float("-inf")

    def note(self, doing: str) -> None:
        """An exception that nobody foresaw is being handled. `doing`: what, and for whom."""
        self.count += 1
        now = time.monotonic()
        if now - self._logged_at >= LOG_EVERY_S:
            self._logged_at = now
            log.exception("fault %d of this worker: %s", self.count, doing)

"""What keeps a packet loop in time: its place before other processes, no long pause for the garbage collector."""

import contextlib
import gc
import os
from typing import Final

NICE: Final = -10
# Young objects, and how often the younger of the old: what a packet makes is gone by its reference count, so a
# collection finds next to nothing. The oldest are looked through only after growth by a quarter, as ever.
THRESHOLDS: Final = (10_000, 20, 20)


def keep_time() -> None:
    """Called once, when everything is loaded and before other threads start, which inherit the place."""
    with contextlib.suppress(OSError):  # needs CAP_SYS_NICE or LimitNICE; without, the loop competes as an equal
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    gc.collect()
    gc.freeze()  # modules and classes live for ever: 20 ms of each full collection
    gc.set_threshold(*THRESHOLDS)

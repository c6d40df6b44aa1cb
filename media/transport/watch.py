"""The packet loop's list of sockets, as those who have some see it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watch:
    """How the packet loop is told which sockets to look at."""

    add: Callable[[int, Callable[[], None]], None]
    remove: Callable[[int], None]

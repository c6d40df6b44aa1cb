"""Connections that have not signed in: each has a few seconds to do so, and all together a bound.

Knows connections by their names and how to cut them; what a sign-in is, the hub knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

SIGN_IN_S: Final = 5.0
STRANGERS_MAX: Final = 2_048  # a thousand bridges may come back at once


class Strangers:
    def __init__(self, cut: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cut = cut
        self._clock = clock
        self._since: dict[str, float] = {}

    def look(self, strangers: Iterable[str]) -> int:
        """All that are connected now and have not signed in; cuts the late, then the oldest beyond the bound."""
        now = self._clock()
        self._since = {name: self._since.get(name, now) for name in strangers}
        oldest_first = sorted(self._since, key=self._since.__getitem__)
        beyond = max(0, len(oldest_first) - STRANGERS_MAX)
        late = [n for i, n in enumerate(oldest_first) if i < beyond or now - self._since[n] >= SIGN_IN_S]
        for name in late:
            self._cut(name)
        return len(late)

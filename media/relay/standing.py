"""How this relay stands: who it is, how much it carries, and whether it is to be emptied.

Draining changes nothing for those who are here: it is a word to whoever places studios and viewers.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from media.tokens import Scope
from media.worker.processes import usage

LOAD_OVER_S: Final = 2.0


class Drain(StrEnum):
    """`GENTLY`: sessions that run end here; `NOW`: they go elsewhere too."""

    NO = "no"
    GENTLY = "gently"
    NOW = "now"


@dataclass(slots=True)
class Standing:
    """`id` is new with every life. `scopes`: of every session that would have to go elsewhere; `pids`: the
    workers' processes.
    """

    region: str
    scopes: Callable[[], Iterable[Scope]]
    pids: Callable[[], Sequence[int]]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    drain: Drain = Drain.NO
    lost: int = 0  # workers that died, and the sessions they had with them
    _load: float = 0.0
    _used: dict[int, float] = field(default_factory=dict)
    _looked_at: float = 0.0

    def snapshot(self) -> dict[str, Any]:
        scopes = list(self.scopes())
        return {
            "id": self.id,
            "region": self.region,
            "viewers": scopes.count(Scope.WATCH),
            "sources": scopes.count(Scope.PUBLISH),
            "load": round(self.load(), 2),
            "draining": self.drain.value,
            "lost": self.lost,
        }

    def load(self) -> float:
        """The busiest worker's share of a core, 0 to 1: a session is held up by its own worker."""
        now = time.monotonic()
        passed_s = now - self._looked_at
        if passed_s >= LOAD_OVER_S:
            used = {pid: usage(pid).cpu_s for pid in self.pids()}
            shares = [(used[pid] - self._used[pid]) / passed_s for pid in used.keys() & self._used.keys()]
            self._load = min(1.0, max(shares, default=0.0))
            self._used, self._looked_at = used, now
        return self._load

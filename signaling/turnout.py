"""How many have voted, told at most four times a second however many vote at once. Counts only grow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

PERIOD_S: Final = 0.25
POLLS_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Count:
    meeting_id: UUID
    poll_id: UUID
    cast: int
    entitled: int


@dataclass(slots=True)
class _Pending:
    count: Count
    dirty: bool
    timer: asyncio.TimerHandle | None = None


class Turnouts:
    """One per direction: the sockets of this node, and the other nodes."""

    def __init__(self, tell: Callable[[Count], None]) -> None:
        self._tell = tell
        self._polls: dict[UUID, _Pending] = {}

    def add(self, count: Count) -> None:
        """Tells now when the last telling is long enough ago, else when it is."""
        pending = self._polls.get(count.poll_id)
        if pending is None:
            self._make_room()
            pending = self._polls[count.poll_id] = _Pending(count, dirty=True)
        elif count.cast > pending.count.cast:
            pending.count, pending.dirty = count, True
        if pending.dirty and pending.timer is None:
            self._flush(pending)

    def forget(self, poll_id: UUID) -> None:
        pending = self._polls.pop(poll_id, None)
        if pending is not None and pending.timer is not None:
            pending.timer.cancel()

    def stop(self) -> None:
        for poll_id in tuple(self._polls):
            self.forget(poll_id)

    def _flush(self, pending: _Pending) -> None:
        pending.timer = None
        if pending.dirty:
            pending.dirty = False
            self._tell(pending.count)
            pending.timer = asyncio.get_running_loop().call_later(PERIOD_S, self._flush, pending)

    def _make_room(self) -> None:
        if len(self._polls) >= POLLS_MAX:
            self.forget(next(iter(self._polls)))

"""What every decision is given beside its state and command: who, when, and fresh identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rooms.roles import Seat


@dataclass(frozen=True, slots=True)
class Act:
    """One command's circumstances. `now` is UTC-aware; `new_id` makes time-ordered ids."""

    seat: Seat
    now: datetime
    new_id: Callable[[], UUID]

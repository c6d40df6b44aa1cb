"""Everything the process consists of, as one typed value. Made by `app.py`, read by handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from media.client import Relay
    from rooms.service import Meetings
    from server.accounts import Entrance
    from server.limits import Limiter
    from server.metrics import Metrics
    from server.minutes_desk import MinutesDesk
    from server.papers.blobs import Blobs
    from server.papers.desk import PaperDesk
    from server.passwords import Passwords
    from server.people import Directory
    from server.relay import RelayProcess
    from server.settings import Settings
    from server.store import SqlStore
    from signaling.hub import Hub


@dataclass(frozen=True, slots=True)
class House:
    settings: Settings
    store: SqlStore
    blobs: Blobs
    hub: Hub
    relay: Relay
    own_relay: RelayProcess | None
    meetings: Meetings
    entrance: Entrance
    directory: Directory
    papers: PaperDesk
    minutes: MinutesDesk
    limiter: Limiter
    passwords: Passwords
    metrics: Metrics
    now: Callable[[], datetime]

    def relay_up(self) -> bool:
        """As last known: whether our own relay runs, or another one took the stage when it was last told."""
        if self.own_relay is not None:
            return self.own_relay.ready.is_set()
        return bool(self.hub.gauges().get("relay_up"))

    def relay_lives(self) -> int:
        return self.own_relay.lives if self.own_relay is not None else 0


HOUSE: web.AppKey[House] = web.AppKey("house")

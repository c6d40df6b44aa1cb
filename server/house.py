"""Everything the process consists of, as one typed value. Made by `app.py`, read by handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from media.client import RelayClient
    from rooms.service import Meetings
    from server.accounts import Entrance
    from server.limits import Limiter
    from server.metrics import Metrics
    from server.minutes_desk import MinutesDesk
    from server.papers.blobs import Blobs
    from server.papers.desk import PaperDesk
    from server.people import Directory
    from server.settings import Settings
    from server.store import SqlStore
    from signaling.hub import Hub


@dataclass(frozen=True, slots=True)
class House:
    settings: Settings
    store: SqlStore
    blobs: Blobs
    hub: Hub
    relay: RelayClient
    meetings: Meetings
    entrance: Entrance
    directory: Directory
    papers: PaperDesk
    minutes: MinutesDesk
    limiter: Limiter
    metrics: Metrics
    now: Callable[[], datetime]


HOUSE: web.AppKey[House] = web.AppKey("house")

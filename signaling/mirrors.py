"""Tells relays to mirror programmes that live elsewhere, from whom, and when no longer.

Every node tells the same again and again: it changes nothing, and a mirror that was started anew hears it soon.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from media.client import RelayClient, RelayRefused, RelayUnreachable
from signaling import edges
from signaling.lookout import Lookout, Seen
from signaling.places import Mirror, Place, Places

#: How long a relay is taken to know what it was told.
FED_S: Final = 2.0
TOLD_MAX: Final = 4096

_log: Final = logging.getLogger(__name__)


class Mirrors:
    def __init__(self, places: Places, lookout: Lookout) -> None:
        self._places = places
        self._lookout = lookout
        self._told: dict[tuple[str, str, str], tuple[float, str, asyncio.Future[bool]]] = {}

    async def feed(self, studio: str, programme: str, edge: Seen) -> bool:
        """Sees that the relay mirrors the programme; whether it does. Many who ask at once are one question."""
        place = await self._places.of(studio)
        if place.home is None:
            return False
        url, carriers = edge.client.base_url, place.carriers(programme)
        living = {u for u in carriers if self._lookout.find(u) is not None}
        wanted = edges.parents(place.home, living, url)
        key, said = (url, studio, programme), f"{edge.id} {wanted}"
        at, before, answer = self._told.pop(key, (0.0, "", None))
        if answer is None or before != said or time.monotonic() - at > FED_S:
            at, answer = time.monotonic(), asyncio.ensure_future(_say(edge.client, studio, programme, wanted))
        self._told[key] = (at, said, answer)
        while len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]
        fed = await asyncio.shield(answer)
        if fed and url not in carriers:
            await self._places.mirror(studio, Mirror(programme, url))
        if not fed:
            self._told.pop(key, None)
        return fed

    async def feed_all(self, studio: str, now: Place) -> None:
        for mirror in now.mirrors:
            if mirror.url != now.home and (edge := self._lookout.find(mirror.url)) is not None:
                await self.feed(studio, mirror.programme, edge)

    async def end(self, studio: str, mirror: Mirror) -> None:
        self._told.pop((mirror.url, studio, mirror.programme), None)
        if (seen := self._lookout.find(mirror.url)) is not None:
            await _say(seen.client, studio, mirror.programme, [])
        await self._places.mirror(studio, mirror, ends=True)


async def _say(relay: RelayClient, studio: str, programme: str, parents: list[str]) -> bool:
    try:
        await relay.parents(studio, programme, parents)
    except (RelayUnreachable, RelayRefused) as error:
        _log.warning("relay %s does not mirror %s: %s", relay.base_url, studio, error)
        return False
    return True

"""What a studio leaves behind where it was at home: a recording, which ends there and goes on at the new home.

A relay that cannot be reached is asked again as soon as it can; what no server reaches ends by itself there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from signaling.lookout import Lookout, within


class Remains:
    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout
        self._left: dict[str, set[str]] = {}  # relays, by studio

    def moved(self, studio: str, before: str, to: str) -> None:
        left = self._left.setdefault(studio, set())
        left.add(before)
        left.discard(to)

    def keep(self, studios: Collection[str]) -> None:
        """Exactly these from now on."""
        self._left = {studio: left for studio, left in self._left.items() if studio in studios and left}

    async def clear(self, studio: str) -> None:
        """Ends what is still recorded of it at relays that it left, as far as they can be reached."""
        left = self._left.get(studio, set())
        await asyncio.gather(*(self._end(studio, url, left) for url in tuple(left)))

    async def _end(self, studio: str, url: str, left: set[str]) -> None:
        seen = self._lookout.find(url)
        state = await within(seen.client.studio(studio)) if seen is not None else None
        if seen is None or state is None:
            return
        running = [name for name, recording in state.recordings.items() if recording.on]
        told = [await within(seen.client.record(studio, name, False)) for name in running]
        if None not in told:
            left.discard(url)

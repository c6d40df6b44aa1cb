"""The programmes that this relay has from others: told where from over HTTP, one `Mirrored` for each."""

import time
from collections.abc import Callable
from typing import Any, Final

from media.relay.mirrored import Mirrored
from media.relay.problems import Refusal
from media.relay.pulling import Puller
from media.transport.channel import Message

MAX_PARENTS: Final = 8
MAX_MIRRORED: Final = 1024
STALE_S: Final = 600.0  # servers tell of a mirror every 2 s as long as they have a use for it

Key = tuple[str, str]  # studio, programme


class Cascade:
    """The mirrored programmes of one relay. `watched` says whether anybody here has a programme."""

    def __init__(self, puller: Puller, watched: Callable[[str, str], bool], keep_s: float) -> None:
        self._puller = puller
        self._watched = watched
        self._keep_s = keep_s
        self._mirrored: dict[Key, Mirrored] = {}

    @property
    def peer(self) -> str:
        """Our own name as a peer of other relays."""
        return self._puller.peer

    def state(self, studio: str) -> dict[str, dict[str, Any]]:
        """By programme."""
        return {name: m.state() for (of, name), m in self._mirrored.items() if of == studio}

    async def parents(self, studio: str, programme: str, urls: list[str]) -> dict[str, Any]:
        """Where the programme comes from, the preferred one first; none: from our own sources.

        Raises: Refusal beyond MAX_MIRRORED programmes.
        """
        key = (studio, programme)
        mirrored = self._mirrored.get(key)
        if not urls:
            if mirrored is not None:
                del self._mirrored[key]
                await mirrored.stop()
            return {"parents": [], "pulling": None}
        if mirrored is not None:
            mirrored.prefer(urls)
            return mirrored.state()
        left = self._make_room()
        mirrored = self._mirrored[key] = Mirrored(self._puller, self._watched, self._keep_s, studio, programme)
        mirrored.begin()
        mirrored.prefer(urls)
        if left is not None:
            await left.stop()
        return mirrored.state()

    def _make_room(self) -> Mirrored | None:
        """For one more: the one that was told of longest ago goes. Raises: Refusal when all are in use."""
        if len(self._mirrored) < MAX_MIRRORED:
            return None
        idle = {key: one for key, one in self._mirrored.items() if not self._watched(*key)}
        oldest = min(idle, key=lambda key: idle[key].told_at, default=None)
        if oldest is None or time.monotonic() - idle[oldest].told_at < STALE_S:
            raise Refusal("too-many", "too many programmes from elsewhere")
        return self._mirrored.pop(oldest)

    def look(self, studio: str, programme: str) -> None:
        """Somebody joined."""
        mirrored = self._mirrored.get((studio, programme))
        if mirrored is not None:
            mirrored.stirred.set()

    def news(self, hand: int, message: Message) -> None:
        """A worker's word on one of its pulls."""
        self._puller.news(hand, message)

    def gone(self, hand: int) -> None:
        """A worker died."""
        self._puller.gone(hand)

    async def close(self) -> None:
        for mirrored in self._mirrored.values():
            await mirrored.stop()
        await self._puller.close()

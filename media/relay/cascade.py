"""The programmes that this relay has from others: told where from over HTTP, one `Mirrored` for each."""

from collections.abc import Callable
from typing import Any, Final

from media.relay.mirrored import Mirrored
from media.relay.problems import Refusal
from media.relay.pulling import Puller
from media.transport.channel import Message

MAX_PARENTS: Final = 8
MAX_MIRRORED: Final = 1024

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
        if mirrored is None:
            if len(self._mirrored) >= MAX_MIRRORED:
                raise Refusal("too-many", "too many programmes from elsewhere")
            mirrored = self._mirrored[key] = Mirrored(self._puller, self._watched, self._keep_s, studio, programme)
            mirrored.begin()
        mirrored.prefer(urls)
        return mirrored.state()

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

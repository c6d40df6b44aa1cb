"""Several relays as if they were one: each studio lives on one of them, and is watched there or at its mirrors.

A relay that ends gives its studios to those that are left; one that comes back gets new studios only, since what
was moved has its people elsewhere by then. All nodes agree through `Places`; whoever is concerned is told to join
again (`on_move`). A viewer comes back to where it was put, as long as that relay carries the studio.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from media.client import (
    TOKEN_TTL_S,
    Grant,
    Moved,
    Programme,
    Recording,
    RelayClient,
    RelayUnreachable,
    StudioState,
)
from signaling import edges
from signaling.lookout import Lookout, Seen, within
from signaling.mirrors import Mirrors
from signaling.places import Place, Places
from signaling.relays import Relays, place
from signaling.remains import Remains
from signaling.tasks import Tasks, repeat, unbroken

FOLLOW_S: Final = 0.4
FORGET_S: Final = 60.0
#: Over how long those whose relay is gone come back: a thousand in one instant would slow each other down.
SPREAD_S: Final = 0.5
#: Over how long a relay is emptied.
DRAIN_S: Final = 30.0

T = TypeVar("T")
_log: Final = logging.getLogger(__name__)


def name_of(url: str) -> str:
    """What clients know a relay by: the same on every node, and no address."""
    return hashlib.sha256(url.encode()).hexdigest()[:10]


async def nowhere(_: str) -> str:
    return ""


@dataclass(slots=True)
class _Followed:
    """A studio that somebody here uses: where it was last seen to live."""

    place: Place
    used_at: float
    told_at: dict[str, float] = field(default_factory=dict)  # by relay: when its viewers were last asked to go


class RelayPool:
    """The same face as one `RelayClient`; who asks names a studio and need not know where it lives."""

    def __init__(
        self,
        relays: Relays,
        places: Places,
        key: str,
        *,
        above: int = edges.EDGE_ABOVE,
        region_of: Callable[[str], Coroutine[Any, Any, str]] = nowhere,
        timeout_s: float = 3.0,
    ) -> None:
        """`key`: all relays share it. `above`: so many viewers a relay gets before a session is spread.

        `region_of`: near to which region a studio should live, "" for anywhere.
        """

        def make(url: str) -> RelayClient:
            return RelayClient(url, key, timeout_s=timeout_s, name=name_of(url))

        self._places = places
        self._above = above
        self._region_of = region_of
        self._minting = make("")
        self._lookout = Lookout(relays, make, self)
        self._followed: dict[str, _Followed] = {}
        self._mirrors = Mirrors(places, self._lookout)
        self._remains = Remains(self._lookout)
        self._hearers: list[Callable[[Moved], None]] = []
        self._tasks = Tasks()

    def start(self) -> None:
        self._lookout.start()
        self._tasks.start("places", repeat("places", self.follow, FOLLOW_S))

    async def look(self) -> None:
        """Knocks at every relay's door."""
        await self._lookout.look()

    def on_move(self, hear: Callable[[Moved], None]) -> None:
        self._hearers.append(hear)

    def lost(self, relay: RelayClient) -> None:
        self._lookout.lost(relay.base_url)

    @property
    def regional(self) -> bool:
        return any(seen.entry.region for seen in self._lookout.living())

    async def at(self, studio: str) -> RelayClient:
        """The relay the studio lives on. Raises: RelayUnreachable when none answers."""
        return (await self._home(studio))[0].client

    async def edge(self, studio: str, programme: str, peer: str, region: str = "") -> RelayClient:
        """Where this peer watches. Raises: RelayUnreachable when none answers."""
        home, place_ = await self._home(studio)
        living = self._lookout.living()
        if len(living) < 2:
            return home.client
        seat = await self._places.seat(studio, peer)
        wish = edges.Wish(home.client.base_url, place_.carriers(programme), seat, region)
        url = edges.choose(wish, [seen.now() for seen in living], above=self._above)
        chosen = self._lookout.find(url) or home
        if chosen is not home and not await self._mirrors.feed(studio, programme, chosen):
            chosen = home
        chosen.promised += 1
        if chosen.client.base_url != seat:
            await self._places.sit(studio, peer, chosen.client.base_url)
        return chosen.client

    async def anyone(self) -> RelayClient:
        """Some relay that lives. Raises: RelayUnreachable."""
        return (await self._living())[0].client

    async def named(self, name: str, studio: str) -> RelayClient | None:
        """The relay of this name when it still carries the studio."""
        place_ = await self._places.of(studio)
        for url in {place_.home, *(m.url for m in place_.mirrors)}:
            if url is not None and name_of(url) == name and (seen := self._lookout.find(url)) is not None:
                return seen.client
        return None

    def token(
        self,
        scope: str,
        studio: str | None = None,
        peer: str | None = None,
        programme: str | None = None,
        *,
        ttl_s: float = TOKEN_TTL_S,
        region: str = "",
    ) -> str:
        return self._minting.token(scope, studio, peer, programme, ttl_s=ttl_s, region=region)

    def gauges(self) -> Mapping[str, float]:
        known = self._lookout.all()
        return {
            "relays": float(len(known)),
            "relays_up": float(sum(seen.alive for seen in known)),
            "relays_draining": float(sum(not seen.entry.stays for seen in known)),
        }

    def grant(self, token: str) -> Grant | None:
        return self._minting.grant(token)

    async def stage(
        self, studio: str, programme: str, video: str | None, audio: Sequence[str | None] = ()
    ) -> Programme:
        return await self._at_home(studio, lambda relay: relay.stage(studio, programme, video, audio))

    async def record(self, studio: str, programme: str, on: bool) -> Recording:
        async def turn(relay: RelayClient) -> Recording:
            await self._remains.clear(studio)  # first: both may write to one folder
            return await relay.record(studio, programme, on)

        return await self._at_home(studio, turn)

    async def studio(self, studio: str) -> StudioState:
        """As its home has it, with the viewers of all mirrors; a mirror that is slow to say is left out."""
        state, *others = await asyncio.gather(
            self._at_home(studio, lambda relay: relay.studio(studio)),
            *(within(seen.client.studio(studio)) for seen in self._carrying(studio)),
        )
        assert state is not None
        viewers = [v for s in (state, *others) if s is not None for v in s.viewers]
        viewers.sort(key=lambda v: v.since or 0.0)  # of one that has just moved, the newer place counts
        return StudioState(state.programmes, state.sources, tuple(viewers), state.recordings)

    async def kick(self, studio: str, peer: str) -> None:
        await self._at_home(studio, lambda relay: relay.kick(studio, peer))
        await asyncio.gather(*(within(seen.client.kick(studio, peer)) for seen in self._carrying(studio)))

    async def healthy(self) -> bool:
        """Whether any of them lives, as last seen."""
        return bool(self._lookout.living())

    async def aclose(self) -> None:
        await self._tasks.stop()
        await self._lookout.stop()
        await self._places.stop()

    # ── homes ──

    async def _at_home(self, studio: str, do: Callable[[RelayClient], Awaitable[T]]) -> T:
        """Once more elsewhere when it turns out that the relay is gone."""
        relay = await self.at(studio)
        try:
            return await do(relay)
        except RelayUnreachable as error:
            if not error.refused:
                raise
        self.lost(relay)
        return await do(await self.at(studio))

    async def _home(self, studio: str) -> tuple[Seen, Place]:
        living, now = await self._living(), await self._places.of(studio)
        home = self._lookout.find(now.home)
        leaves = home is not None and home.entry.draining == "now" and any(s.entry.stays for s in living)
        if home is None or leaves:
            now, home = await self._move(studio, now, living)
        self._note(studio, now)
        return home, now

    async def _living(self) -> list[Seen]:
        """Raises: RelayUnreachable when there is none, not even of those that were given up."""
        await self._lookout.read()
        if not self._lookout.living():
            await self._lookout.revive()
        if not (living := self._lookout.living()):
            raise RelayUnreachable("no relay answers")
        return living

    async def _move(self, studio: str, before: Place, living: Sequence[Seen]) -> tuple[Place, Seen]:
        # Only of a new one: what takes over from a dead relay must not wait for the store.
        region = await unbroken(self._region_of(studio)) if self.regional and before.home is None else ""
        chosen = place(studio, [seen.entry for seen in living], region)
        if chosen is None:
            raise RelayUnreachable("no relay answers")
        agreed = await self._places.move(studio, before.home, chosen.url)
        home = self._lookout.find(agreed) or self._lookout.find(chosen.url)
        if home is None:
            raise RelayUnreachable("no relay answers")
        for mirror in [m for m in before.mirrors if m.url == agreed]:
            # It pulls from nobody any more: who was elsewhere sends here now.
            await self._mirrors.end(studio, mirror)
        return Place(agreed, frozenset(m for m in before.mirrors if m.url != agreed)), home

    def _note(self, studio: str, now: Place) -> None:
        """Keeps in mind where the studio lives, and tells everybody when that is elsewhere than before."""
        followed = self._followed.get(studio)
        if followed is None:
            self._followed[studio] = _Followed(now, time.monotonic())
            return
        before, followed.place = followed.place, now
        followed.used_at = time.monotonic()
        if before.home is not None and now.home != before.home:
            _log.warning("studio %s moved from %s to %s", studio, before.home, now.home)
            if now.home is not None:
                self._remains.moved(studio, before.home, now.home)
            self._tell(Moved(studio, name_of(before.home), SPREAD_S, sources=True))
            self._tasks.start(f"feed-{studio}", self._mirrors.feed_all(studio, now))

    def _tell(self, moved: Moved) -> None:
        for hear in self._hearers:
            hear(moved)

    def _carrying(self, studio: str) -> list[Seen]:
        """The mirrors that live."""
        followed = self._followed.get(studio)
        urls = {m.url for m in followed.place.mirrors} if followed is not None else set()
        return [seen for url in sorted(urls) if (seen := self._lookout.find(url)) is not None]

    # ── what happens by itself ──

    def died(self, url: str) -> None:
        self._tasks.start(f"died-{url}", self._leave(url))

    def reborn(self, url: str) -> None:
        """Sessions and stages there are gone: everybody joins again, as when they were moved."""
        self._call_back(url, ask=False)

    def thinned(self, url: str) -> None:
        """A worker and its sessions are gone, the others' are there: each asks for itself."""
        self._call_back(url, ask=True)

    def _call_back(self, url: str, *, ask: bool) -> None:
        for studio, followed in self._followed.items():
            if url == followed.place.home:
                self._tell(Moved(studio, name_of(url), SPREAD_S, sources=True, ask=ask))
            elif any(m.url == url for m in followed.place.mirrors):
                self._tell(Moved(studio, name_of(url), SPREAD_S, sources=False, ask=ask))

    async def _leave(self, url: str) -> None:
        for studio, followed in tuple(self._followed.items()):
            if url == followed.place.home:
                try:
                    await self._home(studio)
                except RelayUnreachable as error:
                    _log.warning("studio %s has no relay: %s", studio, error)
            elif any(m.url == url for m in followed.place.mirrors):
                self._tell(Moved(studio, name_of(url), SPREAD_S, sources=False))

    async def follow(self) -> None:
        """Sees what other nodes moved, keeps the mirrors fed, ends what was left, empties what drains."""
        now = time.monotonic()
        self._followed = {s: f for s, f in self._followed.items() if now - f.used_at < FORGET_S}
        self._remains.keep(self._followed)
        places = await self._places.all_of(self._followed)
        await asyncio.gather(*(self._follow(studio, place_) for studio, place_ in places.items()))

    async def _follow(self, studio: str, now: Place) -> None:
        followed = self._followed.get(studio)
        if followed is None:
            return
        used_at = followed.used_at
        if now.home is not None:
            self._note(studio, now)
            followed.used_at = used_at  # our own look is no use
        await self._mirrors.feed_all(studio, now)
        await self._remains.clear(studio)
        await self._empty(studio, followed)

    async def _empty(self, studio: str, followed: _Followed) -> None:
        """Asks the viewers at a draining relay to go, and takes a studio that has come to rest elsewhere."""
        for seen in self._lookout.living():
            url, now = seen.client.base_url, time.monotonic()
            here = url == followed.place.home
            mirrored = [m for m in followed.place.mirrors if m.url == url]
            if seen.entry.stays or not (here or mirrored) or not self._others(url):
                continue
            if here and seen.entry.draining == "now":
                await self._home(studio)
                continue
            if now - followed.told_at.get(url, float("-inf")) < DRAIN_S:
                continue
            state = await within(seen.client.studio(studio))
            if state is None:
                continue
            followed.told_at[url] = now
            if here and not state.sources:
                await self._move(studio, followed.place, [s for s in self._lookout.living() if s is not seen])
            elif mirrored and not state.viewers:
                for mirror in mirrored:
                    await self._mirrors.end(studio, mirror)
            elif state.viewers:
                self._tell(Moved(studio, name_of(url), DRAIN_S, sources=False))

    def _others(self, url: str) -> bool:
        return any(s.entry.stays and s.client.base_url != url for s in self._lookout.living())

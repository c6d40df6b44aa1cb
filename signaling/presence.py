"""Who is here: which bridges' and people's sockets are connected, on any node, and how the bridges' links do.

Only operators are told, of changes only, at most once a second: telling all about each is what melts a server. Who
watches is told of its own line, and what the programme shows.
Each node posts its own sockets on the board under a lease; what a dead node posted ends by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from media.client import Relay, StudioState
from rooms.events import Audience
from rooms.ids import BridgeId, MeetingId
from rooms.ports import Store
from rooms.roles import ActorKind
from signaling import wire
from signaling.bell import LEASE_S, Board, BoardUnreachable
from signaling.call import RELAY_DOWN, peer, studio
from signaling.feed import Feed
from signaling.lines import NOTHING, LastWord, links, picture, renditions
from signaling.stream import Listener, Outlet
from signaling.tasks import Tasks, repeat, unbroken
from signaling.wire import BridgeLink, PictureState, Rendition

TICK_S: Final = 1.0
RELAY_WAIT_S: Final = 0.8
RENEW_S: Final = LEASE_S / 3

_log: Final = logging.getLogger(__name__)
_TOLD: Final = (Audience.DESK, Audience.OPERATORS)
_WATCHING: Final = (*_TOLD, Audience.BRIDGES)


@dataclass(frozen=True, slots=True)
class Here:
    """Who has a socket listening to a meeting."""

    bridges: frozenset[UUID] = frozenset()
    people: frozenset[UUID] = frozenset()

    @classmethod
    def of(cls, listeners: Sequence[Listener]) -> Here:
        def ids(kind: ActorKind) -> frozenset[UUID]:
            return frozenset(x.seat.actor.id for x in listeners if x.seat.actor.kind is kind)

        return cls(ids(ActorKind.BRIDGE), ids(ActorKind.PERSON))

    @classmethod
    def read(cls, text: str) -> Here:
        """Raises: ValueError."""
        try:
            posted = json.loads(text)
            return cls(frozenset(map(UUID, posted["b"])), frozenset(map(UUID, posted["p"])))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error

    def text(self) -> str:
        return json.dumps({"b": sorted(map(str, self.bridges)), "p": sorted(map(str, self.people))})

    def __or__(self, other: Here) -> Here:
        return Here(self.bridges | other.bridges, self.people | other.people)


@dataclass(slots=True)
class _Known:
    """Of one meeting: what we posted and when, what the others had posted and when, what the relay said last; what
    operators were told, what each socket was told of its own line, and all of the picture."""

    posted: Here = Here()
    posted_at: float = float("-inf")
    others: Here = Here()
    others_at: float = float("-inf")
    word: LastWord = field(default_factory=LastWord)
    links: dict[UUID, BridgeLink] = field(default_factory=dict)
    online: int | None = None
    renditions: dict[str, Rendition | None] = field(default_factory=dict)
    picture: PictureState | None = None
    glimpse: PictureState | None = None

    def sees(self, state: PictureState | None) -> bool:
        """Whether that is news: a picture at once, anything else at the second look, since cuts take a moment."""
        steady, self.glimpse = state in (PictureState.SHOWN, self.glimpse), state
        if not steady or state == self.picture:
            return False
        self.picture = state
        return True


class Presence:
    def __init__(
        self,
        store: Store,
        feed: Feed,
        outlet: Outlet,
        board: Board,
        relay: Relay | None,
        *,
        tick_s: float = TICK_S,
    ) -> None:
        self._store = store
        self._feed = feed
        self._outlet = outlet
        self._board = board
        self._relay = relay
        self._tick_s = tick_s
        self._known: dict[MeetingId, _Known] = {}
        self._tasks = Tasks()

    def start(self) -> None:
        self._tasks.start("presence", repeat("presence", self.tick, self._tick_s))

    async def stop(self) -> None:
        await self._tasks.stop()

    async def tick(self) -> None:
        meetings = set(self._feed.meetings()) | set(self._known)
        await asyncio.gather(*(self._look_at(m) for m in meetings))

    async def wall(self, meeting_id: MeetingId) -> tuple[BridgeLink, ...]:
        """Every invited bridge as it is now, in order of invitation."""
        invited = await unbroken(self._invited(meeting_id))
        known = self._known.get(meeting_id) or _Known()
        listeners = self._feed.listeners(meeting_id)
        here = Here.of(listeners) | await self._elsewhere(meeting_id, known)
        state = await self._relay_state(meeting_id, known)
        return links(invited, here.bridges, state)

    async def _invited(self, meeting_id: MeetingId) -> list[BridgeId]:
        async with self._store.begin(write=False) as tx:
            return [b.bridge_id for b in await tx.bridges(meeting_id)]

    async def _look_at(self, meeting_id: MeetingId) -> None:
        listeners = self._feed.listeners(meeting_id)
        known = self._known.setdefault(meeting_id, _Known())
        here = Here.of(listeners)
        await self._post(meeting_id, known, here)
        if not listeners:
            self._known.pop(meeting_id, None)
        elif watching := [x for x in listeners if x.joined and x.audience in _WATCHING]:
            invited = await unbroken(self._invited(meeting_id))
            state = await self._relay_state(meeting_id, known) if invited else NOTHING
            if invited:
                await self._tell_lines(meeting_id, known, watching, state)
            if any(x.audience in _TOLD for x in watching):
                await self._tell_operators(meeting_id, known, here, invited, state)

    async def _post(self, meeting_id: MeetingId, known: _Known, here: Here) -> None:
        now = time.monotonic()
        if here == known.posted and now - known.posted_at < RENEW_S:
            return
        try:
            await self._board.post(str(meeting_id), here.text())
        except BoardUnreachable as error:
            _log.debug("presence was not posted: %s", error)
            return
        known.posted, known.posted_at = here, now

    async def _tell_lines(
        self, meeting_id: MeetingId, known: _Known, watching: Sequence[Listener], state: StudioState
    ) -> None:
        """To each socket whose rendition changed a message of its own; to all, what the programme shows. Both to
        whoever has just come."""
        told, sent = known.renditions, renditions(state)
        known.renditions = {x.sid: sent.get(peer(x.seat.actor)) for x in watching}
        news = known.sees(picture(state))
        shown = wire.Picture(meeting_id=meeting_id, state=known.picture)
        if news:
            await self._tell(meeting_id, _WATCHING, shown)
        for sid, rendition in known.renditions.items():
            if sid not in told:
                await self._outlet.tell(sid, wire.name_of(shown), wire.plain(shown))
            if sid not in told or told[sid] is not rendition:
                line = wire.Line(meeting_id=meeting_id, rendition=rendition)
                await self._outlet.tell(sid, wire.name_of(line), wire.plain(line))

    async def _tell_operators(
        self, meeting_id: MeetingId, known: _Known, here: Here, invited: Sequence[BridgeId], state: StudioState
    ) -> None:
        everywhere = here | await self._elsewhere(meeting_id, known)
        now = {link.bridge_id: link for link in links(invited, everywhere.bridges, state)}
        changed = tuple(link for bridge_id, link in now.items() if known.links.get(bridge_id) != link)
        known.links = now
        if changed:
            news = wire.Presence(meeting_id=meeting_id, bridges=changed)
            await self._tell(meeting_id, _TOLD, news)
        if known.online != len(everywhere.people):
            known.online = len(everywhere.people)
            present = wire.Present(meeting_id=meeting_id, online=known.online)
            await self._tell(meeting_id, _TOLD, present)

    async def _tell(self, meeting_id: MeetingId, audiences: Sequence[Audience], message: wire.Message) -> None:
        for audience in audiences:
            await self._outlet.tell(f"{meeting_id}:{audience}", wire.name_of(message), wire.plain(message))

    async def _elsewhere(self, meeting_id: MeetingId, known: _Known) -> Here:
        """What the other nodes posted; while the board is down, what they had, until that lease would end."""
        now = time.monotonic()
        try:
            texts = await self._board.others(str(meeting_id))
        except BoardUnreachable:
            return known.others if now - known.others_at < LEASE_S else Here()
        together = Here()
        for node, text in texts.items():
            try:
                together |= Here.read(text)
            except ValueError:
                _log.warning("node %s posted nonsense", node)
        known.others, known.others_at = together, now
        return together

    async def _relay_state(self, meeting_id: MeetingId, known: _Known) -> StudioState:
        if self._relay is None:
            return NOTHING
        answer: StudioState | None = None
        try:
            async with asyncio.timeout(RELAY_WAIT_S):
                answer = await self._relay.studio(studio(meeting_id))
        except (*RELAY_DOWN, TimeoutError) as error:
            _log.debug("the relay said nothing of %s: %s", meeting_id, error)
        return known.word.after(answer, time.monotonic())

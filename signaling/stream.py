"""One meeting's journal on its way to this node's listeners: what was told to whom, and what a newcomer missed.

Entries go out in order and each audience hears of every number once; who may hear what is `rooms.events`' rule.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from rooms.events import Audience, audience_of, subject_bridge, visible
from rooms.ids import BridgeId, MeetingId
from rooms.journal import Entry
from rooms.ports import Store
from rooms.roles import Seat
from signaling import wire
from signaling.tasks import unbroken

PAGE: Final = 500
REPLAY_MAX: Final = 1_000  # beyond it the client asks by HTTP, page by page, at its own pace
SILENCE_MAX: Final = 200  # so many entries that an audience may not see, and it is told their number all the same


class Outlet(Protocol):
    """The sockets of this node. Sending never waits for a slow one."""

    async def tell(self, to: str, name: str, message: Mapping[str, Any], skip: Sequence[str] = ()) -> None:
        """`to`: a socket or a room."""
        ...

    async def join(self, sid: str, room: str) -> None: ...
    async def quit(self, sid: str, room: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Listener:
    """`joined`: has caught up and is in its audience's room."""

    sid: str
    seat: Seat
    audience: Audience
    joined: bool = False

    @classmethod
    def of(cls, sid: str, seat: Seat) -> Listener:
        return cls(sid, seat, audience_of(seat))

    @property
    def bridge_id(self) -> BridgeId | None:
        return self.seat.actor.bridge_id


class Stream:
    def __init__(self, meeting_id: MeetingId, last_seq: int, store: Store, outlet: Outlet) -> None:
        self.meeting_id = meeting_id
        self.sent = last_seq
        self.woken = asyncio.Event()
        self.listeners: dict[str, Listener] = {}
        self.task: asyncio.Task[None] | None = None
        self._told = dict.fromkeys(Audience, last_seq)
        self._store = store
        self._outlet = outlet
        self._turn = asyncio.Lock()  # telling and joining take turns

    def room(self, audience: Audience) -> str:
        return f"{self.meeting_id}:{audience}"

    async def expect(self, listener: Listener) -> None:
        """From now on it is found among the listeners; it is told nothing before `admit`."""
        before = self.listeners.get(listener.sid)
        self.listeners[listener.sid] = listener
        if before is not None and before.joined and before.audience is not listener.audience:
            await self._outlet.quit(listener.sid, self.room(before.audience))

    def expects(self, listener: Listener) -> bool:
        return self.listeners.get(listener.sid) is listener

    async def admit(self, listener: Listener, after: int) -> int:
        """Sends the expected listener what it missed, then lets it in; up to which entry it has been told."""
        while self.expects(listener) and after < self.sent <= after + REPLAY_MAX:
            entries = await unbroken(self._read(after))
            if len(entries) < PAGE:
                break  # the rest is short: with the lock held, below
            after = await self._replay(listener, after, entries)
        async with self._turn:
            if not self.expects(listener):  # left, or has another seat, meanwhile
                return self.sent
            if after + REPLAY_MAX < self.sent:
                await self._send(listener.sid, self.sent, self.sent, [])  # a gap that the client sees and fills
            elif after < self.sent and (entries := await unbroken(self._read(after))):
                await self._replay(listener, after, entries)
            if self.expects(listener):
                self.listeners[listener.sid] = replace(listener, joined=True)
                await self._outlet.join(listener.sid, self.room(listener.audience))
            return self.sent

    async def dismiss(self, sid: str) -> None:
        listener = self.listeners.pop(sid, None)
        if listener is not None:
            await self._outlet.quit(sid, self.room(listener.audience))

    async def catch_up(self) -> AsyncIterator[Sequence[Entry]]:
        """Tells everything new and yields it, page by page."""
        while True:
            async with self._turn:
                entries = await unbroken(self._read(self.sent))
                if entries:
                    await self._tell(entries)
                    self.sent = entries[-1].seq
            if entries:
                yield entries
            if len(entries) < PAGE:
                return

    async def tell_all(self, message: wire.Message) -> None:
        plain = wire.plain(message)
        for audience in Audience:
            await self._outlet.tell(self.room(audience), wire.name_of(message), plain)

    async def _read(self, after: int) -> tuple[Entry, ...]:
        async with self._store.begin(write=False) as tx:
            return await tx.entries(self.meeting_id, after, PAGE)

    async def _replay(self, listener: Listener, after: int, entries: Sequence[Entry]) -> int:
        shown = [e for e in entries if visible(e.event, listener.audience, listener.bridge_id)]
        await self._send(listener.sid, after, entries[-1].seq, wire.plain_entries(shown))
        return entries[-1].seq

    async def _tell(self, entries: Sequence[Entry]) -> None:
        plain = list(zip(entries, wire.plain_entries(entries), strict=True))
        apart = self._concerned(entries)
        upto, before = entries[-1].seq, self._told[Audience.BRIDGES]
        for audience in Audience:
            shown = [p for e, p in plain if visible(e.event, audience)]
            skip = [x.sid for x in apart] if audience is Audience.BRIDGES else []
            if shown or upto - self._told[audience] >= SILENCE_MAX:
                await self._send(self.room(audience), self._told[audience], upto, shown, skip)
                self._told[audience] = upto
        for listener in apart:
            own = [p for e, p in plain if visible(e.event, listener.audience, listener.bridge_id)]
            await self._send(listener.sid, before, upto, own)

    def _concerned(self, entries: Sequence[Entry]) -> list[Listener]:
        """Bridges that get some of these entries for themselves, and so all of them in a message of their own."""
        subjects = {subject_bridge(e.event) for e in entries} - {None}
        if not subjects:
            return []
        return [
            x
            for x in self.listeners.values()
            if x.joined and x.audience is Audience.BRIDGES and x.bridge_id in subjects
        ]

    async def _send(
        self, to: str, after: int, upto: int, entries: list[dict[str, Any]], skip: Sequence[str] = ()
    ) -> None:
        message = wire.plain_journal(self.meeting_id, after, upto, entries)
        await self._outlet.tell(to, "journal", message, skip)

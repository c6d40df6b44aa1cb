"""From the doorbell to the tablets: reads the journal after what was told last and tells it, in order.

A ring only says "news"; a poll once a second stands behind it for meetings with listeners here. So a lost ring,
a dead Redis or a node started late loses nothing. Every node tells its own sockets only.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from rooms.errors import NotFound, Refusal
from rooms.events import Event
from rooms.ids import BridgeId, MeetingId, PersonId, PollId
from rooms.journal import Entry
from rooms.meeting import BridgeInvited, BridgeUninvited, Meeting, PersonInvited, PersonUninvited
from rooms.poll import PollClosed
from rooms.ports import Store
from rooms.roles import Actor, ActorKind, Seat
from rooms.service import seat as seat_of
from signaling import wire
from signaling.bell import Bell
from signaling.stream import Listener, Outlet, Stream
from signaling.tasks import Tasks, repeat, unbroken
from signaling.turnout import Count, Turnouts

POLL_S: Final = 1.0

_log: Final = logging.getLogger(__name__)

#: Told of every entry of the meetings that have listeners here.
Hearer = Callable[[MeetingId, Sequence[Entry]], None]
#: Told of who was signed out at another node.
SignedOut = Callable[[ActorKind, UUID], None]


class Feed:
    """Implements rooms.ports.Doorbell."""

    def __init__(
        self, store: Store, outlet: Outlet, bell: Bell, signed_out: SignedOut, *, poll_s: float = POLL_S
    ) -> None:
        self._store = store
        self._outlet = outlet
        self._bell = bell
        self._signed_out = signed_out
        self._poll_s = poll_s
        self._streams: dict[MeetingId, Stream] = {}
        self._of_socket: dict[str, set[MeetingId]] = {}
        self._hearers: list[Hearer] = []
        self._tasks = Tasks()
        self._told = Turnouts(self._tell_turnout)
        self._rung = Turnouts(self._ring_turnout)

    def add_hearer(self, hearer: Hearer) -> None:
        self._hearers.append(hearer)

    async def start(self) -> None:
        await self._bell.start(self._heard, self._wake_all)

    async def stop(self) -> None:
        self._told.stop()
        self._rung.stop()
        await self._bell.stop()
        await self._tasks.stop()

    # ── the doorbell ──

    def ring(self, meeting_id: MeetingId) -> None:
        self._wake(meeting_id)
        self._bell.ring(json.dumps({"m": str(meeting_id)}))

    def turnout(self, meeting_id: MeetingId, poll_id: PollId, cast: int, entitled: int) -> None:
        count = Count(meeting_id, poll_id, cast, entitled)
        self._told.add(count)
        self._rung.add(count)

    def ring_out(self, kind: ActorKind, actor_id: UUID) -> None:
        """Tells the other nodes that the actor is signed out."""
        self._bell.ring(json.dumps({"out": kind, "id": str(actor_id)}))

    def _ring_turnout(self, count: Count) -> None:
        told = {"m": str(count.meeting_id), "p": str(count.poll_id), "c": count.cast, "n": count.entitled}
        self._bell.ring(json.dumps(told))

    def _heard(self, text: str) -> None:
        try:
            news = json.loads(text)
            if "out" in news:
                self._signed_out(ActorKind(news["out"]), UUID(news["id"]))
                return
            meeting_id = MeetingId(UUID(news["m"]))
            count = Count(meeting_id, UUID(news["p"]), int(news["c"]), int(news["n"])) if "p" in news else None
        except (ValueError, KeyError, TypeError):
            _log.warning("a bell that makes no sense: %.100s", text)
            return
        if count is None:
            self._wake(meeting_id)
        elif meeting_id in self._streams:
            self._told.add(count)

    def _wake(self, meeting_id: MeetingId) -> None:
        if (stream := self._streams.get(meeting_id)) is not None:
            stream.woken.set()

    def _wake_all(self) -> None:
        for stream in self._streams.values():
            stream.woken.set()

    def _tell_turnout(self, count: Count) -> None:
        if (stream := self._streams.get(MeetingId(count.meeting_id))) is not None:
            news = wire.Turnout(
                meeting_id=count.meeting_id, poll_id=count.poll_id, cast=count.cast, entitled=count.entitled
            )
            self._tasks.start("turnout", stream.tell_all(news))

    def tell_all(self, meeting_id: MeetingId, message: wire.Message) -> None:
        """What is of the moment only, to everybody who listens here."""
        if (stream := self._streams.get(meeting_id)) is not None:
            self._tasks.start("tell", stream.tell_all(message))

    # ── listeners ──

    def meetings(self) -> tuple[MeetingId, ...]:
        """Those with listeners here."""
        return tuple(m for m, stream in self._streams.items() if stream.listeners)

    def listeners(self, meeting_id: MeetingId) -> tuple[Listener, ...]:
        stream = self._streams.get(meeting_id)
        return tuple(stream.listeners.values()) if stream is not None else ()

    def count(self, sid: str) -> int:
        """How many meetings the socket follows."""
        return len(self._of_socket.get(sid, ()))

    async def enter(self, sid: str, actor: Actor, meeting_id: MeetingId, after: int) -> int:
        """Makes the socket a listener after sending it what it missed; up to which entry. Raises: Refusal."""
        meeting, place = await unbroken(self._place(actor, meeting_id))
        stream = self._streams.get(meeting_id) or self._open(meeting_id, meeting.last_seq)
        self._of_socket.setdefault(sid, set()).add(meeting_id)
        try:
            return await stream.admit(await self._expected(stream, sid, place), after)
        except BaseException:
            await self.leave(sid, meeting_id)
            raise

    async def leave(self, sid: str, meeting_id: MeetingId) -> None:
        self._of_socket.get(sid, set()).discard(meeting_id)
        if (stream := self._streams.get(meeting_id)) is not None:
            await stream.dismiss(sid)
            self._close_if_empty(stream)

    async def gone(self, sid: str) -> None:
        """The socket is closed."""
        for meeting_id in self._of_socket.pop(sid, set()):
            if (stream := self._streams.get(meeting_id)) is not None:
                stream.listeners.pop(sid, None)
                self._close_if_empty(stream)

    async def _expected(self, stream: Stream, sid: str, place: Seat) -> Listener:
        """Reads the seat again once the stream knows of the listener: who loses it from then on is found there."""
        while True:
            listener = Listener.of(sid, place)
            await stream.expect(listener)
            _, place = await unbroken(self._place(place.actor, stream.meeting_id))
            if stream.meeting_id not in self._of_socket.get(sid, ()):  # left, or found without a seat, meanwhile
                raise NotFound("meeting-unknown", "no longer in the meeting")
            if stream.expects(listener) and place.role is listener.seat.role:
                return listener

    async def _place(self, actor: Actor, meeting_id: MeetingId) -> tuple[Meeting, Seat]:
        async with self._store.begin(write=False) as tx:
            meeting = await tx.meeting(meeting_id)
            return meeting, await seat_of(tx, meeting, actor)

    def _open(self, meeting_id: MeetingId, last_seq: int) -> Stream:
        stream = Stream(meeting_id, last_seq, self._store, self._outlet)
        self._streams[meeting_id] = stream
        stream.task = self._tasks.start(f"feed-{meeting_id}", self._follow(stream))
        return stream

    def _close_if_empty(self, stream: Stream) -> None:
        if not stream.listeners and self._streams.get(stream.meeting_id) is stream:
            del self._streams[stream.meeting_id]
            if stream.task is not None:
                stream.task.cancel()

    async def _follow(self, stream: Stream) -> None:
        async def step() -> None:
            async for entries in stream.catch_up():
                await self._after_telling(stream, entries)

        await repeat(f"feed-{stream.meeting_id}", step, self._poll_s, stream.woken)

    async def _after_telling(self, stream: Stream, entries: Sequence[Entry]) -> None:
        for hearer in self._hearers:
            hearer(stream.meeting_id, entries)
        moved: set[PersonId | BridgeId] = set()
        for entry in entries:
            if isinstance(entry.event, PollClosed):
                self._told.forget(entry.event.poll_id)
                self._rung.forget(entry.event.poll_id)
            if (subject := _seat_changed(entry.event)) is not None:
                moved.add(subject)
        for listener in tuple(stream.listeners.values()):
            if listener.seat.actor.id in moved:
                await self._reseat(stream, listener)

    async def _reseat(self, stream: Stream, listener: Listener) -> None:
        """The listener's role changed, or it is no longer invited."""
        place: Seat | None = None
        try:
            _, place = await unbroken(self._place(listener.seat.actor, stream.meeting_id))
        except Refusal:
            _log.info("%s may no longer listen to %s", listener.seat.actor.id, stream.meeting_id)
        if place is not None and place.role is listener.seat.role:
            return
        await stream.dismiss(listener.sid)
        await self._outlet.tell(listener.sid, "seat", _plain_seat(stream.meeting_id))
        if place is not None:
            fresh = Listener.of(listener.sid, place)
            await stream.expect(fresh)
            await stream.admit(fresh, stream.sent)
        else:
            self._of_socket.get(listener.sid, set()).discard(stream.meeting_id)
            self._close_if_empty(stream)


def _plain_seat(meeting_id: MeetingId) -> dict[str, Any]:
    return wire.plain(wire.SeatChanged(meeting_id=meeting_id))


def _seat_changed(event: Event) -> PersonId | BridgeId | None:
    match event:
        case PersonInvited(person_id=person_id) | PersonUninvited(person_id=person_id):
            return person_id
        case BridgeInvited(bridge_id=bridge_id) | BridgeUninvited(bridge_id=bridge_id):
            return bridge_id
        case _:
            return None

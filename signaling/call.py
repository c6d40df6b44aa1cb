"""Central bridge and communes: keeps the relay's stage equal to the meeting's row.

The row decides and is read anew each time; telling the relay the same again changes nothing, so every node may
do it at any moment. A relay that was restarted hears it within REASSERT_S.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from media.client import Recording, Relay, RelayRefused, RelayUnreachable, Stage, StudioState
from rooms.conference import OnAirChanged, RecordingStarted, RecordingStopped, StandByChanged
from rooms.errors import NotFound
from rooms.ids import BridgeId, MeetingId, OrganisationId, PersonId
from rooms.journal import Entry
from rooms.meeting import BridgeSeat, BridgeUninvited, Meeting, MeetingClosed, MeetingState, PersonUninvited
from rooms.ports import Store
from rooms.roles import Actor, ActorKind, Right, Role, Seat
from signaling.recorded import Recorded
from signaling.tasks import Tasks, repeat, unbroken

MAIN: Final = "main"
PREVIEW: Final = "preview"
REASSERT_S: Final = 2.0
ATTEMPTS: Final = 3
RELAY_DOWN: Final = (RelayUnreachable, RelayRefused)

_log: Final = logging.getLogger(__name__)
_ON_STAGE: Final = (MeetingState.CONVENED, MeetingState.OPEN)


def studio(meeting_id: MeetingId) -> str:
    return str(meeting_id)


def peer(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"


def bridge_peer(bridge_id: BridgeId) -> str:
    return f"{ActorKind.BRIDGE}:{bridge_id}"


@dataclass(frozen=True, slots=True)
class Grants:
    """What a seat may do on the relay besides watching "main". `preview`: see who stands by."""

    publish: bool
    preview: bool


def grants(meeting: Meeting, seat: Seat) -> Grants:
    """The central bridge may always send; a commune from the moment it stands by."""
    called = (meeting.stand_by_bridge_id, meeting.on_air_bridge_id)
    bridge_id = seat.actor.bridge_id
    may_send = meeting.state in _ON_STAGE and seat.has(Right.PUBLISH)
    return Grants(
        publish=may_send and (seat.role is Role.CENTRAL_BRIDGE or (bridge_id is not None and bridge_id in called)),
        preview=seat.has(Right.DIRECT),
    )


def plan(meeting: Meeting, bridges: Sequence[BridgeSeat]) -> Mapping[str, Stage]:
    """What each programme shows. The centre stays heard while a commune is on air."""
    if meeting.state not in _ON_STAGE:
        return {MAIN: Stage(None, ()), PREVIEW: Stage(None, ())}
    on_air, stand_by = meeting.on_air_bridge_id, meeting.stand_by_bridge_id
    central = centre(bridges)
    heard = [b for b in (on_air, central if central != on_air else None) if b is not None] if on_air else []
    return {MAIN: _stage(on_air, heard), PREVIEW: _stage(stand_by, [stand_by] if stand_by else [])}


def centre(bridges: Sequence[BridgeSeat]) -> BridgeId | None:
    """The central bridge."""
    return next((b.bridge_id for b in bridges if b.role is Role.CENTRAL_BRIDGE), None)


def _stage(seen: BridgeId | None, heard: Sequence[BridgeId]) -> Stage:
    return Stage(bridge_peer(seen) if seen else None, tuple(bridge_peer(b) for b in heard))


def _read_peer(name: str) -> tuple[ActorKind, UUID] | None:
    """None for what is neither person nor bridge, as a rehearsal's made-up viewers."""
    kind, _, text = name.partition(":")
    try:
        return ActorKind(kind), UUID(text)
    except ValueError:
        return None


class Call:
    """Follows the meetings that have listeners on this node."""

    def __init__(self, store: Store, relay: Relay, *, reassert_s: float = REASSERT_S) -> None:
        self._store = store
        self._relay = relay
        self._reassert_s = reassert_s
        self._kept: dict[MeetingId, tuple[asyncio.Task[None], ...]] = {}
        self._woken: dict[MeetingId, tuple[asyncio.Event, ...]] = {}
        self._ended: set[MeetingId] = set()
        self._tasks = Tasks()
        self.relay_up = True

    def follow(self, meeting_ids: Sequence[MeetingId]) -> None:
        """Exactly these from now on."""
        for meeting_id in set(self._kept) - set(meeting_ids):
            for task in self._kept.pop(meeting_id):
                task.cancel()
            self._woken.pop(meeting_id, None)
            self._ended.discard(meeting_id)
        for meeting_id in set(meeting_ids) - set(self._kept):
            recorded, woken = Recorded(self._relay, studio(meeting_id), MAIN), asyncio.Event()
            self._woken[meeting_id] = woken, recorded.changed
            self._kept[meeting_id] = (
                self._repeat(f"stage-{meeting_id}", partial(self._reassert, meeting_id, recorded), woken),
                self._repeat(f"recording-{meeting_id}", recorded.tell, recorded.changed),
            )

    def _repeat(self, name: str, step: Callable[[], Awaitable[None]], woken: asyncio.Event) -> asyncio.Task[None]:
        return self._tasks.start(name, repeat(name, step, self._reassert_s, woken))

    def hear(self, meeting_id: MeetingId, entries: Sequence[Entry]) -> None:
        """Acts at once on what changes the stage, and ends who was uninvited."""
        for entry in entries:
            match entry.event:
                case OnAirChanged() | StandByChanged() | MeetingClosed() | RecordingStarted() | RecordingStopped():
                    self.wake(meeting_id)
                case BridgeUninvited(bridge_id=bridge_id):
                    self._kick(meeting_id, bridge_peer(bridge_id))
                case PersonUninvited(person_id=person_id):
                    self._kick(meeting_id, f"{ActorKind.PERSON}:{person_id}")
                case _:
                    pass

    async def keep(self, meeting_id: MeetingId) -> bool:
        """Puts the stage on the relay now; whether the relay took it. Raises: NotFound."""
        try:
            told = await self._planned(meeting_id)
            for _ in range(ATTEMPTS):
                for programme, stage in told.items():
                    await self._relay.stage(studio(meeting_id), programme, stage.video, stage.audio)
                # Another node may have told the relay of a newer row before us: whoever tells last reads last.
                now = await self._planned(meeting_id)
                if now == told:
                    break
                told = now
        except RELAY_DOWN as error:
            self._set_up(False, error)
            return False
        self._set_up(True)
        return True

    async def end(self, kind: ActorKind, actor_id: UUID, organisation_id: OrganisationId) -> None:
        """The actor's access is over: ends what it sends and receives in every meeting under way."""

        async def meetings() -> list[Meeting]:
            async with self._store.begin(write=False) as tx:
                return list(await tx.meetings_of(organisation_id, actor_id))

        for meeting in await unbroken(meetings()):
            if meeting.state in _ON_STAGE:
                self._kick(meeting.id, f"{kind}:{actor_id}")

    async def stop(self) -> None:
        await self._tasks.stop()

    async def _reassert(self, meeting_id: MeetingId, recorded: Recorded) -> None:
        if meeting_id in self._ended:
            return
        try:
            meeting, bridges = await unbroken(self._load(meeting_id))
        except NotFound:
            return
        recorded.read(meeting.recording_since is not None)
        if not bridges or meeting.state is MeetingState.DRAFT:
            return
        if not await self.keep(meeting_id):
            return
        state = await self._state(meeting_id)
        if state is not None:
            recorded.found(state.recordings.get(MAIN, Recording(False)).on)
            await self._turn_out(meeting, state)
        if meeting.state is MeetingState.CLOSED:
            self._ended.add(meeting_id)

    async def _state(self, meeting_id: MeetingId) -> StudioState | None:
        try:
            return await self._relay.studio(studio(meeting_id))
        except RELAY_DOWN as error:
            _log.debug("who is at the relay is not known: %s", error)
            return None

    async def _turn_out(self, meeting: Meeting, state: StudioState) -> None:
        """Ends on the relay whoever has no seat any more: a token outlives the seat it was given for."""
        names = {s.peer for s in state.sources} | {v.peer for v in state.viewers}
        there = {name: actor for name in names if (actor := _read_peer(name)) is not None}
        if not there:
            return
        # After the relay's answer, so that who was invited a moment ago is not turned out.
        seated = await unbroken(self._seated(meeting, set(there.values())))
        for name, actor in there.items():
            if actor not in seated:
                _log.info("%s has no seat in %s and is ended", name, meeting.id)
                self._kick(meeting.id, name)

    async def _seated(
        self, meeting: Meeting, actors: AbstractSet[tuple[ActorKind, UUID]]
    ) -> AbstractSet[tuple[ActorKind, UUID]]:
        """Those of `actors` who are invited and whose account is open."""
        async with self._store.begin(write=False) as tx:
            people: set[UUID] = {a.person_id for a in await tx.attendants(meeting.id)}
            bridges: set[UUID] = {b.bridge_id for b in await tx.bridges(meeting.id)}
            asked = [PersonId(i) for kind, i in actors if kind is ActorKind.PERSON and i in people]
            listed = await tx.listed_people(meeting.organisation_id, asked) if asked else ()
            sites = [BridgeId(i) for kind, i in actors if kind is ActorKind.BRIDGE and i in bridges]
            open_sites = await tx.listed_bridges(meeting.organisation_id, sites) if sites else ()
        return {(ActorKind.PERSON, x.id) for x in listed} | {(ActorKind.BRIDGE, x.id) for x in open_sites}

    async def _planned(self, meeting_id: MeetingId) -> Mapping[str, Stage]:
        return plan(*await unbroken(self._load(meeting_id)))

    async def _load(self, meeting_id: MeetingId) -> tuple[Meeting, tuple[BridgeSeat, ...]]:
        async with self._store.begin(write=False) as tx:
            return await tx.meeting(meeting_id), await tx.bridges(meeting_id)

    def wake(self, meeting_id: MeetingId) -> None:
        """Tells the relay everything again, now."""
        for woken in self._woken.get(meeting_id, ()):
            woken.set()

    def _kick(self, meeting_id: MeetingId, name: str) -> None:
        async def kick() -> None:
            try:
                await self._relay.kick(studio(meeting_id), name)
            except RELAY_DOWN as error:
                _log.warning("could not end %s: %s", name, error)

        self._tasks.start(f"kick-{name}", kick())

    def _set_up(self, up: bool, error: Exception | None = None) -> None:
        if up != self.relay_up:
            level = logging.INFO if up else logging.WARNING
            _log.log(level, "the relay %s %s", "is back" if up else "is gone", error or "")
        self.relay_up = up

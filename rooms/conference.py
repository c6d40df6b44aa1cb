"""What is on air: the central bridge, or the commune it calls; who stands by to be next; whether it is recorded.

`on_air_bridge_id` None: nothing is sent. Calling a bridge whose hand is up gives it the floor;
going elsewhere ends its turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict, NotFound
from rooms.floor import FloorEnded, FloorGiven, Turn, TurnState, end_speaking, ended
from rooms.ids import BridgeId
from rooms.meeting import BridgeSeat, Meeting, MeetingState
from rooms.roles import ActorKind, Right

# ── commands ──


@dataclass(frozen=True, slots=True)
class StandBy:
    """Asks a bridge to get ready: it starts to send, the director sees it. None: nobody."""

    bridge_id: BridgeId | None
    kind: Literal["stand_by"] = "stand_by"


@dataclass(frozen=True, slots=True)
class PutOnAir:
    """All bridges see and hear this one. None: nothing is on air."""

    bridge_id: BridgeId | None
    kind: Literal["put_on_air"] = "put_on_air"


@dataclass(frozen=True, slots=True)
class Record:
    """What is on air is kept from now on, or no longer. Everybody is told."""

    on: bool
    kind: Literal["record"] = "record"


ConferenceCommand = StandBy | PutOnAir | Record

# ── events ──


@dataclass(frozen=True, slots=True)
class StandByChanged:
    bridge_id: BridgeId | None
    kind: Literal["stage.stand_by"] = "stage.stand_by"


@dataclass(frozen=True, slots=True)
class OnAirChanged:
    bridge_id: BridgeId | None
    name: str
    kind: Literal["stage.on_air"] = "stage.on_air"


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    kind: Literal["recording.started"] = "recording.started"


@dataclass(frozen=True, slots=True)
class RecordingStopped:
    kind: Literal["recording.stopped"] = "recording.stopped"


ConferenceEvent = StandByChanged | OnAirChanged | RecordingStarted | RecordingStopped


def decide(
    meeting: Meeting,
    bridges: tuple[BridgeSeat, ...],
    turns: tuple[Turn, ...],
    command: ConferenceCommand,
    act: Act,
) -> tuple[ConferenceEvent | FloorGiven | FloorEnded, ...]:
    """Raises: Refusal."""
    act.seat.require(Right.DIRECT)
    meeting.require(MeetingState.CONVENED, MeetingState.OPEN)
    match command:
        case StandBy(bridge_id):
            if bridge_id is not None:
                _find(bridges, bridge_id)
            if bridge_id is not None and bridge_id == meeting.on_air_bridge_id:
                raise Conflict("bridge-is-on-air", "the bridge is on air already")
            return () if bridge_id == meeting.stand_by_bridge_id else (StandByChanged(bridge_id),)
        case PutOnAir(bridge_id):
            return _put_on_air(meeting, bridges, turns, bridge_id, act)
        case Record(on):
            if on == (meeting.recording_since is not None):
                return ()
            return (RecordingStarted() if on else RecordingStopped(),)
        case _:
            assert_never(command)


def _put_on_air(
    meeting: Meeting,
    bridges: tuple[BridgeSeat, ...],
    turns: tuple[Turn, ...],
    bridge_id: BridgeId | None,
    act: Act,
) -> tuple[ConferenceEvent | FloorGiven | FloorEnded, ...]:
    if bridge_id == meeting.on_air_bridge_id:
        return ()
    name = "" if bridge_id is None else _find(bridges, bridge_id).name
    events: list[ConferenceEvent | FloorGiven | FloorEnded] = [
        ended(t, act.now)
        for t in turns
        if t.state is TurnState.SPEAKING
        and t.speaker_kind is ActorKind.BRIDGE
        and t.speaker_id == meeting.on_air_bridge_id
    ]
    if bridge_id is not None and bridge_id == meeting.stand_by_bridge_id:
        events.append(StandByChanged(None))
    events.append(OnAirChanged(bridge_id, name))
    waiting = next((t for t in turns if t.speaker_id == bridge_id and t.state is TurnState.WAITING), None)
    if waiting is not None and meeting.state is MeetingState.OPEN:
        ended_here = {e.turn_id for e in events if isinstance(e, FloorEnded)}
        events += [e for e in end_speaking(turns, act.now) if e.turn_id not in ended_here]
        events.append(FloorGiven(waiting.id, None))
    return tuple(events)


def _find(bridges: tuple[BridgeSeat, ...], bridge_id: BridgeId) -> BridgeSeat:
    for seat in bridges:
        if seat.bridge_id == bridge_id:
            return seat
    raise NotFound("bridge-not-invited", "the bridge is not invited")

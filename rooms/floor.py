"""The floor: who asks to speak, who speaks, and for how long.

One speaker at a time. A turn is waiting, speaking, then done (spoke) or withdrawn (did not).
A bridge asks for the floor like a person: its raised hand is a waiting turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict, Forbidden, Invalid, NotFound
from rooms.ids import BridgeId, ItemId, PersonId, TurnId
from rooms.meeting import Meeting, MeetingState
from rooms.roles import ActorKind, Right

WAITING_MAX = 500
LIMIT_MIN_S = 10
LIMIT_MAX_S = 2 * 3600


class TurnState(StrEnum):
    WAITING = "waiting"
    SPEAKING = "speaking"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Turn:
    """`limit_s`: seconds given, extensions included; None before the floor is given or when unlimited."""

    id: TurnId
    speaker_kind: ActorKind
    speaker_id: PersonId | BridgeId
    name: str
    item_id: ItemId | None
    state: TurnState
    asked_at: datetime
    started_at: datetime | None = None
    limit_s: int | None = None
    ended_at: datetime | None = None


# ── commands ──


@dataclass(frozen=True, slots=True)
class AskFloor:
    kind: Literal["ask_floor"] = "ask_floor"


@dataclass(frozen=True, slots=True)
class WithdrawFloor:
    """The asker withdraws, or the chair strikes the turn from the list."""

    turn_id: TurnId
    kind: Literal["withdraw_floor"] = "withdraw_floor"


@dataclass(frozen=True, slots=True)
class GiveFloor:
    turn_id: TurnId
    limit_s: int | None = None
    kind: Literal["give_floor"] = "give_floor"


@dataclass(frozen=True, slots=True)
class ExtendFloor:
    turn_id: TurnId
    extra_s: int
    kind: Literal["extend_floor"] = "extend_floor"


@dataclass(frozen=True, slots=True)
class EndFloor:
    """By the chair, or by the speaker."""

    turn_id: TurnId
    kind: Literal["end_floor"] = "end_floor"


FloorCommand = AskFloor | WithdrawFloor | GiveFloor | ExtendFloor | EndFloor

# ── events ──


@dataclass(frozen=True, slots=True)
class FloorAsked:
    turn: Turn
    kind: Literal["floor.asked"] = "floor.asked"


@dataclass(frozen=True, slots=True)
class FloorWithdrawn:
    turn_id: TurnId
    kind: Literal["floor.withdrawn"] = "floor.withdrawn"


@dataclass(frozen=True, slots=True)
class FloorGiven:
    turn_id: TurnId
    limit_s: int | None
    kind: Literal["floor.given"] = "floor.given"


@dataclass(frozen=True, slots=True)
class FloorExtended:
    """`limit_s` is the new whole."""

    turn_id: TurnId
    limit_s: int
    kind: Literal["floor.extended"] = "floor.extended"


@dataclass(frozen=True, slots=True)
class FloorEnded:
    turn_id: TurnId
    spoke_s: int
    kind: Literal["floor.ended"] = "floor.ended"


FloorEvent = FloorAsked | FloorWithdrawn | FloorGiven | FloorExtended | FloorEnded


def decide(meeting: Meeting, turns: tuple[Turn, ...], command: FloorCommand, act: Act) -> tuple[FloorEvent, ...]:
    """`turns`: at least the waiting and speaking ones. Raises: Refusal."""
    meeting.require(MeetingState.OPEN)
    match command:
        case AskFloor():
            return _ask(meeting, turns, act)
        case WithdrawFloor(turn_id):
            turn = find(turns, turn_id)
            _require_own_or_chair(turn, act)
            if turn.state is not TurnState.WAITING:
                raise Conflict("turn-not-waiting", "only a waiting turn can be withdrawn")
            return (FloorWithdrawn(turn_id),)
        case GiveFloor(turn_id, limit_s):
            act.seat.require(Right.PRESIDE)
            turn = find(turns, turn_id)
            if turn.state is not TurnState.WAITING:
                raise Conflict("turn-not-waiting", "the floor is given to somebody who waits")
            return (*end_speaking(turns, act.now), FloorGiven(turn_id, _limit(limit_s)))
        case ExtendFloor(turn_id, extra_s):
            act.seat.require(Right.PRESIDE)
            turn = find(turns, turn_id)
            _require_speaking(turn)
            if turn.limit_s is None:
                raise Conflict("turn-unlimited", "the turn has no time limit")
            if extra_s <= 0:
                raise Invalid("bad-time-limit", "an extension is longer than nothing")
            return (FloorExtended(turn_id, _limit(turn.limit_s + extra_s) or LIMIT_MAX_S),)
        case EndFloor(turn_id):
            turn = find(turns, turn_id)
            _require_own_or_chair(turn, act)
            _require_speaking(turn)
            return (ended(turn, act.now),)
        case _:
            assert_never(command)


def _ask(meeting: Meeting, turns: tuple[Turn, ...], act: Act) -> tuple[FloorEvent, ...]:
    act.seat.require(Right.ASK_FLOOR)
    actor = act.seat.actor
    active = [t for t in turns if t.state in (TurnState.WAITING, TurnState.SPEAKING)]
    if any(t.speaker_id == actor.id for t in active):
        raise Conflict("floor-asked-already", "you are on the list already")
    if len(active) >= WAITING_MAX:
        raise Conflict("too-many-waiting", f"over {WAITING_MAX} wait", limit=WAITING_MAX)
    turn = Turn(
        TurnId(act.new_id()),
        actor.kind,
        actor.id,
        actor.name,
        meeting.current_item_id,
        TurnState.WAITING,
        act.now,
    )
    return (FloorAsked(turn),)


def _limit(limit_s: int | None) -> int | None:
    if limit_s is not None and not LIMIT_MIN_S <= limit_s <= LIMIT_MAX_S:
        raise Invalid("bad-time-limit", f"between {LIMIT_MIN_S} and {LIMIT_MAX_S} seconds")
    return limit_s


def _require_own_or_chair(turn: Turn, act: Act) -> None:
    if turn.speaker_id != act.seat.actor.id and not act.seat.has(Right.PRESIDE):
        raise Forbidden("not-your-turn", "the turn is somebody else's")


def _require_speaking(turn: Turn) -> None:
    if turn.state is not TurnState.SPEAKING:
        raise Conflict("turn-not-speaking", "this turn has not the floor")


def find(turns: tuple[Turn, ...], turn_id: TurnId) -> Turn:
    for turn in turns:
        if turn.id == turn_id:
            return turn
    raise NotFound("turn-unknown", "no such turn")


def ended(turn: Turn, now: datetime) -> FloorEnded:
    spoke = 0 if turn.started_at is None else max(0, int((now - turn.started_at).total_seconds()))
    return FloorEnded(turn.id, spoke)


def gone(turns: tuple[Turn, ...], speaker_id: PersonId | BridgeId, now: datetime) -> tuple[FloorEvent, ...]:
    """Who leaves neither waits nor speaks any more."""
    own = tuple(t for t in turns if t.speaker_id == speaker_id)
    return (
        *(FloorWithdrawn(t.id) for t in own if t.state is TurnState.WAITING),
        *end_speaking(own, now),
    )


def end_speaking(turns: tuple[Turn, ...], now: datetime) -> tuple[FloorEnded, ...]:
    """Ends whoever has the floor: a new speaker, the end of the meeting."""
    return tuple(ended(t, now) for t in turns if t.state is TurnState.SPEAKING)

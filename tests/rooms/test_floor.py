"""The floor: a list of those who wait, one who speaks."""

from dataclasses import replace
from uuid import UUID

import pytest

from rooms.floor import (
    LIMIT_MAX_S,
    WAITING_MAX,
    AskFloor,
    EndFloor,
    ExtendFloor,
    FloorAsked,
    FloorCommand,
    FloorEnded,
    FloorExtended,
    FloorGiven,
    FloorWithdrawn,
    GiveFloor,
    Turn,
    TurnState,
    WithdrawFloor,
    decide,
    ended,
    gone,
)
from rooms.ids import TurnId
from rooms.meeting import MeetingState
from rooms.roles import ActorKind, Role
from tests.support.given import LATER, NEW, NOW, by, item_id, meeting, person, refused

T, S = TurnId(UUID(int=1)), TurnId(UUID(int=2))
WAITING = Turn(T, ActorKind.PERSON, person(1), "Đại biểu 1", None, TurnState.WAITING, NOW)
SPEAKING = replace(WAITING, id=S, speaker_id=person(2), state=TurnState.SPEAKING, started_at=NOW, limit_s=180)
BOTH = (WAITING, SPEAKING)
CHAIR, ASKER, SPEAKER = by(Role.CHAIR, 9, now=LATER), by(Role.MEMBER, 1), by(Role.MEMBER, 2, now=LATER)


def test_asking() -> None:
    act = by(Role.GUEST, 5)
    (event,) = decide(meeting(current_item_id=item_id(3)), BOTH, AskFloor(), act)
    turn = Turn(TurnId(NEW), ActorKind.PERSON, person(5), "guest 5", item_id(3), TurnState.WAITING, NOW)
    assert event == FloorAsked(turn)


def test_a_bridge_raises_its_hand() -> None:
    (event,) = decide(meeting(), (), AskFloor(), by(Role.COMMUNE_BRIDGE, 1))
    assert isinstance(event, FloorAsked)
    assert event.turn.speaker_kind is ActorKind.BRIDGE


@pytest.mark.parametrize("n", [1, 2])
def test_nobody_stands_on_the_list_twice(n: int) -> None:
    with refused("floor-asked-already"):
        decide(meeting(), BOTH, AskFloor(), by(Role.MEMBER, n))


def test_who_has_spoken_may_ask_again() -> None:
    assert decide(meeting(), (replace(WAITING, state=TurnState.DONE),), AskFloor(), ASKER)


def test_the_list_is_bounded() -> None:
    crowd = tuple(replace(WAITING, id=TurnId(UUID(int=n)), speaker_id=person(n)) for n in range(WAITING_MAX))
    with refused("too-many-waiting", limit=WAITING_MAX):
        decide(meeting(), crowd, AskFloor(), by(Role.MEMBER, WAITING_MAX))


@pytest.mark.parametrize("act", [ASKER, CHAIR])
def test_withdrawing(act) -> None:  # type: ignore[no-untyped-def]
    assert decide(meeting(), BOTH, WithdrawFloor(T), act) == (FloorWithdrawn(T),)


def test_giving_ends_who_spoke() -> None:
    assert decide(meeting(), BOTH, GiveFloor(T, 180), CHAIR) == (FloorEnded(S, 95), FloorGiven(T, 180))
    assert decide(meeting(), (WAITING,), GiveFloor(T), CHAIR) == (FloorGiven(T, None),)


def test_extending() -> None:
    assert decide(meeting(), BOTH, ExtendFloor(S, 60), CHAIR) == (FloorExtended(S, 240),)
    with refused("turn-unlimited"):
        decide(meeting(), (replace(SPEAKING, limit_s=None),), ExtendFloor(S, 60), CHAIR)


@pytest.mark.parametrize("act", [SPEAKER, CHAIR])
def test_ending(act) -> None:  # type: ignore[no-untyped-def]
    assert decide(meeting(), BOTH, EndFloor(S), act) == (FloorEnded(S, 95),)


@pytest.mark.parametrize(
    "command",
    [
        GiveFloor(T, 9),
        GiveFloor(T, LIMIT_MAX_S + 1),
        ExtendFloor(S, 0),
        ExtendFloor(S, -5),
        ExtendFloor(S, 99_999),
    ],
)
def test_time_limits(command: FloorCommand) -> None:
    with refused("bad-time-limit"):
        decide(meeting(), BOTH, command, CHAIR)


@pytest.mark.parametrize("command", [WithdrawFloor(S), GiveFloor(S)])
def test_not_waiting(command: FloorCommand) -> None:
    with refused("turn-not-waiting"):
        decide(meeting(), BOTH, command, CHAIR)


@pytest.mark.parametrize("command", [ExtendFloor(T, 60), EndFloor(T)])
def test_not_speaking(command: FloorCommand) -> None:
    with refused("turn-not-speaking"):
        decide(meeting(), BOTH, command, CHAIR)


@pytest.mark.parametrize("command", [WithdrawFloor(T), EndFloor(S)])
def test_another_persons_turn(command: FloorCommand) -> None:
    for role in set(Role) - {Role.CHAIR}:
        with refused("not-your-turn"):
            decide(meeting(), BOTH, command, by(role, 7))


@pytest.mark.parametrize("command", [GiveFloor(T), ExtendFloor(S, 60)])
def test_the_chair_gives(command: FloorCommand) -> None:
    for role in set(Role) - {Role.CHAIR}:
        with refused("not-your-right", right="preside"):
            decide(meeting(), BOTH, command, by(role, 1))


@pytest.mark.parametrize("command", [WithdrawFloor(T), GiveFloor(T), ExtendFloor(T, 60), EndFloor(T)])
def test_unknown_turns(command: FloorCommand) -> None:
    with refused("turn-unknown"):
        decide(meeting(), (), command, CHAIR)


@pytest.mark.parametrize("state", [s for s in MeetingState if s is not MeetingState.OPEN])
@pytest.mark.parametrize("command", [AskFloor(), WithdrawFloor(T), GiveFloor(T), ExtendFloor(S, 9), EndFloor(S)])
def test_when(state: MeetingState, command: FloorCommand) -> None:
    with refused(f"meeting-is-{state}"):
        decide(meeting(state), BOTH, command, CHAIR)


def test_a_clock_set_back_makes_no_negative_time() -> None:
    assert ended(replace(SPEAKING, started_at=LATER), NOW) == FloorEnded(S, 0)
    assert ended(WAITING, NOW) == FloorEnded(T, 0)


def test_who_leaves_neither_waits_nor_speaks() -> None:
    assert gone(BOTH, person(1), LATER) == (FloorWithdrawn(T),)
    assert gone(BOTH, person(2), LATER) == (FloorEnded(S, 95),)
    assert gone(BOTH, person(3), LATER) == ()

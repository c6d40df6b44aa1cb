"""What is on air and who stands by."""

from dataclasses import replace
from uuid import UUID

import pytest

from rooms.conference import (
    ConferenceCommand,
    OnAirChanged,
    PutOnAir,
    Record,
    RecordingStarted,
    RecordingStopped,
    StandBy,
    StandByChanged,
    decide,
)
from rooms.floor import FloorEnded, FloorGiven, Turn, TurnState
from rooms.ids import TurnId
from rooms.meeting import MeetingState
from rooms.roles import ActorKind, Role
from tests.support.given import LATER, NOW, bridge, by, meeting, person, refused, seat

SEATS = (seat(0, Role.CENTRAL_BRIDGE), seat(1), seat(2))
CENTRE, ONE, TWO = (s.bridge_id for s in SEATS)
DIRECTOR = by(Role.CENTRAL_BRIDGE, 0, now=LATER)
HAND = Turn(TurnId(UUID(int=1)), ActorKind.BRIDGE, ONE, "Xã 1", None, TurnState.WAITING, NOW)
ON_FLOOR = replace(HAND, state=TurnState.SPEAKING, started_at=NOW)
MEMBER = replace(ON_FLOOR, id=TurnId(UUID(int=2)), speaker_kind=ActorKind.PERSON, speaker_id=person(1))


def test_the_centre_goes_on_air() -> None:
    assert decide(meeting(), SEATS, (), PutOnAir(CENTRE), DIRECTOR) == (OnAirChanged(CENTRE, "Xã 0"),)


def test_a_called_bridge_gets_the_floor() -> None:
    stage = meeting(on_air_bridge_id=CENTRE, stand_by_bridge_id=ONE)
    assert decide(stage, SEATS, (HAND, MEMBER), PutOnAir(ONE), DIRECTOR) == (
        StandByChanged(None),
        OnAirChanged(ONE, "Xã 1"),
        FloorEnded(MEMBER.id, 95),
        FloorGiven(HAND.id, None),
    )


def test_a_bridge_without_a_hand_up_leaves_the_floor_alone() -> None:
    stage = meeting(on_air_bridge_id=CENTRE)
    assert decide(stage, SEATS, (MEMBER,), PutOnAir(TWO), DIRECTOR) == (OnAirChanged(TWO, "Xã 2"),)


def test_going_back_ends_the_bridges_turn_once() -> None:
    stage = meeting(on_air_bridge_id=ONE)
    assert decide(stage, SEATS, (ON_FLOOR,), PutOnAir(CENTRE), DIRECTOR) == (
        FloorEnded(ON_FLOOR.id, 95),
        OnAirChanged(CENTRE, "Xã 0"),
    )
    two = replace(HAND, id=TurnId(UUID(int=3)), speaker_id=TWO)
    events = decide(stage, SEATS, (ON_FLOOR, two), PutOnAir(TWO), DIRECTOR)
    assert [type(e) for e in events] == [FloorEnded, OnAirChanged, FloorGiven]


def test_nothing_on_air() -> None:
    stage = meeting(on_air_bridge_id=CENTRE)
    assert decide(stage, SEATS, (), PutOnAir(None), DIRECTOR) == (OnAirChanged(None, ""),)


def test_before_the_opening_nobody_gets_the_floor() -> None:
    early = meeting(MeetingState.CONVENED)
    assert decide(early, SEATS, (HAND,), PutOnAir(ONE), DIRECTOR) == (OnAirChanged(ONE, "Xã 1"),)


def test_standing_by() -> None:
    assert decide(meeting(), SEATS, (), StandBy(ONE), DIRECTOR) == (StandByChanged(ONE),)
    waiting = meeting(stand_by_bridge_id=ONE, on_air_bridge_id=CENTRE)
    assert decide(waiting, SEATS, (), StandBy(None), DIRECTOR) == (StandByChanged(None),)
    assert decide(waiting, SEATS, (), StandBy(ONE), DIRECTOR) == ()
    with refused("bridge-is-on-air"):
        decide(waiting, SEATS, (), StandBy(CENTRE), DIRECTOR)


def test_repeating_is_nothing() -> None:
    assert decide(meeting(on_air_bridge_id=ONE), SEATS, (), PutOnAir(ONE), DIRECTOR) == ()
    assert decide(meeting(), SEATS, (), PutOnAir(None), DIRECTOR) == ()


@pytest.mark.parametrize("command", [StandBy(bridge(9)), PutOnAir(bridge(9))])
def test_uninvited_bridges(command: ConferenceCommand) -> None:
    with refused("bridge-not-invited"):
        decide(meeting(), SEATS, (), command, DIRECTOR)


@pytest.mark.parametrize("command", [StandBy(ONE), PutOnAir(ONE)])
def test_who_and_when(command: ConferenceCommand) -> None:
    for role in (Role.MEMBER, Role.GUEST, Role.COMMUNE_BRIDGE):
        with refused("not-your-right", right="direct"):
            decide(meeting(), SEATS, (), command, by(role))
    for role in (Role.CHAIR, Role.SECRETARY):
        assert decide(meeting(), SEATS, (), command, by(role))
    for state in (MeetingState.DRAFT, MeetingState.CLOSED):
        with refused(f"meeting-is-{state}"):
            decide(meeting(state), SEATS, (), command, DIRECTOR)


def test_a_recording_starts_and_stops_once() -> None:
    idle, recorded = meeting(), meeting(recording_since=NOW)
    assert decide(idle, SEATS, (), Record(True), DIRECTOR) == (RecordingStarted(),)
    assert decide(recorded, SEATS, (), Record(True), DIRECTOR) == ()
    assert decide(recorded, SEATS, (), Record(False), DIRECTOR) == (RecordingStopped(),)
    assert decide(idle, SEATS, (), Record(False), DIRECTOR) == ()

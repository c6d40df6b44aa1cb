"""Checking in and out, excuses, heads."""

import pytest

from rooms.attendance import (
    HEADS_MAX,
    AttendanceCommand,
    BridgeCheckedIn,
    BridgeCheckedOut,
    CheckIn,
    CheckOut,
    Excuse,
    HeadsReported,
    PersonCheckedIn,
    PersonCheckedOut,
    PersonExcused,
    ReportHeads,
    decide,
)
from rooms.meeting import AttendanceState, MeetingState
from rooms.roles import Role
from tests.support.given import NOW, attendant, bridge, by, meeting, person, refused, seat

ABSENT = attendant(1, state=AttendanceState.EXPECTED)
HERE = attendant(1)
SELF, SECRETARY = by(Role.MEMBER, 1), by(Role.SECRETARY, 9)
HALL = by(Role.COMMUNE_BRIDGE, 1)


def test_a_person_comes_and_goes() -> None:
    assert decide(meeting(), ABSENT, None, CheckIn(), SELF) == (PersonCheckedIn(person(1)),)
    assert decide(meeting(), HERE, None, CheckOut(), SELF) == (PersonCheckedOut(person(1)),)


def test_repeating_is_nothing() -> None:
    assert decide(meeting(), HERE, None, CheckIn(), SELF) == ()
    assert decide(meeting(), ABSENT, None, CheckOut(), SELF) == ()


@pytest.mark.parametrize("state", [AttendanceState.EXCUSED, AttendanceState.LEFT])
def test_who_was_excused_or_left_may_come(state: AttendanceState) -> None:
    assert decide(meeting(), attendant(1, state=state), None, CheckIn(), SELF) == (PersonCheckedIn(person(1)),)


def test_the_chair_and_secretary_check_others_in() -> None:
    for role in (Role.CHAIR, Role.SECRETARY):
        assert decide(meeting(), ABSENT, None, CheckIn(person(1)), by(role, 9)) == (PersonCheckedIn(person(1)),)
    for role in (Role.MEMBER, Role.GUEST):
        for command, who in ((CheckIn(person(1)), ABSENT), (CheckOut(person(1)), HERE)):
            with refused("not-your-right", right="check_in_others"):
                decide(meeting(), who, None, command, by(role, 9))


def test_excuses() -> None:
    assert decide(meeting(), ABSENT, None, Excuse(person(1), " Ốm "), SECRETARY) == (
        PersonExcused(person(1), "Ốm"),
    )
    with refused("person-is-present"):
        decide(meeting(), HERE, None, Excuse(person(1)), SECRETARY)
    with refused("not-your-right"):
        decide(meeting(), ABSENT, None, Excuse(person(1)), SELF)
    with refused("text-too-long"):
        decide(meeting(), ABSENT, None, Excuse(person(1), "x" * 501), SECRETARY)


@pytest.mark.parametrize("command", [CheckIn(person(7)), CheckOut(person(7)), Excuse(person(7))])
def test_who_is_not_invited(command: AttendanceCommand) -> None:
    with refused("person-not-invited"):
        decide(meeting(), None, None, command, SECRETARY)


def test_a_bridge_comes_and_goes() -> None:
    assert decide(meeting(), None, seat(1), CheckIn(heads=30), HALL) == (BridgeCheckedIn(bridge(1), 30),)
    there = seat(1, checked_in_at=NOW)
    assert decide(meeting(), None, there, CheckIn(heads=31), HALL) == ()
    assert decide(meeting(), None, there, CheckOut(), HALL) == (BridgeCheckedOut(bridge(1)),)
    gone = seat(1, checked_in_at=NOW, left_at=NOW)
    assert decide(meeting(), None, gone, CheckOut(), HALL) == ()
    assert decide(meeting(), None, seat(1), CheckOut(), HALL) == ()
    assert decide(meeting(), None, gone, CheckIn(), HALL) == (BridgeCheckedIn(bridge(1), None),)


def test_heads() -> None:
    assert decide(meeting(), None, seat(1), ReportHeads(0), HALL) == (HeadsReported(bridge(1), 0),)
    assert decide(meeting(), None, seat(1, heads=5), ReportHeads(5), HALL) == ()
    with refused("not-a-bridge"):
        decide(meeting(), None, None, ReportHeads(5), SECRETARY)
    for heads in (-1, HEADS_MAX + 1):
        for command in (ReportHeads(heads), CheckIn(heads=heads)):
            with refused("bad-head-count", limit=HEADS_MAX):
                decide(meeting(), None, seat(1), command, HALL)


@pytest.mark.parametrize("state", [MeetingState.DRAFT, MeetingState.CLOSED])
@pytest.mark.parametrize("command", [CheckIn(), CheckOut(), Excuse(person(1)), ReportHeads(1)])
def test_when(state: MeetingState, command: AttendanceCommand) -> None:
    with refused(f"meeting-is-{state}"):
        decide(meeting(state), ABSENT, None, command, SECRETARY)
    assert decide(meeting(MeetingState.CONVENED), ABSENT, None, CheckIn(), SELF)

"""Who is told of what."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from rooms.attendance import HeadsReported, PersonCheckedIn, PersonExcused
from rooms.conference import OnAirChanged
from rooms.events import Audience, Event, audience_of, subject_bridge, visible
from rooms.meeting import AttendanceState, Attendant, BridgeInvited, BridgeUninvited, MeetingClosed
from rooms.roles import Role
from rooms.room import attendants_shown, bridges_shown, me, minutes_shown
from rooms.signing import MinutesCompiled, MinutesCorrected, MinutesLocked, MinutesState, MinutesStatus
from rooms.tally import Choice
from tests.support.given import bridge, by, person, seat

OF_BRIDGE_1 = (
    HeadsReported(bridge(1), 5),
    BridgeInvited(bridge(1), "Xã 1", "DC1", Role.COMMUNE_BRIDGE),
    BridgeUninvited(bridge(1)),
)


@pytest.mark.parametrize(
    ("role", "audience"),
    [
        (Role.CHAIR, Audience.DESK),
        (Role.SECRETARY, Audience.DESK),
        (Role.CENTRAL_BRIDGE, Audience.OPERATORS),
        (Role.MEMBER, Audience.PEOPLE),
        (Role.GUEST, Audience.PEOPLE),
        (Role.COMMUNE_BRIDGE, Audience.BRIDGES),
    ],
)
def test_audiences(role: Role, audience: Audience) -> None:
    assert audience_of(by(role).seat) is audience


@pytest.mark.parametrize("event", OF_BRIDGE_1)
def test_a_bridges_coming_and_going_is_its_own(event: Event) -> None:
    assert subject_bridge(event) == bridge(1)
    assert visible(event, Audience.DESK)
    assert visible(event, Audience.OPERATORS)
    assert not visible(event, Audience.PEOPLE)
    assert visible(event, Audience.BRIDGES, bridge(1))
    assert not visible(event, Audience.BRIDGES, bridge(2))
    assert not visible(event, Audience.BRIDGES)


@pytest.mark.parametrize("event", [OnAirChanged(bridge(1), "Xã 1"), PersonCheckedIn(person(1)), MeetingClosed()])
def test_the_meeting_is_everybodys(event: Event) -> None:
    assert subject_bridge(event) is None
    assert all(visible(event, audience, bridge(2)) for audience in Audience)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (MinutesCompiled(1), [True, False, False, False]),
        (MinutesCorrected(2, "p1", "Câu đang cân nhắc"), [True, False, False, False]),
        (MinutesLocked(2, "0" * 64), [True, True, True, False]),
        (PersonExcused(person(1), "Đi khám bệnh"), [True, True, True, False]),
    ],
)
def test_the_draft_is_the_desks_and_the_halls_read_no_reasons(event: Event, shown: list[bool]) -> None:
    assert [visible(event, a, bridge(1)) for a in Audience] == shown


def test_a_snapshot_shows_what_the_events_tell() -> None:
    seats = (seat(0, Role.CENTRAL_BRIDGE), seat(1), seat(2))
    drafted = MinutesStatus(MinutesState.DRAFT, 1)
    for role, shown, minutes in (
        (Role.CHAIR, seats, drafted),
        (Role.CENTRAL_BRIDGE, seats, MinutesStatus()),
        (Role.MEMBER, (), MinutesStatus()),
        (Role.COMMUNE_BRIDGE, (seats[1],), MinutesStatus()),
    ):
        place = by(role, 1).seat
        assert bridges_shown(place, seats) == shown
        assert minutes_shown(place, drafted) == minutes


def test_locked_minutes_are_shown_to_all_but_the_halls() -> None:
    locked = MinutesStatus(MinutesState.LOCKED, 3, "0" * 64)
    for role in Role:
        shown = MinutesStatus() if role is Role.COMMUNE_BRIDGE else locked
        assert minutes_shown(by(role, 1).seat, locked) == shown


def test_a_hall_sees_the_excused_as_before() -> None:
    left_at = datetime(2026, 1, 1, tzinfo=UTC)
    excused = Attendant(person(1), "A", "", Role.MEMBER, AttendanceState.EXCUSED, excuse="Đi khám bệnh")
    left = replace(excused, left_at=left_at)
    back = replace(excused, state=AttendanceState.PRESENT)
    hall = attendants_shown(by(Role.COMMUNE_BRIDGE, 1).seat, (excused, left, back))
    assert [a.state for a in hall] == [AttendanceState.EXPECTED, AttendanceState.LEFT, AttendanceState.PRESENT]
    assert {a.excuse for a in hall} == {""}
    assert attendants_shown(by(Role.MEMBER).seat, (excused,)) == (excused,)


def test_me() -> None:
    mine = me(by(Role.MEMBER).seat, {})
    assert mine.role is Role.MEMBER
    assert list(mine.rights) == sorted(mine.rights)
    assert Choice.FOR not in mine.ballots.values()


def test_kinds_are_told_apart() -> None:
    kinds = [kind.__dataclass_fields__["kind"].default for kind in get_args(Event)]
    assert len(set(kinds)) == len(kinds)

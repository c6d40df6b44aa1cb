"""Who is told of what."""

from typing import get_args

import pytest

from rooms.attendance import HeadsReported, PersonCheckedIn
from rooms.conference import OnAirChanged
from rooms.events import Audience, Event, audience_of, subject_bridge, visible
from rooms.meeting import BridgeInvited, BridgeUninvited, MeetingClosed
from rooms.roles import Role
from rooms.room import bridges_shown, me, minutes_shown
from rooms.signing import MinutesCompiled, MinutesState, MinutesStatus
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
        (Role.CHAIR, Audience.OPERATORS),
        (Role.SECRETARY, Audience.OPERATORS),
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
    assert visible(event, Audience.OPERATORS)
    assert not visible(event, Audience.PEOPLE)
    assert visible(event, Audience.BRIDGES, bridge(1))
    assert not visible(event, Audience.BRIDGES, bridge(2))
    assert not visible(event, Audience.BRIDGES)


@pytest.mark.parametrize("event", [OnAirChanged(bridge(1), "Xã 1"), PersonCheckedIn(person(1)), MeetingClosed()])
def test_the_meeting_is_everybodys(event: Event) -> None:
    assert subject_bridge(event) is None
    assert all(visible(event, audience, bridge(2)) for audience in Audience)


def test_the_minutes_are_not_the_bridges() -> None:
    event = MinutesCompiled(1)
    assert [visible(event, a, bridge(1)) for a in Audience] == [True, True, False]


def test_a_snapshot_shows_what_the_events_tell() -> None:
    seats = (seat(0, Role.CENTRAL_BRIDGE), seat(1), seat(2))
    drafted = MinutesStatus(MinutesState.DRAFT, 1)
    for role, shown, minutes in (
        (Role.CHAIR, seats, drafted),
        (Role.CENTRAL_BRIDGE, seats, drafted),
        (Role.MEMBER, (), drafted),
        (Role.COMMUNE_BRIDGE, (seats[1],), MinutesStatus()),
    ):
        place = by(role, 1).seat
        assert bridges_shown(place, seats) == shown
        assert minutes_shown(place, drafted) == minutes


def test_me() -> None:
    mine = me(by(Role.MEMBER).seat, {})
    assert mine.role is Role.MEMBER
    assert list(mine.rights) == sorted(mine.rights)
    assert Choice.FOR not in mine.ballots.values()


def test_kinds_are_told_apart() -> None:
    kinds = [kind.__dataclass_fields__["kind"].default for kind in get_args(Event)]
    assert len(set(kinds)) == len(kinds)

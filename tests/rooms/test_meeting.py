"""Details, invitations, and the one way from draft to closed."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rooms.errors import Conflict
from rooms.meeting import (
    ATTENDANTS_MAX,
    AttendanceState,
    Attendant,
    BridgeInvitation,
    BridgeInvited,
    BridgeSeat,
    BridgeUninvited,
    ChangeDetails,
    Convene,
    DetailsChanged,
    Invitation,
    InviteBridges,
    InvitePeople,
    Listed,
    Meeting,
    MeetingConvened,
    MeetingEvent,
    MeetingOpened,
    MeetingState,
    OpenMeeting,
    PersonInvited,
    PersonUninvited,
    Quorum,
    UninviteBridge,
    UninvitePerson,
    decide,
    members_in_office,
    quorum,
)
from rooms.roles import Role
from rooms.values import MORE_THAN_HALF
from tests.support.given import DETAILS, NOW, attendant, bridge, by, meeting, person, refused, seat

SECRETARY, CHAIR = by(Role.SECRETARY, 0), by(Role.CHAIR, 1)
PEOPLE = (attendant(0, Role.SECRETARY), attendant(1, Role.CHAIR), attendant(2))
BRIDGES = (seat(0, Role.CENTRAL_BRIDGE), seat(1))
LISTED = tuple(Listed(person(n), f"Người {n}", "Ủy viên") for n in range(10)) + tuple(
    Listed(bridge(n), f"Xã {n}", f"DC{n}") for n in range(10)
)
DRAFT = meeting(MeetingState.DRAFT)


def ask(
    command: object,
    about: Meeting = DRAFT,
    people: tuple[Attendant, ...] = PEOPLE,
    bridges: tuple[BridgeSeat, ...] = BRIDGES,
    items: int = 1,
    act: object = SECRETARY,
) -> tuple[MeetingEvent, ...]:
    return decide(about, people, bridges, LISTED, items, command, act)  # type: ignore[arg-type]


def invite(*people: tuple[int, Role]) -> InvitePeople:
    return InvitePeople(tuple(Invitation(person(n), role) for n, role in people))


def invite_bridges(*bridges: tuple[int, Role]) -> InviteBridges:
    return InviteBridges(tuple(BridgeInvitation(bridge(n), role) for n, role in bridges))


# ── details ──


def test_details_are_cleaned_and_kept() -> None:
    changed = replace(DETAILS, title="  Hội nghị mới ", members_in_office=27)
    assert ask(ChangeDetails(changed)) == (DetailsChanged(replace(changed, title="Hội nghị mới")),)
    assert ask(ChangeDetails(DETAILS)) == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": " "}, "text-empty"),
        ({"place": "x" * 501}, "text-too-long"),
        ({"body_name": "a\0"}, "text-control-characters"),
        ({"starts_at": datetime(2026, 1, 1)}, "time-without-zone"),  # noqa: DTZ001
        ({"ends_at": datetime(2026, 1, 1)}, "time-without-zone"),  # noqa: DTZ001
        ({"ends_at": NOW}, "ends-before-start"),
        ({"ends_at": NOW - timedelta(days=1)}, "ends-before-start"),
        ({"members_in_office": 0}, "bad-members-in-office"),
        ({"members_in_office": 5001}, "bad-members-in-office"),
    ],
)
def test_bad_details(change: dict[str, object], code: str) -> None:
    with refused(code):
        ask(ChangeDetails(replace(DETAILS, **change)))  # type: ignore[arg-type]


# ── quorum ──


def test_members_in_office_are_those_invited_unless_set() -> None:
    people = (*PEOPLE, attendant(3, Role.GUEST))
    assert members_in_office(DETAILS, people) == 2
    assert members_in_office(replace(DETAILS, members_in_office=27), people) == 27


def test_quorum_of_27_in_office() -> None:
    """DOMAIN 9.1: two thirds of 27 are 18."""
    of_27 = replace(DETAILS, members_in_office=27)
    for present, reached in ((20, True), (18, True), (17, False)):
        people = tuple(attendant(n) for n in range(present))
        assert quorum(of_27, people) == Quorum(present, 27, 18, reached)


def test_who_is_not_there_or_does_not_vote_makes_no_quorum() -> None:
    others = [attendant(n, state=s) for n, s in enumerate(AttendanceState) if s is not AttendanceState.PRESENT]
    counted = quorum(replace(DETAILS, quorum=MORE_THAN_HALF), (*others, attendant(9, Role.GUEST)))
    assert counted == Quorum(0, 3, 2, False)
    assert not quorum(DETAILS, ()).reached


# ── people ──


def test_inviting() -> None:
    assert ask(invite((3, Role.MEMBER), (4, Role.GUEST))) == (
        PersonInvited(person(3), "Người 3", "Ủy viên", Role.MEMBER),
        PersonInvited(person(4), "Người 4", "Ủy viên", Role.GUEST),
    )


def test_a_role_changes_until_the_opening() -> None:
    event = PersonInvited(person(2), "Người 2", "Ủy viên", Role.GUEST)
    assert ask(invite((2, Role.GUEST)), meeting(MeetingState.CONVENED)) == (event,)
    assert ask(invite((2, Role.MEMBER))) == ()
    with refused("role-fixed-while-open"):
        ask(invite((2, Role.GUEST)), meeting())
    assert ask(invite((2, Role.MEMBER), (5, Role.GUEST)), meeting())


@pytest.mark.parametrize("role", [Role.CENTRAL_BRIDGE, Role.COMMUNE_BRIDGE])
def test_a_person_is_no_bridge(role: Role) -> None:
    with refused("role-not-for-a-person"):
        ask(invite((3, role)))


@pytest.mark.parametrize("role", [Role.CHAIR, Role.SECRETARY])
def test_one_chair_and_one_secretary(role: Role) -> None:
    with refused(f"second-{role}"):
        ask(invite((3, role)))


def test_the_chair_may_be_another_in_one_command() -> None:
    assert len(ask(invite((1, Role.MEMBER), (2, Role.CHAIR)))) == 2


def test_who_is_not_in_the_directory() -> None:
    with refused("person-unknown"):
        ask(invite((99, Role.MEMBER)))
    with refused("bridge-unknown"):
        ask(invite_bridges((99, Role.COMMUNE_BRIDGE)))


def test_not_too_many_people() -> None:
    crowd = tuple(attendant(100 + n, Role.GUEST) for n in range(ATTENDANTS_MAX))
    with refused("too-many-attendants", limit=ATTENDANTS_MAX):
        ask(invite((3, Role.MEMBER)), people=crowd)


def test_uninviting() -> None:
    assert ask(UninvitePerson(person(2))) == (PersonUninvited(person(2)),)
    with refused("cannot-uninvite-self"):
        ask(UninvitePerson(person(0)))
    with refused("person-not-invited"):
        ask(UninvitePerson(person(9)))
    with refused("meeting-is-open"):
        ask(UninvitePerson(person(2)), meeting())


@pytest.mark.parametrize("state", [MeetingState.CONVENED, MeetingState.OPEN])
def test_a_convened_meeting_keeps_a_chair(state: MeetingState) -> None:
    code = "chair-needed" if state is MeetingState.CONVENED else "role-fixed-while-open"
    with refused(code):
        ask(invite((1, Role.MEMBER)), meeting(state))
    if state is MeetingState.CONVENED:
        with refused("chair-needed"):
            ask(UninvitePerson(person(1)), meeting(state))


def test_a_draft_may_be_without_a_chair() -> None:
    assert ask(invite((1, Role.MEMBER)), meeting(MeetingState.DRAFT))


def test_the_secretary_stays_secretary() -> None:
    with refused("cannot-change-own-role"):
        ask(invite((0, Role.MEMBER)))


# ── bridges ──


def test_inviting_bridges() -> None:
    assert ask(invite_bridges((2, Role.COMMUNE_BRIDGE), (1, Role.COMMUNE_BRIDGE))) == (
        BridgeInvited(bridge(2), "Xã 2", "DC2", Role.COMMUNE_BRIDGE),
    )
    with refused("role-not-for-a-bridge"):
        ask(invite_bridges((2, Role.MEMBER)))
    with refused("second-central-bridge"):
        ask(invite_bridges((2, Role.CENTRAL_BRIDGE)))
    with refused("meeting-is-closed"):
        ask(invite_bridges((2, Role.COMMUNE_BRIDGE)), meeting(MeetingState.CLOSED))


@pytest.mark.parametrize("stage", [{"on_air_bridge_id": bridge(1)}, {"stand_by_bridge_id": bridge(1)}])
def test_a_bridge_on_stage_stays(stage: dict[str, object]) -> None:
    about = meeting(**stage)
    for command in (UninviteBridge(bridge(1)), invite_bridges((0, Role.COMMUNE_BRIDGE), (1, Role.CENTRAL_BRIDGE))):
        with refused("bridge-is-on-stage"):
            ask(command, about)


def test_uninviting_bridges() -> None:
    assert ask(UninviteBridge(bridge(1)), meeting()) == (BridgeUninvited(bridge(1)),)
    with refused("bridge-not-invited"):
        ask(UninviteBridge(bridge(5)))
    with refused("meeting-is-closed"):
        ask(UninviteBridge(bridge(1)), meeting(MeetingState.CLOSED))


# ── the way ──


def test_convening() -> None:
    assert ask(Convene()) == (MeetingConvened(),)
    with pytest.raises(Conflict) as refusal:
        ask(Convene(), replace(DRAFT, details=replace(DETAILS, place="")), people=PEOPLE[:1], items=0)
    assert refusal.value.code == "not-ready-to-convene"
    assert refusal.value.facts["missing"] == ["chair", "members", "agenda", "place"]
    for state in set(MeetingState) - {MeetingState.DRAFT}:
        with refused(f"meeting-is-{state}", state=state.value):
            ask(Convene(), meeting(state))


def test_opening_tells_the_quorum() -> None:
    about = meeting(MeetingState.CONVENED)
    assert ask(OpenMeeting(), about, act=CHAIR) == (MeetingOpened(2, 2, 2, True),)
    assert ask(OpenMeeting(), about, people=PEOPLE[:2], act=CHAIR) == (MeetingOpened(1, 1, 1, True),)
    for state in set(MeetingState) - {MeetingState.CONVENED}:
        with refused(f"meeting-is-{state}"):
            ask(OpenMeeting(), meeting(state), act=CHAIR)


PREPARING = (
    ChangeDetails(DETAILS),
    invite((3, Role.MEMBER)),
    UninvitePerson(person(2)),
    invite_bridges((2, Role.COMMUNE_BRIDGE)),
    UninviteBridge(bridge(1)),
    Convene(),
)


@pytest.mark.parametrize("command", PREPARING)
def test_the_secretary_prepares(command: object) -> None:
    for role in set(Role) - {Role.SECRETARY}:
        with refused("not-your-right", right="prepare"):
            ask(command, act=by(role))


@pytest.mark.parametrize("command", PREPARING)
def test_a_closed_meeting_stays_as_it_is(command: object) -> None:
    with refused("meeting-is-closed"):
        ask(command, meeting(MeetingState.CLOSED))


def test_the_chair_opens() -> None:
    for role in set(Role) - {Role.CHAIR}:
        with refused("not-your-right", right="preside"):
            ask(OpenMeeting(), meeting(MeetingState.CONVENED), act=by(role))

"""The two tables of rights, as the chamber knows them."""

import pytest

from rooms.roles import (
    BRIDGE_ROLES,
    OFFICE_RIGHTS,
    PERSON_ROLES,
    RIGHTS,
    VOTING_ROLES,
    OfficeRight,
    OfficeRole,
    Right,
    Role,
    require_office,
)
from tests.support.given import by, refused

HOLDERS = {
    Right.PREPARE: {Role.SECRETARY},
    Right.PRESIDE: {Role.CHAIR},
    Right.VOTE: {Role.CHAIR, Role.MEMBER},
    Right.WRITE_MINUTES: {Role.SECRETARY},
    Right.SIGN_AS_SECRETARY: {Role.SECRETARY},
    Right.SIGN_AS_CHAIR: {Role.CHAIR},
    Right.PLAY_RECORDINGS: {Role.CHAIR, Role.SECRETARY},
    Right.PUBLISH: {Role.CENTRAL_BRIDGE, Role.COMMUNE_BRIDGE},
    Right.DIRECT: {Role.CHAIR, Role.SECRETARY, Role.CENTRAL_BRIDGE},
    Right.SEE_BRIDGES: {Role.CHAIR, Role.SECRETARY, Role.CENTRAL_BRIDGE},
    Right.SEE_DRAFT: {Role.CHAIR, Role.SECRETARY},
    Right.CHECK_IN_OTHERS: {Role.CHAIR, Role.SECRETARY},
    Right.READ_MINUTES: set(PERSON_ROLES),
    Right.SEE: set(Role),
    Right.WATCH: set(Role),
    Right.CHECK_IN: set(Role),
}


@pytest.mark.parametrize("right", HOLDERS)
def test_who_holds(right: Right) -> None:
    assert {role for role in Role if right in RIGHTS[role]} == HOLDERS[right]


def test_every_role_is_in_one_kind() -> None:
    assert set(RIGHTS) == set(Role) == PERSON_ROLES | BRIDGE_ROLES
    assert not PERSON_ROLES & BRIDGE_ROLES
    assert {role for role in Role if Right.VOTE in RIGHTS[role]} == VOTING_ROLES


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_require(role: Role, right: Right) -> None:
    seat = by(role).seat
    if seat.has(right):
        seat.require(right)
    else:
        with refused("not-your-right", right=right.value):
            seat.require(right)


@pytest.mark.parametrize("right", OfficeRight)
def test_office_rights(right: OfficeRight) -> None:
    for role in OfficeRole:
        actor = by(Role.MEMBER, 0, role).seat.actor
        if right in OFFICE_RIGHTS[role]:
            require_office(actor, right)
        else:
            with refused("not-your-right", right=right.value):
                require_office(actor, right)
    with refused("not-your-right"):
        require_office(by(Role.COMMUNE_BRIDGE).seat.actor, right)


def test_rights_of_several_offices_add_up() -> None:
    both = by(Role.MEMBER, 0, OfficeRole.ADMINISTRATOR, OfficeRole.SECRETARY).seat.actor
    for right in OfficeRight:
        require_office(both, right)


def test_an_actor_is_a_person_or_a_bridge() -> None:
    someone, hall = by(Role.MEMBER).seat.actor, by(Role.COMMUNE_BRIDGE).seat.actor
    assert (someone.person_id, someone.bridge_id) == (someone.id, None)
    assert (hall.person_id, hall.bridge_id) == (None, hall.id)

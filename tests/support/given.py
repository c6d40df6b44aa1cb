"""Short words for rule tests: given a state, when a command, then events or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rooms.act import Act
from rooms.errors import Refusal
from rooms.ids import BridgeId, ItemId, MeetingId, OrganisationId, PersonId
from rooms.meeting import (
    AttendanceState,
    Attendant,
    BridgeSeat,
    Details,
    Meeting,
    MeetingKind,
    MeetingState,
)
from rooms.roles import Actor, ActorKind, OfficeRole, Role, Seat

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=95)
ORGANISATION = OrganisationId(UUID(int=1))
MEETING = MeetingId(UUID(int=2))
NEW = UUID(int=0xFFFF)
DETAILS = Details("Hội nghị", MeetingKind.MEETING, "Ban Thường vụ", "Phòng 1", NOW)


def person(n: int) -> PersonId:
    return PersonId(UUID(int=0x1000 + n))


def bridge(n: int) -> BridgeId:
    return BridgeId(UUID(int=0x2000 + n))


def item_id(n: int) -> ItemId:
    return ItemId(UUID(int=0x3000 + n))


def by(role: Role, n: int = 0, *office: OfficeRole, now: datetime = NOW) -> Act:
    """The n-th person (or bridge) in this role acts."""
    is_bridge = role in (Role.CENTRAL_BRIDGE, Role.COMMUNE_BRIDGE)
    kind = ActorKind.BRIDGE if is_bridge else ActorKind.PERSON
    who = bridge(n) if is_bridge else person(n)
    actor = Actor(kind, who, ORGANISATION, f"{role} {n}", frozenset(office))
    return Act(Seat(actor, role), now, lambda: NEW)


def meeting(state: MeetingState = MeetingState.OPEN, **more: Any) -> Meeting:
    return Meeting(**{"id": MEETING, "organisation_id": ORGANISATION, "details": DETAILS, "state": state, **more})


def attendant(n: int, role: Role = Role.MEMBER, state: AttendanceState = AttendanceState.PRESENT) -> Attendant:
    return Attendant(person(n), f"Đại biểu {n:02d}", "Ủy viên", role, state)


def seat(n: int, role: Role = Role.COMMUNE_BRIDGE, **more: Any) -> BridgeSeat:
    return BridgeSeat(bridge(n), f"Xã {n}", f"DC{n:03d}", role, **more)


@contextmanager
def _refused(code: str, facts: dict[str, object]) -> Any:
    with pytest.raises(Refusal) as refusal:
        yield
    assert refusal.value.code == code
    assert facts.items() <= refusal.value.facts.items()


def refused(code: str, **facts: object) -> AbstractContextManager[None]:
    """The block is refused with this code, and at least these facts."""
    made: Callable[..., AbstractContextManager[None]] = _refused
    return made(code, facts)


OTHER_STATES = {state: [s for s in MeetingState if s is not state] for state in MeetingState}

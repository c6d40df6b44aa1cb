"""A demo organisation, made once: one person or bridge for each role. Its links and codes are fresh each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from rooms.ids import BridgeId, OrganisationId, PersonId
from rooms.roles import ActorKind, OfficeRole
from server.settings import Settings
from server.store import Accounts, SqlStore
from server.store.accounts import Bridge, Organisation, Person, Subject
from server.tokens import digest, new_join_code, new_secret, tidy_join_code

ORGANISATION = "Tỉnh ủy Diên Hồng"

#: Username, name, position, office role, what the table calls the line.
PEOPLE: tuple[tuple[str, str, str, OfficeRole, str], ...] = (
    ("quantri", "Phạm Quốc Trung", "Quản trị hệ thống", OfficeRole.ADMINISTRATOR, "Quản trị (administrator)"),
    ("chutoa", "Trần Quang Khải", "Bí thư", OfficeRole.MEMBER, "Chủ tọa (chair)"),
    ("thuky", "Nguyễn Thị Minh", "Chánh Văn phòng", OfficeRole.SECRETARY, "Thư ký (secretary)"),
    ("daibieu1", "Lê Văn Hưu", "Ủy viên Ban Thường vụ", OfficeRole.MEMBER, "Đại biểu 1 (member)"),
    ("daibieu2", "Đặng Thị Ngọc Thịnh", "Ủy viên Ban Thường vụ", OfficeRole.MEMBER, "Đại biểu 2 (member)"),
)
#: Code, name, seats, what the table calls the line.
BRIDGES: tuple[tuple[str, str, int, str], ...] = (
    ("TT", "Điểm cầu trung tâm", 200, "Cầu trung tâm (central bridge)"),
    ("X01", "Xã Bình Than", 40, "Cầu xã 1 (commune bridge)"),
    ("X02", "Xã Vạn Kiếp", 40, "Cầu xã 2 (commune bridge)"),
    ("X03", "Phường Thiên Trường", 60, "Cầu xã 3 (commune bridge)"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One line of the table: how one role comes in."""

    label: str
    name: str
    url: str
    code: str


async def ways_in(
    store: SqlStore, settings: Settings, now: datetime, new_id: Callable[[], UUID]
) -> tuple[Way, ...]:
    """Makes what is missing of the demo organisation, and a new link or join code for each of its roles."""
    async with store.accounts() as accounts:
        organisation = await _organisation(accounts, new_id)
        ways = []
        for username, name, position, role, label in PEOPLE:
            person = await accounts.person_by_username(username, organisation.id)
            if person is None:
                made = Person(PersonId(new_id()), organisation.id, username, name, position, frozenset({role}))
                person = await accounts.add_person(made)
            code = new_secret()
            until = now + timedelta(seconds=settings.link_ttl_s)
            await accounts.add_link(digest(code), Subject(ActorKind.PERSON, person.id), until)
            ways.append(Way(label, person.name, f"{settings.url}/link#{code}", code))
        there = {b.code: b for b in await accounts.bridges(organisation.id)}
        for number, name, seats, label in BRIDGES:
            bridge = there.get(number) or await accounts.add_bridge(
                Bridge(BridgeId(new_id()), organisation.id, number, name, capacity=seats)
            )
            code = new_join_code()
            until = now + timedelta(seconds=settings.join_code_ttl_s)
            await accounts.set_join_code(bridge.id, digest(tidy_join_code(code)), until)
            ways.append(Way(label, bridge.name, f"{settings.url}/join#{code}", code))
        return tuple(ways)


async def _organisation(accounts: Accounts, new_id: Callable[[], UUID]) -> Organisation:
    there = next((o for o in await accounts.organisations() if o.name == ORGANISATION), None)
    if there is not None:
        return there
    made = Organisation(OrganisationId(new_id()), ORGANISATION, place_name="Diên Hồng", minutes_format="party")
    await accounts.add_organisation(made)
    return made


def table(ways: tuple[Way, ...]) -> str:
    wide = max(len(w.label) for w in ways)
    return "\n".join(f"  {w.label:<{wide}}  {w.url}" for w in ways)

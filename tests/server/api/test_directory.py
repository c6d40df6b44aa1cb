"""People and bridges: kept by the administrator, seen by those who invite, never across organisations."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7

from rooms.ids import BridgeId, OrganisationId, PersonId
from rooms.roles import OfficeRole
from server.store.accounts import Bridge, Organisation, Person
from tests.server.town import Town, unknown

NEW = {"username": "nguyen.van-a", "name": "Nguyễn Văn A", "position": "Phó Chủ tịch", "office_roles": ["member"]}


async def test_the_administrator_keeps_people(town: Town) -> None:
    admin = await town.caller("admin")
    made = await admin.post("/api/people", {**NEW, "password": "Mật khẩu đầu 1"})
    assert made.status == 201
    assert set(made.json) == {"id", "username", "name", "position", "office_roles", "active"}
    taken = await admin.post("/api/people", NEW)
    taken.refused(409, "username-taken", "Tên đăng nhập này đã có người dùng.")
    path = f"/api/people/{made.json['id']}"
    changed = await admin.patch(path, {"position": "Chủ tịch", "office_roles": ["secretary", "member"]})
    assert (changed.json["name"], changed.json["position"]) == ("Nguyễn Văn A", "Chủ tịch")
    assert changed.json["office_roles"] == ["member", "secretary"]
    signed_in = await town.nobody.post("/api/session", {"username": "nguyen.van-a", "password": "Mật khẩu đầu 1"})
    assert signed_in.json["me"]["office_rights"] == ["create_meetings", "see_directory"]
    link = await admin.post(f"{path}/links")
    assert link.status == 201
    assert link.json["url"] == f"{town.house.settings.url}/link#{link.json['code']}"
    assert (await town.nobody.post("/api/session/link", {"code": link.json["code"]})).status == 200
    (await admin.patch(f"/api/people/{unknown()}", {"name": "X"})).refused(404, "person-unknown")


async def test_the_last_administrator_stays(town: Town) -> None:
    admin = await town.caller("admin")
    for change in ({"active": False}, {"office_roles": ["member"]}):
        (await admin.patch(f"/api/people/{admin.id}", change)).refused(
            409, "last-administrator", "ít nhất một người quản trị"
        )


async def test_who_may_see_and_keep_the_directory(town: Town) -> None:
    secretary, member, bridge = [await town.caller(n) for n in ("secretary", "member", "commune")]
    listed = await secretary.get("/api/people")
    assert {p["username"] for p in listed.json["items"]} == set(town.people)
    assert len((await secretary.get("/api/bridges")).json["items"]) == 3
    for caller in (member, bridge):
        for path in ("/api/people", "/api/bridges"):
            (await caller.get(path)).refused(403, "not-your-right", "Bạn không có quyền")
    (await secretary.post("/api/people", NEW)).refused(403, "not-your-right")
    (await secretary.post(f"/api/people/{member.id}/links")).refused(403, "not-your-right")
    (await secretary.post("/api/bridges", {"code": "X9", "name": "Xã"})).refused(403, "not-your-right")
    (await member.post(f"/api/bridges/{bridge.id}/join-code")).refused(403, "not-your-right")


async def test_bridges(town: Town) -> None:
    admin = await town.caller("admin")
    made = await admin.post(
        "/api/bridges", {"code": "X9", "name": "Xã Ea Súp", "parent": "Đắk Lắk", "capacity": 30}
    )
    assert made.status == 201
    (await admin.post("/api/bridges", {"code": "X9", "name": "Khác"})).refused(
        409, "bridge-code-taken", "Mã điểm cầu này đã có."
    )
    changed = await admin.patch(f"/api/bridges/{made.json['id']}", {"phone": "0262 123"})
    assert (changed.json["phone"], changed.json["capacity"], changed.json["parent"]) == ("0262 123", 30, "Đắk Lắk")
    (await admin.patch(f"/api/bridges/{unknown()}", {"name": "X"})).refused(404, "bridge-unknown")
    closed = await admin.patch(f"/api/bridges/{town.bridges['commune2']}", {"active": False})
    assert closed.json["active"] is False


async def test_another_organisation_does_not_exist(town: Town) -> None:
    other = OrganisationId(uuid7())
    person_id, bridge_id = PersonId(uuid7()), BridgeId(uuid7())
    async with town.house.store.accounts() as accounts:
        await accounts.add_organisation(Organisation(other, "Tỉnh khác"))
        await accounts.add_person(
            Person(person_id, other, "khac", "Người Khác", "", frozenset({OfficeRole.ADMINISTRATOR}))
        )
        await accounts.add_bridge(Bridge(bridge_id, other, "K1", "Cầu khác"))
    admin, secretary = await town.caller("admin"), await town.caller("secretary")
    assert str(person_id) not in {p["id"] for p in (await admin.get("/api/people")).json["items"]}
    (await admin.patch(f"/api/people/{person_id}", {"active": False})).refused(404, "person-unknown")
    (await admin.post(f"/api/people/{person_id}/links")).refused(404, "person-unknown")
    (await admin.patch(f"/api/bridges/{bridge_id}", {"name": "Của tôi"})).refused(404, "bridge-unknown")
    (await admin.post(f"/api/bridges/{bridge_id}/join-code")).refused(404, "bridge-unknown")
    meeting_id = await town.meeting(invite=False)
    for kind, field, uuid in (("people", "person_id", person_id), ("bridges", "bridge_id", bridge_id)):
        role = "member" if kind == "people" else "commune_bridge"
        invited = await secretary.do(
            meeting_id, f"invite_{kind}", **{kind: [{field: str(UUID(str(uuid))), "role": role}]}
        )
        assert invited.status == 404


async def test_a_name_signs_in_to_one_account_only(town: Town) -> None:
    admin = await town.caller("admin")
    answer = await admin.post("/api/people", {**NEW, "username": "member"})
    answer.refused(409, "username-taken")

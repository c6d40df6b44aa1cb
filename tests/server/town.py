"""A whole server in one process, on real SQLite, and its callers: each signed in through the front door."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from uuid_utils.compat import uuid7

from rooms.ids import BridgeId, OrganisationId, PersonId
from rooms.roles import ActorKind, OfficeRole
from server.app import make_app
from server.house import HOUSE, House
from server.settings import Settings
from server.store.accounts import Bridge, Organisation, Person, Subject
from server.tokens import digest, new_join_code, new_secret, tidy_join_code

PEOPLE = {
    "admin": ("Phạm Quốc Trung", OfficeRole.ADMINISTRATOR),
    "secretary": ("Nguyễn Thị Minh", OfficeRole.SECRETARY),
    "chair": ("Trần Quang Khải", OfficeRole.MEMBER),
    "member": ("Lê Văn Hưu", OfficeRole.MEMBER),
    "member2": ("Đặng Thị Ngọc", OfficeRole.MEMBER),
    "stranger": ("Vũ Văn Lạ", OfficeRole.MEMBER),
}
BRIDGES = {"central": "Điểm cầu trung tâm", "commune": "Xã Bình Than", "commune2": "Xã Vạn Kiếp"}
STARTS = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
DETAILS = {
    "title": "Hội nghị Ban Thường vụ",
    "kind": "conference",
    "body_name": "Ban Thường vụ",
    "place": "Phòng họp số 1",
    "starts_at": "2026-12-01T01:00:00Z",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `code`: of a problem document."""

    status: int
    headers: Any
    content: bytes
    json: Any = None

    @property
    def code(self) -> str | None:
        return self.json.get("code") if isinstance(self.json, dict) else None

    @property
    def detail(self) -> str:
        return str(self.json["detail"])

    def refused(self, status: int, code: str, sentence: str = "") -> None:
        """A problem document with this code and, in Vietnamese, this sentence (or a part of it)."""
        assert (self.status, self.code) == (status, code), (self.status, self.json)
        assert self.headers["Content-Type"].startswith("application/problem+json")
        assert set(self.json) == {"type", "title", "status", "code", "detail", "facts"}
        assert self.json["title"]
        assert self.detail
        assert "…" not in self.detail
        assert sentence in self.detail, self.detail


@dataclass
class Caller:
    """Somebody with an access token, or nobody."""

    client: TestClient[Any, Any]
    token: str | None = None
    id: UUID | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        headers = {**self.headers, **more.pop("headers", {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        async with self.client.request(method, path, headers=headers, **more) as response:
            return await _answer(response)

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.call("POST", path, **({"json": body} if body is not None else {}), **more)

    async def patch(self, path: str, body: Any) -> Answer:
        return await self.call("PATCH", path, json=body)

    async def do(self, meeting_id: str, kind: str, **given: Any) -> Answer:
        return await self.post(f"/api/meetings/{meeting_id}/commands", {"kind": kind, **given})

    async def done(self, meeting_id: str, kind: str, **given: Any) -> dict[str, Any]:
        answer = await self.do(meeting_id, kind, **given)
        assert answer.status == 200, answer.json
        done: dict[str, Any] = answer.json
        return done

    async def upload(self, meeting_id: str, content: Any, filename: str = "Báo cáo.pdf", **query: str) -> Answer:
        return await self.call(
            "PUT",
            f"/api/meetings/{meeting_id}/papers",
            params={"filename": filename, **query},
            data=io.BytesIO(content) if isinstance(content, bytes) else content,
            headers={"Content-Type": "application/octet-stream"},
        )


async def _answer(response: ClientResponse) -> Answer:
    content = await response.read()
    json = await response.json(content_type=None) if "json" in response.content_type else None
    return Answer(response.status, response.headers, content, json)


class Town:
    """`people`, `bridges`: ids by name."""

    def __init__(self, client: TestClient[Any, Any], house: House) -> None:
        self.client = client
        self.house = house
        self.people: dict[str, UUID] = {}
        self.bridges: dict[str, UUID] = {}
        self.organisation_id = OrganisationId(uuid7())
        self._callers: dict[str, Caller] = {}

    @property
    def nobody(self) -> Caller:
        return Caller(self.client)

    async def settle(self) -> None:
        async with self.house.store.accounts() as accounts:
            await accounts.add_organisation(
                Organisation(
                    self.organisation_id, "Tỉnh ủy Diên Hồng", place_name="Diên Hồng", minutes_format="party"
                )
            )
            for username, (name, role) in PEOPLE.items():
                person_id = self.people[username] = PersonId(uuid7())
                await accounts.add_person(
                    Person(person_id, self.organisation_id, username, name, "Ủy viên", frozenset({role}))
                )
            for code, name in BRIDGES.items():
                bridge_id = self.bridges[code] = BridgeId(uuid7())
                await accounts.add_bridge(Bridge(bridge_id, self.organisation_id, code, name))

    async def link(self, username: str, valid: timedelta = timedelta(hours=1)) -> str:
        code = new_secret()
        async with self.house.store.accounts() as accounts:
            subject = Subject(ActorKind.PERSON, PersonId(self.people[username]))
            await accounts.add_link(digest(code), subject, datetime.now(UTC) + valid)
        return code

    async def join_code(self, name: str, valid: timedelta = timedelta(hours=1)) -> str:
        code = new_join_code()
        async with self.house.store.accounts() as accounts:
            await accounts.set_join_code(
                BridgeId(self.bridges[name]), digest(tidy_join_code(code)), datetime.now(UTC) + valid
            )
        return code

    async def caller(self, name: str) -> Caller:
        """Signed in once, through the front door."""
        if name not in self._callers:
            if name in self.people:
                answer = await self.nobody.post("/api/session/link", {"code": await self.link(name)})
            else:
                answer = await self.nobody.post("/api/session/bridge", {"code": await self.join_code(name)})
            assert answer.status == 200, answer.json
            self._callers[name] = Caller(self.client, answer.json["access_token"], UUID(answer.json["me"]["id"]))
        return self._callers[name]

    async def meeting(self, *, invite: bool = True, convene: bool = False, opened: bool = False) -> str:
        """A meeting of the secretary's; the stranger and the second commune are not invited."""
        secretary = await self.caller("secretary")
        answer = await secretary.post("/api/meetings", DETAILS)
        assert answer.status == 201, answer.json
        meeting_id: str = answer.json["id"]
        if invite or convene or opened:
            roles = {"chair": "chair", "member": "member", "member2": "member"}
            people = [{"person_id": str(self.people[name]), "role": role} for name, role in roles.items()]
            await secretary.done(meeting_id, "invite_people", people=people)
            bridges = [
                {"bridge_id": str(self.bridges["central"]), "role": "central_bridge"},
                {"bridge_id": str(self.bridges["commune"]), "role": "commune_bridge"},
            ]
            await secretary.done(meeting_id, "invite_bridges", bridges=bridges)
        if convene or opened:
            await secretary.done(meeting_id, "add_item", title="Khai mạc")
            await secretary.done(meeting_id, "convene")
        if opened:
            await (await self.caller("chair")).done(meeting_id, "open_meeting")
            for name in ("member", "member2"):
                await (await self.caller(name)).done(meeting_id, "check_in")
        return meeting_id

    async def closed_meeting(self) -> str:
        """With one vote carried."""
        meeting_id = await self.meeting(opened=True)
        chair, member = await self.caller("chair"), await self.caller("member")
        poll_id = (await chair.done(meeting_id, "prepare_poll", question="Thông qua Nghị quyết?"))["id"]
        await chair.done(meeting_id, "open_poll", poll_id=poll_id)
        for caller in (chair, member):
            await caller.done(meeting_id, "cast_ballot", poll_id=poll_id, choice="for")
        await chair.done(meeting_id, "close_poll", poll_id=poll_id)
        await chair.done(meeting_id, "close_meeting")
        return meeting_id


def settings_for(folder: Any, **others: Any) -> Settings:
    given = {"data": folder, "relay_urls": "none", "web": folder / "web", "log_level": "ERROR"}
    return Settings(**(given | others))


async def town_of(client_maker: Any, settings: Settings) -> Town:
    app = make_app(settings)
    client = await client_maker(app)
    town = Town(client, app[HOUSE])
    await town.settle()
    return town


def unknown() -> str:
    return str(uuid4())

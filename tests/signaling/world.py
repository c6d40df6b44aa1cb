"""A small organisation with a meeting, made by the real use cases over the real store; nodes to listen at."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import socketio
from aiohttp import web

from media.client import Relay
from rooms import agenda
from rooms import meeting as m
from rooms.commands import RoomCommand
from rooms.errors import Forbidden
from rooms.ids import BridgeId, MeetingId, OrganisationId, PersonId
from rooms.ports import Done, Doorbell
from rooms.roles import Actor, ActorKind, OfficeRole, Role
from rooms.service import Meetings
from server.store import SqlStore
from server.store.accounts import Bridge, Organisation, Person
from signaling import wire
from signaling.hub import Hub, HubSettings
from signaling.session import SignedIn
from tests.support.waiting import WAIT_S
from tests.support.waiting import eventually as eventually


def now() -> datetime:
    return datetime.now(UTC)


class Silent:
    """A doorbell whose every ring is lost."""

    def ring(self, meeting_id: MeetingId) -> None: ...
    def turnout(self, *_: object) -> None: ...


@dataclass
class World:
    store: SqlStore
    meeting_id: MeetingId
    chair: Actor
    secretary: Actor
    members: list[Actor]
    central: Actor
    communes: list[Actor]
    stranger: Actor
    tokens: dict[str, SignedIn] = field(default_factory=dict)

    async def authenticate(self, token: str) -> SignedIn:
        if (known := self.tokens.get(token)) is None:
            raise Forbidden("token-unknown", "no such token")
        return known

    def token(self, actor: Actor, seconds: float = 600) -> str:
        token = secrets.token_hex(8)
        self.tokens[token] = SignedIn(actor, now() + timedelta(seconds=seconds))
        return token

    def meetings(self, doorbell: Doorbell | None = None) -> Meetings:
        return Meetings(self.store, doorbell or Silent(), now, uuid.uuid4)

    async def do(self, actor: Actor, command: RoomCommand, doorbell: Doorbell | None = None) -> Done:
        return await self.meetings(doorbell).do(actor, self.meeting_id, command)

    async def last_seq(self) -> int:
        async with self.store.begin(write=False) as tx:
            return (await tx.meeting(self.meeting_id)).last_seq


async def make_world(store: SqlStore, *, communes: int = 2, opened: bool = True) -> World:
    organisation = OrganisationId(uuid.uuid4())
    people = [PersonId(uuid.uuid4()) for _ in range(5)]
    bridges = [BridgeId(uuid.uuid4()) for _ in range(communes + 1)]
    names = ["Chủ trì", "Thư ký", "Đại biểu Một", "Đại biểu Hai", "Người ngoài"]
    office = frozenset({OfficeRole.SECRETARY})
    async with store.accounts() as accounts:
        await accounts.add_organisation(Organisation(organisation, "Đảng ủy"))
        for i, (person, name) in enumerate(zip(people, names, strict=True)):
            roles = office if i == 1 else frozenset[OfficeRole]()
            await accounts.add_person(Person(person, organisation, f"u{person.hex}", name, office_roles=roles))
        await accounts.add_bridges([Bridge(b, organisation, f"C{i}", f"Điểm {i}") for i, b in enumerate(bridges)])
    persons = [
        Actor(ActorKind.PERSON, p, organisation, n, office if i == 1 else frozenset())
        for i, (p, n) in enumerate(zip(people, names, strict=True))
    ]
    sites = [Actor(ActorKind.BRIDGE, b, organisation, f"Điểm {i}") for i, b in enumerate(bridges)]
    chair, secretary, *members, stranger = persons
    meetings = Meetings(store, Silent(), now, uuid.uuid4)
    details = m.Details("Hội nghị", m.MeetingKind.CONFERENCE, "Ban Thường vụ", "Hội trường", now())
    created = await meetings.create(secretary, details)
    assert created.id is not None
    meeting_id = MeetingId(created.id)
    invited = [(chair, Role.CHAIR), *((x, Role.MEMBER) for x in members)]
    seats = [(sites[0], Role.CENTRAL_BRIDGE), *((x, Role.COMMUNE_BRIDGE) for x in sites[1:])]
    for command in (
        m.InvitePeople(tuple(m.Invitation(PersonId(a.id), r) for a, r in invited)),
        m.InviteBridges(tuple(m.BridgeInvitation(BridgeId(a.id), r) for a, r in seats)),
        agenda.AddItem("Khai mạc"),
        m.Convene(),
    ):
        await meetings.do(secretary, meeting_id, command)
    if opened:
        await meetings.do(chair, meeting_id, m.OpenMeeting())
    return World(store, meeting_id, chair, secretary, members, sites[0], sites[1:], stranger)


@dataclass
class Node:
    """One server process's live side, on a port of its own."""

    hub: Hub
    url: str

    @property
    def doorbell(self) -> Doorbell:
        return self.hub.doorbell


@asynccontextmanager
async def running(
    world: World,
    relay: Relay | None = None,
    settings: HubSettings | None = None,
    store: SqlStore | None = None,
    change: Callable[[Hub], None] | None = None,
) -> AsyncIterator[Node]:
    hub = Hub(store or world.store, world.authenticate, relay, settings)
    if change is not None:
        change(hub)
    app = web.Application()
    hub.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield Node(hub, f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


class Tablet:
    """A client that keeps `last` by the rule of PROTOCOL.md and remembers all it was told."""

    def __init__(self, world: World, actor: Actor) -> None:
        self.world = world
        self.actor = actor
        self.last = 0
        self.applied: list[dict[str, Any]] = []
        self.gaps = 0
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.news = asyncio.Condition()
        self.sio = socketio.AsyncClient(reconnection=False)
        for name in (*wire.DOWN, "disconnect"):
            self.sio.on(name, self._hearing(name))

    def _hearing(self, name: str) -> Callable[..., Any]:
        async def hear(message: Any = None) -> None:
            async with self.news:
                self.told.append((name, message))
                if name == "journal":
                    self._apply(message)
                self.news.notify_all()

        return hear

    def _apply(self, news: dict[str, Any]) -> None:
        if news["after"] > self.last:
            self.gaps += 1
            return
        self.applied += [e for e in news["entries"] if e["seq"] > self.last]
        self.last = max(self.last, news["upto"])

    async def connect(self, node: Node, token: str | None = None) -> None:
        auth = {"token": token or self.world.token(self.actor)}
        await self.sio.connect(node.url, socketio_path="/ws", transports=["websocket"], auth=auth, wait_timeout=15)

    async def enter(self, after: int | None = None) -> dict[str, Any]:
        asked = {"meeting_id": str(self.world.meeting_id), "after": self.last if after is None else after}
        answer: dict[str, Any] = await self.sio.call("enter", asked, timeout=WAIT_S)
        return answer

    async def until(self, condition: Callable[[], bool], wait_s: float = WAIT_S) -> None:
        async with asyncio.timeout(wait_s), self.news:
            await self.news.wait_for(condition)

    async def until_last(self, seq: int, wait_s: float = WAIT_S) -> None:
        await self.until(lambda: self.last >= seq, wait_s)

    def kinds(self) -> list[str]:
        return [e["event"]["kind"] for e in self.applied]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [message for n, message in self.told if n == name]


@asynccontextmanager
async def tablet(world: World, actor: Actor, node: Node, *, after: int | None = 0) -> AsyncIterator[Tablet]:
    """`after` None: connected, but has entered nothing."""
    made = Tablet(world, actor)
    await made.connect(node)
    try:
        if after is not None:
            made.last = after
            assert (await made.enter())["ok"]
        yield made
    finally:
        await made.sio.disconnect()

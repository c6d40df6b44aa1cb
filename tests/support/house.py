"""A small public body to try the rules on: its people, its bridges, a clock and ids that repeat themselves.

The same house stands on each store, so that one test can be asked of all of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import text

from rooms.events import Event
from rooms.ids import BridgeId, MeetingId, OrganisationId, PersonId, PollId
from rooms.journal import ActorRef, Link
from rooms.meeting import Listed
from rooms.ports import Lock, Store
from rooms.roles import Actor, ActorKind, OfficeRole
from rooms.service import Meetings
from server.store import SqlStore
from server.store.accounts import Bridge, Organisation, Person
from tests.support.memory_store import MemoryStore

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NAMES = (
    "Trần Thị Bích",
    "Nguyễn Văn An",
    "Lê Hoàng Cường",
    "Phạm Thuý Dương",
    "Võ Đức Em",
    "Đặng Thị Phượng",
    "Huỳnh Ngọc Giàu",
)
PLACES = ("Điểm cầu trung tâm", "Xã Ea Súp", "Xã Cư M'gar", "Phường Buôn Hồ", "Xã Krông Năng")


class Ids:
    """Version 7 in form, counted in order from a base: two of the same base make the same ids."""

    def __init__(self, base: int | None = None) -> None:
        self.base = secrets.randbits(48) if base is None else base
        self.count = 0

    def __call__(self) -> UUID:
        self.count += 1
        return UUID(int=self.base << 80 | 0x7 << 76 | 0b10 << 62 | self.count)


class Ticks:
    """A clock that moves one second whenever somebody looks."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Bell:
    """Remembers who rang."""

    rings: list[MeetingId] = field(default_factory=list)
    turnouts: list[tuple[PollId, int, int]] = field(default_factory=list)

    def ring(self, meeting_id: MeetingId) -> None:
        self.rings.append(meeting_id)

    def turnout(self, meeting_id: MeetingId, poll_id: PollId, cast: int, entitled: int) -> None:
        self.turnouts.append((poll_id, cast, entitled))


class Keep(Protocol):
    """What of a store the tests need beside its port."""

    store: Store

    async def settle(self, house: House) -> None:
        """Puts the house's people and bridges into the directory."""
        ...

    async def tamper(self, meeting_id: MeetingId, seq: int, change: Callable[[Link], Link | None]) -> None:
        """Alters or (None) removes a journal row behind the store's back."""
        ...


class House:
    def __init__(self, keep: Keep, base: int | None = None, people: int = 7) -> None:
        self.keep = keep
        self.store = keep.store
        self.ids, self.clock, self.bell = Ids(base), Ticks(), Bell()
        self.meetings = Meetings(self.store, self.bell, self.clock, self.ids)
        self.organisation_id = OrganisationId(self.ids())
        office = frozenset({OfficeRole.SECRETARY})
        self.people = [
            Actor(
                ActorKind.PERSON,
                PersonId(self.ids()),
                self.organisation_id,
                NAMES[n] if n < len(NAMES) else f"Đại biểu {n}",
                office if n == 0 else frozenset(),
            )
            for n in range(people)
        ]
        self.bridges = [
            Actor(ActorKind.BRIDGE, BridgeId(self.ids()), self.organisation_id, name) for name in PLACES
        ]
        self.secretary, self.chair, self.member, self.member2, self.guest, *self.others = self.people
        self.central, self.commune, self.commune2, *self.spare_bridges = self.bridges

    def position(self, person: Actor) -> str:
        return "Chánh Văn phòng" if person is self.secretary else "Ủy viên"

    def code(self, bridge: Actor) -> str:
        return f"DC{self.bridges.index(bridge):03d}"

    async def record(self, actor: Actor, meeting_id: MeetingId, *events: Event) -> None:
        """Events whose commands are not the meeting's own service's: the minutes'."""
        async with self.store.begin() as tx:
            meeting = await tx.meeting(meeting_id, Lock.UPDATE)
            await tx.record(meeting, ActorRef.of(actor), self.clock(), events)


class MemoryKeep:
    def __init__(self) -> None:
        self.store: MemoryStore = MemoryStore()

    async def settle(self, house: House) -> None:
        self.store.people[house.organisation_id] = [Listed(p.id, p.name, house.position(p)) for p in house.people]
        self.store.bridges[house.organisation_id] = [Listed(b.id, b.name, house.code(b)) for b in house.bridges]

    async def tamper(self, meeting_id: MeetingId, seq: int, change: Callable[[Link], Link | None]) -> None:
        links = self.store.shelf.books[meeting_id].links
        changed = change(links[seq - 1])
        links[seq - 1 : seq] = [] if changed is None else [changed]


class SqlKeep:
    def __init__(self, store: SqlStore) -> None:
        self.store: SqlStore = store

    async def settle(self, house: House) -> None:
        async with self.store.accounts() as accounts:
            await accounts.add_organisation(Organisation(house.organisation_id, "UBND tỉnh"))
            for n, p in enumerate(house.people):
                person = Person(PersonId(p.id), house.organisation_id, f"u{n}", p.name, house.position(p))
                await accounts.add_person(person)
            await accounts.add_bridges(
                [Bridge(BridgeId(b.id), house.organisation_id, house.code(b), b.name) for b in house.bridges]
            )

    async def tamper(self, meeting_id: MeetingId, seq: int, change: Callable[[Link], Link | None]) -> None:
        async with self.store.begin(write=False) as tx:
            changed = change((await tx.links(meeting_id))[seq - 1])
        where = {"seq": seq, "meeting": meeting_id}
        engine = self.store._engine  # the back door that an attacker would take
        async with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                where["meeting"] = meeting_id.hex
            if changed is None:
                await connection.execute(
                    text("DELETE FROM journal WHERE meeting_id = :meeting AND seq = :seq"), where
                )
                return
            await connection.execute(
                text("UPDATE journal SET body = :body, hash = :hash WHERE meeting_id = :meeting AND seq = :seq"),
                {**where, "body": changed.body, "hash": changed.hash},
            )


async def house_on(keep: Keep, base: int | None = None, people: int = 7) -> House:
    house = House(keep, base, people)
    await keep.settle(house)
    return house


Step = Callable[[House], Awaitable[None]]

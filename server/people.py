"""The directory: people and bridges of one organisation, and the links and codes that let them in.

Rights are asked for by `rooms.roles`; what belongs to another organisation does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rooms.errors import Conflict, NotFound
from rooms.ids import BridgeId, PersonId
from rooms.roles import Actor, ActorKind, OfficeRight, OfficeRole, require_office
from server.accounts import Entrance, require_person
from server.passwords import Passwords
from server.settings import Settings
from server.store import SqlStore
from server.store.accounts import Accounts, Bridge, Person, Subject
from server.tokens import digest, new_join_code, new_secret, tidy_join_code
from signaling.hub import Hub


@dataclass(frozen=True, slots=True)
class Made:
    """A code as it is shown, once."""

    code: str
    url: str
    expires_at: datetime


class Directory:
    def __init__(
        self,
        store: SqlStore,
        entrance: Entrance,
        passwords: Passwords,
        hub: Hub,
        settings: Settings,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._store = store
        self._entrance = entrance
        self._passwords = passwords
        self._hub = hub
        self._settings = settings
        self._now = now
        self._new_id = new_id

    # ── me ──

    async def change_me(self, actor: Actor, locale: str | None, colour_scheme: str | None) -> None:
        """Raises: Forbidden `people-only`."""
        person_id = require_person(actor)
        async with self._store.accounts() as accounts:
            person = await accounts.person(person_id)
            kept = replace(
                person, locale=locale or person.locale, colour_scheme=colour_scheme or person.colour_scheme
            )
            await accounts.change_person(kept)
        self._entrance.forget(_person_subject(person_id))

    # ── people ──

    async def people(self, actor: Actor) -> tuple[Person, ...]:
        require_office(actor, OfficeRight.SEE_DIRECTORY)
        async with self._store.accounts(write=False) as accounts:
            return await accounts.people(actor.organisation_id)

    async def add_person(
        self,
        actor: Actor,
        username: str,
        name: str,
        position: str,
        office_roles: frozenset[OfficeRole],
        password: str | None,
    ) -> Person:
        """Without a password: comes in by link only. Raises: Refusal."""
        require_office(actor, OfficeRight.KEEP_ACCOUNTS)
        hashed = None if password is None else await self._passwords.hash(password)
        person_id = PersonId(self._new_id())
        person = Person(person_id, actor.organisation_id, username, name, position, office_roles)
        async with self._store.accounts() as accounts:
            # one name signs in to one account, whatever the organisation
            if await accounts.person_by_username(username) is not None:
                raise Conflict("username-taken", "somebody has this username")
            return await accounts.add_person(person, hashed)

    async def change_person(
        self,
        actor: Actor,
        person_id: PersonId,
        *,
        name: str | None = None,
        position: str | None = None,
        office_roles: frozenset[OfficeRole] | None = None,
        active: bool | None = None,
        password: str | None = None,
    ) -> Person:
        """What is None stays. A closed account or a new password ends every session. Raises: Refusal."""
        require_office(actor, OfficeRight.KEEP_ACCOUNTS)
        hashed = None if password is None else await self._passwords.hash(password)
        subject = _person_subject(person_id)
        async with self._store.accounts() as accounts:
            person = await _person(accounts, actor, person_id)
            wanted = replace(
                person,
                name=person.name if name is None else name,
                position=person.position if position is None else position,
                office_roles=person.office_roles if office_roles is None else office_roles,
                active=person.active if active is None else active,
            )
            await _require_administrator(accounts, person, wanted)
            kept = await accounts.change_person(wanted)
            if hashed is not None:
                await accounts.set_password(person_id, hashed)
            ends = hashed is not None or not kept.active
            if ends:
                await accounts.revoke_all(subject)
        self._entrance.forget(subject)
        if ends:
            await self._hub.sign_out(subject.kind, subject.id, actor.organisation_id)
        return kept

    async def make_link(self, actor: Actor, person_id: PersonId) -> Made:
        """Raises: Refusal."""
        require_office(actor, OfficeRight.KEEP_ACCOUNTS)
        code, until = new_secret(), self._now() + timedelta(seconds=self._settings.link_ttl_s)
        async with self._store.accounts() as accounts:
            person = await _person(accounts, actor, person_id)
            if not person.active:
                raise Conflict("account-inactive", "the account is closed")
            await accounts.add_link(digest(code), _person_subject(person_id), until)
        return Made(code, f"{self._settings.url}/link#{code}", until)

    # ── bridges ──

    async def bridges(self, actor: Actor) -> tuple[Bridge, ...]:
        require_office(actor, OfficeRight.SEE_DIRECTORY)
        async with self._store.accounts(write=False) as accounts:
            return await accounts.bridges(actor.organisation_id)

    async def add_bridge(
        self, actor: Actor, code: str, name: str, parent: str, phone: str, capacity: int | None
    ) -> Bridge:
        """Raises: Refusal."""
        require_office(actor, OfficeRight.KEEP_ACCOUNTS)
        bridge = Bridge(BridgeId(self._new_id()), actor.organisation_id, code, name, parent, phone, capacity)
        async with self._store.accounts() as accounts:
            return await accounts.add_bridge(bridge)

    async def change_bridge(self, actor: Actor, bridge_id: BridgeId, changes: Mapping[str, Any]) -> Bridge:
        """`changes`: fields of Bridge by name; None stays, but for `capacity`. Raises: Refusal."""
        require_office(actor, OfficeRight.KEEP_ACCOUNTS)
        given = {k: v for k, v in changes.items() if v is not None or k == "capacity"}
        subject = Subject(ActorKind.BRIDGE, bridge_id)
        async with self._store.accounts() as accounts:
            bridge = await _bridge(accounts, actor, bridge_id)
            kept = await accounts.change_bridge(replace(bridge, **given))
            if not kept.active:
                await accounts.revoke_all(subject)
        self._entrance.forget(subject)
        if not kept.active:
            await self._hub.sign_out(subject.kind, subject.id, actor.organisation_id)
        return kept

    async def make_join_code(self, actor: Actor, bridge_id: BridgeId) -> Made:
        """Replaces the one before; who came in with that one is signed out. Raises: Refusal."""
        require_office(actor, OfficeRight.SEE_DIRECTORY)
        code, until = new_join_code(), self._now() + timedelta(seconds=self._settings.join_code_ttl_s)
        subject = Subject(ActorKind.BRIDGE, bridge_id)
        async with self._store.accounts() as accounts:
            await _bridge(accounts, actor, bridge_id)
            await accounts.set_join_code(bridge_id, digest(tidy_join_code(code)), until)
            await accounts.revoke_all(subject)
        self._entrance.forget(subject)
        await self._hub.sign_out(subject.kind, subject.id, actor.organisation_id)
        return Made(code, f"{self._settings.url}/join#{code}", until)


def _person_subject(person_id: PersonId) -> Subject:
    return Subject(ActorKind.PERSON, person_id)


async def _person(accounts: Accounts, actor: Actor, person_id: PersonId) -> Person:
    person = await accounts.person(person_id)
    if person.organisation_id != actor.organisation_id:
        raise NotFound("person-unknown", "no such person")
    return person


async def _bridge(accounts: Accounts, actor: Actor, bridge_id: BridgeId) -> Bridge:
    bridge = await accounts.bridge(bridge_id)
    if bridge.organisation_id != actor.organisation_id:
        raise NotFound("bridge-unknown", "no such bridge")
    return bridge


async def _require_administrator(accounts: Accounts, before: Person, after: Person) -> None:
    """Somebody must be able to let the others in. Raises: Conflict `last-administrator`."""

    def keeps(p: Person) -> bool:
        return p.active and OfficeRole.ADMINISTRATOR in p.office_roles

    if keeps(before) and not keeps(after):
        others = [p for p in await accounts.people(before.organisation_id) if p.id != before.id]
        if not any(keeps(p) for p in others):
            raise Conflict("last-administrator", "one administrator must remain")

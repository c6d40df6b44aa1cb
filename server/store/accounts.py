"""Organisations, people, bridges and how they sign in. Plain values in and out; secrets come as hashes.

Who may do what is not decided here. What must hold whoever asks holds here: names are unique, a link works once,
a refresh token that comes a second time ends its whole family.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.errors import Conflict, NotFound
from rooms.ids import BridgeId, OrganisationId, PersonId
from rooms.roles import Actor, ActorKind, OfficeRole
from rooms.values import NAME_MAX, TITLE_MAX, clean
from server.store.account_tables import BridgeRow, LinkRow, OrganisationRow, PersonRow, RefreshRow, SignerKeyRow

CODE_MAX = 64


@dataclass(frozen=True, slots=True)
class Organisation:
    """`place_name`: where papers are dated ("Hà Nội, ngày …"). `minutes_format`: which rules lay minutes out."""

    id: OrganisationId
    name: str
    zone: str = "Asia/Ho_Chi_Minh"
    locale: str = "vi"
    place_name: str = ""
    minutes_format: str = "plain"


@dataclass(frozen=True, slots=True)
class Person:
    """`locale`, `colour_scheme` None: as the organisation, as the device."""

    id: PersonId
    organisation_id: OrganisationId
    username: str
    name: str
    position: str = ""
    office_roles: frozenset[OfficeRole] = field(default_factory=frozenset)
    active: bool = True
    locale: str | None = None
    colour_scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    id: BridgeId
    organisation_id: OrganisationId
    code: str
    name: str
    parent: str = ""
    phone: str = ""
    capacity: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a link or a session is for."""

    kind: ActorKind
    id: PersonId | BridgeId


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """`token_hash`: hex SHA-256. Every token that came of one sign-in is of one family."""

    token_hash: str
    family_id: UUID
    subject: Subject
    issued_at: datetime
    expires_at: datetime


class Rotation(StrEnum):
    ROTATED = "rotated"
    UNKNOWN = "unknown"
    EXPIRED = "expired"  # or revoked: its session has ended
    REUSED = "reused"  # somebody has a copy: the family is revoked now


@dataclass(frozen=True, slots=True)
class Rotated:
    """`token`: the new one when ROTATED, else the one that was shown, if known."""

    outcome: Rotation
    token: RefreshToken | None = None


class Accounts:
    """Within one transaction; see `SqlStore.accounts`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # ── organisations ──

    async def add_organisation(self, organisation: Organisation) -> None:
        self._session.add(OrganisationRow(**_organisation_columns(organisation)))
        await self._session.flush()

    async def change_organisation(self, organisation: Organisation) -> None:
        """Raises: NotFound."""
        row = await self._session.get(OrganisationRow, organisation.id)
        if row is None:
            raise NotFound("organisation-unknown", "no such organisation")
        _set(row, _organisation_columns(organisation))
        await self._session.flush()

    async def organisation(self, organisation_id: OrganisationId) -> Organisation:
        """Raises: NotFound."""
        row = await self._session.get(OrganisationRow, organisation_id)
        if row is None:
            raise NotFound("organisation-unknown", "no such organisation")
        return _organisation(row)

    async def organisations(self) -> tuple[Organisation, ...]:
        """By name."""
        rows = await self._session.scalars(select(OrganisationRow).order_by(OrganisationRow.name))
        return tuple(_organisation(r) for r in rows)

    # ── people ──

    async def add_person(self, person: Person, password_hash: str | None = None) -> Person:
        """As kept: cleaned. Raises: Invalid; Conflict `username-taken`."""
        kept = _cleaned_person(person)
        self._session.add(PersonRow(**_person_columns(kept), password_hash=password_hash))
        await self._flush("username-taken", "somebody has this username")
        return kept

    async def change_person(self, person: Person) -> Person:
        """All but the password. Raises: NotFound; Invalid; Conflict `username-taken`."""
        kept = _cleaned_person(person)
        _set(await self._person_row(person.id), _person_columns(kept))
        await self._flush("username-taken", "somebody has this username")
        return kept

    async def person(self, person_id: PersonId) -> Person:
        """Raises: NotFound."""
        return _person(await self._person_row(person_id))

    async def person_by_username(
        self, username: str, organisation_id: OrganisationId | None = None
    ) -> Person | None:
        """Whatever the case. Without an organisation: None also when several have such a person."""
        if "\0" in username or any("\ud800" <= ch <= "\udfff" for ch in username):
            return None
        query = select(PersonRow).where(PersonRow.username_key == _username_key(username))
        if organisation_id is not None:
            query = query.where(PersonRow.organisation_id == organisation_id)
        rows = (await self._session.scalars(query.limit(2))).all()
        return _person(rows[0]) if len(rows) == 1 else None

    async def people(self, organisation_id: OrganisationId) -> tuple[Person, ...]:
        """By username."""
        query = select(PersonRow).where(PersonRow.organisation_id == organisation_id)
        rows = await self._session.scalars(query.order_by(PersonRow.username_key))
        return tuple(_person(r) for r in rows)

    async def password_hash(self, person_id: PersonId) -> str | None:
        """Raises: NotFound."""
        return (await self._person_row(person_id)).password_hash

    async def set_password(self, person_id: PersonId, password_hash: str | None) -> None:
        """Raises: NotFound."""
        (await self._person_row(person_id)).password_hash = password_hash
        await self._session.flush()

    async def actor(self, subject: Subject) -> Actor | None:
        """None for who is unknown or no longer active."""
        if subject.kind is ActorKind.PERSON:
            row = await self._session.get(PersonRow, subject.id)
            if row is None or not row.active:
                return None
            p = _person(row)
            return Actor(ActorKind.PERSON, p.id, p.organisation_id, p.name, p.office_roles)
        bridge = await self._session.get(BridgeRow, subject.id)
        if bridge is None or not bridge.active:
            return None
        return Actor(ActorKind.BRIDGE, BridgeId(bridge.id), OrganisationId(bridge.organisation_id), bridge.name)

    # ── bridges ──

    async def add_bridge(self, bridge: Bridge) -> Bridge:
        """As kept: cleaned. Raises: Invalid; Conflict `bridge-code-taken`."""
        return (await self.add_bridges([bridge]))[0]

    async def add_bridges(self, bridges: Sequence[Bridge]) -> tuple[Bridge, ...]:
        """Many at once: a province has a thousand. Raises: Invalid; Conflict `bridge-code-taken`."""
        kept = tuple(_cleaned_bridge(b) for b in bridges)
        self._session.add_all([BridgeRow(**_bridge_columns(b)) for b in kept])
        await self._flush("bridge-code-taken", "a bridge has this code")
        return kept

    async def change_bridge(self, bridge: Bridge) -> Bridge:
        """All but the join code. Raises: NotFound; Invalid; Conflict `bridge-code-taken`."""
        kept = _cleaned_bridge(bridge)
        _set(await self._bridge_row(bridge.id), _bridge_columns(kept))
        await self._flush("bridge-code-taken", "a bridge has this code")
        return kept

    async def bridge(self, bridge_id: BridgeId) -> Bridge:
        """Raises: NotFound."""
        return _bridge(await self._bridge_row(bridge_id))

    async def bridges(self, organisation_id: OrganisationId) -> tuple[Bridge, ...]:
        """By code."""
        query = select(BridgeRow).where(BridgeRow.organisation_id == organisation_id)
        return tuple(_bridge(r) for r in await self._session.scalars(query.order_by(BridgeRow.code)))

    async def set_join_code(self, bridge_id: BridgeId, code_hash: str, expires_at: datetime) -> None:
        """Replaces the one before. Raises: NotFound."""
        row = await self._bridge_row(bridge_id)
        row.join_code_hash, row.join_code_expires_at = code_hash, expires_at
        await self._session.flush()

    async def bridge_by_join_code_hash(self, code_hash: str, now: datetime) -> Bridge:
        """As often as wanted until the code is replaced or expires.

        Raises: NotFound `link-unknown`, Conflict `link-expired`.
        """
        row = await self._session.scalar(select(BridgeRow).where(BridgeRow.join_code_hash == code_hash))
        if row is None or not row.active or row.join_code_expires_at is None:
            raise NotFound("link-unknown", "no such code")
        if row.join_code_expires_at <= now:
            raise Conflict("link-expired", "the code has expired")
        return _bridge(row)

    # ── one-time links ──

    async def add_link(self, code_hash: str, subject: Subject, expires_at: datetime) -> None:
        self._session.add(
            LinkRow(code_hash=code_hash, subject_kind=subject.kind, subject_id=subject.id, expires_at=expires_at)
        )
        await self._session.flush()

    async def take_link(self, code_hash: str, now: datetime) -> Subject:
        """Uses it up: of two who come at once, one gets it.

        Raises: NotFound `link-unknown`; Conflict `link-expired`, also when it was used.
        """
        taken = await self._changed(
            update(LinkRow)
            .where(LinkRow.code_hash == code_hash, LinkRow.used_at.is_(None), LinkRow.expires_at > now)
            .values(used_at=now)
        )
        row = await self._session.get(LinkRow, code_hash)
        if row is None:
            raise NotFound("link-unknown", "no such link")
        if not taken:
            raise Conflict("link-expired", "the link has expired or was used")
        return Subject(row.subject_kind, _subject_id(row.subject_kind, row.subject_id))

    # ── sessions ──

    async def add_refresh(self, token: RefreshToken) -> None:
        self._session.add(_refresh_row(token))
        await self._session.flush()

    async def rotate_refresh(
        self,
        token_hash: str,
        new_hash: str,
        now: datetime,
        expires_at: datetime,
        grace: timedelta = timedelta(0),
    ) -> Rotated:
        """The token is shown once, then the new one stands for it.

        `grace`: a token rotated so short a time ago may come again (its answer was lost on the way, or two tabs
        woke at once) and gets a sibling. An answer, not a refusal, so that the ended family is committed.
        """
        query = select(RefreshRow).where(RefreshRow.token_hash == token_hash).with_for_update()
        row = await self._session.scalar(query.execution_options(populate_existing=True))
        if row is None:
            return Rotated(Rotation.UNKNOWN)
        shown = _refresh(row)
        if row.revoked or row.expires_at <= now:
            return Rotated(Rotation.EXPIRED, shown)
        if row.rotated_at is not None and now - row.rotated_at >= grace:
            await self.revoke_family(row.family_id)
            return Rotated(Rotation.REUSED, shown)
        row.rotated_at = row.rotated_at or now
        new = replace(shown, token_hash=new_hash, issued_at=now, expires_at=expires_at)
        await self.add_refresh(new)
        return Rotated(Rotation.ROTATED, new)

    async def family_of(self, token_hash: str) -> UUID | None:
        return await self._session.scalar(select(RefreshRow.family_id).where(RefreshRow.token_hash == token_hash))

    async def family_lives(self, family_id: UUID) -> bool:
        """Whether the session has not ended."""
        query = select(RefreshRow.token_hash).where(
            RefreshRow.family_id == family_id, RefreshRow.revoked.is_(False)
        )
        return await self._session.scalar(query.limit(1)) is not None

    async def family_began(self, family_id: UUID) -> datetime | None:
        began: datetime | None = await self._session.scalar(
            select(RefreshRow.issued_at)
            .where(RefreshRow.family_id == family_id)
            .order_by(RefreshRow.issued_at)
            .limit(1)
        )
        return began

    async def revoke_family(self, family_id: UUID) -> None:
        await self._changed(update(RefreshRow).where(RefreshRow.family_id == family_id).values(revoked=True))

    async def bound_families(self, subject: Subject, most: int) -> None:
        """Ends the sessions of a person or bridge beyond the `most` that were used last."""
        used = select(RefreshRow.family_id).where(
            RefreshRow.subject_id == subject.id, RefreshRow.revoked.is_(False)
        )
        latest = used.group_by(RefreshRow.family_id).order_by(func.max(RefreshRow.issued_at).desc())
        for family_id in await self._session.scalars(latest.offset(most).limit(1000)):
            await self.revoke_family(family_id)

    async def revoke_all(self, subject: Subject) -> None:
        """Every session of a person or bridge, and the links not yet used: a new password, an account closed."""
        await self._changed(delete(LinkRow).where(LinkRow.subject_id == subject.id, LinkRow.used_at.is_(None)))
        await self._changed(update(RefreshRow).where(RefreshRow.subject_id == subject.id).values(revoked=True))

    async def forget_expired(self, now: datetime) -> int:
        """Links and tokens past their time; how many."""
        links = await self._changed(delete(LinkRow).where(LinkRow.expires_at <= now))
        tokens = await self._changed(delete(RefreshRow).where(RefreshRow.expires_at <= now))
        return links + tokens

    # ── signer keys ──

    async def signer_key(self, person_id: PersonId) -> bytes | None:
        row = await self._session.get(SignerKeyRow, person_id)
        return None if row is None else row.pkcs12

    async def put_signer_key(self, person_id: PersonId, pkcs12: bytes, now: datetime) -> None:
        row = await self._session.get(SignerKeyRow, person_id)
        if row is None:
            self._session.add(SignerKeyRow(person_id=person_id, pkcs12=pkcs12, made_at=now))
        else:
            row.pkcs12, row.made_at = pkcs12, now
        await self._session.flush()

    # ── within ──

    async def _person_row(self, person_id: PersonId) -> PersonRow:
        row = await self._session.get(PersonRow, person_id)
        if row is None:
            raise NotFound("person-unknown", "no such person")
        return row

    async def _bridge_row(self, bridge_id: BridgeId) -> BridgeRow:
        row = await self._session.get(BridgeRow, bridge_id)
        if row is None:
            raise NotFound("bridge-unknown", "no such bridge")
        return row

    async def _changed(self, statement: Any) -> int:
        result = cast(CursorResult[Any], await self._session.execute(statement))
        return result.rowcount

    async def _flush(self, code: str, detail: str) -> None:
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise Conflict(code, detail) from error


# ── rows and values ──


def _set(row: OrganisationRow | PersonRow | BridgeRow, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)


def _organisation_columns(o: Organisation) -> dict[str, Any]:
    return {
        "id": o.id,
        "name": clean(o.name, limit=NAME_MAX, what="name"),
        "zone": o.zone,
        "locale": o.locale,
        "place_name": clean(o.place_name, limit=NAME_MAX, what="place_name", empty=True),
        "minutes_format": o.minutes_format,
    }


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation(OrganisationId(row.id), row.name, row.zone, row.locale, row.place_name, row.minutes_format)


def _username_key(username: str) -> str:
    return unicodedata.normalize("NFC", username).strip().casefold()


def _cleaned_person(p: Person) -> Person:
    return replace(
        p,
        username=clean(p.username, limit=CODE_MAX, what="username"),
        name=clean(p.name, limit=NAME_MAX, what="name"),
        position=clean(p.position, limit=NAME_MAX, what="position", empty=True),
    )


def _person_columns(p: Person) -> dict[str, Any]:
    return {
        "id": p.id,
        "organisation_id": p.organisation_id,
        "username": p.username,
        "username_key": _username_key(p.username),
        "name": p.name,
        "position": p.position,
        "office_roles": sorted(role.value for role in p.office_roles),
        "active": p.active,
        "locale": p.locale,
        "colour_scheme": p.colour_scheme,
    }


def _person(row: PersonRow) -> Person:
    return Person(
        PersonId(row.id),
        OrganisationId(row.organisation_id),
        row.username,
        row.name,
        row.position,
        frozenset(OfficeRole(r) for r in row.office_roles),
        row.active,
        row.locale,
        row.colour_scheme,
    )


def _cleaned_bridge(b: Bridge) -> Bridge:
    return replace(
        b,
        code=clean(b.code, limit=CODE_MAX, what="code"),
        name=clean(b.name, limit=NAME_MAX, what="name"),
        parent=clean(b.parent, limit=NAME_MAX, what="parent", empty=True),
        phone=clean(b.phone, limit=TITLE_MAX, what="phone", empty=True),
    )


def _bridge_columns(b: Bridge) -> dict[str, Any]:
    return {
        "id": b.id,
        "organisation_id": b.organisation_id,
        "code": b.code,
        "name": b.name,
        "parent": b.parent,
        "phone": b.phone,
        "capacity": b.capacity,
        "active": b.active,
    }


def _bridge(row: BridgeRow) -> Bridge:
    return Bridge(
        BridgeId(row.id),
        OrganisationId(row.organisation_id),
        row.code,
        row.name,
        row.parent,
        row.phone,
        row.capacity,
        row.active,
    )


def _subject_id(kind: ActorKind, subject_id: UUID) -> PersonId | BridgeId:
    return PersonId(subject_id) if kind is ActorKind.PERSON else BridgeId(subject_id)


def _refresh_row(t: RefreshToken) -> RefreshRow:
    return RefreshRow(
        token_hash=t.token_hash,
        family_id=t.family_id,
        subject_kind=t.subject.kind,
        subject_id=t.subject.id,
        issued_at=t.issued_at,
        expires_at=t.expires_at,
        revoked=False,
    )


def _refresh(row: RefreshRow) -> RefreshToken:
    subject = Subject(row.subject_kind, _subject_id(row.subject_kind, row.subject_id))
    return RefreshToken(row.token_hash, row.family_id, subject, row.issued_at, row.expires_at)

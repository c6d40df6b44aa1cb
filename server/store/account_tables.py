"""Organisations, people and bridges, and the secrets they come in with: of those only hashes are kept."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.roles import ActorKind
from server.store.types import Base, choice

_KIND = choice(ActorKind)


def _organisation_id() -> Mapped[UUID]:
    return mapped_column(ForeignKey("organisations.id"))


class OrganisationRow(Base):
    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    zone: Mapped[str]
    locale: Mapped[str]
    place_name: Mapped[str]
    minutes_format: Mapped[str]


class PersonRow(Base):
    """`username_key`: the username case-folded, what is compared."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("organisation_id", "username_key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = _organisation_id()
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    position: Mapped[str]
    password_hash: Mapped[str | None]
    office_roles: Mapped[list[str]]
    active: Mapped[bool]
    locale: Mapped[str | None]
    colour_scheme: Mapped[str | None]


class BridgeRow(Base):
    """A bridge has at most one join code at a time; it may come back with it after a cut."""

    __tablename__ = "bridges"
    __table_args__ = (UniqueConstraint("organisation_id", "code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = _organisation_id()
    code: Mapped[str]
    name: Mapped[str]
    parent: Mapped[str]
    phone: Mapped[str]
    capacity: Mapped[int | None]
    active: Mapped[bool]
    join_code_hash: Mapped[str | None] = mapped_column(unique=True)
    join_code_expires_at: Mapped[datetime | None]


class LinkRow(Base):
    """A one-time link. Subjects may be a person or a bridge, so there is no foreign key."""

    __tablename__ = "links"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    subject_kind: Mapped[ActorKind] = mapped_column(_KIND)
    subject_id: Mapped[UUID]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class RefreshRow(Base):
    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(index=True)
    subject_kind: Mapped[ActorKind] = mapped_column(_KIND)
    subject_id: Mapped[UUID] = mapped_column(index=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    rotated_at: Mapped[datetime | None]
    revoked: Mapped[bool]


class SignerKeyRow(Base):
    """A PKCS#12 file, encrypted with a secret that is not in this database."""

    __tablename__ = "signer_keys"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    pkcs12: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]

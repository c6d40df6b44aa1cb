"""The meeting's tables. Rows are the truth; the journal beside them is the evidence.

`made_seq` is the journal entry that made a row: it is the one order in which things are listed.
Ids are made outside (UUID version 7), so a row is known before it is written.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from rooms.agenda import ItemState
from rooms.floor import TurnState
from rooms.meeting import AttendanceState, MeetingKind, MeetingState
from rooms.papers import PaperState
from rooms.poll import PollState
from rooms.roles import ActorKind, Role
from rooms.signing import MinutesState
from rooms.tally import Choice, VoteBase
from server.store.types import Base, choice

_ROLE = choice(Role)


def _meeting_id(*, key: bool = False) -> Mapped[UUID]:
    return mapped_column(ForeignKey("meetings.id"), primary_key=key, index=not key)


class MeetingRow(Base):
    __tablename__ = "meetings"
    __table_args__ = (Index(None, "organisation_id", "starts_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    title: Mapped[str]
    kind: Mapped[MeetingKind] = mapped_column(choice(MeetingKind))
    body_name: Mapped[str]
    place: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    members_in_office: Mapped[int | None]
    quorum_numerator: Mapped[int]
    quorum_denominator: Mapped[int]
    quorum_strict: Mapped[bool]
    state: Mapped[MeetingState] = mapped_column(choice(MeetingState))
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # Where the meeting stands. Not foreign keys: those tables point here, and a circle is hard to drop or copy.
    current_item_id: Mapped[UUID | None]
    lead_paper_id: Mapped[UUID | None]
    lead_page: Mapped[int | None]
    stand_by_bridge_id: Mapped[UUID | None]
    on_air_bridge_id: Mapped[UUID | None]
    recording_since: Mapped[datetime | None]
    last_seq: Mapped[int]
    last_hash: Mapped[str]


class AttendantRow(Base):
    __tablename__ = "attendants"

    meeting_id: Mapped[UUID] = _meeting_id(key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    name: Mapped[str]
    position: Mapped[str]
    role: Mapped[Role] = mapped_column(_ROLE)
    state: Mapped[AttendanceState] = mapped_column(choice(AttendanceState))
    checked_in_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    excuse: Mapped[str]
    made_seq: Mapped[int]


class BridgeSeatRow(Base):
    __tablename__ = "bridge_seats"

    meeting_id: Mapped[UUID] = _meeting_id(key=True)
    bridge_id: Mapped[UUID] = mapped_column(ForeignKey("bridges.id"), primary_key=True, index=True)
    name: Mapped[str]
    code: Mapped[str]
    role: Mapped[Role] = mapped_column(_ROLE)
    checked_in_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    heads: Mapped[int | None]
    made_seq: Mapped[int]


class ItemRow(Base):
    __tablename__ = "agenda_items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    meeting_id: Mapped[UUID] = _meeting_id()
    parent_id: Mapped[UUID | None]
    position: Mapped[int]
    title: Mapped[str]
    presenter: Mapped[str]
    planned_min: Mapped[int | None]
    state: Mapped[ItemState] = mapped_column(choice(ItemState))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    made_seq: Mapped[int]


class PaperRow(Base):
    __tablename__ = "papers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    meeting_id: Mapped[UUID] = _meeting_id()
    item_id: Mapped[UUID | None]
    title: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    pages: Mapped[int]
    state: Mapped[PaperState] = mapped_column(choice(PaperState))
    added_at: Mapped[datetime]
    made_seq: Mapped[int]


class TurnRow(Base):
    __tablename__ = "turns"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    meeting_id: Mapped[UUID] = _meeting_id()
    speaker_kind: Mapped[ActorKind] = mapped_column(choice(ActorKind))
    speaker_id: Mapped[UUID]
    name: Mapped[str]
    item_id: Mapped[UUID | None]
    state: Mapped[TurnState] = mapped_column(choice(TurnState))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    limit_s: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    made_seq: Mapped[int]


class PollRow(Base):
    """`entitled`, `tally`: canonical JSON; frozen once, read whole."""

    __tablename__ = "polls"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    meeting_id: Mapped[UUID] = _meeting_id()
    item_id: Mapped[UUID | None]
    question: Mapped[str]
    base: Mapped[VoteBase] = mapped_column(choice(VoteBase))
    threshold_numerator: Mapped[int]
    threshold_denominator: Mapped[int]
    threshold_strict: Mapped[bool]
    changeable: Mapped[bool]
    state: Mapped[PollState] = mapped_column(choice(PollState))
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    entitled: Mapped[str] = mapped_column(Text)
    frozen_members_in_office: Mapped[int | None]
    frozen_present: Mapped[int | None]
    tally: Mapped[str | None] = mapped_column(Text)
    made_seq: Mapped[int]


class BallotRow(Base):
    """One person, one ballot: the primary key holds it. No number and no row id tells who came before whom."""

    __tablename__ = "ballots"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    poll_id: Mapped[UUID] = mapped_column(ForeignKey("polls.id"), primary_key=True)
    voter_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    name: Mapped[str]
    choice: Mapped[Choice] = mapped_column(choice(Choice))
    at: Mapped[datetime]


class MinutesRow(Base):
    __tablename__ = "minutes"

    meeting_id: Mapped[UUID] = _meeting_id(key=True)
    state: Mapped[MinutesState] = mapped_column(choice(MinutesState))
    version: Mapped[int]
    sha256: Mapped[str | None]
    text: Mapped[str | None] = mapped_column(Text)


class SignatureRow(Base):
    __tablename__ = "signatures"

    meeting_id: Mapped[UUID] = _meeting_id(key=True)
    role: Mapped[Role] = mapped_column(_ROLE, primary_key=True)
    name: Mapped[str]
    signed_at: Mapped[datetime]


class JournalRow(Base):
    """`body` is what was hashed, to the byte: it is never normalised, reformatted or decoded on the way."""

    __tablename__ = "journal"

    meeting_id: Mapped[UUID] = _meeting_id(key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str]


class OnceRow(Base):
    """A request that may come again, and its answer."""

    __tablename__ = "requests"

    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[str] = mapped_column(Text)
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)
    made_id: Mapped[UUID | None]

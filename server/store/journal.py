"""Journal rows: appended under the meeting's lock, read back as entries or as links of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.events import Event
from rooms.ids import MeetingId
from rooms.journal import ActorRef, Entry, Link
from server.store.tables import JournalRow

_SEQ_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Body:
    """What of a body its columns do not tell."""

    actor: ActorRef
    event: Event


_BODY = TypeAdapter(_Body)


async def append(session: AsyncSession, meeting_id: MeetingId, links: Sequence[Link]) -> None:
    session.add_all(
        [
            JournalRow(meeting_id=meeting_id, seq=k.seq, at=k.at, kind=k.kind, body=k.body, hash=k.hash)
            for k in links
        ]
    )


async def entries(session: AsyncSession, meeting_id: MeetingId, after: int, limit: int) -> tuple[Entry, ...]:
    query = (
        select(JournalRow)
        .where(JournalRow.meeting_id == meeting_id, JournalRow.seq > max(0, min(after, _SEQ_MAX)))
        .order_by(JournalRow.seq)
        .limit(limit)
    )
    return tuple(_entry(r) for r in await session.scalars(query))


async def last_at(session: AsyncSession, meeting_id: MeetingId, last_seq: int) -> datetime | None:
    query = select(JournalRow.at).where(JournalRow.meeting_id == meeting_id, JournalRow.seq == last_seq)
    return await session.scalar(query)


async def links(session: AsyncSession, meeting_id: MeetingId) -> tuple[Link, ...]:
    query = (
        select(JournalRow.seq, JournalRow.at, JournalRow.kind, JournalRow.body, JournalRow.hash)
        .where(JournalRow.meeting_id == meeting_id)
        .order_by(JournalRow.seq)
    )
    return tuple(Link(*row) for row in await session.execute(query))


def _entry(row: JournalRow) -> Entry:
    body = _BODY.validate_json(row.body)
    return Entry(row.seq, row.at, body.actor, body.event, row.hash)

"""The state of the minutes, their text as it stands, and who has signed."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms import signing as s
from rooms.ids import MeetingId
from rooms.roles import Role
from rooms.signing import MinutesState, MinutesStatus, Signature
from server.store.tables import MinutesRow, SignatureRow


async def status(session: AsyncSession, meeting_id: MeetingId) -> MinutesStatus:
    row = await session.get_one(MinutesRow, meeting_id)
    query = (
        select(SignatureRow)
        .where(SignatureRow.meeting_id == meeting_id)
        .order_by(SignatureRow.signed_at, SignatureRow.role.desc())  # secretary before chair
    )
    signed = tuple(Signature(r.role, r.name, r.signed_at) for r in await session.scalars(query))
    return MinutesStatus(row.state, row.version, row.sha256, signed)


async def text(session: AsyncSession, meeting_id: MeetingId) -> str | None:
    return (await session.get_one(MinutesRow, meeting_id)).text


async def put_text(session: AsyncSession, meeting_id: MeetingId, text: str) -> None:
    (await session.get_one(MinutesRow, meeting_id)).text = text


async def apply(session: AsyncSession, meeting_id: MeetingId, event: s.MinutesEvent, at: datetime) -> None:
    row = await session.get_one(MinutesRow, meeting_id)
    match event:
        case s.MinutesCompiled(version):
            row.state, row.version, row.sha256 = MinutesState.DRAFT, version, None
        case s.MinutesCorrected(version):
            row.version = version
        case s.MinutesLocked(version, sha256):
            row.state, row.version, row.sha256 = MinutesState.LOCKED, version, sha256
        case s.MinutesSigned(role, name, sha256):
            row.sha256 = sha256
            if role is Role.CHAIR:
                row.state = MinutesState.SIGNED
            session.add(SignatureRow(meeting_id=meeting_id, role=role, name=name, signed_at=at))
        case _:
            assert_never(event)

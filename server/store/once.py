"""Requests that may come again: the same key gives the same answer, for a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.errors import Invalid
from rooms.ports import Done, Once
from server.store.tables import OnceRow

KEPT = timedelta(hours=24)


async def remembered(session: AsyncSession, actor_id: UUID, once: Once) -> Done | None:
    """Raises: Invalid `idempotency-key-reused`."""
    row = await session.get(OnceRow, (actor_id, once.key))
    if row is None:
        return None
    if row.digest != once.digest:
        raise Invalid("idempotency-key-reused", "the key was used to ask something else")
    return Done(row.seq, row.at, row.made_id)


async def remember(session: AsyncSession, actor_id: UUID, once: Once, done: Done) -> None:
    """The same key twice breaks the primary key; `SqlStore` makes that Raced."""
    session.add(
        OnceRow(actor_id=actor_id, key=once.key, digest=once.digest, seq=done.seq, at=done.at, made_id=done.id)
    )
    await session.flush()


async def forget(session: AsyncSession, now: datetime) -> int:
    """Those older than a day; how many."""
    result = await session.execute(delete(OnceRow).where(OnceRow.at < now - KEPT))
    return cast(CursorResult[Any], result).rowcount

"""Turns: who asked, who spoke, how long."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms import floor as f
from rooms.floor import Turn, TurnState
from rooms.ids import BridgeId, ItemId, MeetingId, PersonId, TurnId
from rooms.roles import ActorKind
from server.store.tables import TurnRow


async def turns(session: AsyncSession, meeting_id: MeetingId) -> tuple[Turn, ...]:
    """Waiting, speaking and done, oldest first; not the withdrawn."""
    query = (
        select(TurnRow)
        .where(TurnRow.meeting_id == meeting_id, TurnRow.state != TurnState.WITHDRAWN)
        .order_by(TurnRow.made_seq)
    )
    return tuple(_turn(r) for r in await session.scalars(query))


async def apply(session: AsyncSession, meeting_id: MeetingId, event: f.FloorEvent, seq: int, at: datetime) -> None:
    match event:
        case f.FloorAsked(turn):
            session.add(_row(meeting_id, turn, seq))
        case f.FloorWithdrawn(turn_id):
            (await session.get_one(TurnRow, turn_id)).state = TurnState.WITHDRAWN
        case f.FloorGiven(turn_id, limit_s):
            row = await session.get_one(TurnRow, turn_id)
            row.state, row.started_at, row.limit_s = TurnState.SPEAKING, at, limit_s
        case f.FloorExtended(turn_id, limit_s):
            (await session.get_one(TurnRow, turn_id)).limit_s = limit_s
        case f.FloorEnded(turn_id):
            row = await session.get_one(TurnRow, turn_id)
            row.state, row.ended_at = TurnState.DONE, at
        case _:
            assert_never(event)


def _row(meeting_id: MeetingId, turn: Turn, seq: int) -> TurnRow:
    return TurnRow(
        id=turn.id,
        meeting_id=meeting_id,
        speaker_kind=turn.speaker_kind,
        speaker_id=turn.speaker_id,
        name=turn.name,
        item_id=turn.item_id,
        state=turn.state,
        asked_at=turn.asked_at,
        started_at=turn.started_at,
        limit_s=turn.limit_s,
        ended_at=turn.ended_at,
        made_seq=seq,
    )


def _turn(row: TurnRow) -> Turn:
    person = row.speaker_kind is ActorKind.PERSON
    return Turn(
        TurnId(row.id),
        row.speaker_kind,
        PersonId(row.speaker_id) if person else BridgeId(row.speaker_id),
        row.name,
        None if row.item_id is None else ItemId(row.item_id),
        row.state,
        row.asked_at,
        row.started_at,
        row.limit_s,
        row.ended_at,
    )

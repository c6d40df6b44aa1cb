"""Agenda items, and the meeting's current one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms import agenda as g
from rooms.agenda import AgendaItem, ItemState
from rooms.ids import ItemId, MeetingId
from server.store.tables import ItemRow, MeetingRow, PaperRow, PollRow, TurnRow


async def items(session: AsyncSession, meeting_id: MeetingId) -> tuple[AgendaItem, ...]:
    """As they were added; their place is in `parent_id` and `position`."""
    query = select(ItemRow).where(ItemRow.meeting_id == meeting_id).order_by(ItemRow.made_seq)
    return tuple(_item(r) for r in await session.scalars(query))


async def known(session: AsyncSession, meeting_id: MeetingId, item_id: ItemId) -> bool:
    query = select(ItemRow.id).where(ItemRow.meeting_id == meeting_id, ItemRow.id == item_id)
    return await session.scalar(query) is not None


async def apply(session: AsyncSession, meeting: MeetingRow, event: g.AgendaEvent, seq: int, at: datetime) -> None:
    match event:
        case g.ItemAdded(item):
            session.add(_row(meeting, item, seq))
        case g.ItemChanged(item_id, title, presenter, planned_min):
            row = await session.get_one(ItemRow, item_id)
            row.title, row.presenter, row.planned_min = title, presenter, planned_min
        case g.ItemsMoved(places):
            for place in places:
                row = await session.get_one(ItemRow, place.item_id)
                row.parent_id, row.position = place.parent_id, place.position
        case g.ItemsRemoved(item_ids):
            await _remove(session, item_ids)
        case g.ItemStarted(item_id):
            row = await session.get_one(ItemRow, item_id)
            row.state, row.started_at, row.ended_at = ItemState.CURRENT, at, None
            meeting.current_item_id = item_id
        case g.ItemFinished(item_id):
            row = await session.get_one(ItemRow, item_id)
            row.state, row.ended_at = ItemState.DONE, at
            meeting.current_item_id = None
        case _:
            assert_never(event)


async def _remove(session: AsyncSession, item_ids: Sequence[ItemId]) -> None:
    """What pointed at a removed item points at the meeting as a whole."""
    for table in (PaperRow, PollRow, TurnRow):
        await session.execute(update(table).where(table.item_id.in_(item_ids)).values(item_id=None))
    for item_id in item_ids:
        await session.delete(await session.get_one(ItemRow, item_id))


def _row(meeting: MeetingRow, item: AgendaItem, seq: int) -> ItemRow:
    return ItemRow(
        id=item.id,
        meeting_id=meeting.id,
        parent_id=item.parent_id,
        position=item.position,
        title=item.title,
        presenter=item.presenter,
        planned_min=item.planned_min,
        state=item.state,
        started_at=item.started_at,
        ended_at=item.ended_at,
        made_seq=seq,
    )


def _item(row: ItemRow) -> AgendaItem:
    return AgendaItem(
        ItemId(row.id),
        None if row.parent_id is None else ItemId(row.parent_id),
        row.position,
        row.title,
        row.presenter,
        row.planned_min,
        row.state,
        row.started_at,
        row.ended_at,
    )

"""What is known of papers, and the page everyone is led to. Their bytes are the blob store's."""

from __future__ import annotations

from typing import assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms import papers as p
from rooms.errors import NotFound
from rooms.ids import ItemId, MeetingId, PaperId
from rooms.papers import Paper
from server.store.tables import MeetingRow, PaperRow


async def papers(session: AsyncSession, meeting_id: MeetingId) -> tuple[Paper, ...]:
    query = select(PaperRow).where(PaperRow.meeting_id == meeting_id).order_by(PaperRow.made_seq)
    return tuple(_paper(r) for r in await session.scalars(query))


async def paper(session: AsyncSession, paper_id: PaperId) -> tuple[MeetingId, Paper]:
    """Raises: NotFound."""
    row = await session.get(PaperRow, paper_id)
    if row is None:
        raise NotFound("paper-unknown", "no such paper")
    return MeetingId(row.meeting_id), _paper(row)


async def apply(session: AsyncSession, meeting: MeetingRow, event: p.PapersEvent, seq: int) -> None:
    match event:
        case p.PaperAdded(paper):
            session.add(_row(meeting, paper, seq))
        case p.PaperChanged(paper_id, title, item_id):
            row = await session.get_one(PaperRow, paper_id)
            row.title, row.item_id = title, item_id
        case p.PaperRemoved(paper_id):
            await session.delete(await session.get_one(PaperRow, paper_id))
        case p.LeadMoved(paper_id, page):
            meeting.lead_paper_id, meeting.lead_page = paper_id, page
        case p.LeadEnded():
            meeting.lead_paper_id = meeting.lead_page = None
        case _:
            assert_never(event)


def _row(meeting: MeetingRow, paper: Paper, seq: int) -> PaperRow:
    return PaperRow(
        id=paper.id,
        meeting_id=meeting.id,
        item_id=paper.item_id,
        title=paper.title,
        filename=paper.filename,
        media_type=paper.media_type,
        size_bytes=paper.size_bytes,
        sha256=paper.sha256,
        pages=paper.pages,
        state=paper.state,
        added_at=paper.added_at,
        made_seq=seq,
    )


def _paper(row: PaperRow) -> Paper:
    return Paper(
        PaperId(row.id),
        None if row.item_id is None else ItemId(row.item_id),
        row.title,
        row.filename,
        row.media_type,
        row.size_bytes,
        row.sha256,
        row.pages,
        row.state,
        row.added_at,
    )

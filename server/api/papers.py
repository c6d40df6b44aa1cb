"""Papers: bytes in and out. Every byte that leaves was asked for by somebody who may see the paper."""

from __future__ import annotations

from aiohttp import web

from rooms.ids import ItemId, MeetingId, PaperId
from rooms.ports import Done
from server.api.call import Call
from server.api.files import send_blob
from server.api.layer import Header, Query
from server.api.schemas import IdempotencyKey, PaperQuery
from server.refusals import UnsupportedType

OCTETS = "application/octet-stream"


async def upload_paper(
    call: Call, meeting_id: MeetingId, query: Query[PaperQuery], idempotency_key: Header[IdempotencyKey]
) -> Done:
    """Add a paper: its raw bytes."""
    if call.request.content_type != OCTETS:
        raise UnsupportedType("bytes-wanted", "the body must be application/octet-stream")
    await call.house.limiter.require("upload", str(call.actor.id))
    item_id = None if query.item_id is None else ItemId(query.item_id)
    return await call.house.papers.add(
        call.actor,
        meeting_id,
        item_id,
        query.title,
        query.filename,
        call.request.content,
        call.request.content_length,
        idempotency_key,
    )


async def read_pages(call: Call, paper_id: PaperId) -> web.StreamResponse:
    """The paper as a PDF."""
    paper = await call.house.meetings.paper(call.actor, paper_id)
    return await send_blob(call, await call.house.papers.pages(paper))


async def download_original(call: Call, paper_id: PaperId) -> web.StreamResponse:
    """The paper as it was uploaded."""
    paper = await call.house.meetings.paper(call.actor, paper_id)
    return await send_blob(call, await call.house.papers.original(paper))

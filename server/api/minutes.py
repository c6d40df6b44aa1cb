"""The minutes: their text while it is written, their PDF at any time."""

from __future__ import annotations

from aiohttp import web

from rooms.ids import MeetingId
from server.api.call import Call
from server.api.files import send_blob, send_bytes
from server.api.schemas import MinutesDocument


async def read_minutes(call: Call, meeting_id: MeetingId) -> MinutesDocument:
    """The minutes as they stand."""
    status, minutes = await call.house.minutes.read(call.actor, meeting_id)
    return MinutesDocument(status, minutes)


async def read_minutes_pdf(call: Call, meeting_id: MeetingId) -> web.StreamResponse:
    """The minutes on paper: a preview of the draft, or the locked or signed paper."""
    paper = await call.house.minutes.paper(call.actor, meeting_id)
    if paper.file is not None:
        return await send_blob(call, paper.file)
    return send_bytes(paper.preview, "application/pdf", paper.filename)

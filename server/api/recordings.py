"""What was recorded: how it goes, and the files, byte by byte for those who may play them.

A player sends no Authorization header. So whoever asks for the list gets, beside it, the same access token in a
cookie that only these addresses see and that ends with the token; each request for bytes is judged anew by it.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from rooms.ids import MeetingId
from server import recordings
from server.api.call import Call
from server.api.files import send_blob
from server.api.schemas import Recordings
from server.house import HOUSE
from server.papers.desk import File
from server.refusals import Unauthenticated

COOKIE = "dienhong_player"
_PATH = "/api/meetings/{}/recordings"
_PASS: web.RequestKey[tuple[str, str]] = web.RequestKey("player", tuple[str, str])


async def read_recordings(call: Call, meeting_id: MeetingId) -> Recordings:
    """How the recording goes, and its parts."""
    found = await recordings.state(call.house, call.actor, meeting_id)
    if found.parts:
        call.request[_PASS] = _PATH.format(meeting_id), call.token
    return found


async def play_recording(call: Call, meeting_id: MeetingId, part: str) -> web.StreamResponse:
    """A part of the recording."""
    token = call.request.cookies.get(COOKIE)
    if not token:
        raise Unauthenticated("sign-in-first", "no player's cookie")
    known = await call.house.entrance.known(token)
    path, media_type = await recordings.part(call.house, known.actor, meeting_id, part)
    return await send_blob(call, File(path, media_type, part, inline=True))


@web.middleware
async def player_cookie(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    if (found := request.get(_PASS)) is not None:
        settings = request.app[HOUSE].settings
        path, token = found
        response.set_cookie(
            COOKIE,
            token,
            path=path,
            max_age=settings.access_ttl_s,
            httponly=True,
            samesite="Strict",
            secure=settings.public_url.startswith("https:"),
        )
    return response

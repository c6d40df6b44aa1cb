"""What was recorded of a conference: how it goes now, and the files for those who may play them.

The relay writes; this reads the same folder, so both must see it. Rights are asked for with every request.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from media.client import Listed, Recording, RelayRefused, RelayUnreachable, recorded_parts
from rooms.errors import Conflict, NotFound
from rooms.ids import MeetingId
from rooms.roles import Actor, Right
from server.api.schemas import RecordedPart, Recordings
from signaling.call import MAIN, studio

if TYPE_CHECKING:
    from server.house import House

_PART: Final = re.compile(r"part-\d{4,8}\.(webm|mp4)")
_TYPES: Final = {".webm": "video/webm", ".mp4": "video/mp4"}


def require_folder(house: House) -> Path:
    """Where recordings are. Raises: Conflict `no-recordings`."""
    if not house.settings.recordings:
        raise Conflict("no-recordings", "DIENHONG_RECORDINGS is not set")
    return Path(house.settings.recordings)


async def state(house: House, actor: Actor, meeting_id: MeetingId) -> Recordings:
    """For those who direct; the parts only for those who may play them. Raises: NotFound; Forbidden."""
    seat = await house.meetings.seat(actor, meeting_id)
    if not seat.has(Right.PLAY_RECORDINGS):
        seat.require(Right.DIRECT)
    if not house.settings.recordings:
        return Recordings(available=False)
    try:
        told = (await house.relay.studio(studio(meeting_id))).recordings.get(MAIN, Recording(False))
    except (RelayUnreachable, RelayRefused):
        told = Recording(False, trouble="the relay does not answer")
    listed: list[Listed] = []
    if seat.has(Right.PLAY_RECORDINGS):
        listed = await asyncio.to_thread(_listed, _folder(house, meeting_id), told.on)
    return Recordings(
        available=True,
        on=told.on,
        seconds=told.seconds,
        bytes=told.size_bytes,
        trouble=told.trouble,
        parts=tuple(RecordedPart(p.name, p.began_at, p.seconds, p.bytes, p.complete) for p in listed),
    )


def _folder(house: House, meeting_id: MeetingId) -> Path:
    return require_folder(house) / studio(meeting_id) / MAIN


def _listed(folder: Path, on: bool) -> list[Listed]:
    try:
        return recorded_parts(folder, measure=not on)
    except OSError:
        return []


async def part(house: House, actor: Actor, meeting_id: MeetingId, name: str) -> tuple[Path, str]:
    """A part's file and its media type. Raises: NotFound; Forbidden; Conflict."""
    (await house.meetings.seat(actor, meeting_id)).require(Right.PLAY_RECORDINGS)
    path = _folder(house, meeting_id) / name
    if not _PART.fullmatch(name) or not await asyncio.to_thread(path.is_file):
        raise NotFound("recording-unknown", "no such part")
    return path, _TYPES[path.suffix]

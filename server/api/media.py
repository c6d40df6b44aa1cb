"""Where an actor sends and receives picture and sound, the director's wall, and the way through to the relay."""

from __future__ import annotations

from rooms.ids import MeetingId
from server import conference
from server.api.call import Call
from server.api.schemas import MediaAccess, Wall


async def enter_conference(call: Call, meeting_id: MeetingId) -> MediaAccess:
    """Tokens and addresses for picture and sound, by my rights."""
    return await conference.access(call.house, call.actor, meeting_id)


async def read_wall(call: Call, meeting_id: MeetingId) -> Wall:
    """Every bridge's line, for those who direct."""
    return await conference.wall(call.house, call.actor, meeting_id)

"""Meetings: create one, see mine, load a room, send commands, read the journal."""

from __future__ import annotations

from rooms.conference import Record
from rooms.ids import MeetingId, PollId
from rooms.ports import Done
from rooms.room import Room
from rooms.service import Turnout
from rooms.signing import CompileMinutes, CorrectMinutes, LockMinutes, SignMinutes
from server.api.call import Call
from server.api.layer import Body, Header, Query
from server.api.schemas import (
    Command,
    IdempotencyKey,
    Journal,
    JournalQuery,
    MeetingCard,
    MeetingDetails,
    MeetingList,
)
from server.recordings import require_folder


async def list_meetings(call: Call) -> MeetingList:
    """My meetings, latest first."""
    found = await call.house.meetings.mine(call.actor)
    states = await call.house.minutes.states([meeting for meeting, _ in found])
    return MeetingList(
        tuple(
            MeetingCard(
                m.id,
                m.details.title,
                m.details.kind,
                m.details.place,
                m.details.starts_at,
                m.state,
                role,
                m.opened_at,
                m.closed_at,
                states[m.id],
            )
            for m, role in found
        )
    )


async def create_meeting(call: Call, body: Body[MeetingDetails], idempotency_key: Header[IdempotencyKey]) -> Done:
    """Create a meeting; I am its secretary."""
    return await call.house.meetings.create(call.actor, body, call.once(idempotency_key, body))


async def load_room(call: Call, meeting_id: MeetingId) -> Room:
    """The meeting as I see it now."""
    return await call.house.meetings.room(call.actor, meeting_id)


async def send_command(
    call: Call, meeting_id: MeetingId, body: Body[Command], idempotency_key: Header[IdempotencyKey]
) -> Done:
    """Do something in a meeting."""
    once = call.once(idempotency_key, body)
    house = call.house
    await house.limiter.require("command", str(call.actor.id))
    match body:
        case CompileMinutes() | CorrectMinutes() | LockMinutes() | SignMinutes():
            return await house.minutes.do(call.actor, meeting_id, body, once)
        case Record(on=True):
            require_folder(house)
            return await house.meetings.do(call.actor, meeting_id, body, once)
        case _:
            return await house.meetings.do(call.actor, meeting_id, body, once)


async def read_journal(call: Call, meeting_id: MeetingId, query: Query[JournalQuery]) -> Journal:
    """The journal after an entry, as far as I may see it."""
    return Journal.of(await call.house.meetings.journal(call.actor, meeting_id, query.after))


async def read_turnout(call: Call, meeting_id: MeetingId, poll_id: PollId) -> Turnout:
    """How many have cast their ballot."""
    return await call.house.meetings.turnout(call.actor, meeting_id, poll_id)

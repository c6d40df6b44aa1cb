"""Every event applied to the rows: the one place where a meeting's rows change."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from rooms import conference as c
from rooms import meeting as m
from rooms.agenda import AgendaEvent
from rooms.attendance import AttendanceEvent
from rooms.events import Event
from rooms.floor import FloorEvent
from rooms.ids import MeetingId
from rooms.papers import PapersEvent
from rooms.poll import PollEvent
from rooms.signing import MinutesEvent
from server.store import agenda, attendance, floor, meetings, minutes, papers, polls
from server.store.tables import MeetingRow

_Invitation = m.PersonInvited | m.PersonUninvited | m.BridgeInvited | m.BridgeUninvited


async def apply(session: AsyncSession, meeting: MeetingRow, event: Event, seq: int, at: datetime) -> None:
    """`seq`, `at`: of the event's journal entry."""
    meeting_id = MeetingId(meeting.id)
    if isinstance(event, _Invitation | AttendanceEvent):
        await attendance.apply(session, meeting_id, event, seq, at)
    elif isinstance(event, m.MeetingEvent):
        meetings.apply(meeting, event, at)
    elif isinstance(event, AgendaEvent):
        await agenda.apply(session, meeting, event, seq, at)
    elif isinstance(event, PapersEvent):
        await papers.apply(session, meeting, event, seq)
    elif isinstance(event, FloorEvent):
        await floor.apply(session, meeting_id, event, seq, at)
    elif isinstance(event, PollEvent):
        await polls.apply(session, meeting_id, event, seq, at)
    elif isinstance(event, MinutesEvent):
        await minutes.apply(session, meeting_id, event, at)
    elif isinstance(event, c.StandByChanged):
        meeting.stand_by_bridge_id = event.bridge_id
    elif isinstance(event, c.OnAirChanged):
        meeting.on_air_bridge_id = event.bridge_id
    elif isinstance(event, c.RecordingStarted):
        meeting.recording_since = at
    elif isinstance(event, c.RecordingStopped):
        meeting.recording_since = None
    else:
        assert_never(event)

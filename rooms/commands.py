"""Every command a client may send to a meeting, as one closed union told apart by `kind`."""

from __future__ import annotations

from rooms.agenda import AgendaCommand
from rooms.attendance import AttendanceCommand
from rooms.conference import ConferenceCommand
from rooms.floor import FloorCommand
from rooms.meeting import MeetingCommand
from rooms.papers import PapersCommand
from rooms.poll import CastBallot, PollCommand
from rooms.signing import MinutesCommand

#: Decided and saved in one transaction.
RoomCommand = (
    MeetingCommand
    | AgendaCommand
    | PapersCommand
    | AttendanceCommand
    | FloorCommand
    | PollCommand
    | CastBallot
    | ConferenceCommand
)
#: Also draw, sign and store papers; see `minutes_service`.
Command = RoomCommand | MinutesCommand

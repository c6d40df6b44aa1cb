"""Every event of a meeting's journal as one closed union, and who may be told of each."""

from __future__ import annotations

from enum import StrEnum

from rooms.agenda import AgendaEvent
from rooms.attendance import AttendanceEvent, BridgeCheckedIn, BridgeCheckedOut, HeadsReported, PersonExcused
from rooms.conference import ConferenceEvent
from rooms.floor import FloorEvent
from rooms.ids import BridgeId
from rooms.meeting import BridgeInvited, BridgeUninvited, MeetingEvent
from rooms.papers import PapersEvent
from rooms.poll import PollEvent
from rooms.roles import ActorKind, Right, Seat
from rooms.signing import MinutesCompiled, MinutesCorrected, MinutesEvent

Event = (
    MeetingEvent
    | AgendaEvent
    | PapersEvent
    | AttendanceEvent
    | FloorEvent
    | PollEvent
    | ConferenceEvent
    | MinutesEvent
)

_OF_ONE_BRIDGE = (BridgeInvited, BridgeUninvited, BridgeCheckedIn, BridgeCheckedOut, HeadsReported)
_OF_THE_DRAFT = (MinutesCompiled, MinutesCorrected)  # a corrected sentence is for those who work on it
_NOT_FOR_THE_HALLS = (MinutesEvent, PersonExcused)  # a reason is often an illness


class Audience(StrEnum):
    """Bridges never get each other's comings and goings: telling all about each is what melts a server."""

    DESK = "desk"  # who writes or signs the minutes: every entry
    OPERATORS = "operators"  # all but the draft of the minutes
    PEOPLE = "people"  # nor the bridges' attendance
    BRIDGES = "bridges"  # nor the minutes at all, nor who is excused


def audience_of(seat: Seat) -> Audience:
    if seat.has(Right.SEE_BRIDGES):
        if seat.has(Right.WRITE_MINUTES) or seat.has(Right.SIGN_AS_CHAIR):
            return Audience.DESK
        return Audience.OPERATORS
    return Audience.BRIDGES if seat.actor.kind is ActorKind.BRIDGE else Audience.PEOPLE


def subject_bridge(event: Event) -> BridgeId | None:
    """The one bridge, outside the operators, that an event is for."""
    return event.bridge_id if isinstance(event, _OF_ONE_BRIDGE) else None


def visible(event: Event, audience: Audience, bridge_id: BridgeId | None = None) -> bool:
    """`bridge_id`: the reader, when it is a bridge."""
    if audience is Audience.DESK:
        return True
    if isinstance(event, _OF_THE_DRAFT):
        return False
    if audience is Audience.OPERATORS:
        return True
    subject = subject_bridge(event)
    if subject is not None:
        return audience is Audience.BRIDGES and subject == bridge_id
    return audience is Audience.PEOPLE or not isinstance(event, _NOT_FOR_THE_HALLS)

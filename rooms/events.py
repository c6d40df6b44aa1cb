"""Every event of a meeting's journal as one closed union, and who may be told of each."""

from __future__ import annotations

from enum import StrEnum

from rooms.agenda import AgendaEvent
from rooms.attendance import AttendanceEvent, BridgeCheckedIn, BridgeCheckedOut, HeadsReported
from rooms.conference import ConferenceEvent
from rooms.floor import FloorEvent
from rooms.ids import BridgeId
from rooms.meeting import BridgeInvited, BridgeUninvited, MeetingEvent
from rooms.papers import PapersEvent
from rooms.poll import PollEvent
from rooms.roles import ActorKind, Right, Seat
from rooms.signing import MinutesEvent

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
_OF_THE_MINUTES = MinutesEvent


class Audience(StrEnum):
    """Bridges never get each other's comings and goings: telling all about each is what melts a server."""

    OPERATORS = "operators"  # every entry
    PEOPLE = "people"  # all but the bridges' attendance
    BRIDGES = "bridges"  # nor the minutes


def audience_of(seat: Seat) -> Audience:
    if seat.has(Right.SEE_BRIDGES):
        return Audience.OPERATORS
    return Audience.BRIDGES if seat.actor.kind is ActorKind.BRIDGE else Audience.PEOPLE


def subject_bridge(event: Event) -> BridgeId | None:
    """The one bridge, outside the operators, that an event is for."""
    return event.bridge_id if isinstance(event, _OF_ONE_BRIDGE) else None


def visible(event: Event, audience: Audience, bridge_id: BridgeId | None = None) -> bool:
    """`bridge_id`: the reader, when it is a bridge."""
    if audience is Audience.OPERATORS:
        return True
    subject = subject_bridge(event)
    if subject is not None:
        return audience is Audience.BRIDGES and subject == bridge_id
    return audience is Audience.PEOPLE or not isinstance(event, _OF_THE_MINUTES)

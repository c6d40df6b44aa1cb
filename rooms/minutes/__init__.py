"""Minutes: a pure value, the sentences composed from the journal, corrections, canonical JSON."""

from rooms.minutes.codec import from_json, to_json
from rooms.minutes.compose import compose
from rooms.minutes.narrator import Letterhead
from rooms.minutes.value import (
    Attendee,
    Body,
    BridgeAttendance,
    Facts,
    Head,
    Locale,
    Minutes,
    NamedBallot,
    Officer,
    OptionCount,
    Paragraph,
    PollRecord,
    Presence,
    QuorumRecord,
    Section,
    correct,
    formula,
)
from rooms.minutes.words import clock, day

__all__ = [
    "Attendee",
    "Body",
    "BridgeAttendance",
    "Facts",
    "Head",
    "Letterhead",
    "Locale",
    "Minutes",
    "NamedBallot",
    "Officer",
    "OptionCount",
    "Paragraph",
    "PollRecord",
    "Presence",
    "QuorumRecord",
    "Section",
    "clock",
    "compose",
    "correct",
    "day",
    "formula",
    "from_json",
    "to_json",
]

"""Minutes as a plain value: what the meeting was, who came, what was said and decided.

It knows no PDF, no table and no journal beyond sequence numbers. Every sentence keeps the numbers of the
journal entries it rests on, so that a reader can always ask "where does this come from?".
Instants carry the offset of the organisation's zone; text is NFC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from rooms.errors import NotFound
from rooms.values import TEXT_MAX, Threshold, clean


class Locale(StrEnum):
    VI = "vi"
    EN = "en"


class Body(StrEnum):
    """Which family of paper rules the organisation writes by."""

    STATE = "state"
    PARTY = "party"
    PLAIN = "plain"


class Presence(StrEnum):
    PRESENT = "present"
    SUBSTITUTE = "substitute"
    GUEST = "guest"
    EXCUSED = "excused"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Head:
    """`gathering` is what the closing sentence calls the occasion: "Cuộc họp", "Hội nghị", "The meeting"."""

    organisation: str
    title: str
    body: Body
    gathering: str
    parent_body: str | None = None
    number: int | None = None
    symbol: str | None = None
    locality: str | None = None


@dataclass(frozen=True, slots=True)
class Officer:
    """Who signs. `authority` is the line above the title ("T/M BAN THƯỜNG VỤ"), where a body writes one."""

    name: str
    title: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    name: str
    title: str
    presence: Presence
    note: str = ""
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BridgeAttendance:
    name: str
    head_count: int | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class QuorumRecord:
    """Present voting members against members in office, as it stood at the opening."""

    present: int
    members: int
    needed: int
    rule: Threshold
    reached: bool
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands between the title and the course of the meeting."""

    opened_at: datetime
    closed_at: datetime | None
    place: str
    chair: Officer
    secretary: Officer
    members_in_office: int
    attendees: tuple[Attendee, ...] = ()
    bridges: tuple[BridgeAttendance, ...] = ()
    quorum: QuorumRecord | None = None

    def of(self, *presences: Presence) -> tuple[Attendee, ...]:
        return tuple(a for a in self.attendees if a.presence in presences)


@dataclass(frozen=True, slots=True)
class OptionCount:
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class NamedBallot:
    name: str
    title: str
    choice: str


@dataclass(frozen=True, slots=True)
class PollRecord:
    """`counted` votes were held against `rule` of `base`; `ballots` is empty unless the vote was by name."""

    id: str
    question: str
    form: str
    opened_at: datetime | None
    closed_at: datetime
    options: tuple[OptionCount, ...]
    electorate: int
    cast: int
    base_label: str
    base: int
    counted: int
    rule: Threshold | None
    formula: str
    outcome: str
    carried: bool | None
    ballots: tuple[NamedBallot, ...] = ()
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`composed` keeps the sentence as it came out of the journal once the secretary has corrected it."""

    id: str
    text: str
    evidence: tuple[int, ...] = ()
    composed: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One agenda item, or the opening, with the votes taken in it."""

    id: str
    number: str
    title: str
    paragraphs: tuple[Paragraph, ...] = ()
    polls: tuple[PollRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Minutes:
    """`last_seq` and `last_hash` name the journal entry up to which these minutes tell the meeting."""

    locale: Locale
    head: Head
    facts: Facts
    sections: tuple[Section, ...]
    closing: Paragraph
    recipients: tuple[str, ...]
    last_seq: int
    last_hash: str

    @property
    def dated(self) -> date:
        """The day of the paper: the day the meeting ended."""
        return (self.facts.closed_at or self.facts.opened_at).date()

    def paragraphs(self) -> tuple[Paragraph, ...]:
        return (*(p for s in self.sections for p in s.paragraphs), self.closing)


def formula(rule: Threshold, part: int, whole: int) -> str:
    """The arithmetic as anyone can recompute it, in integers: `2 × 14 = 28 > 27`."""
    left, right = rule.denominator * part, rule.numerator * whole
    sign = {(True, True): ">", (True, False): "≥", (False, True): "≤", (False, False): "<"}[
        rule.met(part, whole), rule.strict
    ]
    scaled = f"{whole}" if rule.numerator == 1 else f"{rule.numerator} × {whole} = {right}"
    return f"{rule.denominator} × {part} = {left} {sign} {scaled}"


def correct(minutes: Minutes, paragraph_id: str, text: str) -> Minutes:
    """The same minutes with one paragraph put right; its evidence stays, and so does the composed sentence.

    Line breaks stand. Empty text leaves the paragraph out of the paper; the closing sentence cannot be left out.
    Raises: NotFound `paragraph-unknown`; Invalid when the text is too long, or empty for the closing sentence.
    """
    lines = (" ".join(line.split()) for line in text.splitlines())
    tidy = "\n".join(line for line in lines if line)
    tidy = clean(tidy, limit=TEXT_MAX, what="text", empty=paragraph_id != minutes.closing.id)
    if all(p.id != paragraph_id for p in minutes.paragraphs()):
        raise NotFound("paragraph-unknown", "no such paragraph in these minutes")

    def put(paragraph: Paragraph) -> Paragraph:
        if paragraph.id != paragraph_id or paragraph.text == tidy:
            return paragraph
        composed = paragraph.text if paragraph.composed is None else paragraph.composed
        return replace(paragraph, text=tidy, composed=None if tidy == composed else composed)

    return replace(
        minutes,
        sections=tuple(replace(s, paragraphs=tuple(put(p) for p in s.paragraphs)) for s in minutes.sections),
        closing=put(minutes.closing),
    )

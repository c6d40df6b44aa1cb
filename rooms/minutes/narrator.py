"""What every teller of the minutes shares: who meets, in which words, and where a sentence goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rooms import floor, meeting
from rooms.ids import PersonId
from rooms.minutes.course import Course
from rooms.minutes.people import Roll
from rooms.minutes.value import Body, Locale
from rooms.minutes.words import WORDS, clock, say
from rooms.roles import ActorKind
from rooms.values import Threshold


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What the journal does not know: how the organisation heads and addresses its papers."""

    organisation: str
    body: Body = Body.STATE
    parent_body: str | None = None
    number: int | None = None
    symbol: str | None = None
    locality: str | None = None
    chair_authority: str = ""
    recipients: tuple[str, ...] = ()


class Narrator:
    def __init__(self, head: Letterhead, locale: Locale) -> None:
        self.head, self.locale = head, locale
        self.details: meeting.Details | None = None
        self.opened: tuple[datetime, meeting.MeetingOpened, int] | None = None
        self.closed_at: datetime | None = None
        self.closed_seq = 0
        self.roll = Roll(locale)
        self.course = Course(WORDS[locale]["opening"])

    @property
    def running(self) -> bool:
        return self.opened is not None and self.closed_at is None

    def word(self, key: str, **values: object) -> str:
        return WORDS[self.locale][key].format(**values)

    def rule(self, rule: Threshold) -> str:
        return self.word("more_than" if rule.strict else "at_least", n=rule.numerator, d=rule.denominator)

    def person(self, person_id: PersonId) -> str:
        return self.addressed(self.roll.name(person_id))

    def addressed(self, name: str) -> str:
        return self.word("comrade", name=name) if self.head.body is Body.PARTY else name

    def speaker(self, turn: floor.Turn) -> str:
        if turn.speaker_kind is ActorKind.BRIDGE:
            return self.word("bridge", name=turn.name)
        return self.addressed(turn.name)

    def gathering(self, key: str = "") -> str:
        assert self.details is not None
        # a party body meets in conference, whatever the system calls it
        conference_like = self.details.kind is meeting.MeetingKind.CONFERENCE or self.head.body is Body.PARTY
        return self.word(f"{key}{'conference' if conference_like else 'meeting'}")

    def sentence(self, key: str, **values: object) -> str:
        chair = self.word("party_chair" if self.head.body is Body.PARTY else "chair")
        standing = {"gathering": self.gathering("the_"), "occasion": self.gathering(), "chair": chair}
        return say(self.locale, key, **{**standing, **values})

    def say(self, key: str, *, suffix: str = "", **values: object) -> None:
        time = clock(self.locale, self.course.at)
        text = self.sentence(key, time=time, **values)
        self.course.add(text, (self.course.seq,), paragraph_id=f"p{self.course.seq}{suffix}")

    def group(self, key: str, name: str, *, about: str = "", **values: object) -> None:
        """One sentence for a run of like entries: a thousand bridges joining is not a thousand paragraphs."""

        def text(first: datetime, last: datetime, names: Sequence[str]) -> str:
            begin, end = clock(self.locale, first), clock(self.locale, last)
            time = begin if begin == end else self.word("times", first=begin, last=end)
            each = tuple(dict.fromkeys(names))
            listed = ", ".join(each)
            return self.sentence(key, time=time, names=listed, pages=listed, count=len(each), **values)

        self.course.group(key + about, name, text)

"""The course of the meeting while it is being told: paragraphs in journal order, filed by agenda item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from unicodedata import normalize

from rooms.ids import ItemId
from rooms.minutes.value import Paragraph, PollRecord, Section

Grouping = Callable[[datetime, datetime, Sequence[str]], str]


@dataclass(slots=True)
class _Pile:
    paragraphs: list[Paragraph] = field(default_factory=list)
    polls: list[PollRecord] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    key: str
    paragraph_id: str
    first: datetime
    names: list[str]


class Course:
    """`at` and `seq` are those of the entry being told."""

    def __init__(self, opening_title: str) -> None:
        self.at, self.seq = datetime.min.replace(tzinfo=UTC), 0
        self._opening_title = opening_title
        self._piles: dict[ItemId | None, _Pile] = {None: _Pile()}
        self._here: ItemId | None = None
        self._group: _Group | None = None
        self._notes: dict[str, list[int]] = {}

    def enter(self, item_id: ItemId) -> None:
        self._here, self._group = item_id, None
        self._piles.setdefault(item_id, _Pile())

    def add(
        self, text: str, evidence: tuple[int, ...], *, paragraph_id: str, item_id: ItemId | None = None
    ) -> None:
        """Into the current item, or into `item_id` when it was dealt with."""
        pile = self._piles.get(item_id) if item_id is not None else None
        paragraph = Paragraph(paragraph_id, normalize("NFC", text), evidence)
        (pile or self._piles[self._here]).paragraphs.append(paragraph)
        self._group = None

    def grow(self, paragraph_id: str, text: str, seq: int) -> None:
        """Tells a paragraph anew with one more entry as its evidence."""
        for pile in self._piles.values():
            for n, paragraph in enumerate(pile.paragraphs):
                if paragraph.id == paragraph_id:
                    evidence = (*paragraph.evidence, seq)
                    pile.paragraphs[n] = replace(paragraph, text=normalize("NFC", text), evidence=evidence)

    def group(self, key: str, name: str, text: Grouping) -> None:
        """Adds `name` to the running group of this key, or starts one."""
        group = self._group
        if group is not None and group.key == key:
            group.names.append(name)
            self.grow(group.paragraph_id, text(group.first, self.at, group.names), self.seq)
            return
        fresh = _Group(key, f"p{self.seq}", self.at, [name])
        self.add(text(self.at, self.at, fresh.names), (self.seq,), paragraph_id=fresh.paragraph_id)
        self._group = fresh

    def attach(self, record: PollRecord) -> None:
        self._piles[self._here].polls.append(record)

    def remember(self, note: str, seq: int) -> None:
        self._notes.setdefault(note, []).append(seq)

    def remembered(self, note: str) -> tuple[int, ...]:
        return tuple(self._notes.get(note, ()))

    def opening(self) -> Section:
        pile = self._piles[None]
        return Section("opening", "", self._opening_title, tuple(pile.paragraphs), tuple(pile.polls))

    def section(self, item_id: ItemId, number: str, title: str) -> Section:
        pile = self._piles.get(item_id, _Pile())
        return Section(f"item-{item_id}", number, title, tuple(pile.paragraphs), tuple(pile.polls))

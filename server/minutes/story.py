"""The paper from top to bottom as a list of flowables: head, facts, proceedings, votes, signatures, annexes.

It reads the minutes and the format and decides nothing about either. A table longer than `ROWS_IN_TEXT`
moves to an annex, so that the proceedings stay readable with a thousand bridges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, KeepTogether, PageBreak, Spacer
from reportlab.platypus.flowables import TopPadder

from rooms.minutes import Attendee, Locale, Minutes, PollRecord, Presence, clock, day
from server.minutes import blocks, words
from server.minutes.archive import SignatureRole, SignatureSpace
from server.minutes.blocks import CENTRE, LEFT, RIGHT, Voice
from server.minutes.fonts import BOLD, ITALIC, REGULAR, balanced, width_pt
from server.minutes.formats import Align, Format, Labels

PAGE_WIDTH_MM = 210
PEOPLE_IN_TEXT = 20
ROWS_IN_TEXT = 24
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")


@dataclass(slots=True)
class Story:
    """Builds one paper. `spaces` fills while the paper is drawn."""

    minutes: Minutes
    form: Format
    verify_url: str
    spaces: list[SignatureSpace] = field(default_factory=list)
    annexes: list[list[Any]] = field(default_factory=list)

    locale: Locale = field(init=False)
    labels: Labels = field(init=False)
    voice: Voice = field(init=False)
    width: float = field(init=False)

    def __post_init__(self) -> None:
        self.locale = self.minutes.locale
        self.labels = self.form.labels[self.locale]
        self.voice = Voice(self.form)
        self.width = (PAGE_WIDTH_MM - self.form.margins.left_mm - self.form.margins.right_mm) * mm

    def flowables(self) -> list[Any]:
        front = [*self._head(), *self._title(), *self._facts(), *self._proceedings(), *self._end()]
        for annex in self.annexes:
            front += [PageBreak(), *annex]
        return [*front, TopPadder(self._proof())]

    # ── head and title ──

    def _head(self) -> list[Any]:
        head, sizes = self.minutes.head, self.form.sizes
        align = CENTRE if self.form.head_align is Align.CENTRE else LEFT
        left: list[Any] = []
        if head.parent_body:
            parent = balanced(head.parent_body.upper(), REGULAR, sizes.parent, self._left_width())
            left.append(self.voice.line(parent, sizes.parent, align=align))
        issuer = balanced(head.organisation.upper(), BOLD, sizes.issuer, self._left_width())
        left.append(self.voice.line(issuer, sizes.issuer, font=BOLD, align=align))
        if self.form.issuer_mark:
            left.append(self.voice.line(self.form.issuer_mark, sizes.issuer, font=BOLD, align=align))
        right: list[Any] = []
        if self.labels.motto:
            right.append(self.voice.line(self.labels.motto, sizes.motto, font=BOLD))
            under = (self.labels.motto, sizes.motto)
            if self.labels.motto_line:
                right.append(self.voice.line(self.labels.motto_line, sizes.motto_line, font=BOLD))
                under = (self.labels.motto_line, sizes.motto_line)
            right.append(blocks.Rule(width_pt(under[0], BOLD, under[1]), above=4))
        if self.form.issuer_rule:
            # Decree 30/2020, Annex I: the rule is a third to a half as long as the text above it
            room = self._left_width()
            longest = max(width_pt(line, BOLD, sizes.issuer) for line in issuer.split("\n"))
            length = min(room, longest) * 0.42
            left.append(blocks.Rule(length, align=align, above=4))
        second_left = self._number(align)
        second_right = self._date_line()
        widths = [self._left_width(), self.width - self._left_width()]
        parts = [blocks.columns([left, right], widths), Spacer(1, 5)]
        if second_left or second_right:
            parts += [blocks.columns([second_left, second_right], widths)]
        return [*parts, Spacer(1, 16)]

    def _left_width(self) -> float:
        if not self.labels.motto:
            return self.width * 0.6
        motto = width_pt(self.labels.motto, BOLD, self.form.sizes.motto)
        return float(max(self.width * 0.36, min(self.width * 0.48, self.width - motto - 4 * mm)))

    def _number(self, align: int) -> list[Any]:
        head = self.minutes.head
        if not head.symbol:
            return []
        number = "        " if head.number is None else f"{head.number:02}"
        text = self.form.number_template.format(number=number, symbol=head.symbol)
        return [self.voice.line(text.replace("  ", "\u00a0\u00a0"), self.form.sizes.number, align=align)]

    def _date_line(self) -> list[Any]:
        head, facts = self.minutes.head, self.minutes.facts
        if not self.form.date_line or not head.locality:
            return []
        when = day(self.locale, facts.closed_at or facts.opened_at)
        text = words.say(self.locale, "date_line", locality=head.locality, day=when)
        align = CENTRE if self.form.head_align is Align.CENTRE else RIGHT
        return [self.voice.line(text, self.form.sizes.date_line, font=ITALIC, align=align)]

    def _title(self) -> list[Any]:
        sizes = self.form.sizes
        align = CENTRE if self.form.head_align is Align.CENTRE else LEFT
        title = self.minutes.head.title
        length = min(width_pt(title, BOLD, sizes.title), self.width) * 0.4
        return [
            self.voice.line(self.labels.type_name, sizes.type_name, font=BOLD, align=align, gap=4),
            self.voice.line(title, sizes.title, font=BOLD, align=align),
            *([blocks.Rule(length, align=align, above=5)] if self.form.title_rule else []),
            Spacer(1, 14),
        ]

    # ── facts ──

    def _facts(self) -> list[Any]:
        facts, labels = self.minutes.facts, self.labels
        opened = f"{clock(self.locale, facts.opened_at)}, {day(self.locale, facts.opened_at)}."
        return [
            self.voice.body(opened, lead=f"{labels.opened}:"),
            self.voice.body(f"{facts.place}.", lead=f"{labels.place}:"),
            *self._attendance(),
            self.voice.body(_named(facts.chair.name, facts.chair.title) + ".", lead=f"{labels.chair}:"),
            self.voice.body(
                _named(facts.secretary.name, facts.secretary.title) + ".", lead=f"{labels.secretary}:"
            ),
        ]

    def _attendance(self) -> list[Any]:
        facts = self.minutes.facts
        parts: list[Any] = [self.voice.body("", lead=f"{self.labels.attendance}:", keep=True)]
        for key, presence in (
            ("present", Presence.PRESENT),
            ("substitutes", Presence.SUBSTITUTE),
            ("guests", Presence.GUEST),
            ("excused", Presence.EXCUSED),
            ("absent", Presence.ABSENT),
        ):
            people = facts.of(presence)
            if people:
                caption = words.say(
                    self.locale,
                    key,
                    count=self._digits(len(people)),
                    members=self._digits(facts.members_in_office),
                )
                parts += self._people(caption, people)
        return parts + self._bridges()

    def _people(self, caption: str, people: Sequence[Attendee]) -> list[Any]:
        if len(people) > PEOPLE_IN_TEXT:
            rows = [(str(n), p.name, p.title, p.note) for n, p in enumerate(people, start=1)]
            heads = [words.say(self.locale, k) for k in ("no", "name", "title", "note")]
            shares = (0.08, 0.34, 0.36, 0.22)
            title = words.say(self.locale, "annex_people", caption=caption)
            pointer = self._annex(title, self._grid(heads, rows, shares, (CENTRE, LEFT, LEFT, LEFT)))
            return [self.voice.body(f"{caption} {pointer}.")]
        if len(people) == 1:
            return [self.voice.body(f"{caption}: {_listed(people[0])}.")]
        listed = [self.voice.body(f"- {_listed(p)};") for p in people[:-1]]
        listed.append(self.voice.body(f"- {_listed(people[-1])}."))
        for line in listed[:-1]:
            line.style.spaceAfter = 1
        return [self.voice.body(f"{caption}:", keep=True), *listed]

    def _bridges(self) -> list[Any]:
        bridges = self.minutes.facts.bridges
        if not bridges:
            return []
        joined = [b for b in bridges if b.joined_at is not None]
        heads_total = sum(b.head_count or 0 for b in joined)
        caption = words.say(
            self.locale, "bridges", count=self._digits(len(joined)), heads=self._digits(heads_total)
        )
        rows = [
            (
                str(n),
                b.name,
                "–" if b.head_count is None else str(b.head_count),
                "–" if b.joined_at is None else f"{b.joined_at:%H:%M}",
                "–" if b.left_at is None else f"{b.left_at:%H:%M}",
            )
            for n, b in enumerate(bridges, start=1)
        ]
        heads = [words.say(self.locale, k) for k in ("no", "bridge", "heads", "joined", "left")]
        table = self._grid(heads, rows, (0.08, 0.44, 0.18, 0.15, 0.15), (CENTRE, LEFT, CENTRE, CENTRE, CENTRE))
        if len(rows) > ROWS_IN_TEXT:
            pointer = self._annex(words.say(self.locale, "annex_bridges"), table)
            return [self.voice.body(f"{caption} {pointer}.")]
        return [self.voice.body(f"{caption}:", keep=True), table, Spacer(1, 8)]

    # ── proceedings and votes ──

    def _proceedings(self) -> list[Any]:
        parts: list[Any] = [self.voice.body("", lead=f"{self.labels.course}:", keep=True)]
        for section in self.minutes.sections:
            number = f"{section.number}. " if section.number else ""
            if section.title:
                parts.append(self.voice.body(f"{number}{section.title}", bold=True, keep=True))
            polls = {f"poll-{poll.id}": poll for poll in section.polls}
            for paragraph in section.paragraphs:
                parts += self._text(paragraph.text)
                if paragraph.id in polls:
                    parts += self._poll(polls[paragraph.id])
        return parts

    def _text(self, text: str) -> list[Any]:
        return [self.voice.body(line) for line in text.split("\n") if line]

    def _poll(self, poll: PollRecord) -> list[Any]:
        heads = [poll.base_label, *(o.label for o in poll.options), words.say(self.locale, "outcome")]
        heads = [h[:1].upper() + h[1:] for h in heads]
        counts = [self._digits(poll.base), *(self._digits(o.count) for o in poll.options), poll.outcome]
        shares = [
            "100%" if poll.base else "–",
            *(words.share(o.count, poll.base, self.locale) for o in poll.options),
            "",
        ]
        each = 1 / len(heads)
        table = self._grid(heads, [counts, shares], [each] * len(heads), [CENTRE] * len(heads))
        return [KeepTogether([table, Spacer(1, 8)]), *self._ballots(poll)]

    def _ballots(self, poll: PollRecord) -> list[Any]:
        if not poll.ballots:
            return []
        rows = [(str(n), b.name, b.title, b.choice) for n, b in enumerate(poll.ballots, start=1)]
        heads = [words.say(self.locale, k) for k in ("no", "name", "title", "choice")]
        table = self._grid(heads, rows, (0.08, 0.34, 0.34, 0.24), (CENTRE, LEFT, LEFT, CENTRE))
        title = words.say(self.locale, "annex_ballots", question=poll.question)
        if len(rows) > ROWS_IN_TEXT:
            pointer = self._annex(title, table)
            return [self.voice.body(f"{poll.form} {pointer}.")]
        return [self.voice.body(f"{poll.form}:", keep=True), table, Spacer(1, 8)]

    # ── the end ──

    def _end(self) -> list[Any]:
        closing = self.minutes.closing.text.rstrip(".")
        # the mark belongs to the Vietnamese original; a translation ends as English does
        last = self.voice.body(closing + (self.form.end_mark if self.locale is Locale.VI else "."))
        names = self.minutes.recipients
        below = blocks.recipients(self.voice, self.labels.recipients, names) if names else []
        block = [last, Spacer(1, 6), self._signatures(), Spacer(1, 10), *below]
        if not self.annexes:
            # the proof of origin stands on the page of the signatures, not alone on one more
            tall = sum(part.wrap(self.width, 1e4)[1] for part in (*block, self._proof()))
            return [CondPageBreak(tall + 4 * self.form.gap_pt), KeepTogether(block)]
        return [KeepTogether(block)]

    def _signatures(self) -> Any:
        facts, size = self.minutes.facts, self.form.sizes.signature
        half = [self.width / 2, self.width / 2]
        rows: list[Any] = []
        officers = (
            (SignatureRole.SECRETARY, self.labels.sign_secretary, facts.secretary),
            (SignatureRole.CHAIR, self.labels.sign_chair, facts.chair),
        )
        if any(o.authority for _, _, o in officers):
            rows.append([self.voice.line(o.authority, size, font=BOLD) for _, _, o in officers])
        rows.append([self.voice.line(label, size, font=BOLD) for _, label, _ in officers])
        rows.append([blocks.Signing(role, self.spaces) for role, _, _ in officers])
        rows.append([self.voice.line(o.name, size, font=BOLD) for _, _, o in officers])
        return blocks.stacked(rows, half)

    def _proof(self) -> Any:
        lines = [
            words.say(self.locale, "proof_1"),
            self.verify_url,
            words.say(self.locale, "proof_2", seq=self.minutes.last_seq),
            self.minutes.last_hash,
            words.say(self.locale, "proof_3", format=self.form.name),
        ]
        return blocks.proof(self.voice, self.verify_url, lines, self.width)

    def _annex(self, title: str, table: Any) -> str:
        """Puts the table at the end and says where it is."""
        number = (
            _ROMAN[len(self.annexes) + 1] if len(self.annexes) + 1 < len(_ROMAN) else str(len(self.annexes) + 1)
        )
        sizes = self.form.sizes
        self.annexes.append(
            [
                self.voice.line(words.say(self.locale, "annex", number=number), sizes.title, font=BOLD),
                self.voice.line(title, sizes.title, font=BOLD, gap=10),
                table,
                Spacer(1, 10),
                CondPageBreak(blocks.QR_SIDE + 12),
            ]
        )
        return words.say(self.locale, "see_annex", number=number)

    def _grid(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float], aligns: Sequence[int]
    ) -> Any:
        return blocks.grid(self.voice, heads, rows, [self.width * s for s in shares], aligns)

    def _digits(self, count: int) -> str:
        return f"{count:,}".replace(",", "." if self.locale is Locale.VI else ",")


def _listed(person: Attendee) -> str:
    return _named(person.name, person.title) + (f" ({person.note})" if person.note else "")


def _named(name: str, title: str) -> str:
    return f"{name}, {title}" if title else name

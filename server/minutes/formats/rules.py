"""What a format is: every size, label and place a rule set lays down, as data with a citation and dates.

The renderer reads these fields and nothing else; a new edition of the rules is a new file, never an `if`.
Unit: millimetres end in `_mm`, points in `_pt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rooms.minutes import Body, Locale


class Align(StrEnum):
    CENTRE = "centre"
    LEFT = "left"


class PageNumbers(StrEnum):
    TOP_FROM_SECOND = "top from the second page"
    BOTTOM_OF_TOTAL = "bottom, of the total"


@dataclass(frozen=True, slots=True)
class Margins:
    top_mm: float
    bottom_mm: float
    left_mm: float
    right_mm: float


@dataclass(frozen=True, slots=True)
class Sizes:
    """Type sizes in points."""

    motto: float
    motto_line: float
    parent: float
    issuer: float
    number: float
    date_line: float
    type_name: float
    title: float
    body: float
    table: float
    signature: float
    recipients_label: float
    recipients: float
    page_number: float = 13


@dataclass(frozen=True, slots=True)
class Labels:
    """The fixed words of the paper in one language. `motto_line` is empty where the rules have none."""

    motto: str
    motto_line: str
    type_name: str
    opened: str
    place: str
    attendance: str
    chair: str
    secretary: str
    course: str
    sign_secretary: str
    sign_chair: str
    recipients: str


@dataclass(frozen=True, slots=True)
class Format:
    """One rule set for minutes. `compared_by_clerk` says whether an office has held a printout against it."""

    id: str
    body: Body
    name: str
    citation: str
    valid_from: date
    valid_until: date | None
    compared_by_clerk: bool
    margins: Margins
    sizes: Sizes
    head_align: Align
    number_template: str
    labels: Mapping[Locale, Labels]
    end_mark: str
    leading: float
    indent_mm: float
    gap_pt: float
    page_numbers: PageNumbers
    date_line: bool = False
    issuer_mark: str = ""
    issuer_rule: bool = True
    motto_rule_under: str = "motto_line"
    title_rule: bool = True
    recipients_style: str = "bold-italic"

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

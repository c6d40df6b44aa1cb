"""The formats we know, and the choice among them by the date of the paper."""

from datetime import date

from rooms.minutes import Body
from server.minutes.formats.party_2018 import GUIDE_36_2018
from server.minutes.formats.party_2026 import GUIDE_05_2026
from server.minutes.formats.plain import PLAIN
from server.minutes.formats.rules import Align, Format, Labels, Margins, PageNumbers, Sizes
from server.minutes.formats.state import DECREE_30_2020

__all__ = ["FORMATS", "Align", "Format", "Labels", "Margins", "PageNumbers", "Sizes", "choose"]

FORMATS: tuple[Format, ...] = (DECREE_30_2020, GUIDE_36_2018, GUIDE_05_2026, PLAIN)


def choose(body: Body, day: date) -> Format:
    """The rule set in force for this kind of body on the day of the paper.

    Raises: LookupError when no rule set we know was in force.
    """
    for candidate in FORMATS:
        if candidate.body is body and candidate.covers(day):
            return candidate
    raise LookupError(f"no {body} format was in force on {day.isoformat()}")

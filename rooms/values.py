"""Plain text and numbers as the meeting accepts them: trimmed, NFC, bounded."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from rooms.errors import Invalid

TITLE_MAX = 500
NAME_MAX = 200
TEXT_MAX = 20_000


def clean(text: str, *, limit: int, what: str, empty: bool = False) -> str:
    """NFC, outer space trimmed, control characters refused.

    Raises: Invalid `text-empty`, `text-too-long` or `text-control-characters`, naming `what`.
    """
    tidy = unicodedata.normalize("NFC", text).strip()
    if not tidy and not empty:
        raise Invalid("text-empty", f"{what} is empty", field=what)
    if len(tidy) > limit:
        raise Invalid("text-too-long", f"{what} has over {limit} characters", field=what, limit=limit)
    if any(unicodedata.category(ch) in ("Cc", "Cs") and ch not in "\n\t" for ch in tidy):
        raise Invalid("text-control-characters", f"{what} has control characters", field=what)
    return tidy


@dataclass(frozen=True, slots=True)
class Threshold:
    """An exact fraction of a base; never a float (DOMAIN 2.5: print base and formula)."""

    numerator: int
    denominator: int
    strict: bool

    def __post_init__(self) -> None:
        if not (0 < self.numerator <= self.denominator <= 1000):
            raise Invalid("bad-threshold", "the threshold is not a fraction between 0 and 1")

    def met(self, count: int, base: int) -> bool:
        left, right = count * self.denominator, base * self.numerator
        return left > right if self.strict else left >= right

    def needed(self, base: int) -> int:
        """The smallest count that meets the threshold for this base."""
        share = Fraction(self.numerator, self.denominator) * base
        whole = share.numerator // share.denominator
        if share.denominator == 1:
            return whole + 1 if self.strict else whole
        return whole + 1


MORE_THAN_HALF = Threshold(1, 2, strict=True)
TWO_THIRDS = Threshold(2, 3, strict=False)

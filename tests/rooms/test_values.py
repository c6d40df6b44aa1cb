"""Text is trimmed, NFC and bounded; a fraction is exact."""

import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.values import MORE_THAN_HALF, TWO_THIRDS, Threshold, clean
from tests.support.given import refused


def test_text_is_trimmed_and_composed() -> None:
    assert clean(unicodedata.normalize("NFD", "  Nghị quyết số 1\n"), limit=50, what="title") == "Nghị quyết số 1"


@pytest.mark.parametrize("empty", ["", "   ", "\n\t "])
def test_empty_text(empty: str) -> None:
    assert clean(empty, limit=5, what="title", empty=True) == ""
    with refused("text-empty", field="title"):
        clean(empty, limit=5, what="title")


def test_long_text() -> None:
    assert clean("ế" * 5, limit=5, what="title") == "ế" * 5
    with refused("text-too-long", field="title", limit=5):
        clean("ế" * 6, limit=5, what="title")


def test_length_counts_composed_letters() -> None:
    assert clean(unicodedata.normalize("NFD", "ế" * 5), limit=5, what="title") == "ế" * 5


@pytest.mark.parametrize("odd", ["a\0b", "a\x1bb", "\ud800", "a\rb"])
def test_control_characters(odd: str) -> None:
    with refused("text-control-characters", field="title"):
        clean(odd, limit=50, what="title")


@given(st.text(max_size=40))
def test_clean_text_stays_as_it_is(text: str) -> None:
    try:
        once = clean(text, limit=200, what="title", empty=True)
    except Exception:
        return
    assert clean(once, limit=200, what="title", empty=True) == once


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 1), (3, 2), (-1, 2), (1, 1001), (1, 0)])
def test_no_fraction(numerator: int, denominator: int) -> None:
    with refused("bad-threshold"):
        Threshold(numerator, denominator, strict=True)


@pytest.mark.parametrize(
    ("threshold", "base", "needed"),
    [
        (MORE_THAN_HALF, 27, 14),  # DOMAIN 9.1
        (MORE_THAN_HALF, 26, 14),
        (MORE_THAN_HALF, 1, 1),
        (MORE_THAN_HALF, 0, 1),
        (TWO_THIRDS, 60, 40),  # DOMAIN 9.1: removal
        (TWO_THIRDS, 61, 41),
        (TWO_THIRDS, 27, 18),
        (Threshold(1, 2, strict=False), 26, 13),
        (Threshold(1, 1, strict=False), 5, 5),
    ],
)
def test_needed(threshold: Threshold, base: int, needed: int) -> None:
    assert threshold.needed(base) == needed


_thresholds = st.builds(
    lambda pair, strict: Threshold(min(pair), max(pair), strict),
    st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
    st.booleans(),
)


@given(_thresholds, st.integers(0, 10_000), st.integers(0, 10_000))
def test_needed_is_the_least_that_meets(threshold: Threshold, base: int, count: int) -> None:
    assert threshold.met(count, base) == (count >= threshold.needed(base))
    share = Fraction(threshold.numerator, threshold.denominator) * base
    assert threshold.met(count, base) == (count > share if threshold.strict else count >= share)

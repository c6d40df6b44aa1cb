"""Formats are dated data: chosen by body and day, each with a citation and both languages."""

from datetime import date

import pytest

from rooms.minutes import Body, Locale
from server.minutes.formats import FORMATS, Format, choose


@pytest.mark.parametrize(
    ("body", "day", "expected"),
    [
        (Body.PARTY, date(2018, 4, 3), "party-36hd-2018"),
        (Body.PARTY, date(2026, 5, 26), "party-36hd-2018"),
        (Body.PARTY, date(2026, 5, 27), "party-05hd-2026"),
        (Body.PARTY, date(2030, 1, 1), "party-05hd-2026"),
        (Body.STATE, date(2020, 3, 5), "state-nd30-2020"),
        (Body.STATE, date(2026, 11, 23), "state-nd30-2020"),
        (Body.PLAIN, date(1999, 1, 1), "plain"),
    ],
)
def test_the_format_in_force_on_the_day(body: Body, day: date, expected: str) -> None:
    assert choose(body, day).id == expected


@pytest.mark.parametrize(("body", "day"), [(Body.STATE, date(2020, 3, 4)), (Body.PARTY, date(2018, 4, 2))])
def test_before_the_first_edition_we_know_there_is_none(body: Body, day: date) -> None:
    with pytest.raises(LookupError):
        choose(body, day)


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.id)
def test_a_format_is_cited_and_speaks_both_languages(form: Format) -> None:
    assert form.citation
    assert set(form.labels) == set(Locale)


def test_no_two_editions_overlap() -> None:
    for form in FORMATS:
        for other in FORMATS:
            if other is not form and other.body is form.body:
                assert not other.covers(form.valid_from)


def test_party_formats_do_not_claim_a_clerk_has_compared_them() -> None:
    assert not any(f.compared_by_clerk for f in FORMATS if f.body is Body.PARTY)


def test_decree_30_measures() -> None:
    state = choose(Body.STATE, date(2026, 1, 1))
    margins = state.margins
    assert 20 <= margins.top_mm <= 25
    assert 20 <= margins.bottom_mm <= 25
    assert 30 <= margins.left_mm <= 35
    assert 15 <= margins.right_mm <= 20
    assert 13 <= state.sizes.body <= 14
    assert state.gap_pt >= 6
    assert not state.date_line
    assert state.end_mark == "./."

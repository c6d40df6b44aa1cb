"""One text for one value."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.meeting import MeetingKind
from rooms.plain import canonical, instant, plain
from tests.support.given import DETAILS

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def test_the_form() -> None:
    assert canonical({"b": (1, None), "a": 'Hoà "nhập"\n'}) == '{"a":"Hoà \\"nhập\\"\\n","b":[1,null]}'
    assert canonical(UUID(int=5)) == '"00000000-0000-0000-0000-000000000005"'
    assert plain(MeetingKind.CONFERENCE) == "conference"
    assert type(plain(MeetingKind.CONFERENCE)) is str
    assert canonical(frozenset({"b", "a"})) == '["a","b"]'
    assert canonical(DETAILS).startswith('{"body_name":"Ban Thường vụ","ends_at":null,"kind":"meeting"')


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=7))])))
def test_instants_are_utc_with_microseconds(at: datetime) -> None:
    try:
        text = instant(at)
    except OverflowError:
        return  # the first hours of year 1 in Hà Nội are before it in UTC
    assert len(text) == 27
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == at


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("odd", [1.5, object(), b"x", DETAILS.__class__, {1.5: 2}])
def test_what_has_no_plain_form(odd: object) -> None:
    with pytest.raises(TypeError):
        plain(odd)


@given(VALUES)
def test_canonical_text_reads_back_and_is_stable(value: object) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text

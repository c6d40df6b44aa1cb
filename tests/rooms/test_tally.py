"""Counting, with the figures of the law (DOMAIN 9.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.tally import Ballot, Choice, Frozen, PollRule, VoteBase, count
from rooms.values import MORE_THAN_HALF, TWO_THIRDS
from tests.support.given import person


def cast(votes_for: int, against: int = 0, abstain: int = 0) -> tuple[Ballot, ...]:
    choices = [Choice.FOR] * votes_for + [Choice.AGAINST] * against + [Choice.ABSTAIN] * abstain
    return tuple(Ballot(person(n), f"Đại biểu {n:02d}", c) for n, c in enumerate(choices))


@pytest.mark.parametrize(("votes_for", "carried"), [(14, True), (13, False)])
def test_more_than_half_of_27_in_office_with_20_present(votes_for: int, carried: bool) -> None:
    tally = count(PollRule(), Frozen(27, 20), 20, cast(votes_for, 20 - votes_for))
    assert (tally.base_count, tally.needed, tally.carried) == (27, 14, carried)
    assert tally.base is VoteBase.MEMBERS_IN_OFFICE


def test_thirteen_of_twenty_present_carry_where_the_present_are_the_base() -> None:
    tally = count(PollRule(VoteBase.PRESENT_AT_OPENING), Frozen(27, 20), 20, cast(13, 7))
    assert (tally.base_count, tally.needed, tally.carried) == (20, 11, True)


@pytest.mark.parametrize(("votes_for", "carried"), [(40, True), (39, False)])
def test_two_thirds_of_sixty_seats(votes_for: int, carried: bool) -> None:
    tally = count(PollRule(threshold=TWO_THIRDS), Frozen(60, 55), 55, cast(votes_for, 5))
    assert (tally.needed, tally.carried) == (40, carried)


def test_votes_cast_as_the_base() -> None:
    rule = PollRule(VoteBase.VOTES_CAST, MORE_THAN_HALF)
    assert count(rule, Frozen(27, 20), 20, cast(3, 2)).carried
    tie = count(rule, Frozen(27, 20), 20, cast(3, 2, 1))
    assert (tie.base_count, tie.needed, tie.carried, tie.silent) == (6, 4, False, 14)


@pytest.mark.parametrize("base", list(VoteBase))
def test_nobody_carries_nothing(base: VoteBase) -> None:
    assert not count(PollRule(base), Frozen(0, 0), 0, ()).carried


def test_ballots_are_listed_by_name() -> None:
    ballots = tuple(reversed(cast(2, 2)))
    assert [b.name for b in count(PollRule(), Frozen(4, 4), 4, ballots).ballots] == sorted(b.name for b in ballots)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 20), st.sampled_from(VoteBase))
def test_the_sum_is_the_electorate(a: int, b: int, c: int, silent: int, base: VoteBase) -> None:
    entitled = a + b + c + silent
    tally = count(PollRule(base), Frozen(entitled, entitled), entitled, cast(a, b, c))
    assert (tally.votes_for, tally.votes_against, tally.abstentions, tally.silent) == (a, b, c, silent)
    assert tally.carried == (tally.base_count > 0 and a >= tally.needed)

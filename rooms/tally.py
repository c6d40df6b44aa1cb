"""Counting ballots: exact integers, the base and formula kept with the result (DOMAIN 2.5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rooms.ids import PersonId
from rooms.values import MORE_THAN_HALF, Threshold


class Choice(StrEnum):
    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class VoteBase(StrEnum):
    """What the votes for are measured against."""

    MEMBERS_IN_OFFICE = "members_in_office"
    PRESENT_AT_OPENING = "present_at_opening"
    VOTES_CAST = "votes_cast"


@dataclass(frozen=True, slots=True)
class PollRule:
    base: VoteBase = VoteBase.MEMBERS_IN_OFFICE
    threshold: Threshold = MORE_THAN_HALF
    changeable: bool = True  # a ballot may be changed until the poll closes


@dataclass(frozen=True, slots=True)
class Ballot:
    voter_id: PersonId
    name: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Tally:
    """`needed`: the least votes for that carry; `silent`: entitled but cast nothing."""

    votes_for: int
    votes_against: int
    abstentions: int
    silent: int
    base: VoteBase
    base_count: int
    needed: int
    carried: bool
    ballots: tuple[Ballot, ...]


@dataclass(frozen=True, slots=True)
class Frozen:
    """The numbers as they stood when the poll was opened."""

    members_in_office: int
    present: int


def count(rule: PollRule, frozen: Frozen, entitled: int, ballots: tuple[Ballot, ...]) -> Tally:
    """Shape: one ballot a voter; `entitled` is the number of people who may vote."""
    cast = {choice: sum(1 for b in ballots if b.choice is choice) for choice in Choice}
    match rule.base:
        case VoteBase.MEMBERS_IN_OFFICE:
            base = frozen.members_in_office
        case VoteBase.PRESENT_AT_OPENING:
            base = frozen.present
        case VoteBase.VOTES_CAST:
            base = len(ballots)
    return Tally(
        votes_for=cast[Choice.FOR],
        votes_against=cast[Choice.AGAINST],
        abstentions=cast[Choice.ABSTAIN],
        silent=max(0, entitled - len(ballots)),
        base=rule.base,
        base_count=base,
        needed=rule.threshold.needed(base),
        carried=base > 0 and rule.threshold.met(cast[Choice.FOR], base),
        ballots=tuple(sorted(ballots, key=lambda b: b.name)),
    )

"""A poll: one question, one ballot for each person entitled, a tally when it closes.

prepared → open → closed, or prepared → cancelled. The electorate and the numbers of
the base are frozen at opening.
One ballot a person holds in the database by a unique key; here it is decided who may cast at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict, Forbidden, NotFound
from rooms.ids import ItemId, PersonId, PollId
from rooms.meeting import AttendanceState, Attendant, Meeting, MeetingState, quorum
from rooms.roles import Right
from rooms.tally import Ballot, Choice, Frozen, PollRule, Tally, count
from rooms.values import TITLE_MAX, clean

POLLS_MAX = 300


class PollState(StrEnum):
    PREPARED = "prepared"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Poll:
    """`entitled`: people who may vote, frozen at opening, as are the numbers of the base."""

    id: PollId
    item_id: ItemId | None
    question: str
    rule: PollRule
    state: PollState = PollState.PREPARED
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    entitled: tuple[PersonId, ...] = ()
    frozen: Frozen | None = None
    tally: Tally | None = None


# ── commands ──


@dataclass(frozen=True, slots=True)
class PreparePoll:
    question: str
    item_id: ItemId | None = None
    rule: PollRule = field(default_factory=PollRule)
    kind: Literal["prepare_poll"] = "prepare_poll"


@dataclass(frozen=True, slots=True)
class CancelPoll:
    poll_id: PollId
    kind: Literal["cancel_poll"] = "cancel_poll"


@dataclass(frozen=True, slots=True)
class OpenPoll:
    poll_id: PollId
    kind: Literal["open_poll"] = "open_poll"


@dataclass(frozen=True, slots=True)
class CastBallot:
    poll_id: PollId
    choice: Choice
    kind: Literal["cast_ballot"] = "cast_ballot"


@dataclass(frozen=True, slots=True)
class ClosePoll:
    poll_id: PollId
    kind: Literal["close_poll"] = "close_poll"


PollCommand = PreparePoll | CancelPoll | OpenPoll | ClosePoll

# ── events ──


@dataclass(frozen=True, slots=True)
class PollPrepared:
    poll: Poll
    kind: Literal["poll.prepared"] = "poll.prepared"


@dataclass(frozen=True, slots=True)
class PollCancelled:
    poll_id: PollId
    kind: Literal["poll.cancelled"] = "poll.cancelled"


@dataclass(frozen=True, slots=True)
class PollOpened:
    poll_id: PollId
    entitled: tuple[PersonId, ...]
    frozen: Frozen
    kind: Literal["poll.opened"] = "poll.opened"


@dataclass(frozen=True, slots=True)
class PollClosed:
    poll_id: PollId
    tally: Tally
    kind: Literal["poll.closed"] = "poll.closed"


PollEvent = PollPrepared | PollCancelled | PollOpened | PollClosed


def prepare(
    meeting: Meeting, poll_count: int, item_known: bool, command: PreparePoll, act: Act
) -> tuple[PollEvent, ...]:
    """Raises: Refusal."""
    act.seat.require(Right.PREPARE_POLLS)
    meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
    if not item_known:
        raise NotFound("item-unknown", "no such agenda item")
    if poll_count >= POLLS_MAX:
        raise Conflict("too-many-polls", f"over {POLLS_MAX} polls", limit=POLLS_MAX)
    question = clean(command.question, limit=TITLE_MAX, what="question")
    return (PollPrepared(Poll(PollId(act.new_id()), command.item_id, question, command.rule)),)


def decide(
    meeting: Meeting,
    poll: Poll,
    other_open: bool,
    attendants: tuple[Attendant, ...],
    ballots: tuple[Ballot, ...],
    command: CancelPoll | OpenPoll | ClosePoll,
    act: Act,
) -> tuple[PollEvent, ...]:
    """`attendants` are needed to open, `ballots` to close. Raises: Refusal."""
    match command:
        case CancelPoll():
            act.seat.require(Right.PREPARE_POLLS)
            meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
            _require(poll, PollState.PREPARED)
            return (PollCancelled(poll.id),)
        case OpenPoll():
            act.seat.require(Right.PRESIDE)
            meeting.require(MeetingState.OPEN)
            _require(poll, PollState.PREPARED)
            if other_open:
                raise Conflict("another-poll-is-open", "close the open poll first")
            there = quorum(meeting.details, attendants)
            entitled = tuple(a.person_id for a in attendants if a.votes and a.state is not AttendanceState.EXCUSED)
            return (PollOpened(poll.id, entitled, Frozen(there.members, there.present)),)
        case ClosePoll():
            act.seat.require(Right.PRESIDE)
            meeting.require(MeetingState.OPEN)
            _require(poll, PollState.OPEN)
            assert poll.frozen is not None
            return (PollClosed(poll.id, count(poll.rule, poll.frozen, len(poll.entitled), ballots)),)
        case _:
            assert_never(command)


def decide_ballot(
    meeting: Meeting,
    poll: Poll,
    attendant: Attendant | None,
    before: Choice | None,
    command: CastBallot,
    act: Act,
) -> bool:
    """Whether the ballot is new to the urn; False: the same choice was cast already.

    `attendant`: the voter in this meeting; `before`: the voter's ballot so far. Raises: Refusal.
    """
    act.seat.require(Right.VOTE)
    meeting.require(MeetingState.OPEN)
    _require(poll, PollState.OPEN)
    if attendant is None or attendant.person_id not in poll.entitled:
        raise Forbidden("not-entitled-to-vote", "not in this poll's electorate")
    if attendant.state is not AttendanceState.PRESENT:
        raise Conflict("check-in-first", "only who is present votes")
    if before is None:
        return True
    if before is command.choice:
        return False
    if not poll.rule.changeable:
        raise Conflict("already-voted", "this poll does not allow a change of vote")
    return True


def _require(poll: Poll, state: PollState) -> None:
    if poll.state is not state:
        raise Conflict(f"poll-is-{poll.state}", f"the poll is {poll.state}", state=poll.state.value)

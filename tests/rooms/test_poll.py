"""A poll's life and who may cast a ballot in it."""

from dataclasses import replace
from uuid import UUID

import pytest

from rooms.ids import PollId
from rooms.meeting import AttendanceState, MeetingState
from rooms.poll import (
    POLLS_MAX,
    CancelPoll,
    CastBallot,
    ClosePoll,
    OpenPoll,
    Poll,
    PollCancelled,
    PollClosed,
    PollOpened,
    PollPrepared,
    PollState,
    PreparePoll,
    decide,
    decide_ballot,
    prepare,
)
from rooms.roles import Role
from rooms.tally import Ballot, Choice, Frozen, PollRule
from tests.support.given import DETAILS, NEW, attendant, by, item_id, meeting, person, refused

Q = PollId(UUID(int=1))
PREPARED = Poll(Q, None, "Thông qua?", PollRule())
OPEN = replace(PREPARED, state=PollState.OPEN, entitled=tuple(person(n) for n in range(20)), frozen=Frozen(27, 20))
CLOSED, CANCELLED = (replace(OPEN, state=s) for s in (PollState.CLOSED, PollState.CANCELLED))
CHAIR, SECRETARY, VOTER = by(Role.CHAIR), by(Role.SECRETARY), by(Role.MEMBER, 1)
YES = CastBallot(Q, Choice.FOR)


def test_preparing() -> None:
    for act in (CHAIR, SECRETARY):
        (event,) = prepare(meeting(), 0, True, PreparePoll(" Thông qua? ", item_id(1)), act)
        assert event == PollPrepared(Poll(PollId(NEW), item_id(1), "Thông qua?", PollRule()))
    with refused("item-unknown"):
        prepare(meeting(), 0, False, PreparePoll("x", item_id(9)), CHAIR)
    with refused("too-many-polls", limit=POLLS_MAX):
        prepare(meeting(), POLLS_MAX, True, PreparePoll("x"), CHAIR)
    with refused("text-empty"):
        prepare(meeting(), 0, True, PreparePoll(" "), CHAIR)
    with refused("meeting-is-closed"):
        prepare(meeting(MeetingState.CLOSED), 0, True, PreparePoll("x"), CHAIR)


def test_opening_freezes_the_electorate_and_the_base() -> None:
    people = (
        attendant(0, Role.CHAIR),
        attendant(1),
        attendant(2, state=AttendanceState.EXPECTED),
        attendant(3, state=AttendanceState.EXCUSED),
        attendant(4, Role.SECRETARY),
        attendant(5, Role.GUEST),
    )
    (event,) = decide(meeting(), PREPARED, False, people, (), OpenPoll(Q), CHAIR)
    assert event == PollOpened(Q, (person(0), person(1), person(2)), Frozen(4, 2))
    of_27 = meeting(details=replace(DETAILS, members_in_office=27))
    (event,) = decide(of_27, PREPARED, False, people, (), OpenPoll(Q), CHAIR)
    assert isinstance(event, PollOpened)
    assert event.frozen == Frozen(27, 2)


@pytest.mark.parametrize(("votes", "carried"), [(14, True), (13, False)])
def test_closing_counts_against_those_in_office(votes: int, carried: bool) -> None:
    """DOMAIN 9.1: 27 in office, 20 present."""
    ballots = tuple(Ballot(person(n), f"{n:02d}", Choice.FOR if n < votes else Choice.AGAINST) for n in range(20))
    (event,) = decide(meeting(), OPEN, False, (), ballots, ClosePoll(Q), CHAIR)
    assert isinstance(event, PollClosed)
    assert (event.tally.votes_for, event.tally.needed, event.tally.carried) == (votes, 14, carried)


def test_cancelling() -> None:
    for act in (CHAIR, SECRETARY):
        assert decide(meeting(), PREPARED, False, (), (), CancelPoll(Q), act) == (PollCancelled(Q),)


def test_one_poll_at_a_time() -> None:
    with refused("another-poll-is-open"):
        decide(meeting(), PREPARED, True, (), (), OpenPoll(Q), CHAIR)


@pytest.mark.parametrize("poll", [PREPARED, OPEN, CLOSED, CANCELLED])
def test_a_poll_goes_one_way(poll: Poll) -> None:
    for command, wanted in (
        (CancelPoll(Q), PollState.PREPARED),
        (OpenPoll(Q), PollState.PREPARED),
        (ClosePoll(Q), PollState.OPEN),
    ):
        if poll.state is not wanted:
            with refused(f"poll-is-{poll.state}", state=poll.state.value):
                decide(meeting(), poll, False, (), (), command, CHAIR)
    if poll.state is not PollState.OPEN:
        with refused(f"poll-is-{poll.state}"):
            decide_ballot(meeting(), poll, attendant(1), None, YES, VOTER)


def test_rights() -> None:
    for role in set(Role) - {Role.CHAIR, Role.SECRETARY}:
        for command in (CancelPoll(Q), PreparePoll("x")):
            with refused("not-your-right", right="prepare_polls"):
                if isinstance(command, PreparePoll):
                    prepare(meeting(), 0, True, command, by(role))
                else:
                    decide(meeting(), PREPARED, False, (), (), command, by(role))
    for role in set(Role) - {Role.CHAIR}:
        for verb, poll in ((OpenPoll(Q), PREPARED), (ClosePoll(Q), OPEN)):
            with refused("not-your-right", right="preside"):
                decide(meeting(), poll, False, (), (), verb, by(role))
    for role in set(Role) - {Role.CHAIR, Role.MEMBER}:
        with refused("not-your-right", right="vote"):
            decide_ballot(meeting(), OPEN, attendant(1), None, YES, by(role, 1))


@pytest.mark.parametrize("state", [s for s in MeetingState if s is not MeetingState.OPEN])
def test_votes_belong_to_an_open_meeting(state: MeetingState) -> None:
    for command, poll in ((OpenPoll(Q), PREPARED), (ClosePoll(Q), OPEN)):
        with refused(f"meeting-is-{state}"):
            decide(meeting(state), poll, False, (), (), command, CHAIR)
    with refused(f"meeting-is-{state}"):
        decide_ballot(meeting(state), OPEN, attendant(1), None, YES, VOTER)


def test_casting() -> None:
    assert decide_ballot(meeting(), OPEN, attendant(1), None, YES, VOTER)
    assert decide_ballot(meeting(), OPEN, attendant(1), Choice.AGAINST, YES, VOTER)
    assert not decide_ballot(meeting(), OPEN, attendant(1), Choice.FOR, YES, VOTER)


def test_a_poll_may_forbid_a_change_of_mind() -> None:
    fixed = replace(OPEN, rule=PollRule(changeable=False))
    assert decide_ballot(meeting(), fixed, attendant(1), None, YES, VOTER)
    assert not decide_ballot(meeting(), fixed, attendant(1), Choice.FOR, YES, VOTER), "a repeated request"
    with refused("already-voted"):
        decide_ballot(meeting(), fixed, attendant(1), Choice.AGAINST, YES, VOTER)


def test_who_is_entitled() -> None:
    with refused("not-entitled-to-vote"):
        decide_ballot(meeting(), OPEN, attendant(20), None, YES, by(Role.MEMBER, 20))
    with refused("not-entitled-to-vote"):
        decide_ballot(meeting(), OPEN, None, None, YES, VOTER)


@pytest.mark.parametrize("state", [s for s in AttendanceState if s is not AttendanceState.PRESENT])
def test_who_is_present_votes(state: AttendanceState) -> None:
    with refused("check-in-first"):
        decide_ballot(meeting(), OPEN, attendant(1, state=state), None, YES, VOTER)

"""Who may do what to the minutes, and when."""

import pytest

from rooms.meeting import MeetingState
from rooms.roles import Role
from rooms.signing import (
    CompileMinutes,
    CorrectMinutes,
    LockMinutes,
    MinutesCommand,
    MinutesState,
    MinutesStatus,
    Signature,
    SignMinutes,
    check,
)
from tests.support.given import NOW, by, meeting, refused

SECRETARY, CHAIR = by(Role.SECRETARY), by(Role.CHAIR)
CLOSED = meeting(MeetingState.CLOSED)
NONE, DRAFT = MinutesStatus(), MinutesStatus(MinutesState.DRAFT, 3)
LOCKED = MinutesStatus(MinutesState.LOCKED, 3, "ab" * 32)
BY_SECRETARY = MinutesStatus(MinutesState.LOCKED, 3, "ab" * 32, (Signature(Role.SECRETARY, "B", NOW),))
SIGNED = MinutesStatus(
    MinutesState.SIGNED, 3, "ab" * 32, (*BY_SECRETARY.signatures, Signature(Role.CHAIR, "A", NOW))
)
CORRECT, LOCK = CorrectMinutes(3, "p1", "Sửa"), LockMinutes(3)
ALL: tuple[MinutesCommand, ...] = (CompileMinutes(), CORRECT, LOCK, SignMinutes())


@pytest.mark.parametrize(
    ("status", "command", "act"),
    [
        (NONE, CompileMinutes(), SECRETARY),
        (DRAFT, CompileMinutes(), SECRETARY),
        (DRAFT, CORRECT, SECRETARY),
        (DRAFT, LOCK, SECRETARY),
        (LOCKED, SignMinutes(), SECRETARY),
        (BY_SECRETARY, SignMinutes(), CHAIR),
    ],
)
def test_the_way(status: MinutesStatus, command: MinutesCommand, act) -> None:  # type: ignore[no-untyped-def]
    check(CLOSED, status, command, act)


@pytest.mark.parametrize(
    ("status", "command"),
    [
        (LOCKED, CompileMinutes()),
        (SIGNED, CompileMinutes()),
        (NONE, CORRECT),
        (LOCKED, CORRECT),
        (NONE, LOCK),
        (LOCKED, LOCK),
        (NONE, SignMinutes()),
        (DRAFT, SignMinutes()),
        (SIGNED, SignMinutes()),
    ],
)
def test_not_in_this_state(status: MinutesStatus, command: MinutesCommand) -> None:
    with refused(f"minutes-are-{status.state}"):
        check(CLOSED, status, command, SECRETARY)


def test_the_chair_signs_last() -> None:
    with refused("secretary-signs-first"):
        check(CLOSED, LOCKED, SignMinutes(), CHAIR)
    for status in (NONE, DRAFT, SIGNED):
        with refused(f"minutes-are-{status.state}"):
            check(CLOSED, status, SignMinutes(), CHAIR)


def test_nobody_signs_twice() -> None:
    with refused("signed-already"):
        check(CLOSED, BY_SECRETARY, SignMinutes(), SECRETARY)
    both = MinutesStatus(MinutesState.LOCKED, 3, "ab" * 32, SIGNED.signatures)
    with refused("signed-already"):
        check(CLOSED, both, SignMinutes(), CHAIR)


@pytest.mark.parametrize("command", [CorrectMinutes(2, "p1", "x"), LockMinutes(2), LockMinutes(4)])
def test_two_editors_do_not_overwrite_each_other(command: MinutesCommand) -> None:
    with refused("minutes-changed-meanwhile", version=3):
        check(CLOSED, DRAFT, command, SECRETARY)


def test_a_correction_is_text() -> None:
    check(CLOSED, DRAFT, CorrectMinutes(3, "p1", ""), SECRETARY)
    with refused("text-control-characters"):
        check(CLOSED, DRAFT, CorrectMinutes(3, "p1", "\0"), SECRETARY)
    with refused("text-too-long"):
        check(CLOSED, DRAFT, CorrectMinutes(3, "p1", "x" * 20_001), SECRETARY)


@pytest.mark.parametrize("command", ALL)
def test_who(command: MinutesCommand) -> None:
    signing = isinstance(command, SignMinutes)
    for role in set(Role) - {Role.SECRETARY} - ({Role.CHAIR} if signing else set()):
        right = "sign_as_chair" if signing else "write_minutes"
        with refused("not-your-right", right=right):
            check(CLOSED, LOCKED if signing else DRAFT, command, by(role))


@pytest.mark.parametrize("command", ALL)
@pytest.mark.parametrize("state", [s for s in MeetingState if s is not MeetingState.CLOSED])
def test_minutes_are_of_a_closed_meeting(command: MinutesCommand, state: MeetingState) -> None:
    with refused(f"meeting-is-{state}"):
        check(meeting(state), DRAFT, command, SECRETARY)

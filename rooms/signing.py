"""The life of the minutes: compiled from the journal, corrected, locked, signed by secretary then chair.

The text itself is `minutes.Minutes`; here is only who may do what to it and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict
from rooms.meeting import Meeting, MeetingState
from rooms.roles import Right, Role
from rooms.values import TEXT_MAX, clean


class MinutesState(StrEnum):
    NONE = "none"
    DRAFT = "draft"
    LOCKED = "locked"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Signature:
    role: Role
    name: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class MinutesStatus:
    """`version` rises with every change of the text; `sha256`: hex, of the PDF as it stands, once locked."""

    state: MinutesState = MinutesState.NONE
    version: int = 0
    sha256: str | None = None
    signatures: tuple[Signature, ...] = ()


# ── commands ──


@dataclass(frozen=True, slots=True)
class CompileMinutes:
    """Composes the text from the journal, anew while it is a draft (corrections are then lost)."""

    kind: Literal["compile_minutes"] = "compile_minutes"


@dataclass(frozen=True, slots=True)
class CorrectMinutes:
    """`version`: the one the editor saw, so that two editors do not overwrite each other."""

    version: int
    paragraph_id: str
    text: str
    kind: Literal["correct_minutes"] = "correct_minutes"


@dataclass(frozen=True, slots=True)
class LockMinutes:
    version: int
    kind: Literal["lock_minutes"] = "lock_minutes"


@dataclass(frozen=True, slots=True)
class SignMinutes:
    """As secretary or as chair, whichever the actor is; the secretary signs first."""

    kind: Literal["sign_minutes"] = "sign_minutes"


MinutesCommand = CompileMinutes | CorrectMinutes | LockMinutes | SignMinutes

# ── events ──


@dataclass(frozen=True, slots=True)
class MinutesCompiled:
    version: int
    kind: Literal["minutes.compiled"] = "minutes.compiled"


@dataclass(frozen=True, slots=True)
class MinutesCorrected:
    version: int
    paragraph_id: str
    text: str
    kind: Literal["minutes.corrected"] = "minutes.corrected"


@dataclass(frozen=True, slots=True)
class MinutesLocked:
    version: int
    sha256: str
    kind: Literal["minutes.locked"] = "minutes.locked"


@dataclass(frozen=True, slots=True)
class MinutesSigned:
    role: Role
    name: str
    sha256: str
    kind: Literal["minutes.signed"] = "minutes.signed"


MinutesEvent = MinutesCompiled | MinutesCorrected | MinutesLocked | MinutesSigned


def check(meeting: Meeting, status: MinutesStatus, command: MinutesCommand, act: Act) -> None:
    """Whether the command may be done now; the work itself (compose, draw, sign) is the service's.

    Raises: Refusal.
    """
    meeting.require(MeetingState.CLOSED)
    match command:
        case CompileMinutes():
            act.seat.require(Right.WRITE_MINUTES)
            _require(status, MinutesState.NONE, MinutesState.DRAFT)
        case CorrectMinutes(version, _, text):
            act.seat.require(Right.WRITE_MINUTES)
            _require(status, MinutesState.DRAFT)
            _require_version(status, version)
            clean(text, limit=TEXT_MAX, what="text", empty=True)
        case LockMinutes(version):
            act.seat.require(Right.WRITE_MINUTES)
            _require(status, MinutesState.DRAFT)
            _require_version(status, version)
        case SignMinutes():
            _require_may_sign(status, act)
        case _:
            assert_never(command)


def _require_may_sign(status: MinutesStatus, act: Act) -> None:
    signed = {s.role for s in status.signatures}
    if act.seat.has(Right.SIGN_AS_SECRETARY):
        _require(status, MinutesState.LOCKED)
        if Role.SECRETARY in signed:
            raise Conflict("signed-already", "you have signed already")
        return
    act.seat.require(Right.SIGN_AS_CHAIR)
    _require(status, MinutesState.LOCKED)
    if Role.SECRETARY not in signed:
        raise Conflict("secretary-signs-first", "the secretary signs before the chair")
    if Role.CHAIR in signed:
        raise Conflict("signed-already", "you have signed already")


def _require(status: MinutesStatus, *states: MinutesState) -> None:
    if status.state not in states:
        raise Conflict(f"minutes-are-{status.state}", f"the minutes are {status.state}")


def _require_version(status: MinutesStatus, version: int) -> None:
    if status.version != version:
        raise Conflict("minutes-changed-meanwhile", "somebody changed the minutes", version=status.version)

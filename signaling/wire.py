"""Every message of the socket as a model; PROTOCOL.md says the same in prose. The web's types are made from these.

Knows shapes only. A journal entry is `rooms.journal.Entry` itself, so HTTP and the socket cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from rooms.errors import Refusal
from rooms.journal import Entry

TOKEN_MAX: Final = 4096
SEQ_MAX: Final = 2**53 - 1  # what JavaScript counts exactly

Token = Annotated[str, Field(min_length=1, max_length=TOKEN_MAX)]
Seq = Annotated[int, Field(ge=0, le=SEQ_MAX)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


# ── what a client says ──


class Handshake(Message):
    token: Token


class Enter(Message):
    meeting_id: UUID
    after: Seq


class Leave(Message):
    meeting_id: UUID


class Renew(Message):
    token: Token


# ── what it is answered ──


class Problem(Message):
    """A refusal: `code` is one of those of the HTTP problems."""

    code: str
    detail: str = ""
    facts: dict[str, Any] = {}

    @classmethod
    def of(cls, refusal: Refusal) -> Problem:
        return cls(code=refusal.code, detail=refusal.detail, facts=refusal.facts)


class Done(Message):
    ok: Literal[True] = True


class Entered(Message):
    """`seq`: everything up to here has been sent, or must be asked for by HTTP."""

    ok: Literal[True] = True
    seq: int


class Refused(Message):
    ok: Literal[False] = False
    problem: Problem


# ── what a client is told ──


class Journal(Message):
    """What this reader may see of the entries after `after` up to and including `upto`."""

    meeting_id: UUID
    after: int
    upto: int
    entries: tuple[Entry, ...]


class Turnout(Message):
    meeting_id: UUID
    poll_id: UUID
    cast: int
    entitled: int


class Quality(StrEnum):
    GOOD = "good"
    WEAK = "weak"
    BAD = "bad"
    UNKNOWN = "unknown"


class Rendition(StrEnum):
    """How much of the picture a bridge's line bears."""

    FULL = "full"
    MEDIUM = "medium"
    LOW = "low"
    AUDIO = "audio"


class BridgeLink(Message):
    """How a bridge is doing. `online`: its socket is connected. `loss`: 0 to 1. `rendition`: what it watches."""

    bridge_id: UUID
    online: bool
    publishing: bool = False
    quality: Quality = Quality.UNKNOWN
    loss: float | None = None
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    rendition: Rendition | None = None


class Presence(Message):
    """Only the bridges whose link changed since the last one."""

    meeting_id: UUID
    bridges: tuple[BridgeLink, ...]


class Present(Message):
    meeting_id: UUID
    online: int


class Line(Message):
    """To one actor alone: `rendition` is what the relay sends to it. None: it does not watch, or nobody knows."""

    meeting_id: UUID
    rendition: Rendition | None


class PictureState(StrEnum):
    """What comes from whoever is on air: a picture; sound alone, as when the camera is off; nothing."""

    SHOWN = "shown"
    OFF = "off"
    MISSING = "missing"


class Picture(Message):
    """None: nobody is on air, or the relay does not say."""

    meeting_id: UUID
    state: PictureState | None


class SeatChanged(Message):
    meeting_id: UUID


class Moved(Message):
    """Whoever has a session at `relay` joins again, at a random moment within `within_s`; who sends, only when
    `sources`, and at once. `ask`: only whose session is no longer there."""

    meeting_id: UUID
    relay: str
    within_s: float
    sources: bool
    ask: bool = False


class SignedOut(Message):
    """The socket is closed right after; the token is no longer good."""


#: By event name, client to server and server to client.
UP: Final[dict[str, type[Message]]] = {"enter": Enter, "leave": Leave, "renew": Renew}
DOWN: Final[dict[str, type[Message]]] = {
    "journal": Journal,
    "turnout": Turnout,
    "presence": Presence,
    "present": Present,
    "line": Line,
    "picture": Picture,
    "seat": SeatChanged,
    "moved": Moved,
    "signed_out": SignedOut,
}
_NAMES: Final = {model: name for name, model in DOWN.items()}
_ENTRIES: Final = TypeAdapter(tuple[Entry, ...])


def name_of(message: Message) -> str:
    return _NAMES[type(message)]


def plain(message: Message) -> dict[str, Any]:
    return message.model_dump(mode="json")


def plain_entries(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Each entry once, to be put into several audiences' messages."""
    dumped: list[dict[str, Any]] = _ENTRIES.dump_python(tuple(entries), mode="json")
    return dumped


def plain_journal(meeting_id: UUID, after: int, upto: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A Journal message around entries already dumped."""
    return {"meeting_id": str(meeting_id), "after": after, "upto": upto, "entries": entries}

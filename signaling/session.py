"""A handshake becomes an actor, once; the socket lives as long as its token, unless a fresh one comes in time.

Knows sockets by their ids and how to cut them; how a token is read is the server's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from rooms.errors import Forbidden
from rooms.roles import Actor, ActorKind

#: Each entering reads the journal: a socket's few meetings twice over, then one a second.
ENTERS_AT_ONCE: Final = 32
ENTER_AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whom a token names and until when it holds."""

    actor: Actor
    expires_at: datetime


#: Reads an access token. Raises: rooms.errors.Refusal.
Authenticate = Callable[[str], Awaitable[SignedIn]]


@dataclass(slots=True)
class Allowance:
    """So many at once, and one more every `again_s`."""

    most: int
    again_s: float
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.at = float(self.most), time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.left = min(float(self.most), self.left + (now - self.at) / self.again_s)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(slots=True)
class Session:
    """One connected socket. `abort` cuts the connection without waiting for what is queued."""

    sid: str
    actor: Actor
    abort: Callable[[], None]
    expiry: asyncio.TimerHandle | None = field(default=None)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # one entering at a time
    entering: Allowance = field(default_factory=lambda: Allowance(ENTERS_AT_ONCE, ENTER_AGAIN_S))


class Sessions:
    """Every socket of this node."""

    def __init__(self, authenticate: Authenticate, expired: Callable[[Session], None]) -> None:
        self._authenticate = authenticate
        self._expired = expired
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def get(self, sid: str) -> Session | None:
        return self._sessions.get(sid)

    def of(self, kind: ActorKind, actor_id: UUID) -> list[Session]:
        return [s for s in self if s.actor.kind is kind and s.actor.id == actor_id]

    async def open(self, sid: str, token: str, abort: Callable[[], None]) -> Session:
        """Raises: Refusal for a token that does not hold."""
        signed_in = await self._authenticate(token)
        session = Session(sid, signed_in.actor, abort)
        self._sessions[sid] = session
        self._hold(session, signed_in.expires_at)
        return session

    async def renew(self, session: Session, token: str) -> None:
        """Raises: Refusal, also when the token is another actor's."""
        signed_in = await self._authenticate(token)
        if (signed_in.actor.kind, signed_in.actor.id) != (session.actor.kind, session.actor.id):
            raise Forbidden("another-actor", "the token names somebody else")
        self._hold(session, signed_in.expires_at)

    def close(self, sid: str) -> Session | None:
        session = self._sessions.pop(sid, None)
        if session is not None and session.expiry is not None:
            session.expiry.cancel()
        return session

    def _hold(self, session: Session, until: datetime) -> None:
        if session.expiry is not None:
            session.expiry.cancel()
        left_s = max(0.0, (until - datetime.now(UTC)).total_seconds())
        session.expiry = asyncio.get_running_loop().call_later(left_s, self._expired, session)

"""The entrance: who comes in with a password, a link or a code, and how long a session lives.

Refresh tokens rotate; one that comes a second time ends its whole family. Whether somebody exists is not told:
not by a sentence and not by the time the answer takes. Secrets are kept as hashes only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

import structlog

from rooms.errors import Conflict, Forbidden, NotFound, Refusal
from rooms.ids import BridgeId, PersonId
from rooms.roles import Actor, ActorKind
from server.limits import Limiter
from server.passwords import Passwords
from server.refusals import Unauthenticated
from server.settings import Settings
from server.store import SqlStore
from server.store.accounts import Accounts, Organisation, RefreshToken, Rotation, Subject
from server.tokens import Tokens, digest, new_secret, tidy_join_code
from signaling.session import SignedIn

#: A role taken away or an account closed acts within this time, also on access tokens already out.
KNOWN_FOR_S = 10.0
#: A session ended on another server ends here within this time; one ended on this server, at once.
LIVES_FOR_S = 5.0
#: A device left signed in must not become somebody's for good.
FIRST_PASSWORD_WITHIN = timedelta(minutes=15)
_KNOWN_MAX = 20_000
#: Devices one person or bridge is signed in on; the one longest unused goes first.
SESSIONS_MAX = 20
#: The answer to a refresh may be lost on the way, and two tabs wake at once.
REFRESH_GRACE = timedelta(seconds=10)

_log = structlog.get_logger("server.accounts")


@dataclass(frozen=True, slots=True)
class Known:
    """Who acts, with what the page needs to greet and to speak the right language."""

    actor: Actor
    organisation: Organisation
    position: str
    locale: str
    colour_scheme: str | None


@dataclass(frozen=True, slots=True)
class Admission:
    access_token: str
    expires_at: datetime
    refresh_token: str
    known: Known


class Entrance:
    def __init__(
        self,
        store: SqlStore,
        tokens: Tokens,
        passwords: Passwords,
        limiter: Limiter,
        settings: Settings,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._passwords = passwords
        self._limiter = limiter
        self._refresh_ttl = timedelta(seconds=settings.refresh_ttl_s)
        self._now = now
        self._new_id = new_id
        self._cache: dict[Subject, tuple[float, Known]] = {}
        self._families: dict[UUID, tuple[float, Subject]] = {}  # sessions lately seen to live

    # ── coming in ──

    async def by_password(self, username: str, password: str, client: str) -> Admission:
        """Raises: Unauthenticated `wrong-credentials`; TooMany."""
        await self._limiter.require("sign-in", client)
        await self._limiter.require("sign-in-name", digest(username.strip().casefold()))
        async with self._store.accounts(write=False) as accounts:
            person = await accounts.person_by_username(username)
            hashed = await accounts.password_hash(person.id) if person and person.active else None
        if not await self._passwords.verify(hashed, password) or person is None:
            _log.info("sign-in refused", client=client)
            raise Unauthenticated("wrong-credentials", "wrong user name or password")
        return await self._admit(Subject(ActorKind.PERSON, person.id))

    async def by_link(self, code: str, client: str) -> Admission:
        """Raises: NotFound `link-unknown`; Conflict `link-expired`; TooMany."""
        async with self._guessed(client), self._store.accounts() as accounts:
            subject = await accounts.take_link(digest(code.strip()), self._now())
            return await self._start(accounts, subject)

    async def by_join_code(self, code: str, client: str) -> Admission:
        """Raises: NotFound `join-code-unknown`; Conflict `join-code-expired`; TooMany."""
        async with self._guessed(client), self._store.accounts() as accounts:
            try:
                bridge = await accounts.bridge_by_join_code_hash(digest(tidy_join_code(code)), self._now())
            except NotFound as refusal:
                raise NotFound("join-code-unknown", "no such join code") from refusal
            except Conflict as refusal:
                raise Conflict("join-code-expired", "the join code has expired") from refusal
            return await self._start(accounts, Subject(ActorKind.BRIDGE, bridge.id))

    async def refresh(self, token: str, client: str) -> Admission:
        """Raises: Unauthenticated `session-ended`, `session-reused`; TooMany."""
        await self._limiter.require("refresh", client)
        now, new = self._now(), new_secret()
        async with self._store.accounts() as accounts:
            rotated = await accounts.rotate_refresh(
                digest(token), digest(new), now, now + self._refresh_ttl, REFRESH_GRACE
            )
            known = await self._look_up(accounts, rotated.token.subject) if rotated.token else None
        if rotated.outcome is Rotation.REUSED:
            if rotated.token is not None:
                self._families.pop(rotated.token.family_id, None)
            _log.warning("a refresh token came twice; its session is ended", client=client)
            raise Unauthenticated("session-reused", "the refresh token was used before")
        if rotated.outcome is not Rotation.ROTATED or rotated.token is None or known is None:
            raise Unauthenticated("session-ended", "the session has ended")
        access, until = self._tokens.mint(rotated.token.subject, rotated.token.family_id, now)
        return Admission(access, until, new, known)

    async def end(self, token: str) -> None:
        """Ends the session this refresh token is of; an unknown one ends nothing."""
        async with self._store.accounts() as accounts:
            family_id = await accounts.family_of(digest(token))
            if family_id is not None:
                await accounts.revoke_family(family_id)
        if family_id is not None:
            self._families.pop(family_id, None)

    # ── being in ──

    async def known(self, token: str) -> Known:
        """Who an access token names. Raises: Unauthenticated."""
        access, now = self._tokens.read(token), monotonic()
        lives, held = self._families.get(access.family_id), self._cache.get(access.subject)
        if lives is None or now - lives[0] >= LIVES_FOR_S:
            async with self._store.accounts(write=False) as accounts:
                if not await accounts.family_lives(access.family_id):
                    if await self._look_up(accounts, access.subject) is None:
                        raise Unauthenticated("account-inactive", "the account is closed")
                    raise Unauthenticated("session-ended", "the session has ended")
            self._remember_family(access.family_id, access.subject)
        if held is not None and now - held[0] < KNOWN_FOR_S:
            return held[1]
        return await self._fresh(access.subject)

    async def signed_in(self, token: str) -> SignedIn:
        """For the live side's handshake. Raises: Unauthenticated."""
        known = await self.known(token)
        return SignedIn(known.actor, self._tokens.read(token).expires_at)

    async def fresh(self, actor: Actor) -> Known:
        """Not from memory. Raises: Unauthenticated."""
        return await self._fresh(Subject(actor.kind, actor.id))

    def forget(self, subject: Subject) -> None:
        """Somebody was changed or signed out: the next request looks again."""
        self._cache.pop(subject, None)
        for family_id in [number for number, (_, whose) in self._families.items() if whose == subject]:
            del self._families[family_id]

    async def change_password(self, token: str, current: str, new: str) -> Admission:
        """Every session ends; the answer starts a new one. The first password: soon after coming in by a link.

        Raises: Unauthenticated; Forbidden `people-only`, `wrong-password`, `link-needed`; Invalid; TooMany.
        """
        person_id = require_person((await self.known(token)).actor)
        await self._limiter.require("password", str(person_id))
        async with self._store.accounts(write=False) as accounts:
            hashed = await accounts.password_hash(person_id)
            began = await accounts.family_began(self._tokens.read(token).family_id)
        # without a password a link is the only way in: a session just begun was begun by one
        if hashed is None and (began is None or self._now() - began > FIRST_PASSWORD_WITHIN):
            raise Forbidden("link-needed", "the first password needs a session just begun by a link")
        if hashed is not None and not await self._passwords.verify(hashed, current):
            raise Forbidden("wrong-password", "the present password is wrong")
        fresh = await self._passwords.hash(new)
        subject = Subject(ActorKind.PERSON, person_id)
        async with self._store.accounts() as accounts:
            await accounts.set_password(person_id, fresh)
            await accounts.revoke_all(subject)
            admission = await self._start(accounts, subject)
        self.forget(subject)
        return admission

    # ── within ──

    @asynccontextmanager
    async def _guessed(self, client: str) -> AsyncIterator[None]:
        """Only failures count: all halls of a province may come from one address. Raises: TooMany."""
        await self._limiter.require_left("code", client)
        try:
            yield
        except Refusal:
            await self._limiter.failed("code", client)
            raise

    async def _admit(self, subject: Subject) -> Admission:
        async with self._store.accounts() as accounts:
            return await self._start(accounts, subject)

    async def _start(self, accounts: Accounts, subject: Subject) -> Admission:
        known = await self._look_up(accounts, subject)
        if known is None:
            raise Unauthenticated("account-inactive", "the account is closed")
        now, secret, family_id = self._now(), new_secret(), self._new_id()
        await accounts.add_refresh(RefreshToken(digest(secret), family_id, subject, now, now + self._refresh_ttl))
        await accounts.bound_families(subject, SESSIONS_MAX)
        access, until = self._tokens.mint(subject, family_id, now)
        self._remember(subject, known)
        self._remember_family(family_id, subject)
        return Admission(access, until, secret, known)

    async def _fresh(self, subject: Subject) -> Known:
        async with self._store.accounts(write=False) as accounts:
            known = await self._look_up(accounts, subject)
        if known is None:
            self.forget(subject)
            raise Unauthenticated("account-inactive", "the account is closed")
        self._remember(subject, known)
        return known

    async def _look_up(self, accounts: Accounts, subject: Subject) -> Known | None:
        actor = await accounts.actor(subject)
        if actor is None:
            return None
        organisation = await accounts.organisation(actor.organisation_id)
        if actor.kind is ActorKind.BRIDGE:
            bridge = await accounts.bridge(BridgeId(actor.id))
            return Known(actor, organisation, bridge.code, organisation.locale, None)
        person = await accounts.person(PersonId(actor.id))
        locale = person.locale or organisation.locale
        return Known(actor, organisation, person.position, locale, person.colour_scheme)

    def _remember(self, subject: Subject, known: Known) -> None:
        if len(self._cache) >= _KNOWN_MAX:
            self._cache.pop(next(iter(self._cache)))
        self._cache[subject] = (monotonic(), known)

    def _remember_family(self, family_id: UUID, subject: Subject) -> None:
        self._families.pop(family_id, None)  # the one longest unseen stays first
        if len(self._families) >= _KNOWN_MAX:
            self._families.pop(next(iter(self._families)))
        self._families[family_id] = (monotonic(), subject)


def require_person(actor: Actor) -> PersonId:
    """Raises: Forbidden `people-only`."""
    if actor.person_id is None:
        raise Forbidden("people-only", "a bridge cannot do this")
    return actor.person_id

"""The use cases of the minutes: compile, correct, lock, sign, and their paper. Rules are `rooms.signing.check`.

Work that takes long (composing, drawing, signing) happens outside any transaction; then, inside one, everything it
rested on is looked at again. Bytes are on the disk before a row names them, so an end at any moment leaves the old
state or the new one, never half.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from rooms.act import Act
from rooms.errors import Conflict
from rooms.ids import MeetingId
from rooms.journal import ActorRef, Entry
from rooms.meeting import Meeting, MeetingState
from rooms.minutes import Body, Locale, Minutes, correct, from_json, to_json
from rooms.ports import Clock, Done, Doorbell, Lock, Once, Raced, Transaction
from rooms.roles import Actor, Right, Role, Seat
from rooms.service import JOURNAL_PAGE, seat
from rooms.signing import (
    CompileMinutes,
    CorrectMinutes,
    LockMinutes,
    MinutesCommand,
    MinutesCompiled,
    MinutesCorrected,
    MinutesEvent,
    MinutesLocked,
    MinutesSigned,
    MinutesState,
    MinutesStatus,
    SignMinutes,
    check,
)
from server.minutes.report import VerificationReport
from server.papers.blobs import Blobs
from server.papers.desk import PDF, File
from server.refusals import Unavailable
from server.settings import Settings
from server.store import SqlStore
from server.store.accounts import Organisation, Person

if TYPE_CHECKING:
    from server.minutes.authority import LocalAuthority

_ATTEMPTS = 4
_PREVIEWS_MAX = 8
#: Each is a process of up to 1 GiB and half a minute.
_VERIFYING_MAX = 2


@dataclass(frozen=True, slots=True)
class Paper:
    """The minutes on paper: a kept file once locked, else a preview drawn now."""

    filename: str
    file: File | None
    preview: bytes = b""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a decision saw: if none of it changed, the decision holds."""

    meeting: Meeting
    status: MinutesStatus
    text: str | None


class MinutesDesk:
    def __init__(
        self,
        store: SqlStore,
        blobs: Blobs,
        doorbell: Doorbell,
        settings: Settings,
        clock: Clock,
        new_id: Callable[[], UUID],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._doorbell = doorbell
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._previews: OrderedDict[tuple[MeetingId, int], bytes] = OrderedDict()
        self._verifying = asyncio.Semaphore(_VERIFYING_MAX)

    # ── commands ──

    async def do(
        self, actor: Actor, meeting_id: MeetingId, command: MinutesCommand, once: Once | None = None
    ) -> Done:
        """Raises: Refusal."""
        for _ in range(_ATTEMPTS):
            try:
                done = await self._attempt(actor, meeting_id, command, once)
            except Raced:
                continue
            self._doorbell.ring(meeting_id)
            return done
        raise Conflict("try-again", "too many did the same at once")

    async def _attempt(
        self, actor: Actor, meeting_id: MeetingId, command: MinutesCommand, once: Once | None
    ) -> Done:
        async with self._store.begin(write=False) as tx:
            if once and (done := await tx.remembered(actor.id, once)):
                return done
            seen, act = await self._standing(tx, actor, meeting_id)
            check(seen.meeting, seen.status, command, act)
        text, event = await self._worked(seen, command, act)
        async with self._store.begin() as tx:
            if once and (done := await tx.remembered(actor.id, once)):
                return done
            now, act = await self._standing(tx, actor, meeting_id, Lock.UPDATE)
            check(now.meeting, now.status, command, act)
            if (now.status, now.text) != (seen.status, seen.text):
                raise Raced
            if text is not None:
                await tx.put_minutes_text(meeting_id, text)
            at, events = self._clock(), [event] if event is not None else []
            links = await tx.record(now.meeting, ActorRef.of(actor), at, events) if events else ()
            done = Done(links[-1].seq if links else now.meeting.last_seq, at)
            if once:
                await tx.remember(actor.id, once, done)
            return done

    async def _worked(
        self, seen: _Standing, command: MinutesCommand, act: Act
    ) -> tuple[str | None, MinutesEvent | None]:
        """The long part: the new text, if it changes, and what is to be told."""
        match command:
            case CompileMinutes():
                return await self._compose(seen.meeting), MinutesCompiled(seen.status.version + 1)
            case CorrectMinutes(_, paragraph_id, text):
                before = _read(seen.text)
                after = correct(before, paragraph_id, text)
                if after == before:
                    return None, None
                put = next((p.text for p in after.paragraphs() if p.id == paragraph_id), "")
                return to_json(after), MinutesCorrected(seen.status.version + 1, paragraph_id, put)
            case LockMinutes(version):
                sha256 = await self._blobs.put(await self._draw(_read(seen.text), seen.meeting.id))
                return None, MinutesLocked(version, sha256)
            case SignMinutes():
                return None, await self._sign(seen, act)
            case _:
                assert_never(command)

    async def _compose(self, meeting: Meeting) -> str:
        from rooms.minutes.compose import Letterhead, compose

        entries: list[Entry] = []
        async with self._store.begin(write=False) as tx:
            while page := await tx.entries(meeting.id, len(entries), JOURNAL_PAGE):
                entries += page
        organisation = await self._organisation(meeting)
        head = Letterhead(
            organisation=meeting.details.body_name or organisation.name,
            body=Body(organisation.minutes_format),
            parent_body=organisation.name if meeting.details.body_name not in ("", organisation.name) else None,
            locality=organisation.place_name or None,
        )
        zone, locale = ZoneInfo(organisation.zone), Locale(organisation.locale)
        return to_json(await asyncio.to_thread(compose, entries, head, locale, zone))

    async def _draw(self, minutes: Minutes, meeting_id: MeetingId) -> bytes:
        from server.minutes.pdf import render

        return await render(minutes, verify_url=f"{self._settings.url}/verify")

    async def _sign(self, seen: _Standing, act: Act) -> MinutesSigned:
        """Raises: Refusal."""
        from server.minutes.archive import SignatureRole
        from server.minutes.authority import Person as Signatory
        from server.minutes.sign import Evidence, SigningFailed, sign
        from server.minutes.stamp import Visible

        assert seen.status.sha256 is not None
        actor, now = act.seat.actor, act.now
        role = Role.SECRETARY if act.seat.has(Right.SIGN_AS_SECRETARY) else Role.CHAIR
        organisation, person = await self._signatory(seen.meeting, actor)
        authority = self._authority()
        signer = await authority.signer(
            Signatory(str(actor.id), person.name, organisation.name, person.position), now
        )
        chain = await authority.chain(now)
        visible = Visible(
            name=person.name,
            title=person.position,
            organisation=organisation.name,
            signed_at=now.astimezone(ZoneInfo(organisation.zone)),
            locale=Locale(organisation.locale),
        )
        try:
            signed = await sign(
                await self._blobs.read(seen.status.sha256),
                SignatureRole.SECRETARY if role is Role.SECRETARY else SignatureRole.CHAIR,
                signer,
                visible,
                evidence=Evidence(chain[:1], chain[1:], await authority.crls(now)),
                tsa_url=self._settings.tsa_url,
                location=organisation.place_name,
            )
        except SigningFailed as failed:
            raise Unavailable("signing-failed", str(failed)) from failed
        return MinutesSigned(role, person.name, await self._blobs.put(signed))

    # ── reading ──

    async def read(self, actor: Actor, meeting_id: MeetingId) -> tuple[MinutesStatus, Minutes | None]:
        """The text of a draft is for those who work on it. Raises: NotFound; Forbidden."""
        async with self._store.begin(write=False) as tx:
            seen, act = await self._standing(tx, actor, meeting_id)
        act.seat.require(Right.READ_MINUTES)
        if seen.text is None or (seen.status.state is MinutesState.DRAFT and not _sees_draft(act.seat)):
            return seen.status, None
        return seen.status, _read(seen.text)

    async def paper(self, actor: Actor, meeting_id: MeetingId) -> Paper:
        """Raises: NotFound; Forbidden; Conflict `minutes-are-none`, `minutes-are-draft`; Unavailable."""
        async with self._store.begin(write=False) as tx:
            seen, act = await self._standing(tx, actor, meeting_id)
        act.seat.require(Right.READ_MINUTES)
        status, name = seen.status, _filename(seen.meeting)
        if status.sha256 is not None:
            return Paper(name, File(await self._blobs.path(status.sha256), PDF, name, inline=True))
        if seen.text is None or (status.state is MinutesState.DRAFT and not _sees_draft(act.seat)):
            raise Conflict(f"minutes-are-{status.state}", f"the minutes are {status.state}")
        return Paper(name, None, await self._preview(seen))

    async def _preview(self, seen: _Standing) -> bytes:
        key = (seen.meeting.id, seen.status.version)
        if key not in self._previews:
            self._previews[key] = await self._draw(_read(seen.text), seen.meeting.id)
            while len(self._previews) > _PREVIEWS_MAX:
                self._previews.popitem(last=False)
        return self._previews[key]

    async def states(self, meetings: Sequence[Meeting]) -> dict[MeetingId, MinutesState]:
        """For the list of meetings; only closed ones can have minutes."""
        states = {m.id: MinutesState.NONE for m in meetings}
        closed = [m.id for m in meetings if m.state is MeetingState.CLOSED]
        if closed:
            async with self._store.begin(write=False) as tx:
                for meeting_id in closed:
                    states[meeting_id] = (await tx.minutes_status(meeting_id)).state
        return states

    async def verify(self, file: IO[bytes]) -> VerificationReport:
        """Any PDF, against our own authority and what the paper carries; two at once, the others wait unread."""
        from server.minutes.apart import verify_apart

        now, authority = self._clock(), self._authority()
        chain = await authority.chain(now)
        crls = await authority.crls(now)
        async with self._verifying:
            file.seek(0)
            pdf = await asyncio.to_thread(file.read)
            return await verify_apart(pdf, chain[:1], others=chain[1:], crls=crls, now=now)

    # ── within ──

    async def _standing(
        self, tx: Transaction, actor: Actor, meeting_id: MeetingId, lock: Lock = Lock.NONE
    ) -> tuple[_Standing, Act]:
        meeting = await tx.meeting(meeting_id, lock)
        place = await seat(tx, meeting, actor)
        standing = _Standing(meeting, await tx.minutes_status(meeting_id), await tx.minutes_text(meeting_id))
        return standing, Act(place, self._clock(), self._new_id)

    async def _organisation(self, meeting: Meeting) -> Organisation:
        async with self._store.accounts(write=False) as accounts:
            return await accounts.organisation(meeting.organisation_id)

    async def _signatory(self, meeting: Meeting, actor: Actor) -> tuple[Organisation, Person]:
        assert actor.person_id is not None
        async with self._store.accounts(write=False) as accounts:
            return await accounts.organisation(meeting.organisation_id), await accounts.person(actor.person_id)

    def _authority(self) -> LocalAuthority:
        from server.minutes.authority import LocalAuthority

        return LocalAuthority(self._settings.data / "authority", self._settings.key_secret().encode())


def _sees_draft(place: Seat) -> bool:
    return place.has(Right.WRITE_MINUTES) or place.has(Right.SIGN_AS_CHAIR)


def _read(text: str | None) -> Minutes:
    """Ours: a row that cannot be read is a fault, not a refusal."""
    if text is None:
        raise ValueError("there is no text")
    return from_json(text)


def _filename(meeting: Meeting) -> str:
    return f"Biên bản - {meeting.details.title[:80]}.pdf"

"""What an administrator does at the command line, straight on the store; each command says what it did."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from rooms.errors import Refusal
from rooms.ids import MeetingId, OrganisationId, PersonId
from rooms.journal import verify
from rooms.roles import ActorKind, OfficeRole
from server.settings import Settings
from server.store import Accounts, SqlStore, upgrade
from server.store.accounts import Organisation, Person, Subject
from server.tokens import digest, new_secret


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[SqlStore]:
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    await upgrade(settings.database)
    store = SqlStore.at(settings.database)
    try:
        yield store
    finally:
        await store.close()


async def verify_journal(settings: Settings, meeting: str) -> int:
    """0: the chain holds. 1: it does not. 2: there is no such meeting."""
    async with _opened(settings) as store:
        try:
            meeting_id = MeetingId(UUID(meeting))
            async with store.begin(write=False) as tx:
                row = await tx.meeting(meeting_id)
                broken = verify(meeting_id, await tx.links(meeting_id), row.last_seq, row.last_hash)
        except (ValueError, Refusal):
            return _say("no such meeting", 2)
    if broken is not None:
        return _say(f"BROKEN at entry {broken.seq}: {broken.reason}", 1)
    return _say(f"OK: {row.last_seq} entries, last hash {row.last_hash}", 0)


async def add_person(
    settings: Settings, username: str, name: str, roles: list[str], position: str, organisation: str
) -> int:
    try:
        office_roles = frozenset(OfficeRole(r) for r in roles)
    except ValueError as error:
        return _say(str(error), 2)
    async with _opened(settings) as store:
        try:
            async with store.accounts() as accounts:
                home = await _organisation(accounts, organisation)
                if home is None:
                    return _say("name one organisation with --organisation", 2)
                if await accounts.person_by_username(username) is not None:
                    return _say("somebody has this username", 1)
                person = Person(PersonId(uuid7()), home.id, username, name, position, office_roles)
                url = await _link(accounts, settings, (await accounts.add_person(person)).id)
        except Refusal as refusal:
            return _say(f"{refusal.code}: {refusal.detail}", 1)
    return _say(url, 0)


async def make_link(settings: Settings, username: str) -> int:
    async with _opened(settings) as store, store.accounts() as accounts:
        person = await accounts.person_by_username(username)
        if person is None:
            return _say("no such person", 1)
        url = await _link(accounts, settings, person.id)
    return _say(url, 0)


async def _link(accounts: Accounts, settings: Settings, person_id: PersonId) -> str:
    code = new_secret()
    until = datetime.now(UTC) + timedelta(seconds=settings.link_ttl_s)
    await accounts.add_link(digest(code), Subject(ActorKind.PERSON, person_id), until)
    return f"{settings.url}/link#{code}"


async def _organisation(accounts: Accounts, name: str) -> Organisation | None:
    """The one of this name, made when there is none; without a name the only one there is."""
    there = await accounts.organisations()
    if not name:
        return there[0] if len(there) == 1 else None
    for organisation in there:
        if organisation.name == name:
            return organisation
    made = Organisation(OrganisationId(uuid7()), name)
    await accounts.add_organisation(made)
    return made


def _say(text: str, status: int) -> int:
    (sys.stdout if status == 0 else sys.stderr).write(f"{text}\n")
    return status

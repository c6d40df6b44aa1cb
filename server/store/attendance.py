"""Who is invited and who is there: people and bridges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms import attendance as a
from rooms import meeting as m
from rooms.ids import BridgeId, MeetingId, OrganisationId, PersonId
from rooms.meeting import AttendanceState, Attendant, BridgeSeat, Listed
from server.store.account_tables import BridgeRow, PersonRow
from server.store.tables import AttendantRow, BridgeSeatRow

#: Databases bound the number of parameters of one statement (asyncpg: 32,767).
_CHUNK = 10_000


async def attendant(session: AsyncSession, meeting_id: MeetingId, person_id: PersonId) -> Attendant | None:
    row = await session.get(AttendantRow, (meeting_id, person_id))
    return None if row is None else _attendant(row)


async def attendants(session: AsyncSession, meeting_id: MeetingId) -> tuple[Attendant, ...]:
    query = select(AttendantRow).where(AttendantRow.meeting_id == meeting_id).order_by(AttendantRow.made_seq)
    return tuple(_attendant(r) for r in await session.scalars(query))


async def bridge(session: AsyncSession, meeting_id: MeetingId, bridge_id: BridgeId) -> BridgeSeat | None:
    row = await session.get(BridgeSeatRow, (meeting_id, bridge_id))
    return None if row is None else _bridge(row)


async def bridges(session: AsyncSession, meeting_id: MeetingId) -> tuple[BridgeSeat, ...]:
    query = select(BridgeSeatRow).where(BridgeSeatRow.meeting_id == meeting_id).order_by(BridgeSeatRow.made_seq)
    return tuple(_bridge(r) for r in await session.scalars(query))


async def listed_people(
    session: AsyncSession, organisation_id: OrganisationId, ids: Sequence[PersonId]
) -> tuple[Listed, ...]:
    """The active ones among them."""
    found: list[Listed] = []
    for chunk in _chunks(ids):
        query = select(PersonRow.id, PersonRow.name, PersonRow.position).where(
            PersonRow.organisation_id == organisation_id, PersonRow.active, PersonRow.id.in_(chunk)
        )
        found += [Listed(PersonId(i), name, detail) for i, name, detail in await session.execute(query)]
    return tuple(found)


async def listed_bridges(
    session: AsyncSession, organisation_id: OrganisationId, ids: Sequence[BridgeId]
) -> tuple[Listed, ...]:
    """The active ones among them."""
    found: list[Listed] = []
    for chunk in _chunks(ids):
        query = select(BridgeRow.id, BridgeRow.name, BridgeRow.code).where(
            BridgeRow.organisation_id == organisation_id, BridgeRow.active, BridgeRow.id.in_(chunk)
        )
        found += [Listed(BridgeId(i), name, detail) for i, name, detail in await session.execute(query)]
    return tuple(found)


async def apply(
    session: AsyncSession,
    meeting_id: MeetingId,
    event: m.PersonInvited | m.PersonUninvited | m.BridgeInvited | m.BridgeUninvited | a.AttendanceEvent,
    seq: int,
    at: datetime,
) -> None:
    match event:
        case m.PersonInvited(person_id, name, position, role):
            person = await session.get(AttendantRow, (meeting_id, person_id))
            if person is not None:
                person.name, person.position, person.role = name, position, role
                return
            session.add(
                AttendantRow(
                    meeting_id=meeting_id,
                    person_id=person_id,
                    name=name,
                    position=position,
                    role=role,
                    state=AttendanceState.EXPECTED,
                    excuse="",
                    made_seq=seq,
                )
            )
        case m.PersonUninvited(person_id):
            await session.delete(await _person_row(session, meeting_id, person_id))
        case m.BridgeInvited(bridge_id, name, code, role):
            seat = await session.get(BridgeSeatRow, (meeting_id, bridge_id))
            if seat is not None:
                seat.name, seat.code, seat.role = name, code, role
                return
            session.add(
                BridgeSeatRow(
                    meeting_id=meeting_id, bridge_id=bridge_id, name=name, code=code, role=role, made_seq=seq
                )
            )
        case m.BridgeUninvited(bridge_id):
            await session.delete(await _bridge_row(session, meeting_id, bridge_id))
        case _:
            await _apply_presence(session, meeting_id, event, at)


async def _apply_presence(
    session: AsyncSession, meeting_id: MeetingId, event: a.AttendanceEvent, at: datetime
) -> None:
    match event:
        case a.PersonCheckedIn(person_id):
            person = await _person_row(session, meeting_id, person_id)
            person.state, person.checked_in_at = AttendanceState.PRESENT, at
            person.left_at = None
        case a.PersonCheckedOut(person_id):
            person = await _person_row(session, meeting_id, person_id)
            person.state, person.left_at = AttendanceState.LEFT, at
        case a.PersonExcused(person_id, reason):
            person = await _person_row(session, meeting_id, person_id)
            person.state, person.excuse = AttendanceState.EXCUSED, reason
        case a.BridgeCheckedIn(bridge_id, heads):
            bridge = await _bridge_row(session, meeting_id, bridge_id)
            bridge.checked_in_at, bridge.left_at = at, None
            if heads is not None:
                bridge.heads = heads
        case a.BridgeCheckedOut(bridge_id):
            (await _bridge_row(session, meeting_id, bridge_id)).left_at = at
        case a.HeadsReported(bridge_id, heads):
            (await _bridge_row(session, meeting_id, bridge_id)).heads = heads
        case _:
            assert_never(event)


async def _person_row(session: AsyncSession, meeting_id: MeetingId, person_id: PersonId) -> AttendantRow:
    return await session.get_one(AttendantRow, (meeting_id, person_id))


async def _bridge_row(session: AsyncSession, meeting_id: MeetingId, bridge_id: BridgeId) -> BridgeSeatRow:
    return await session.get_one(BridgeSeatRow, (meeting_id, bridge_id))


def _chunks(ids: Sequence[UUID]) -> list[list[UUID]]:
    unique = list(dict.fromkeys(ids))
    return [unique[n : n + _CHUNK] for n in range(0, len(unique), _CHUNK)]


def _attendant(row: AttendantRow) -> Attendant:
    return Attendant(
        PersonId(row.person_id),
        row.name,
        row.position,
        row.role,
        row.state,
        row.checked_in_at,
        row.left_at,
        row.excuse,
    )


def _bridge(row: BridgeSeatRow) -> BridgeSeat:
    return BridgeSeat(
        BridgeId(row.bridge_id), row.name, row.code, row.role, row.checked_in_at, row.left_at, row.heads
    )

"""The meeting's own row: details, state, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms import meeting as m
from rooms.errors import NotFound
from rooms.ids import BridgeId, ItemId, MeetingId, OrganisationId, PaperId
from rooms.journal import GENESIS
from rooms.meeting import Details, Lead, Meeting, MeetingState
from rooms.ports import Lock
from rooms.signing import MinutesState
from rooms.values import Threshold
from server.store.locking import locked
from server.store.tables import AttendantRow, BridgeSeatRow, MeetingRow, MinutesRow

MINE_MAX = 200


async def create(
    session: AsyncSession, meeting_id: MeetingId, organisation_id: OrganisationId, details: Details
) -> None:
    row = MeetingRow(
        id=meeting_id,
        organisation_id=organisation_id,
        **_columns(details),
        state=MeetingState.DRAFT,
        last_seq=0,
        last_hash=GENESIS,
    )
    session.add(row)
    await session.flush()
    session.add(MinutesRow(meeting_id=meeting_id, state=MinutesState.NONE, version=0))
    await session.flush()


async def row(session: AsyncSession, meeting_id: MeetingId, lock: Lock = Lock.NONE) -> MeetingRow:
    """Raises: NotFound."""
    found = await session.scalar(locked(select(MeetingRow).where(MeetingRow.id == meeting_id), lock))
    if found is None:
        raise NotFound("meeting-unknown", "no such meeting")
    return found


async def of(session: AsyncSession, organisation_id: OrganisationId, attendant_id: UUID) -> Sequence[Meeting]:
    """Those where the person or bridge is invited, latest start first."""
    people = select(AttendantRow.meeting_id).where(AttendantRow.person_id == attendant_id)
    bridges = select(BridgeSeatRow.meeting_id).where(BridgeSeatRow.bridge_id == attendant_id)
    query = (
        select(MeetingRow)
        .where(MeetingRow.organisation_id == organisation_id)
        .where(or_(MeetingRow.id.in_(people), MeetingRow.id.in_(bridges)))
        .order_by(MeetingRow.starts_at.desc(), MeetingRow.id.desc())
        .limit(MINE_MAX)
    )
    return [value(r) for r in await session.scalars(query)]


_OfItself = m.MeetingCreated | m.DetailsChanged | m.MeetingConvened | m.MeetingOpened | m.MeetingClosed


def apply(row: MeetingRow, event: _OfItself, at: datetime) -> None:
    match event:
        case m.MeetingCreated(details) | m.DetailsChanged(details):
            for name, value_ in _columns(details).items():
                setattr(row, name, value_)
        case m.MeetingConvened():
            row.state = MeetingState.CONVENED
        case m.MeetingOpened():
            row.state, row.opened_at = MeetingState.OPEN, at
        case m.MeetingClosed():
            row.state, row.closed_at = MeetingState.CLOSED, at
        case _:
            assert_never(event)


def value(row: MeetingRow) -> Meeting:
    lead = None
    if row.lead_paper_id is not None and row.lead_page is not None:
        lead = Lead(PaperId(row.lead_paper_id), row.lead_page)
    return Meeting(
        id=MeetingId(row.id),
        organisation_id=OrganisationId(row.organisation_id),
        details=Details(
            title=row.title,
            kind=row.kind,
            body_name=row.body_name,
            place=row.place,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            members_in_office=row.members_in_office,
            quorum=Threshold(row.quorum_numerator, row.quorum_denominator, row.quorum_strict),
        ),
        state=row.state,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        current_item_id=None if row.current_item_id is None else ItemId(row.current_item_id),
        lead=lead,
        stand_by_bridge_id=None if row.stand_by_bridge_id is None else BridgeId(row.stand_by_bridge_id),
        on_air_bridge_id=None if row.on_air_bridge_id is None else BridgeId(row.on_air_bridge_id),
        recording_since=row.recording_since,
        last_seq=row.last_seq,
        last_hash=row.last_hash,
    )


def _columns(details: Details) -> dict[str, Any]:
    return {
        "title": details.title,
        "kind": details.kind,
        "body_name": details.body_name,
        "place": details.place,
        "starts_at": details.starts_at,
        "ends_at": details.ends_at,
        "members_in_office": details.members_in_office,
        "quorum_numerator": details.quorum.numerator,
        "quorum_denominator": details.quorum.denominator,
        "quorum_strict": details.quorum.strict,
    }

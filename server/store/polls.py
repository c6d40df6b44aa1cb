"""Polls and their ballots. A ballot is one row of its voter; the tally enters when the poll closes."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import assert_never

from pydantic import TypeAdapter
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms import poll as q
from rooms.errors import NotFound
from rooms.ids import ItemId, MeetingId, PersonId, PollId
from rooms.plain import canonical
from rooms.poll import Poll, PollState
from rooms.ports import Lock
from rooms.tally import Ballot, Choice, Frozen, PollRule, Tally
from rooms.values import Threshold
from server.store.locking import locked
from server.store.tables import BallotRow, PollRow

_ENTITLED = TypeAdapter(tuple[PersonId, ...])
_TALLY = TypeAdapter(Tally)


async def poll(session: AsyncSession, meeting_id: MeetingId, poll_id: PollId, lock: Lock) -> Poll:
    """Raises: NotFound."""
    query = select(PollRow).where(PollRow.id == poll_id, PollRow.meeting_id == meeting_id)
    row = await session.scalar(locked(query, lock))
    if row is None:
        raise NotFound("poll-unknown", "no such poll")
    return _poll(row)


async def polls(session: AsyncSession, meeting_id: MeetingId) -> tuple[Poll, ...]:
    """All but the cancelled, oldest first."""
    query = (
        select(PollRow)
        .where(PollRow.meeting_id == meeting_id, PollRow.state != PollState.CANCELLED)
        .order_by(PollRow.made_seq)
    )
    return tuple(_poll(r) for r in await session.scalars(query))


async def ballot(session: AsyncSession, poll_id: PollId, voter_id: PersonId) -> Choice | None:
    query = select(BallotRow.choice).where(BallotRow.poll_id == poll_id, BallotRow.voter_id == voter_id)
    return await session.scalar(query)


async def ballots(session: AsyncSession, poll_id: PollId) -> tuple[Ballot, ...]:
    """By voter: no order of casting."""
    query = select(BallotRow.voter_id, BallotRow.name, BallotRow.choice).where(BallotRow.poll_id == poll_id)
    rows = await session.execute(query.order_by(BallotRow.voter_id))
    return tuple(Ballot(PersonId(voter_id), name, choice) for voter_id, name, choice in rows)


async def ballot_count(session: AsyncSession, poll_id: PollId) -> int:
    query = select(func.count()).select_from(BallotRow).where(BallotRow.poll_id == poll_id)
    return await session.scalar(query) or 0


async def ballots_of(session: AsyncSession, meeting_id: MeetingId, voter_id: PersonId) -> dict[PollId, Choice]:
    query = (
        select(BallotRow.poll_id, BallotRow.choice)
        .join(PollRow, PollRow.id == BallotRow.poll_id)
        .where(PollRow.meeting_id == meeting_id, BallotRow.voter_id == voter_id)
        .order_by(PollRow.made_seq)
    )
    return {PollId(poll_id): choice for poll_id, choice in await session.execute(query)}


async def put_ballot(session: AsyncSession, poll_id: PollId, ballot: Ballot, first: bool, at: datetime) -> None:
    """A second first ballot breaks the primary key; `SqlStore` makes that Raced."""
    if first:
        session.add(
            BallotRow(poll_id=poll_id, voter_id=ballot.voter_id, name=ballot.name, choice=ballot.choice, at=at)
        )
        await session.flush()
        return
    await session.execute(
        update(BallotRow)
        .where(BallotRow.poll_id == poll_id, BallotRow.voter_id == ballot.voter_id)
        .values(choice=ballot.choice, at=at)
    )


async def apply(session: AsyncSession, meeting_id: MeetingId, event: q.PollEvent, seq: int, at: datetime) -> None:
    match event:
        case q.PollPrepared(poll):
            session.add(_row(meeting_id, poll, seq))
        case q.PollCancelled(poll_id):
            (await session.get_one(PollRow, poll_id)).state = PollState.CANCELLED
        case q.PollOpened(poll_id, entitled, frozen):
            row = await session.get_one(PollRow, poll_id)
            row.state, row.opened_at, row.entitled = PollState.OPEN, at, canonical(entitled)
            row.frozen_members_in_office, row.frozen_present = frozen.members_in_office, frozen.present
        case q.PollClosed(poll_id, tally):
            row = await session.get_one(PollRow, poll_id)
            row.state, row.closed_at, row.tally = PollState.CLOSED, at, canonical(tally)
        case _:
            assert_never(event)


@lru_cache(maxsize=64)
def _entitled(text: str) -> tuple[PersonId, ...]:
    """Remembered, since a thousand ballots in one second ask for the same electorate."""
    return _ENTITLED.validate_json(text)


def _row(meeting_id: MeetingId, poll: Poll, seq: int) -> PollRow:
    return PollRow(
        id=poll.id,
        meeting_id=meeting_id,
        item_id=poll.item_id,
        question=poll.question,
        base=poll.rule.base,
        threshold_numerator=poll.rule.threshold.numerator,
        threshold_denominator=poll.rule.threshold.denominator,
        threshold_strict=poll.rule.threshold.strict,
        changeable=poll.rule.changeable,
        state=poll.state,
        entitled=canonical(poll.entitled),
        made_seq=seq,
    )


def _poll(row: PollRow) -> Poll:
    threshold = Threshold(row.threshold_numerator, row.threshold_denominator, row.threshold_strict)
    frozen = None
    if row.frozen_members_in_office is not None and row.frozen_present is not None:
        frozen = Frozen(row.frozen_members_in_office, row.frozen_present)
    return Poll(
        id=PollId(row.id),
        item_id=None if row.item_id is None else ItemId(row.item_id),
        question=row.question,
        rule=PollRule(row.base, threshold, row.changeable),
        state=row.state,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        entitled=_entitled(row.entitled),
        frozen=frozen,
        tally=None if row.tally is None else _TALLY.validate_json(row.tally),
    )

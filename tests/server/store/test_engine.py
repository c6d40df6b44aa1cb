"""What a connection promises: one writer on SQLite, consistent reads, no loss, no naive time."""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from rooms.ids import OrganisationId
from server.store import SqlStore, upgrade
from server.store.accounts import Organisation
from server.store.engine import for_writing, make_engine
from tests.support.house import START, SqlKeep, house_on
from tests.support.whole_meeting import DETAILS, WholeMeeting


async def test_sqlite_is_set_for_safety(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    async with engine.connect() as connection:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value
    await engine.dispose()


def test_other_databases_are_refused() -> None:
    with pytest.raises(ValueError, match="neither SQLite nor PostgreSQL"):
        make_engine("mysql+aiomysql://localhost/x")


async def test_a_writer_takes_the_write_lock_before_it_reads(tmp_path: Path) -> None:
    """Two that read, then write, would else fail with a stale snapshot."""
    url = f"sqlite+aiosqlite:///{tmp_path}/a.db"
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE n (v INTEGER)"))
        await connection.execute(text("INSERT INTO n VALUES (0)"))

    async def add() -> None:
        async with for_writing(engine).begin() as connection:
            value = (await connection.execute(text("SELECT v FROM n"))).scalar()
            await connection.execute(text("UPDATE n SET v = :v"), {"v": value + 1})

    await asyncio.gather(*(add() for _ in range(8)))
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT v FROM n"))).scalar() == 8
    await engine.dispose()


async def test_a_reader_sees_one_moment(sql_store: SqlStore) -> None:
    house = await house_on(SqlKeep(sql_store))
    whole = await WholeMeeting.created(house)
    async with sql_store.begin(write=False) as tx:
        before = await tx.meeting(whole.id)
        await whole.invite()  # another transaction, while this one reads
        assert (await tx.meeting(whole.id)).last_seq == before.last_seq
        assert len(await tx.links(whole.id)) == before.last_seq
        assert len(await tx.attendants(whole.id)) == 1


async def test_a_reader_cannot_write_on_postgresql(sql_store: SqlStore) -> None:
    if sql_store._engine.dialect.name == "sqlite":
        return  # SQLite has no read-only transaction; the port has no method that would need one
    house = await house_on(SqlKeep(sql_store))
    with pytest.raises(DBAPIError, match="read-only"):
        async with sql_store.begin(write=False) as tx:
            await tx.create_meeting(house.ids(), house.organisation_id, DETAILS)  # type: ignore[arg-type]


async def test_foreign_keys_hold(sql_store: SqlStore) -> None:
    house = await house_on(SqlKeep(sql_store))
    with pytest.raises(IntegrityError):
        async with sql_store.begin() as tx:
            await tx.create_meeting(house.ids(), OrganisationId(house.ids()), DETAILS)  # type: ignore[arg-type]


async def test_a_naive_time_is_refused(sql_store: SqlStore) -> None:
    house = await house_on(SqlKeep(sql_store))
    naive = replace(DETAILS, starts_at=datetime(2026, 11, 23, 8, 0))  # noqa: DTZ001
    with pytest.raises(StatementError, match="needs a zone"):
        async with sql_store.begin() as tx:
            await tx.create_meeting(house.ids(), house.organisation_id, naive)  # type: ignore[arg-type]


async def test_a_time_of_another_zone_is_the_same_instant(sql_store: SqlStore) -> None:
    house = await house_on(SqlKeep(sql_store))
    local = START.astimezone(timezone(timedelta(hours=7)))
    done = await house.meetings.create(house.secretary, replace(DETAILS, starts_at=local))
    (meeting, _), *_ = await house.meetings.mine(house.secretary)
    assert meeting.id == done.id
    assert meeting.details.starts_at == START
    assert meeting.details.starts_at.tzinfo == UTC


async def test_text_is_kept_as_nfc(sql_store: SqlStore) -> None:
    name = "Ủy ban nhân dân tỉnh Đắk Lắk"
    house = await house_on(SqlKeep(sql_store))
    other = OrganisationId(house.ids())
    async with sql_store.accounts() as accounts:
        await accounts.add_organisation(Organisation(other, unicodedata.normalize("NFD", name)))
    async with sql_store.accounts(write=False) as accounts:
        assert (await accounts.organisation(other)).name == name


async def test_a_store_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    store = SqlStore.at(f"sqlite+aiosqlite:///{tmp_path}/missing/a.db")
    with pytest.raises(DBAPIError):
        await store.ping()
    await store.close()
    # aiosqlite ends the thread of a connection that failed without waiting for it
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 10)


async def test_a_store_answers(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/a.db"
    await upgrade(url)
    store = SqlStore.at(url)
    await store.ping()
    await store.close()

"""States that must not be, and bounds that are missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from yarl import URL

from tests.server.town import DETAILS, Town, settings_for, town_of


async def test_nothing_enters_a_closed_meetings_journal_but_its_minutes(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    chair = await town.caller("chair")
    poll_id = (await chair.done(meeting_id, "prepare_poll", question="Chưa bỏ phiếu?"))["id"]
    await chair.done(meeting_id, "close_meeting")
    assert (await chair.do(meeting_id, "cancel_poll", poll_id=poll_id)).code == "meeting-is-closed"


async def test_the_secretary_cannot_leave_the_meeting_without_one(town: Town) -> None:
    """`uninvite_person` refuses it; changing one's own role has the same end: nobody can prepare any more."""
    meeting_id = await town.meeting()
    secretary = await town.caller("secretary")
    me = [{"person_id": str(town.people["secretary"]), "role": "guest"}]
    await secretary.do(meeting_id, "invite_people", people=me)
    assert (await secretary.do(meeting_id, "add_item", title="Việc khác")).status == 200


async def test_one_commune_cannot_fill_the_journal(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    commune = await town.caller("commune")
    statuses = []
    for n in range(400):
        statuses.append((await commune.do(meeting_id, "report_heads", heads=n)).status)
        if statuses[-1] == 429:
            break
    assert 429 in statuses


@pytest.mark.parametrize("starts_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_a_time_beyond_the_calendar_is_refused(town: Town, starts_at: str) -> None:
    secretary = await town.caller("secretary")
    answer = await secretary.post("/api/meetings", {**DETAILS, "starts_at": starts_at})
    assert answer.status in (400, 422), answer.json


@pytest.mark.parametrize("path", ["/a%00b", "/" + "a" * 5000])
async def test_strange_addresses_are_not_our_fault(
    data: Path, aiohttp_client: Callable[..., object], path: str
) -> None:
    web = data / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html>")
    town = await town_of(aiohttp_client, settings_for(data, web=web))
    answer = await town.nobody.call("GET", URL(path, encoded=True))  # type: ignore[arg-type]
    assert answer.status < 500

"""What was recorded: who may know of it, who may play it, and that every byte is judged anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.town import Answer, Caller, Town, settings_for, town_of, unknown

FILM = bytes(range(256)) * 40
NAME = "part-0001.webm"


@pytest.fixture
async def filming(data: Path, tmp_path: Path, aiohttp_client: Callable[..., Any]) -> Town:
    return await town_of(aiohttp_client, settings_for(data, recordings=str(tmp_path / "recordings")))


@pytest.fixture
async def meeting_id(filming: Town, tmp_path: Path) -> str:
    """A meeting of which something was recorded."""
    number = await filming.meeting(convene=True)
    folder = tmp_path / "recordings" / number / "main"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(FILM)
    events = [
        {"event": "part", "at": "2026-12-01T01:02:03.000Z", "offset_s": 0, "part": NAME},
        {"event": "closed", "at": "2026-12-01T01:03:03.000Z", "offset_s": 60, "part": NAME, "seconds": 60.0},
    ]
    (folder / "index.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    (tmp_path / "recordings" / "secret.webm").write_text("of nobody")
    return number


def path(meeting_id: str, name: str = "") -> str:
    return f"/api/meetings/{meeting_id}/recordings" + (f"/{name}" if name else "")


async def play(caller: Caller, meeting_id: str, name: str = NAME, **headers: str) -> Answer:
    """As a player asks: without a token, with what cookies there are."""
    return await Caller(caller.client, "").get(path(meeting_id, name), headers=headers)


async def test_who_may_play_gets_the_list_and_the_bytes(filming: Town, meeting_id: str) -> None:
    for name in ("secretary", "chair"):
        filming.client.session.cookie_jar.clear()
        caller = await filming.caller(name)
        told = await caller.get(path(meeting_id))
        assert told.json == {
            "available": True, "on": False, "seconds": 0.0, "bytes": 0, "trouble": told.json["trouble"],
            "parts": [
                {
                    "name": NAME, "began_at": "2026-12-01T01:02:03.000Z", "seconds": 60.0,
                    "bytes": len(FILM), "complete": True,
                }
            ],
        }  # fmt: skip
        cookie = told.headers["Set-Cookie"]
        assert f"Path={path(meeting_id)}" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        whole = await play(caller, meeting_id)
        assert (whole.status, whole.content) == (200, FILM)
        assert whole.headers["Content-Type"] == "video/webm"
        some = await play(caller, meeting_id, Range="bytes=1000-1999")
        assert (some.status, some.content) == (206, FILM[1000:2000])
        assert some.headers["Content-Range"] == f"bytes 1000-1999/{len(FILM)}"


async def test_who_may_not(filming: Town, meeting_id: str) -> None:
    chair = await filming.caller("chair")
    await chair.get(path(meeting_id))
    for name in ("member", "commune"):
        caller = await filming.caller(name)
        (await caller.get(path(meeting_id))).refused(403, "not-your-right")
    (await (await filming.caller("stranger")).get(path(meeting_id))).refused(404, "meeting-unknown")
    # Who directs knows how it goes, and gets no files.
    filming.client.session.cookie_jar.clear()
    central = await filming.caller("central")
    told = await central.get(path(meeting_id))
    assert told.json["parts"] == []
    assert "Set-Cookie" not in told.headers
    (await play(central, meeting_id)).refused(401, "sign-in-first")


async def test_a_cookie_is_no_more_than_its_owner(filming: Town, meeting_id: str) -> None:
    """Rights are asked for with every request: a token of somebody without them, put in by hand, gives nothing."""
    member = await filming.caller("member")
    filming.client.session.cookie_jar.clear()
    (await play(member, meeting_id, Cookie=f"dienhong_player={member.token}")).refused(403, "not-your-right")
    (await play(member, meeting_id, Cookie="dienhong_player=nonsense")).refused(401, "token-invalid")
    chair = await filming.caller("chair")
    filming.client.session.cookie_jar.clear()
    assert (await play(chair, meeting_id, Cookie=f"dienhong_player={chair.token}")).status == 200
    other = await filming.meeting(convene=True)
    (await play(chair, other, Cookie=f"dienhong_player={chair.token}")).refused(404, "recording-unknown")


@pytest.mark.parametrize(
    "name", ["part-9999.webm", "index.jsonl", "..%2F..%2Fsecret.webm", "%2Fetc%2Fpasswd", "part-0001.webm%00", "."]
)
async def test_nothing_else_of_the_folder_is_given(filming: Town, meeting_id: str, name: str) -> None:
    chair = await filming.caller("chair")
    await chair.get(path(meeting_id))
    answer = await play(chair, meeting_id, name)
    assert answer.status in (401, 404)
    assert b"of nobody" not in answer.content


async def test_without_a_folder_nothing_is_recorded(town: Town) -> None:
    meeting_id = await town.meeting(convene=True)
    secretary = await town.caller("secretary")
    assert (await secretary.get(path(meeting_id))).json["available"] is False
    (await secretary.do(meeting_id, "record", on=True)).refused(409, "no-recordings")
    assert (await secretary.get(f"/api/meetings/{meeting_id}/room")).json["meeting"]["recording_since"] is None
    assert (await secretary.do(meeting_id, "record", on=False)).status == 200


async def test_everybody_is_told(filming: Town, meeting_id: str) -> None:
    secretary = await filming.caller("secretary")
    assert (await secretary.do(meeting_id, "record", on=True)).status == 200
    for name in ("member", "commune", "central", "chair"):
        room = (await (await filming.caller(name)).get(f"/api/meetings/{meeting_id}/room")).json
        assert room["meeting"]["recording_since"] is not None
    (await (await filming.caller("member")).do(meeting_id, "record", on=False)).refused(403, "not-your-right")
    assert (await secretary.do(meeting_id, "record", on=False)).status == 200
    (await secretary.get(path(unknown()))).refused(404, "meeting-unknown")

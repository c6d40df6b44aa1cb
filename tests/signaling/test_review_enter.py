"""Attacks on the live side that must stay refused."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from rooms import attendance
from rooms import meeting as m
from rooms.ids import PersonId
from server.store import SqlStore
from tests.signaling.world import WAIT_S, World, make_world, now, running, tablet


@pytest.mark.parametrize("after", [-1, 2**53, 10**30, "x", None, 1.5, [], {"$gt": 0}])
async def test_a_number_that_is_none_enters_nothing(world: World, after: Any) -> None:
    async with running(world) as node, tablet(world, world.members[0], node, after=None) as out:
        asked = {"meeting_id": str(world.meeting_id), "after": after}
        answer = await out.sio.call("enter", asked, timeout=WAIT_S)
        assert (answer["ok"], answer["problem"]["code"]) == (False, "bad-message")
        assert node.hub.feed.count(str(out.sio.get_sid())) == 0
        assert not out.of("journal")


async def test_a_number_far_ahead_gets_what_comes_and_nothing_of_before(world: World) -> None:
    async with running(world) as node, tablet(world, world.members[0], node, after=None) as out:
        answer = await out.enter(2**52)
        assert answer == {"ok": True, "seq": await world.last_seq()}
        await world.do(world.members[0], attendance.CheckIn(), node.doorbell)
        await out.until(lambda: bool(out.of("journal")))
        assert out.gaps == 1, "and so the client asks by HTTP"


async def test_neither_another_organisations_meeting_nor_a_draft_nor_an_unknown_one(store: SqlStore) -> None:
    ours, theirs = await make_world(store), await make_world(store)
    async with running(ours) as node, tablet(ours, ours.chair, node, after=None) as chair:
        for meeting_id in (theirs.meeting_id, uuid.uuid4()):
            answer = await chair.sio.call("enter", {"meeting_id": str(meeting_id), "after": 0}, timeout=WAIT_S)
            assert (answer["ok"], answer["problem"]["code"]) == (False, "meeting-unknown")
        details = m.Details("Nháp", m.MeetingKind.MEETING, "", "Hội trường", now())
        draft = await ours.meetings().create(ours.secretary, details)
        assert draft.id is not None
        answer = await chair.sio.call("enter", {"meeting_id": str(draft.id), "after": 0}, timeout=WAIT_S)
        assert answer["problem"]["code"] == "meeting-unknown"
        assert not chair.of("journal")
        assert node.hub.feed.meetings() == ()


async def test_who_was_uninvited_does_not_enter_again(store: SqlStore) -> None:
    world = await make_world(store, opened=False)
    victim = world.members[0]
    async with running(world) as node, tablet(world, victim, node, after=None) as out:
        assert (await out.enter(0))["ok"]
        await world.do(world.secretary, m.UninvitePerson(PersonId(victim.id)), node.doorbell)
        await out.until(lambda: bool(out.of("seat")))
        answer = await out.enter(0)
        assert (answer["ok"], answer["problem"]["code"]) == (False, "meeting-unknown")


async def test_a_socket_is_not_handed_on_to_another(world: World) -> None:
    async with running(world) as node, tablet(world, world.communes[0], node, after=0) as out:
        answer = await out.sio.call("renew", {"token": world.token(world.chair)}, timeout=WAIT_S)
        assert (answer["ok"], answer["problem"]["code"]) == (False, "another-actor")
        await world.do(world.chair, attendance.CheckIn(), node.doorbell)
        await world.do(world.communes[1], attendance.CheckIn(heads=3), node.doorbell)
        await world.do(world.members[0], attendance.CheckIn(), node.doorbell)
        await out.until(lambda: out.kinds().count("person.checked_in") >= 2)
        assert "bridge.checked_in" not in out.kinds(), "still a commune's ears"


async def test_a_refused_call_tells_nothing_of_the_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(world) as node, tablet(world, world.members[0], node, after=None) as out:

        async def broken(*_: object) -> int:
            raise RuntimeError("password=hunter2 at /srv/dienhong/store.py")

        monkeypatch.setattr(node.hub.feed, "enter", broken)
        answer = await out.enter(0)
        assert answer["problem"] == {"code": "internal", "detail": "", "facts": {}}

"""The journal on its way down: order, audiences, replay, lost rings, slow sockets."""

from __future__ import annotations

import asyncio

import pytest

from rooms import agenda, attendance, conference
from rooms import meeting as m
from rooms.ids import BridgeId, PersonId
from rooms.roles import Role
from server.store import SqlStore
from signaling import stream
from tests.signaling.world import World, eventually, make_world, running, tablet


async def test_everyone_hears_entries_in_order_and_without_gaps(world: World) -> None:
    async with running(world) as node, tablet(world, world.chair, node) as chair:
        start = await world.last_seq()
        await chair.until_last(start)
        for title in ("Một", "Hai", "Ba"):
            await world.do(world.secretary, agenda.AddItem(title), node.doorbell)
        await chair.until_last(start + 3)
        assert [e["seq"] for e in chair.applied] == list(range(1, start + 4))
        assert chair.gaps == 0


async def test_a_lost_ring_is_made_good_by_the_poll(world: World) -> None:
    async with running(world) as node, tablet(world, world.members[0], node) as member:
        await world.do(world.secretary, agenda.AddItem("Không ai rung chuông"))
        await member.until_last(await world.last_seq())
        assert member.kinds()[-1] == "item.added"


async def test_a_reconnecting_tablet_gets_what_it_missed(world: World) -> None:
    async with running(world) as node:
        async with tablet(world, world.members[0], node) as member:
            await member.until_last(await world.last_seq())
            seen = member.last
        await world.do(world.secretary, agenda.AddItem("Trong lúc mất mạng"), node.doorbell)
        await world.do(world.members[1], attendance.CheckIn(), node.doorbell)
        async with tablet(world, world.members[0], node, after=seen) as member:
            await member.until_last(await world.last_seq())
            assert member.kinds() == ["item.added", "person.checked_in"]
            assert member.gaps == 0


async def test_who_is_too_far_behind_sees_a_gap_and_asks_by_http(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "REPLAY_MAX", 3)
    async with running(world) as node, tablet(world, world.chair, node) as chair:
        await chair.until(lambda: chair.gaps == 1)
        assert chair.applied == []
        page = await world.meetings().journal(world.chair, world.meeting_id, 0)
        chair.last = page.upto
        await world.do(world.secretary, agenda.AddItem("Tiếp"), node.doorbell)
        await chair.until_last(page.last + 1)
        assert chair.gaps == 1


async def test_replay_by_pages_overlaps_with_live_entries_but_applies_each_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PAGE", 2)
    async with running(world) as node, tablet(world, world.secretary, node, after=None) as secretary:
        entering = asyncio.create_task(secretary.enter(0))
        for title in ("Một", "Hai", "Ba", "Bốn"):
            await world.do(world.secretary, agenda.AddItem(title), node.doorbell)
        assert (await entering)["ok"]
        last = await world.last_seq()
        await secretary.until_last(last)
        assert [e["seq"] for e in secretary.applied] == list(range(1, last + 1))


async def test_bridges_hear_of_themselves_and_not_of_each_other(world: World) -> None:
    first, second = world.communes
    async with (
        running(world) as node,
        tablet(world, first, node) as one,
        tablet(world, second, node) as two,
        tablet(world, world.members[0], node) as member,
        tablet(world, world.central, node) as centre,
    ):
        await world.do(first, attendance.CheckIn(heads=12), node.doorbell)
        await world.do(second, attendance.CheckIn(heads=7), node.doorbell)
        await world.do(world.members[1], attendance.CheckIn(), node.doorbell)
        last = await world.last_seq()
        for client in (one, two, member, centre):
            await client.until_last(last)
            assert client.gaps == 0
        own = [e["event"] for e in one.applied if e["event"]["kind"] == "bridge.checked_in"]
        assert [e["heads"] for e in own] == [12]
        assert [e["event"]["heads"] for e in two.applied if e["event"]["kind"] == "bridge.checked_in"] == [7]
        assert "bridge.checked_in" not in member.kinds()
        assert centre.kinds().count("bridge.checked_in") == 2
        for client in (one, two, member):
            assert "person.checked_in" in client.kinds()
        invited = {e["event"]["bridge_id"] for e in one.applied if e["event"]["kind"] == "bridge.invited"}
        assert invited == {str(first.id)}


async def test_a_storm_of_check_ins_does_not_reach_the_other_bridges(world: World) -> None:
    first, second = world.communes
    async with running(world) as node, tablet(world, second, node, after=await world.last_seq()) as quiet:
        for heads in range(1, 21):
            await world.do(
                first, attendance.ReportHeads(heads) if heads > 1 else attendance.CheckIn(), node.doorbell
            )
        await world.do(world.members[1], attendance.CheckIn(), node.doorbell)
        await quiet.until_last(await world.last_seq())
        assert quiet.kinds() == ["person.checked_in"]
        assert len(quiet.of("journal")) == 1
        assert quiet.gaps == 0


async def test_a_long_silence_is_told_so_that_last_does_not_fall_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SILENCE_MAX", 5)
    first, second = world.communes
    async with running(world) as node, tablet(world, second, node, after=await world.last_seq()) as quiet:
        start = quiet.last
        await world.do(first, attendance.CheckIn(), node.doorbell)
        for heads in range(2, 8):
            await world.do(first, attendance.ReportHeads(heads), node.doorbell)
        await quiet.until_last(start + 5)
        assert quiet.applied == []
        assert quiet.gaps == 0


async def test_who_is_uninvited_is_told_and_hears_no_more(store: SqlStore) -> None:
    world = await make_world(store, opened=False)
    gone = world.members[1]
    async with running(world) as node, tablet(world, gone, node) as member:
        await member.until_last(await world.last_seq())
        await world.do(world.secretary, m.UninvitePerson(PersonId(gone.id)), node.doorbell)
        await member.until(lambda: bool(member.of("seat")))
        last = member.last
        await world.do(world.secretary, agenda.AddItem("Sau khi rời"), node.doorbell)
        async with tablet(world, world.chair, node) as chair:
            await chair.until_last(await world.last_seq())
        assert member.last == last
        refused = await member.enter()
        assert refused == {
            "ok": False,
            "problem": {"code": "meeting-unknown", "detail": "no such meeting", "facts": {}},
        }


async def test_a_new_role_moves_a_socket_to_its_new_audience(store: SqlStore) -> None:
    world = await make_world(store, opened=False)
    moved, site = world.members[1], world.communes[0]
    async with running(world) as node, tablet(world, moved, node) as member:
        await world.do(
            world.secretary,
            m.InvitePeople(
                (
                    m.Invitation(PersonId(world.chair.id), Role.MEMBER),
                    m.Invitation(PersonId(moved.id), Role.CHAIR),
                )
            ),
            node.doorbell,
        )
        await member.until(lambda: bool(member.of("seat")))
        await world.do(site, attendance.CheckIn(heads=3), node.doorbell)
        await member.until(lambda: "bridge.checked_in" in member.kinds())


async def test_a_stranger_and_nonsense_are_refused(world: World) -> None:
    async with running(world) as node, tablet(world, world.stranger, node, after=None) as stranger:
        assert (await stranger.enter(0))["problem"]["code"] == "meeting-unknown"
        for nonsense in (None, 7, "x", {}, {"meeting_id": "x", "after": 0}, {"meeting_id": None, "after": -1}):
            answer = await stranger.sio.call("enter", nonsense)
            assert answer["problem"]["code"] == "bad-message"
        assert node.hub.gauges()["meetings"] == 0


async def test_a_stream_ends_with_its_last_listener(world: World) -> None:
    async with running(world) as node:
        async with tablet(world, world.chair, node) as chair, tablet(world, world.members[0], node):
            assert node.hub.gauges()["meetings"] == 1
            await chair.sio.call("leave", {"meeting_id": str(world.meeting_id)})
            assert node.hub.gauges()["meetings"] == 1
        await eventually(lambda: node.hub.gauges()["meetings"] == 0)


async def test_turnout_is_told_four_times_a_second_and_ends_with_the_last_count(world: World) -> None:
    poll_id = BridgeId(world.meeting_id)  # any id
    async with running(world) as node, tablet(world, world.members[0], node) as member:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for cast in range(1, 201):
            node.doorbell.turnout(world.meeting_id, poll_id, cast, 200)  # type: ignore[arg-type]
            await asyncio.sleep(0.003)
        await member.until(lambda: any(t["cast"] == 200 for t in member.of("turnout")))
        took_s = loop.time() - begun
        told = [t["cast"] for t in member.of("turnout")]
        assert told == sorted(set(told))
        assert len(told) <= took_s * 4 + 2


async def test_stage_changes_reach_the_bridges(world: World) -> None:
    async with running(world) as node, tablet(world, world.communes[0], node) as site:
        await world.do(world.central, conference.PutOnAir(BridgeId(world.central.id)), node.doorbell)
        await site.until(lambda: "stage.on_air" in site.kinds())

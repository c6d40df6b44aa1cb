"""Who is told of whom, and what a dead board does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from media.client import RelayClient
from rooms.ids import BridgeId
from signaling import presence
from signaling.bell import BoardUnreachable
from signaling.hub import Hub
from signaling.presence import Here
from signaling.turn import IceServer, TurnSettings, ice_servers
from signaling.wire import PictureState
from tests.signaling.world import Tablet, World, eventually, running, tablet
from tests.support.stand_in import standing_in

ONE, TWO, THREE = (BridgeId(UUID(int=n)) for n in (1, 2, 3))


def test_what_a_node_posts_is_read_back_and_nonsense_is_not() -> None:
    here = Here(frozenset({ONE, TWO}), frozenset({THREE}))
    assert Here.read(here.text()) == here
    for nonsense in ("", "7", "{}", '{"b": ["x"], "p": []}', '{"b": 1, "p": []}'):
        with pytest.raises(ValueError):
            Here.read(nonsense)


async def test_only_operators_are_told_and_only_of_changes(world: World) -> None:
    first, second = world.communes
    async with (
        running(world) as node,
        tablet(world, world.chair, node) as chair,
        tablet(world, world.members[0], node) as member,
        tablet(world, first, node) as site,
    ):
        await chair.until(lambda: any(p["online"] == 2 for p in chair.of("present")))
        await chair.until(lambda: any(b["online"] for n in chair.of("presence") for b in n["bridges"]))
        before = len(chair.of("presence"))
        async with tablet(world, second, node):
            await chair.until(lambda: len(chair.of("presence")) > before)
            changed = chair.of("presence")[-1]["bridges"]
            assert [(b["bridge_id"], b["online"]) for b in changed] == [(str(second.id), True)]
        for other in (member, site):
            assert other.of("presence") == other.of("present") == []


def soon(hub: Hub) -> None:
    hub.presence._tick_s = 0.05


async def test_a_relay_that_is_slow_to_answer_changes_nothing_on_the_wall(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "RELAY_WAIT_S", 0.1)
    first = world.communes[0]
    async with standing_in() as relay, RelayClient(relay.url, "k" * 40) as client:
        relay.watches(f"bridge:{first.id}", loss=0.0, rtt_ms=20.0)
        async with running(world, client, change=soon) as node, tablet(world, world.chair, node) as chair:
            await chair.until(
                lambda: any(b["quality"] == "good" for n in chair.of("presence") for b in n["bridges"])
            )
            told = len(chair.of("presence"))
            relay.answers.clear()
            asked = relay.asked
            await eventually(lambda: relay.asked >= asked + 4)  # one of them at most is the stage's own
            relay.answers.set()
            relay.watches(f"bridge:{first.id}", loss=0.5, rtt_ms=20.0)
            await chair.until(lambda: len(chair.of("presence")) > told)
            (news,) = chair.of("presence")[told:]
            assert [(b["bridge_id"], b["quality"]) for b in news["bridges"]] == [(str(first.id), "bad")]


async def test_each_bridge_hears_of_its_own_line_alone_and_only_what_changed(world: World) -> None:
    first, second = world.communes
    async with standing_in() as relay, RelayClient(relay.url, "k" * 40) as client:
        relay.watches(f"bridge:{first.id}", rendition="full")
        relay.watches(f"bridge:{second.id}", rendition="low")
        async with (
            running(world, client, change=soon) as node,
            tablet(world, first, node) as one,
            tablet(world, second, node) as other,
            tablet(world, world.members[0], node) as member,
            tablet(world, world.chair, node) as chair,
        ):

            def told(who: Tablet) -> list[str | None]:
                assert {news["meeting_id"] for news in who.of("line")} <= {str(world.meeting_id)}
                return [news["rendition"] for news in who.of("line")]

            await one.until(lambda: told(one) == ["full"])
            await other.until(lambda: told(other) == ["low"])
            await chair.until(lambda: told(chair) == [None])
            relay.watches(f"bridge:{second.id}", rendition="audio")
            await other.until(lambda: told(other) == ["low", "audio"])
            relay.watches(f"bridge:{first.id}", rendition="medium")
            await one.until(lambda: told(one) == ["full", "medium"])
            async with tablet(world, second, node) as again:
                await again.until(lambda: told(again) == ["audio"])
            assert (told(other), told(chair), told(member)) == (["low", "audio"], [None], [])


async def test_whether_the_programme_has_a_picture_is_told_to_those_who_watch(world: World) -> None:
    central, first = world.central, world.communes[0]
    async with (
        standing_in() as relay,
        RelayClient(relay.url, "k" * 40) as client,
        running(world, client, change=soon) as node,
        tablet(world, first, node) as site,
        tablet(world, central, node) as desk,
        tablet(world, world.members[0], node) as member,
    ):

        def told(who: Tablet) -> list[str | None]:
            return [news["state"] for news in who.of("picture")]

        await site.until(lambda: told(site) == [None])
        relay.wanted = f"bridge:{central.id}"
        relay.sends(relay.wanted, video_fps=25.0, audio_kbps=40.0)
        await site.until(lambda: told(site) == [None, "shown"])
        relay.sends(relay.wanted, video_fps=0.0, audio_kbps=40.0)
        await site.until(lambda: told(site) == [None, "shown", "off"])
        async with tablet(world, first, node) as again:
            await again.until(lambda: told(again) == ["off"])
        relay.sources = []
        await site.until(lambda: told(site) == [None, "shown", "off", "missing"])
        relay.sends(relay.wanted, video_fps=25.0, audio_kbps=40.0)
        await desk.until(lambda: told(desk)[-1:] == ["shown"])
        assert told(member) == []


def test_a_picture_that_falters_once_is_no_news() -> None:
    known = presence._Known()
    for state, news in (
        (PictureState.SHOWN, True),
        (PictureState.OFF, False),
        (PictureState.SHOWN, False),
        (PictureState.OFF, False),
        (PictureState.OFF, True),
        (PictureState.OFF, False),
        (PictureState.SHOWN, True),
    ):
        assert known.sees(state) is news


class DeadBoard:
    """The board of a Redis that went away after one answer."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.answers: list[Mapping[str, str]] = [texts]

    async def post(self, meeting: str, text: str) -> None:
        raise BoardUnreachable("gone")

    async def others(self, meeting: str) -> Mapping[str, str]:
        if not self.answers:
            raise BoardUnreachable("gone")
        return self.answers.pop()


async def test_what_others_posted_holds_as_long_as_its_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.communes[0]
    there = Here(bridges=frozenset({first.id}))
    async with running(world) as node, tablet(world, world.chair, node):
        room = node.hub.presence
        room._known.setdefault(world.meeting_id, presence._Known())
        room._board = DeadBoard({"elsewhere": there.text()})
        for lease_s, online in ((10, True), (10, True), (0, False)):
            monkeypatch.setattr(presence, "LEASE_S", lease_s)
            wall = {link.bridge_id: link.online for link in await node.hub.wall(world.meeting_id)}
            assert wall[first.id] is online


def test_turn_credentials_are_what_coturn_checks() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    settings = TurnSettings(("turn:t.example:3478?transport=udp", "stun:t.example:3478"), "north")
    stun, turn = ice_servers(settings, "bridge:1", at)
    assert stun == IceServer(("stun:t.example:3478",))
    assert turn.urls == ("turn:t.example:3478?transport=udp",)
    # printf %s '1795435200:bridge:1' | openssl dgst -sha1 -hmac north -binary | base64
    assert (turn.username, turn.credential) == ("1795435200:bridge:1", "GmSGQ4wSpxo/Hc8S5sGxf7qvll8=")
    assert ice_servers(TurnSettings(("turn:t.example",)), "bridge:1", at) == []
    assert ice_servers(TurnSettings(), "bridge:1", at) == []

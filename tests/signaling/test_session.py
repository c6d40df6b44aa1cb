"""Handshakes, expiry, renewal, and sockets that do not keep up."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
import socketio

from rooms import agenda
from rooms.roles import ActorKind
from signaling import hub as hubs
from signaling.hub import HubSettings
from tests.signaling.world import Tablet, World, running, tablet


async def test_a_bad_handshake_is_refused_with_its_code(world: World) -> None:
    async with running(world) as node:
        for auth, code in (({"token": "x"}, "token-unknown"), ({}, "bad-message"), (None, "bad-message")):
            client = socketio.AsyncClient(reconnection=False)
            refusals: list[object] = []
            client.on("connect_error", refusals.append)
            with pytest.raises(socketio.exceptions.ConnectionError):
                await client.connect(
                    node.url, socketio_path="/ws", transports=["websocket"], auth=auth, wait_timeout=9
                )
            assert refusals[0]["message"] == code  # type: ignore[index]
        assert node.hub.gauges()["sockets"] == 0


@pytest.mark.parametrize(
    ("origin", "accepted"),
    [
        ("http://{host}", True),
        ("https://{host}", True),  # behind a proxy that ends TLS
        ("https://desk.example", True),
        ("https://evil.example", False),
        ("null", False),
    ],
)
async def test_pages_of_other_origins_may_not_connect(world: World, origin: str, accepted: bool) -> None:
    settings = HubSettings(origins=("https://desk.example",))
    async with running(world, settings=settings) as node, aiohttp.ClientSession() as http:
        client = socketio.AsyncClient(reconnection=False, http_session=http)
        headers = {"Origin": origin.format(host=node.url.removeprefix("http://"))}
        connecting = client.connect(
            node.url,
            headers=headers,
            socketio_path="/ws",
            transports=["websocket"],
            auth={"token": world.token(world.chair)},
        )
        if accepted:
            await connecting
            assert client.connected
            await client.disconnect()
        else:
            with pytest.raises(socketio.exceptions.ConnectionError):
                await connecting


async def test_polling_is_not_spoken(world: World) -> None:
    async with running(world) as node, aiohttp.ClientSession() as http:
        client = socketio.AsyncClient(reconnection=False, http_session=http)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(
                node.url, socketio_path="/ws", transports=["polling"], auth={"token": world.token(world.chair)}
            )


async def test_a_socket_ends_with_its_token(world: World) -> None:
    async with running(world) as node:
        client = Tablet(world, world.chair)
        await client.connect(node, world.token(world.chair, seconds=0.5))
        assert (await client.enter(0))["ok"]
        await client.until(lambda: bool(client.of("disconnect")))
        assert node.hub.gauges()["sockets"] == 0


async def test_a_fresh_token_in_time_keeps_the_socket(world: World) -> None:
    async with running(world) as node:
        client = Tablet(world, world.chair)
        await client.connect(node, world.token(world.chair, seconds=1))
        wrong = await client.sio.call("renew", {"token": world.token(world.secretary)})
        assert wrong["problem"]["code"] == "another-actor"
        assert await client.sio.call("renew", {"token": world.token(world.chair)}) == {"ok": True}
        await asyncio.sleep(1.2)  # beyond the first token's end
        assert (await client.enter(0))["ok"]
        await client.sio.disconnect()


async def test_sockets_of_one_actor_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "SOCKETS_PER_ACTOR", 1)
    async with running(world) as node, tablet(world, world.chair, node, after=None):
        second = Tablet(world, world.chair)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await second.connect(node)
        async with tablet(world, world.secretary, node) as other:
            assert other.sio.connected


async def test_a_signed_out_actor_is_told_and_closed(world: World) -> None:
    async with running(world) as node, tablet(world, world.chair, node) as other:
        client = Tablet(world, world.members[0])
        await client.connect(node)
        await node.hub.sign_out(ActorKind.PERSON, world.members[0].id)
        await client.until(lambda: bool(client.of("disconnect")))
        assert client.of("signed_out")
        assert other.sio.connected


async def test_a_socket_that_does_not_read_is_cut_and_hurts_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "QUEUE_MAX", 20)
    monkeypatch.setattr(hubs, "SWEEP_S", 0.05)
    async with running(world) as node, tablet(world, world.secretary, node) as reader:
        deaf = Tablet(world, world.chair)
        await deaf.connect(node)
        assert (await deaf.enter(0))["ok"]
        deaf.sio.eio.ws._response.connection.transport.pause_reading()
        sockets = node.hub.gauges()["sockets"]
        title = "x" * 400
        for n in range(4000):
            await node.hub.feed._streams[world.meeting_id].tell_all(_big(world, n))
            if node.hub.gauges()["sockets"] < sockets:
                break
            await asyncio.sleep(0)
        assert node.hub.gauges()["sockets"] == sockets - 1
        await world.do(world.secretary, agenda.AddItem(title[:50]), node.doorbell)
        await reader.until_last(await world.last_seq())
        await deaf.sio.disconnect()


def _big(world: World, n: int):  # type: ignore[no-untyped-def]
    from signaling import wire

    links = tuple(wire.BridgeLink(bridge_id=b.id, online=True, loss=n / 1e6) for b in world.communes * 200)
    return wire.Presence(meeting_id=world.meeting_id, bridges=links)

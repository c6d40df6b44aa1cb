"""What is taken away at the meeting ends at the relay too."""

from __future__ import annotations

import asyncio
import time

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection

from rooms import meeting as m
from rooms.ids import BridgeId
from signaling.call import MAIN, bridge_peer
from tests.signaling.test_call import RelayAtWork, relay
from tests.signaling.world import World, running, tablet

__all__ = ["relay"]


async def _offer() -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    sdp = connection.localDescription.sdp
    await connection.close()
    return sdp


async def _watch(relay: RelayAtWork, world: World, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    url = f"http://127.0.0.1:{relay.port}/whep/{world.meeting_id}/{MAIN}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=await _offer(), headers=headers) as answer,
    ):
        return answer.status


async def test_a_bridge_that_was_uninvited_does_not_come_back_with_its_token(
    world: World, relay: RelayAtWork
) -> None:
    commune = world.communes[0]
    peer = bridge_peer(BridgeId(commune.id))
    token = relay.client.token("watch", str(world.meeting_id), peer, MAIN, ttl_s=600)
    async with running(world, relay.client) as node, tablet(world, world.chair, node) as chair:
        assert await _watch(relay, world, token) == 201
        await world.do(world.secretary, m.UninviteBridge(BridgeId(commune.id)), node.doorbell)
        await chair.until_last(await world.last_seq())
        left = await _gone(relay, world, peer)
        assert left
        status = await _watch(relay, world, token)
        assert status != 201 or await _gone(relay, world, peer)


async def test_who_is_uninvited_while_nobody_listens_is_ended_too(world: World, relay: RelayAtWork) -> None:
    commune = world.communes[0]
    peer = bridge_peer(BridgeId(commune.id))
    token = relay.client.token("watch", str(world.meeting_id), peer, MAIN, ttl_s=600)
    async with running(world, relay.client) as node:
        assert await _watch(relay, world, token) == 201
        await world.do(world.secretary, m.UninviteBridge(BridgeId(commune.id)), node.doorbell)
        async with tablet(world, world.chair, node):
            assert await _gone(relay, world, peer)


async def _gone(relay: RelayAtWork, world: World, peer: str, wait_s: float = 20) -> bool:
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        state = await relay.client.studio(str(world.meeting_id))
        if peer not in {v.peer for v in state.viewers}:
            return True
        await asyncio.sleep(0.1)
    return False

"""One place in the audience must not be able to fill the hall."""

from __future__ import annotations

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection

from rooms.ids import BridgeId
from signaling.call import MAIN, bridge_peer
from tests.signaling.test_call import RelayAtWork, relay
from tests.signaling.world import World

__all__ = ["relay"]


async def test_one_peer_cannot_take_all_the_viewers_places(world: World, relay: RelayAtWork) -> None:
    """A studio has 4,096 places; one commune's token takes them all and a thousand others stay outside."""
    peer = bridge_peer(BridgeId(world.communes[0].id))
    token = relay.client.token("watch", str(world.meeting_id), peer, MAIN, ttl_s=600)
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp
    await connection.close()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    url = f"http://127.0.0.1:{relay.port}/whep/{world.meeting_id}/{MAIN}"
    async with aiohttp.ClientSession() as session:
        for _ in range(40):
            async with session.post(url, data=offer, headers=headers):
                pass
    state = await relay.client.studio(str(world.meeting_id))
    assert sum(v.peer == peer for v in state.viewers) <= 8

"""A relay dies under a running meeting: the stage goes to the next one, and everybody is told to follow."""

from __future__ import annotations

import asyncio

from media.client import RelayClient, Stage
from rooms import conference
from rooms.ids import BridgeId
from signaling.call import MAIN, bridge_peer, studio
from signaling.places import OwnPlaces
from signaling.pool import RelayPool, name_of
from signaling.relays import StaticRelays
from tests.media.running import start_relay
from tests.signaling.world import World, running, tablet

KEY = "k" * 40


async def until_staged(client: RelayClient, world: World, stage: Stage) -> None:
    async with asyncio.timeout(20):
        while True:
            programmes = (await client.studio(studio(world.meeting_id))).programmes
            if MAIN in programmes and programmes[MAIN].wanted == stage:
                return
            await asyncio.sleep(0.02)


async def test_the_stage_follows_and_everybody_is_told(world: World) -> None:
    relays = {relay.url: relay for relay in [start_relay(key=KEY) for _ in range(2)]}
    pool = RelayPool(StaticRelays(tuple(relays)), OwnPlaces(), KEY)
    centre = bridge_peer(BridgeId(world.central.id))
    try:
        async with (
            running(world, pool) as node,
            tablet(world, world.communes[0], node) as commune,
            tablet(world, world.chair, node) as chair,
        ):
            pool.start()
            await world.do(world.central, conference.PutOnAir(BridgeId(world.central.id)), node.doorbell)
            home = await pool.at(studio(world.meeting_id))
            await until_staged(home, world, Stage(centre, (centre, None, None)))

            relays[home.base_url].process.kill()
            for each in (commune, chair):
                await each.until(lambda each=each: bool(each.of("moved")))  # type: ignore[misc]
                (told,) = each.of("moved")
                assert told.pop("within_s") <= 1
                meeting_id = str(world.meeting_id)
                relay = name_of(home.base_url)
                assert told == {"meeting_id": meeting_id, "relay": relay, "sources": True, "ask": False}
            other = RelayClient(next(url for url in relays if url != home.base_url), KEY)
            await until_staged(other, world, Stage(centre, (centre, None, None)))
            await other.aclose()
    finally:
        await pool.aclose()
        for relay in relays.values():
            relay.process.kill()
            relay.process.wait()
            assert relay.process.stdout is not None
            relay.process.stdout.close()

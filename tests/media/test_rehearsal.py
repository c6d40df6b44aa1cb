"""Virtual bridges against a real relay: they join, count and authenticate; the books balance."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from media.call import State
from media.client import RelayClient
from media.dtls import Identity
from media.lite import LitePeer, Slot
from media.rehearsal import share
from media.synthetic import Studio
from media.virtual import Fleet, JoinFailed, join, percentile
from tests.media.conftest import RunningRelay

ROOT = Path(__file__).parents[2]


def test_a_slot_counts_gaps_and_late_packets_over_the_wrap() -> None:
    slot = Slot("video", 1)
    for sequence in (65533, 65534, 1, 2, 65535, 3):
        slot.add(sequence)
    # 65535 and 0 were jumped over; 65535 came late.
    assert (slot.count, slot.expected, slot.gaps, slot.late, slot.next) == (6, 7, 2, 1, 4)


def test_percentile() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(list(range(100)), 0.99) == 99


async def test_a_fleet_hears_all_that_the_source_sends(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        source = Studio(client, "s", "virtual:source")
        await client.stage("s", "main", "virtual:source", ("virtual:source",))
        await source.open()
        fleet = Fleet(client, "s", sampled=2)
        tasks = [asyncio.create_task(source.run()), asyncio.create_task(fleet.run())]
        await fleet.join(12)
        async with asyncio.timeout(20):
            while fleet.counted().received < 12 * 150 or len(fleet.first_packets_s()) < 12:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        state = await client.studio("s")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        counted = fleet.counted()
        assert fleet.failures == []
        assert (counted.gaps, counted.late) == (0, 0)
        assert counted.received == counted.expected
        assert fleet.sample.opened > 200
        assert fleet.sample.forged == 0
        assert len(fleet.sample.delays_ms) == fleet.sample.opened
        assert min(fleet.sample.delays_ms) > 0
        assert fleet.dropped() == 0
        kinds = {slot.kind for peer in fleet.peers for slot in peer.slots.values() if slot.count}
        assert kinds == {"video", "audio"}
        assert len(state.viewers) == 12
        assert [s.peer for s in state.sources] == ["virtual:source"]
        fleet.close()
        source.close()


async def test_a_refused_offer_and_a_deaf_relay_are_told(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        peer = LitePeer(Identity(), sends=False)
        with pytest.raises(JoinFailed, match="401"):
            await join(relay.http, f"{client.base_url}/whep/s/main", "no token", peer)
        peer.close()
        assert peer.state is State.NEW
        fleet = Fleet(RelayClient(relay.url, "y" * 40), "s")
        await fleet.join(2)
        assert len(fleet.failures) == 2
        assert fleet.peers == []
        await fleet._relay.aclose()


def test_an_answer_that_cannot_be_used_is_refused() -> None:
    async def check() -> None:
        for answer in (
            "",
            "v=0\r\n",
            "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n",
            "m=video 9 x\r\na=ice-ufrag:u\r\n",
        ):
            with pytest.raises(ValueError):
                LitePeer(Identity(), sends=False).accept(answer)

    asyncio.run(check())


@pytest.mark.timeout(90)
async def test_the_command_reports_as_json(relay: RunningRelay) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "rehearse", "--relay", relay.url, "--bridges", "6", "--seconds", "1",
        "--source", "--storm", "--json",
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": relay.key},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    report = json.loads(told)
    assert process.returncode == 0
    assert (report["asked"], report["joined"], report["forged"]) == (6, 6, 0)
    assert report["delivered"] == 1.0
    assert report["first_packet_s"]["last"] > 0
    process._transport.close()  # type: ignore[attr-defined]


async def test_a_lossy_link_is_repaired(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        source = Studio(client, "lossy", "virtual:source")
        await client.stage("lossy", "main", "virtual:source", ("virtual:source",))
        await source.open()
        fleet = Fleet(client, "lossy", sampled=1, loss=0.05)
        tasks = [asyncio.create_task(source.run()), asyncio.create_task(fleet.run())]
        await fleet.join(6)
        async with asyncio.timeout(30):
            while fleet.counted("video").received < 6 * 400:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            thrown_away = fleet.heal()
            while fleet.counted("video").received < 6 * 650:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        picture, sound = fleet.counted("video"), fleet.counted("audio")
        assert thrown_away > 60
        assert picture.gaps > 60
        assert picture.gaps - picture.late <= picture.expected * 0.001
        assert sound.gaps > sound.late == 0  # sound is not asked for again
        assert fleet.sample.forged == 0
        fleet.close()
        source.close()


def test_a_share_is_read_as_people_write_it() -> None:
    assert (share("2%"), share("0.02"), share("0")) == (0.02, 0.02, 0)
    for wrong in ("2", "-1%", "nan", "a"):
        with pytest.raises(ValueError):
            share(wrong)

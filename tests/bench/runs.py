"""What the bench does with a relay: joins, steady programme, switches, a storm into a full house, a lossy line."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from media.rehearsal.on_air import SOURCE_PEER
from media.rehearsal.synthetic import SOURCE_MARK
from media.rehearsal.virtual import Counted, Fleet, percentile
from tests.bench.machine import STUDIO, Bench, bench, end, start

PACKETS_PER_S = 200
WARM_S = 2.0
SAMPLED = 8
OTHER = "virtual:other"
OTHER_MARK = 43
SWITCHES = 8
BETWEEN_SWITCHES_S = 0.8
HEAR_LIMIT_S = 10.0
LOSS = 0.05
LOSSY_RECEIVERS = 60
REPAIR_S = 1.0


@asynccontextmanager
async def reading(fleet: Fleet) -> AsyncIterator[Fleet]:
    running = asyncio.create_task(fleet.run())
    try:
        yield fleet
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        fleet.close()


def since(then: Counted, now: Counted) -> Counted:
    return Counted(*(getattr(now, n) - getattr(then, n) for n in ("received", "expected", "gaps", "late")))


async def measure(
    receivers: int, seconds: float, relay_words: list[str], *, switching: bool = False
) -> dict[str, Any]:
    """All join a light programme at once; then the full one is measured, and switched if so wanted."""
    async with bench(light=True, relay_words=relay_words) as b:
        await asyncio.sleep(1)
        async with reading(Fleet(b.client, STUDIO, sampled=SAMPLED)) as fleet:
            before = b.usage()
            await fleet.join(receivers, at_once=receivers)
            storm_s = await _all_hear(fleet, receivers)
            joined = b.usage()
            told = await _steady(b, fleet, seconds)
            told["switch"] = await _switched(b, fleet) if switching else None
            return told | {
                "storm_light_s": storm_s,
                "cpu_ms_per_join": (joined.cpu_s - before.cpu_s) * 1e3 / max(1, len(fleet.peers)),
                "rss_kb": (b.usage().rss_kb - before.rss_kb) / max(1, len(fleet.peers)),
            }


async def _steady(b: Bench, fleet: Fleet, seconds: float) -> dict[str, Any]:
    """What the full programme costs per packet, and what it comes to at the receivers."""
    b.source.send_signal(signal.SIGUSR1)
    await asyncio.sleep(WARM_S)
    drops = fleet.dropped()
    fleet.sweep()
    fleet.sample.delays_ms.clear()
    # At both ends the packets and then the CPU, at once: what lies between would be counted on one side only.
    counted, used, at = fleet.counted(), b.usage(), time.monotonic()
    await asyncio.sleep(seconds)
    fleet.sweep()
    counted_then, used_then, took_s = fleet.counted(), b.usage(), time.monotonic() - at
    window, delays = since(counted, counted_then), list(fleet.sample.delays_ms)
    return {
        "receivers": len(fleet.peers),
        "failures": len(fleet.failures),
        "us": (used_then.cpu_s - used.cpu_s) * 1e6 / max(1, window.received),
        "cores": (used_then.cpu_s - used.cpu_s) / took_s,
        "delivered": window.delivered or 0.0,
        "pace": window.received / took_s / max(1, len(fleet.peers)) / PACKETS_PER_S,
        "own_drops": fleet.dropped() - drops,
        "forged": fleet.sample.forged,
        "delay_p50_ms": percentile(delays, 0.5),
        "delay_p99_ms": percentile(delays, 0.99),
    }


@dataclass(frozen=True)
class Switched:
    """Of every switch and sampled receiver, in ms: how long no picture came, and from the order to the new one."""

    pauses: list[float]
    seen: list[float]

    def note(self, came: list[tuple[int, int]], mark: int, ordered_ns: int, ended_ns: int) -> None:
        """What one receiver got: the time of each packet of the picture and the mark of its source.

        What never came counts as the whole time waited: a bound from below.
        """
        new_ns = next((at for at, marked in came if marked == mark and at > ordered_ns), ended_ns)
        self.seen.append((new_ns - ordered_ns) / 1e6)
        moments = [ordered_ns, *(at for at, _ in came if ordered_ns < at < ended_ns), ended_ns]
        self.pauses.append(max(later - at for at, later in itertools.pairwise(moments)) / 1e6)


async def _switched(b: Bench, fleet: Fleet) -> Switched | None:
    try:
        return await _switch(b, fleet)
    except TimeoutError:
        sys.stderr.write("the second source did not get in: no switch was measured\n")
        return None


async def _switch(b: Bench, fleet: Fleet) -> Switched:
    """The programme goes to and fro between two sources that both send; the receivers tell them by their marks."""
    words = ("--studio", STUDIO, "--source-only", "full", "--off-air", "--peer", OTHER, "--mark", str(OTHER_MARK))
    other, _ = await start("rehearse", "--relay", b.client.base_url, *words, key=b.key)
    told = Switched([], [])
    try:
        await asyncio.sleep(BETWEEN_SWITCHES_S)
        for turn in range(SWITCHES):
            peer, mark = (SOURCE_PEER, SOURCE_MARK) if turn % 2 else (OTHER, OTHER_MARK)
            fleet.sweep()
            fleet.sample.pictures.clear()
            fleet.sample.noting = True
            ordered_ns = time.time_ns()
            await b.client.stage(STUDIO, "main", peer, (peer,))
            await asyncio.sleep(BETWEEN_SWITCHES_S)
            ended_ns = time.time_ns()
            fleet.sweep()
            fleet.sample.noting = False
            for one in fleet.opened():
                told.note(fleet.sample.pictures.get(one, []), mark, ordered_ns, ended_ns)
    finally:
        await end(other)
    return told


async def full_storm(receivers: int, relay_words: list[str]) -> float | None:
    """How long until the last of all has its first packet, when they join a full programme at once."""
    async with bench(light=False, relay_words=relay_words) as b:
        await asyncio.sleep(1)
        async with reading(Fleet(b.client, STUDIO)) as crowd:
            await crowd.join(receivers, at_once=receivers)
            return await _all_hear(crowd, receivers)


async def lost_in_storm(receivers: int, relay_words: list[str]) -> int | None:
    """Packets of the full programme that a fifth of all do not get while the others join at once.

    None when they did not all get in, or their own sockets dropped some.
    """
    before = max(1, receivers // 5)
    async with bench(light=False, relay_words=relay_words) as b:
        await asyncio.sleep(1)
        async with reading(Fleet(b.client, STUDIO)) as house, reading(Fleet(b.client, STUDIO)) as crowd:
            await house.join(before)
            await _all_hear(house, before)
            house.sweep()
            then = house.counted()
            await crowd.join(receivers - before, at_once=receivers)
            heard = await _all_hear(crowd, receivers - before)
            house.sweep()
            window = since(then, house.counted())
            return None if heard is None or house.dropped() else max(0, window.gaps - window.late)


async def _all_hear(fleet: Fleet, receivers: int) -> float | None:
    """From the question to the first packet of the last; None: somebody never got one."""
    limit = time.monotonic() + HEAR_LIMIT_S
    while time.monotonic() < limit:
        firsts = fleet.first_packets_s()
        if len(firsts) == receivers:
            return firsts[-1]
        await asyncio.sleep(0.05)
    return None


async def lossy(seconds: float, relay_words: list[str]) -> float | None:
    """The share of all packets that a line losing LOSS of them still lacks after repair."""
    async with bench(light=False, relay_words=relay_words) as b:
        await asyncio.sleep(1)
        async with reading(Fleet(b.client, STUDIO, loss=LOSS)) as fleet:
            await fleet.join(LOSSY_RECEIVERS)
            await asyncio.sleep(seconds)
            fleet.heal()
            await asyncio.sleep(REPAIR_S)  # what was lost last is still being asked for
            fleet.sweep()
            delivered = fleet.counted().delivered
            return None if delivered is None or fleet.dropped() else 1 - delivered

"""`make bench-flood`: what a flood of garbage at the UDP port does to a programme that people watch.

The flood is a process of its own: random bytes, checks with a wrong password (for a name that exists and for one
that does not), DTLS hellos from unknown addresses, RTP that nobody sealed from a known publisher's address, and
datagrams cut short and too long. Ends with one line of JSON; the rate is what was really sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from typing import Any

import aiohttp

from media.client import RelayClient
from media.commands import KEY_VARIABLE
from media.endpoint.joining import join
from media.endpoint.lite import LitePeer
from media.rehearsal.virtual import Fleet, percentile, socket_drops
from media.tokens import Scope
from media.transport import kernel
from media.transport.dtls import Identity
from tests.bench.machine import ROOT, STUDIO, Bench, bench
from tests.bench.runs import PACKETS_PER_S, since
from tests.media.hose import Hose, garbage

NAME = "virtual:flood"
WARM_S = 2.0


async def flood(url: str, key: str, rate: int, seconds: float) -> dict[str, Any]:
    """Joins as a publisher who is not on air, then sends."""
    peer = LitePeer(Identity(), sends=True)
    async with RelayClient(url, key) as relay, aiohttp.ClientSession() as http:
        token = relay.token(Scope.PUBLISH, STUDIO, NAME)
        await join(http, f"{relay.base_url}/whip/{STUDIO}", token, peer)
        assert peer.sock is not None
        strange, known = garbage(peer._call._answer.ufrag)
        hoses = [Hose(peer.sock, known)]
        for _ in range(8):
            sock = kernel.open_port("127.0.0.1", 0)
            sock.connect(peer.sock.getpeername())
            hoses.append(Hose(sock, strange))
        sys.stdout.write('{"ready": true}\n')
        sys.stdout.flush()
        sent, turn, began = 0, 0, time.monotonic()
        while (now := time.monotonic()) - began < seconds:
            if sent > (now - began) * rate:
                time.sleep(0.0005)  # noqa: ASYNC251 (nothing else runs here)
                continue
            sent += hoses[turn % len(hoses)].spray()
            turn += 1
        return {"sent": sent, "rate": sent / (time.monotonic() - began)}


async def counters(b: Bench) -> dict[str, int]:
    """What the relay says it received, by kind."""
    async with aiohttp.ClientSession() as http, http.get(b.client.base_url + "/metrics") as answer:
        text = await answer.text()
    found: dict[str, int] = {}
    for kind, count in re.findall(r'^media_received_total\{.*kind="(\w+)"\} (\d+)$', text, re.M):
        found[kind] = found.get(kind, 0) + int(count)
    return found


async def window(b: Bench, fleet: Fleet, seconds: float) -> dict[str, Any]:
    """How the programme reached its viewers in this time, and what it cost the relay."""
    fleet.sweep()
    fleet.sample.delays_ms.clear()
    ports = {p.sock.getpeername()[1] for p in fleet.peers if p.sock is not None}
    counts = {peer: sum(slot.count for slot in peer.slots.values()) for peer in fleet.peers}
    before, used, drops, at = fleet.counted(), b.usage(), socket_drops(ports), time.monotonic()
    await asyncio.sleep(seconds)
    fleet.sweep()
    after, used_then, took_s = fleet.counted(), b.usage(), time.monotonic() - at
    passed = since(before, after)
    served = sum(
        sum(slot.count for slot in peer.slots.values()) - count > 0.9 * PACKETS_PER_S * took_s
        for peer, count in counts.items()
    )
    return {
        "delivered": passed.delivered,
        "packets": passed.received,
        "viewers": served,
        "delay_p50_ms": percentile(fleet.sample.delays_ms, 0.5),
        "delay_p99_ms": percentile(fleet.sample.delays_ms, 0.99),
        "cores": round((used_then.cpu_s - used.cpu_s) / took_s, 3),
        "rss_kb": used_then.rss_kb,
        "relay_port_drops": socket_drops(ports) - drops,
    }


async def run(rate: int, seconds: float, viewers: int, words: list[str]) -> dict[str, Any]:
    async with bench(light=False, relay_words=words) as b:
        fleet = Fleet(b.client, STUDIO, sampled=8)
        running = asyncio.create_task(fleet.run())
        await fleet.join(viewers)
        await asyncio.sleep(WARM_S)
        calm = await window(b, fleet, min(seconds, 5.0))
        hose = await asyncio.create_subprocess_exec(
            "nice", "-n", "5", sys.executable, "-m", "tests.bench.flood", "--send", b.client.base_url,
            "--rate", str(rate), "--seconds", str(seconds),
            cwd=ROOT, env=os.environ | {KEY_VARIABLE: b.key}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert hose.stdout is not None
        await asyncio.wait_for(hose.stdout.readline(), 60)
        counts = await counters(b)
        wet = await window(b, fleet, seconds)
        sent = json.loads(await asyncio.wait_for(hose.stdout.readline(), 30))
        counts_then = await counters(b)
        await hose.wait()
        hose._transport.close()  # type: ignore[attr-defined]
        after = await window(b, fleet, 2.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        own_drops = fleet.dropped()
        fleet.close()
        return {
            "bench": "flood",
            "rate": round(sent["rate"]),
            "seen": {kind: counts_then[kind] - counts[kind] for kind in counts},
            "calm": calm,
            "flooded": wet,
            "after": after,
            "own_drops": own_drops,
            "load": round(os.getloadavg()[0], 1),
        }


def harmed(told: dict[str, Any], wanted: int, viewers: int) -> list[str]:
    """What the flood did to the programme, and what makes the figures worthless."""
    found = [] if told["rate"] >= 0.95 * wanted else [f"only {told['rate']} datagrams a second were sent"]
    for name in ("calm", "flooded", "after"):
        part = told[name]
        if part["delivered"] != 1.0 or part["viewers"] != viewers:
            found.append(f"{name}: {part['delivered']} delivered, {part['viewers']} of {viewers} viewers get it")
    return found + ([f"the viewers' own sockets dropped {told['own_drops']}"] if told["own_drops"] else [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-flood", description=__doc__)
    parser.add_argument("--rate", type=int, default=100_000, help="datagrams a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--send", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.send:
        told = asyncio.run(flood(parsed.send, os.environ[KEY_VARIABLE], parsed.rate, parsed.seconds))
    else:
        told = asyncio.run(run(parsed.rate, parsed.seconds, parsed.viewers, ["--workers", str(parsed.workers)]))
    found = [] if parsed.send else harmed(told, parsed.rate, parsed.viewers)
    for line in found:
        sys.stderr.write(f"{line}; load {os.getloadavg()[0]:.1f}\n")
    sys.stderr.flush()
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-cascade`: 10,000 virtual receivers over a tree of relays, and what one of them costs as they grow.

Every receiver really completes ICE, DTLS and SRTP on a socket of its own and counts what comes. Two cores carry
the relays and the receivers, so the programme is a silent room with a still picture: a picture of one packet a
second and four sounds. Receivers report every eight seconds. What is shown is the tree: cost per receiver,
delivery, and that each link carries one copy however many are behind it; what a full programme costs says
`make bench-relay`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import re
import resource
import secrets
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from media.client import RelayClient
from media.endpoint.joining import join
from media.endpoint.lite import AUDIO_TYPE, VIDEO_TYPE, LitePeer
from media.rehearsal.virtual import Fleet
from media.tokens import Scope
from media.transport.dtls import Identity
from tests.bench.machine import STUDIO, Usage, end, start, usage

SOUNDS_PER_S = 4
PACKETS_PER_S = SOUNDS_PER_S + 1
SWEEP_S = 2.0
SIGNS_S = 8.0  # how often each receiver reports and checks
TURN_S = 0.25
AT_ONCE = 100  # who wait for an answer, of each edge
SETTLE_S = 2.0
FILES = 40_000
SOURCE = "still"


class Still:
    """A source of one small key frame and four sounds a second."""

    def __init__(self, relay: RelayClient) -> None:
        self._relay = relay
        self._link = LitePeer(Identity(), sends=True)
        self._numbers = [0, 0]
        self.sent = 0

    async def open(self) -> None:
        token = self._relay.token(Scope.PUBLISH, STUDIO, SOURCE)
        async with aiohttp.ClientSession() as http:
            await join(http, f"{self._relay.base_url}/whip/{STUDIO}", token, self._link)

    async def run(self) -> None:
        began, turn = time.monotonic(), 0
        while True:
            if turn % SOUNDS_PER_S == 0:
                # RFC 7741 and RFC 6386, 9.1: the start of partition 0, and a key frame.
                self._send(0, VIDEO_TYPE | 0x80, bytes((0x10, 0x10)) + bytes(600), 90_000)
                self._link.check()
            self._send(1, AUDIO_TYPE, bytes((0x78,)) + bytes(40), 48_000)
            turn += 1
            await asyncio.sleep(max(0.0, began + turn / SOUNDS_PER_S - time.monotonic()))

    def _send(self, stream: int, kind: int, payload: bytes, clock_hz: int) -> None:
        number = self._numbers[stream]
        self._numbers[stream] = number + 1
        timestamp = round(time.monotonic() * clock_hz) & 0xFFFFFFFF
        header = struct.pack("!BBHII", 0x80, kind, number & 0xFFFF, timestamp, self._link.ssrcs[stream])
        self._link.put_rtp(header, payload, number >> 16)
        self.sent += 1

    def close(self) -> None:
        self._link.close()


@dataclass
class Node:
    """One relay of the tree."""

    name: str
    process: asyncio.subprocess.Process
    client: RelayClient
    children: list[Node] = field(default_factory=list)

    async def sent(self) -> int:
        """Packets that left it, to viewers and relays."""
        async with aiohttp.ClientSession() as http, http.get(self.client.base_url + "/metrics") as answer:
            return sum(int(n) for n in re.findall(r"^media_sent_packets\{.*\} (\d+)", await answer.text(), re.M))


@dataclass
class Tree:
    """The origin, relays between, and the edges where receivers sit."""

    key: str
    origin: Node
    between: list[Node]
    edges: list[Node]

    @property
    def nodes(self) -> list[Node]:
        return [self.origin, *self.between, *self.edges]

    def usage(self) -> Usage:
        each = [usage(node.process.pid) for node in self.nodes]
        return Usage(sum(u.cpu_s for u in each), sum(u.rss_kb for u in each))


async def plant(stack: contextlib.AsyncExitStack, between: int, edges: int) -> Tree:
    key = secrets.token_hex(32)

    async def node(name: str) -> Node:
        words = ("relay", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--id", name)
        process, ready = await start(*words, key=key)
        stack.push_async_callback(end, process)
        client = RelayClient(ready["http"], key, timeout_s=30)
        stack.push_async_callback(client.aclose)
        return Node(name, process, client)

    origin = await node("origin")
    middle = [await node(f"between-{i}") for i in range(between)]
    leaves = [await node(f"edge-{i}") for i in range(edges)]
    for child in middle:
        await _below(child, origin)
    for i, leaf in enumerate(leaves):
        await _below(leaf, middle[i % between] if between else origin)
    return Tree(key, origin, middle, leaves)


async def _below(child: Node, parent: Node) -> None:
    parent.children.append(child)
    await child.client.parents(STUDIO, "main", [parent.client.base_url])


async def tend(fleets: list[Fleet]) -> None:
    """Reads what waits; lets every receiver report now and then, spread over time."""
    owed, place = [0.0] * len(fleets), [0] * len(fleets)
    at, swept_at = time.monotonic(), 0.0
    while True:
        began, passed_s = time.monotonic(), time.monotonic() - at
        at = began
        sweeps = began - swept_at >= SWEEP_S
        swept_at = began if sweeps else swept_at
        for i, fleet in enumerate(fleets):
            if sweeps:
                fleet.sweep()
            # By the clock and not by turns, which are long while many join: who is silent for 30 s is removed.
            owed[i] += min(1.0, passed_s / SIGNS_S) * len(fleet.peers)
            for _ in range(int(owed[i])):
                place[i] = place[i] if place[i] < len(fleet.peers) else 0
                fleet.peers[place[i]].report()
                fleet.peers[place[i]].check()
                place[i] += 1
            owed[i] %= 1
            await asyncio.sleep(0)
        await asyncio.sleep(max(0.01, TURN_S - (time.monotonic() - began)))


def received(fleets: list[Fleet]) -> int:
    for fleet in fleets:
        fleet.sweep()
    return sum(fleet.counted().received for fleet in fleets)


async def measure(tree: Tree, source: Still, fleets: list[Fleet], seconds: float) -> dict[str, Any]:
    """One window with those who are in."""
    receivers = sum(len(fleet.peers) for fleet in fleets)
    parents = [node for node in tree.nodes if node.children]
    sent = [(await node.sent(), source.sent, time.monotonic()) for node in parents]
    before, came, made, drops = tree.usage(), received(fleets), source.sent, _drops(fleets)
    at = time.monotonic()
    await asyncio.sleep(seconds)
    after, came_then, made_then, took_s = tree.usage(), received(fleets), source.sent, time.monotonic() - at
    sent_then = [(await node.sent(), source.sent, time.monotonic()) for node in parents]
    cpu_s, packets = after.cpu_s - before.cpu_s, came_then - came
    return {
        "receivers": receivers,
        "us_per_receiver_second": round(cpu_s * 1e6 / receivers / took_s, 1),
        "us_per_packet": round(cpu_s * 1e6 / max(1, packets), 2),
        "cores": round(cpu_s / took_s, 2),
        "delivered": round(packets / max(1, (made_then - made) * receivers), 4),
        "rss_kb_per_receiver": round(after.rss_kb / receivers, 1),
        "copies_per_link": [
            # Without the sender reports, one a second.
            round(((then[0] - first[0]) / len(node.children) - (then[2] - first[2])) / (then[1] - first[1]), 2)
            for node, first, then in zip(parents, sent, sent_then, strict=True)
        ],
        "own_drops": _drops(fleets) - drops,
    }


def _drops(fleets: list[Fleet]) -> int:
    return sum(fleet.dropped() for fleet in fleets)


def row(told: dict[str, Any]) -> str:
    names = ("receivers", "us_per_receiver_second", "us_per_packet", "cores", "delivered", "rss_kb_per_receiver")
    copies = ", ".join(f"{c:.2f}" for c in told["copies_per_link"])
    return "  ".join(f"{told[n]:>10}" for n in names) + f"  {copies:>12}  {told['own_drops']:>6}"


async def run(counts: list[int], between: int, edges: int, seconds: float) -> dict[str, Any]:
    sys.stdout.write(
        f"{os.cpu_count()} cores; 1 origin, {between} between, {edges} edges; {PACKETS_PER_S} packets/s; "
        f"load {os.getloadavg()[0]:.1f}\n"
        " receivers      µs/r·s   µs/packet       cores   delivered     KB/recv   copies/link   drops\n"
    )
    rows = []
    async with contextlib.AsyncExitStack() as stack:
        tree = await plant(stack, between, edges)
        source = Still(tree.origin.client)
        await source.open()
        stack.callback(source.close)
        await tree.origin.client.stage(STUDIO, "main", SOURCE, (SOURCE,))
        fleets = [Fleet(edge.client, STUDIO, sampled=0) for edge in tree.edges]
        tasks = [asyncio.create_task(source.run()), asyncio.create_task(tend(fleets))]
        try:
            for count in counts:
                rows.append(await _grow(tree, source, fleets, count, seconds))
                sys.stdout.write(row(rows[-1]) + "\n")
                sys.stdout.flush()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for fleet in fleets:
                fleet.close()
        failures = sorted({failure for fleet in fleets for failure in fleet.failures})[:5]
    flat = rows[-1]["us_per_receiver_second"] / rows[0]["us_per_receiver_second"]
    return {"bench": "cascade", "rows": rows, "last_to_first": round(flat, 2), "failures": failures}


async def _grow(tree: Tree, source: Still, fleets: list[Fleet], count: int, seconds: float) -> dict[str, Any]:
    """Let so many be in altogether, evenly over the edges, and measure."""
    began, before = time.monotonic(), tree.usage()
    wanted = [count * (i + 1) // len(fleets) - count * i // len(fleets) for i in range(len(fleets))]
    missing = [n - len(fleet.peers) for fleet, n in zip(fleets, wanted, strict=True)]
    await asyncio.gather(*(f.join(n, at_once=AT_ONCE) for f, n in zip(fleets, missing, strict=True)))
    joined_s, joins_cpu_s = time.monotonic() - began, tree.usage().cpu_s - before.cpu_s
    await asyncio.sleep(SETTLE_S)
    told = await measure(tree, source, fleets, seconds)
    return told | {"joined_s": round(joined_s, 1), "cpu_ms_per_join": round(joins_cpu_s * 1e3 / sum(missing), 2)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-cascade", description=__doc__)
    parser.add_argument("--receivers", default="1000,2500,5000,10000", help="counts with commas, growing")
    parser.add_argument("--between", type=int, default=2, help="relays between the origin and the edges")
    parser.add_argument("--edges", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is measured")
    parsed = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        hard = max(hard, FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    counts = [int(c) for c in parsed.receivers.split(",")]
    gc.disable()  # a walk over 10,000 connections holds everything up, and nothing here goes in circles
    summary = asyncio.run(run(counts, parsed.between, parsed.edges, parsed.seconds))
    sys.stdout.write(json.dumps(summary) + "\n")
    last = summary["rows"][-1]
    well = last["receivers"] == counts[-1] and last["delivered"] > 0.99 and not last["own_drops"]
    return 0 if well and max(last["copies_per_link"]) < 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())

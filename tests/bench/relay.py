"""`make bench-relay`: what a packet for a receiver costs a real relay, with receivers that really join.

The publisher, the relay and the receivers are processes of their own on loopback. Counted is the CPU (user and
system) of every relay process; a figure is refused when the receivers' own sockets dropped packets.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.client import RelayClient
from media.kernel import segmentation_works
from media.rehearsal import KEY_VARIABLE, SOURCE_PEER
from media.synthetic import SOURCE_MARK
from media.virtual import Counted, Fleet, percentile

ROOT = Path(__file__).parents[2]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
STUDIO = "bench"
PACKETS_PER_S = 200
WARM_S = 2.0
OTHER = "virtual:other"
OTHER_MARK = 43
SWITCHES = 8
BETWEEN_SWITCHES_S = 0.8
GOALS = {"us_1000": 3.6, "delay_p50_ms": 12.0, "delay_p99_ms": 40.0, "switch_ms_p95": 500.0}


@dataclass(frozen=True)
class Usage:
    """Of all processes of a relay together."""

    cpu_s: float
    rss_kb: int


def usage(pid: int) -> Usage:
    cpu, rss = 0, 0
    for one in family(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        cpu += int(fields[11]) + int(fields[12])
        rss += int(status.partition("VmRSS:")[2].split()[0])
    return Usage(cpu / TICKS_PER_S, rss)


def family(pid: int) -> list[int]:
    """The process and all below it."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += below.get(one, [])
    return found


@dataclass
class Bench:
    relay: asyncio.subprocess.Process
    source: asyncio.subprocess.Process
    client: RelayClient
    key: str

    def usage(self) -> Usage:
        return usage(self.relay.pid)


async def start(*words: str, key: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    """One of media's commands, when it has said that it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", *words,
        cwd=ROOT, env=os.environ | {KEY_VARIABLE: key}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
    except TimeoutError:
        await end(process)
        raise
    if not line:
        raise RuntimeError(f"media {words[0]} did not start")
    return process, json.loads(line)


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)
    process._transport.close()  # type: ignore[attr-defined]


@asynccontextmanager
async def bench(*, light: bool, relay_words: list[str]) -> AsyncIterator[Bench]:
    key = secrets.token_hex(32)
    relay, ready = await start("relay", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", *relay_words, key=key)
    client = RelayClient(ready["http"], key, timeout_s=30)
    only = "light" if light else "full"
    source, _ = await start(
        "rehearse", "--relay", ready["http"], "--studio", STUDIO, "--source-only", only, key=key
    )
    try:
        yield Bench(relay, source, client, key)
    finally:
        await client.aclose()
        await end(source)
        await end(relay)


async def measure(
    receivers: int, seconds: float, relay_words: list[str], *, switching: bool = False
) -> dict[str, Any]:
    """All join a light programme at once; then the full one is measured, and switched if so wanted."""
    async with bench(light=True, relay_words=relay_words) as b:
        await asyncio.sleep(1)
        fleet = Fleet(b.client, STUDIO, sampled=8)
        running = asyncio.create_task(fleet.run())
        before = b.usage()
        await fleet.join(receivers, at_once=receivers)
        storm_s = await _all_hear(fleet, receivers)
        joined = b.usage()
        b.source.send_signal(signal.SIGUSR1)
        await asyncio.sleep(WARM_S)
        fleet.sweep()
        fleet.sample.delays_ms.clear()
        counted, drops, used, at = fleet.counted(), fleet.dropped(), b.usage(), time.monotonic()
        await asyncio.sleep(seconds)
        fleet.sweep()
        counted_then, used_then, took_s = fleet.counted(), b.usage(), time.monotonic() - at
        drops = fleet.dropped() - drops
        delays = list(fleet.sample.delays_ms)
        switched = None
        if switching:
            try:
                switched = await switch(b, fleet)
            except TimeoutError:
                sys.stderr.write("the second source did not get in: no switch was measured\n")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        received = counted_then.received - counted.received
        window = Counted(
            *(getattr(counted_then, n) - getattr(counted, n) for n in ("received", "expected", "gaps", "late"))
        )
        fleet.close()
        pace = received / took_s / max(1, len(fleet.peers)) / PACKETS_PER_S
        return {
            "receivers": len(fleet.peers),
            "failures": len(fleet.failures),
            "us": (used_then.cpu_s - used.cpu_s) * 1e6 / max(1, received),
            "cores": (used_then.cpu_s - used.cpu_s) / took_s,
            "delivered": window.delivered or 0.0,
            "pace": pace,
            "own_drops": drops,
            "forged": fleet.sample.forged,
            "delay_p50_ms": percentile(delays, 0.5),
            "delay_p99_ms": percentile(delays, 0.99),
            "switch": switched,
            "storm_light_s": storm_s,
            "cpu_ms_per_join": (joined.cpu_s - before.cpu_s) * 1e3 / max(1, len(fleet.peers)),
            "rss_kb": (used_then.rss_kb - before.rss_kb) / max(1, len(fleet.peers)),
        }


@dataclass(frozen=True)
class Switched:
    """Of every switch and sampled receiver, in ms: how long no picture came, and from the order to the new one."""

    pauses: list[float]
    seen: list[float]


async def switch(b: Bench, fleet: Fleet) -> Switched:
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
            fleet.sweep()
            fleet.sample.noting = False
            for came in fleet.sample.pictures.values():
                new_ns = next((at for at, marked in came if marked == mark and at > ordered_ns), None)
                # Never seen counts as the whole time waited: a bound from below, far beyond the goal.
                told.seen.append((new_ns - ordered_ns) / 1e6 if new_ns else BETWEEN_SWITCHES_S * 1e3)
                pairs = itertools.pairwise(came)
                told.pauses.append(max((later - at) / 1e6 for (at, _), (later, _) in pairs))
    finally:
        await end(other)
    return told


async def full_storm(receivers: int, relay_words: list[str]) -> float | None:
    """How long until the last of all has its first packet, when they join a full programme at once."""
    async with bench(light=False, relay_words=relay_words) as b:
        await asyncio.sleep(1)
        fleet = Fleet(b.client, STUDIO)
        running = asyncio.create_task(fleet.run())
        await fleet.join(receivers, at_once=receivers)
        took_s = await _all_hear(fleet, receivers)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        fleet.close()
        return took_s


async def _all_hear(fleet: Fleet, receivers: int) -> float | None:
    """None: somebody never got a packet."""
    for _ in range(200):
        firsts = fleet.first_packets_s()
        if len(firsts) == receivers:
            return firsts[-1]
        await asyncio.sleep(0.05)
    return None


def row(told: dict[str, Any]) -> str:
    us = f"{told['us']:.2f}" if valid(told) else "refused"
    p50, p99, storm = (told[n] or float("nan") for n in ("delay_p50_ms", "delay_p99_ms", "storm_light_s"))
    cells = (
        f"{told['receivers']:>9}",
        f"{us:>9}",
        f"{told['cores']:>6.2f}",
        f"{told['delivered']:>9.5f}",
        f"{told['pace']:>5.3f}",
        f"{p50:>6.1f}",
        f"{p99:>7.1f}",
        f"{told['cpu_ms_per_join']:>7.2f}",
        f"{told['rss_kb']:>8.0f}",
        f"{storm:>7.2f}",
        f"{told['own_drops']:>6}",
    )
    return "  ".join(cells)


def valid(told: dict[str, Any]) -> bool:
    return bool(told["own_drops"] == 0 and told["failures"] == 0 and told["forged"] == 0 and told["pace"] > 0.9)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


async def run(counts: list[int], seconds: float, relay_words: list[str]) -> dict[str, Any]:
    gso = segmentation_works()
    sys.stdout.write(
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, GSO {'yes' if gso else 'no'}; "
        f"30 frames/s of 5 packets of 1,200 B, 50 audio packets/s; load {os.getloadavg()[0]:.1f}\n"
        "receivers  µs/packet   cores  delivered   pace  p50 ms   p99 ms  ms/join   kB/recv  storm s   drops\n"
    )
    told = []
    for count in counts:
        told.append(await measure(count, seconds, relay_words, switching=count == counts[-1]))
        sys.stdout.write(row(told[-1]) + "\n")
        sys.stdout.flush()
    storm_full_s = await full_storm(counts[-1], relay_words)
    last = told[-1]
    switched = last["switch"] or Switched([], [])
    return {
        "bench": "relay",
        "us_per_packet_receiver": {
            str(c): round(t["us"], 2) if valid(t) else None for c, t in zip(counts, told, strict=True)
        },
        "gso": gso and relay_words[-1:] in ([], ["gso"]),
        "delivered": round(last["delivered"], 6),
        "added_delay_ms": {"p50": _rounded(last["delay_p50_ms"], 2), "p99": _rounded(last["delay_p99_ms"], 2)},
        "storm_light_s": _rounded(last["storm_light_s"], 3),
        "storm_full_s": _rounded(storm_full_s, 3),
        "cpu_ms_per_join": round(last["cpu_ms_per_join"], 3),
        "rss_kb_per_receiver": round(last["rss_kb"], 1),
        "source_switch_ms_p95": _rounded(percentile(switched.pauses, 0.95), 1),
        "source_switch_seen_ms_p95": _rounded(percentile(switched.seen, 0.95), 1),
    }


def missed(summary: dict[str, Any]) -> list[str]:
    """The goals that were measured and not reached."""
    figures = {
        "us_1000": summary["us_per_packet_receiver"].get("1000"),
        "delay_p50_ms": summary["added_delay_ms"]["p50"],
        "delay_p99_ms": summary["added_delay_ms"]["p99"],
        "switch_ms_p95": summary["source_switch_ms_p95"],
    }
    return [f"{n}: {v}, goal {GOALS[n]}" for n, v in figures.items() if v is not None and v > GOALS[n]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-relay", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute: 100 and 300 receivers, shorter")
    parser.add_argument("--receivers", default="", help="counts with commas, for instance 100,300,1000")
    parser.add_argument("--seconds", type=float, help="how long each is measured")
    parser.add_argument("--mode", choices=("gso", "sendmmsg", "sendto"), help="how the relay's datagrams leave")
    parsed = parser.parse_args()
    counts = [int(c) for c in parsed.receivers.split(",") if c] or [100, 300]
    seconds = parsed.seconds or (6.0 if parsed.quick else 15.0)
    words = ["--mode", parsed.mode] if parsed.mode else []
    summary = asyncio.run(run(counts, seconds, words))
    sys.stdout.write(json.dumps(summary) + "\n")
    for line in missed(summary):
        sys.stderr.write(f"goal missed: {line}; load {os.getloadavg()[0]:.1f}\n")
    refused = [c for c, us in summary["us_per_packet_receiver"].items() if us is None]
    if refused:
        sys.stderr.write(f"refused for {', '.join(refused)}: the receivers dropped packets or did not all join\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-relay`: what a packet for a receiver costs a real relay, with receivers that really join.

The publisher, the relay and the receivers are processes of their own on loopback. Counted is the CPU (user and
system) of every relay process; a figure is refused when the receivers' own sockets dropped packets.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

from media.rehearsal.virtual import percentile
from media.transport import sealer
from media.transport.kernel import segmentation_works
from tests.bench import floor
from tests.bench.runs import Switched, full_storm, lossy, lost_in_storm, measure

HEAD = (
    "receivers  µs/packet  C floor   cores  delivered   pace  "
    "p50 ms   p99 ms  ms/join   kB/recv  storm s   drops\n"
)
SEALED_BY = sealer.cipher()
MAX_RISE = 1.2  # of the cost per packet and receiver, from the fewest receivers to the most
GOALS = {
    "us_1000": 3.6,
    "us_1000_without_gso": 6.0,
    "ratio_to_floor": 1.4,
    "rise": MAX_RISE,
    "lost_share": 0.0,
    "delay_p50_ms": 12.0,
    "delay_p99_ms": 40.0,
    "switch_ms_p95": 500.0,
    "switch_seen_ms_p95": 500.0,
    "storm_light_s": 3.0,
    "storm_full_s": 6.0,
    "storm_lost": 0,
    "cpu_ms_per_join": 2.5,
    "rss_kb_per_receiver": 130.0,
    "lost_after_repair": 0.001,
}


@dataclass(frozen=True)
class Plan:
    """What is asked of the bench."""

    counts: list[int]
    seconds: float
    mode: str | None
    workers: int
    with_floor: bool

    @property
    def relay_words(self) -> list[str]:
        words = ["--mode", self.mode] if self.mode else []
        return words + (["--workers", str(self.workers)] if self.workers > 1 else [])


def row(told: dict[str, Any]) -> str:
    us = f"{told['us']:.2f}" if valid(told) else "refused"
    p50, p99, storm = (told[n] or float("nan") for n in ("delay_p50_ms", "delay_p99_ms", "storm_light_s"))
    cells = (
        f"{told['receivers']:>9}",
        f"{us:>9}",
        f"{told['floor']:>7.2f}" if told["floor"] else "      –",
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


async def run(plan: Plan) -> dict[str, Any]:
    gso = segmentation_works() and plan.mode in (None, "gso")
    sys.stdout.write(
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, GSO {'yes' if gso else 'no'}; "
        f"{plan.workers} worker{'s' * (plan.workers > 1)}, sealed by {SEALED_BY}; "
        f"30 frames/s of 5 packets of 1,200 B, 50 audio packets/s; load {os.getloadavg()[0]:.1f}\n{HEAD}"
    )
    told = []
    for count in plan.counts:
        one = await measure(count, plan.seconds, plan.relay_words, switching=count == plan.counts[-1])
        one["floor"] = await _floor(count, plan, gso)
        told.append(one)
        sys.stdout.write(row(one) + "\n")
        sys.stdout.flush()
    apart = Apart(
        await full_storm(plan.counts[-1], plan.relay_words),
        await lost_in_storm(plan.counts[-1], plan.relay_words),
        await lossy(plan.seconds, plan.relay_words),
    )
    return summary(plan, gso, told, apart)


async def _floor(count: int, plan: Plan, gso: bool) -> float | None:
    """The same work in C, right after, so that both meet the same machine."""
    return await floor.measure(count, max(3.0, plan.seconds / 2), gso=gso) if plan.with_floor else None


@dataclass(frozen=True)
class Apart:
    """What is measured on relays of its own."""

    storm_full_s: float | None
    lost_in_storm: int | None
    lost_after_repair: float | None


def summary(plan: Plan, gso: bool, told: list[dict[str, Any]], apart: Apart) -> dict[str, Any]:
    last = told[-1]
    switched = last["switch"] or Switched([], [])
    by_count = list(zip(map(str, plan.counts), told, strict=True))

    def of_last(value: float | None, digits: int) -> float | None:
        return round(value, digits) if value is not None and valid(last) else None

    found: dict[str, Any] = {
        "bench": "relay",
        "us_per_packet_receiver": {c: round(t["us"], 2) if valid(t) else None for c, t in by_count},
        "gso": gso,
        "delivered": of_last(last["delivered"], 6),
        "added_delay_ms": {"p50": of_last(last["delay_p50_ms"], 2), "p99": of_last(last["delay_p99_ms"], 2)},
        "storm_light_s": of_last(last["storm_light_s"], 3),
        "storm_full_s": _rounded(apart.storm_full_s, 3),
        "cpu_ms_per_join": of_last(last["cpu_ms_per_join"], 3),
        "rss_kb_per_receiver": of_last(last["rss_kb"], 1),
        "source_switch_ms_p95": of_last(percentile(switched.pauses, 0.95), 1),
        "source_switch_seen_ms_p95": of_last(percentile(switched.seen, 0.95), 1),
        "storm_lost_by_those_in": apart.lost_in_storm,
        "lost_after_repair_of_5_percent": _rounded(apart.lost_after_repair, 6),
        "workers": plan.workers,
        "sealed_by": SEALED_BY,
    }
    if plan.with_floor:
        found["floor_us"] = {c: _rounded(t["floor"], 2) for c, t in by_count}
        found["ratio_to_floor"] = {
            c: round(t["us"] / t["floor"], 2) if t["floor"] and valid(t) else None for c, t in by_count
        }
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """The goals that were not reached, or not measured though that was asked for."""
    costs = found["us_per_packet_receiver"]
    delivered = found["delivered"]
    figures = {
        "lost_share": None if delivered is None else round(1 - delivered, 6),
        "delay_p50_ms": found["added_delay_ms"]["p50"],
        "delay_p99_ms": found["added_delay_ms"]["p99"],
        "switch_ms_p95": found["source_switch_ms_p95"],
        "switch_seen_ms_p95": found["source_switch_seen_ms_p95"],
        "storm_light_s": found["storm_light_s"],
        "storm_full_s": found["storm_full_s"],
        "storm_lost": found["storm_lost_by_those_in"],
        "cpu_ms_per_join": found["cpu_ms_per_join"],
        "rss_kb_per_receiver": found["rss_kb_per_receiver"],
        "lost_after_repair": found["lost_after_repair_of_5_percent"],
    }
    if "1000" in costs:
        figures["us_1000" if found["gso"] else "us_1000_without_gso"] = costs["1000"]
    if "ratio_to_floor" in found:
        figures["ratio_to_floor"] = list(found["ratio_to_floor"].values())[-1]
    if len(costs) > 1:
        first, *_, last = costs.values()
        figures["rise"] = round(last / first, 2) if first and last else None
    return [
        f"{n}: {'not measured' if v is None else v}, goal {GOALS[n]}"
        for n, v in figures.items()
        if v is None or v > GOALS[n]
    ]


def plan_of(words: list[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="make bench-relay", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute: 100 and 300 receivers, shorter")
    parser.add_argument("--receivers", default="", help="counts with commas, for instance 100,300,1000")
    parser.add_argument("--seconds", type=float, help="how long each is measured")
    parser.add_argument("--mode", choices=("gso", "sendmmsg", "sendto"), help="how the relay's datagrams leave")
    parser.add_argument("--workers", type=int, default=1, help="of the relay")
    parser.add_argument("--floor", action="store_true", help="also the same work in C, compiled on the spot")
    parsed = parser.parse_args(words)
    counts = [int(c) for c in parsed.receivers.split(",") if c]
    return Plan(
        counts or ([100, 300] if parsed.quick else [100, 300, 1000]),
        parsed.seconds or (4.0 if parsed.quick else 10.0),
        parsed.mode,
        parsed.workers,
        parsed.floor,
    )


def main() -> int:
    plan = plan_of(sys.argv[1:])
    try:
        found = asyncio.run(run(plan))
    except floor.NoFloor as reason:
        sys.stderr.write(f"{reason}\n")
        return 2
    short = missed(found)
    for line in short:
        sys.stderr.write(f"goal missed: {line}; load {os.getloadavg()[0]:.1f}\n")
    refused = [c for c, us in found["us_per_packet_receiver"].items() if us is None]
    if refused:
        sys.stderr.write(f"refused for {', '.join(refused)}: the receivers dropped packets or did not all join\n")
    sys.stderr.flush()
    sys.stdout.write(json.dumps(found) + "\n")
    return 1 if short or refused else 0


if __name__ == "__main__":
    sys.exit(main())

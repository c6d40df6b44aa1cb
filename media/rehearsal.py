"""`dienhong rehearse`: many virtual bridges join a relay before the session does, and a report says how it went.

They watch whatever is on air in the named studio; `--source` puts a synthetic picture and sound on air too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from media.client import RelayClient
from media.synthetic import SOURCE_MARK, Studio
from media.virtual import Fleet, percentile

KEY_VARIABLE: Final = "DIENHONG_MEDIA_KEY"
SOURCE_PEER: Final = "virtual:source"
SETTLE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """`delivered`: packets that came, of those that their numbers say were sent. Delays are of the sample.

    `thrown_away`: what `--loss` took; `lost_after_repair`: the share that was still missing in the end.
    """

    asked: int
    joined: int
    failures: tuple[str, ...]
    all_joined_s: float
    first_packet_s: dict[str, float | None]
    received: int
    delivered: float | None
    gaps: int
    late: int
    opened: int
    forged: int
    delay_ms: dict[str, float | None]
    own_drops: int
    thrown_away: int
    lost_after_repair: dict[str, float | None]


def report(fleet: Fleet, asked: int, all_joined_s: float, own_drops: int, thrown_away: int = 0) -> Report:
    counted, firsts = fleet.counted(), fleet.first_packets_s()
    delays = fleet.sample.delays_ms
    return Report(
        asked=asked,
        joined=len(fleet.peers),
        failures=tuple(sorted(set(fleet.failures)))[:10],
        all_joined_s=round(all_joined_s, 3),
        first_packet_s={
            "p50": _rounded(percentile(firsts, 0.5)),
            "p99": _rounded(percentile(firsts, 0.99)),
            "last": _rounded(firsts[-1] if len(firsts) == len(fleet.peers) and firsts else None),
        },
        received=counted.received,
        delivered=_rounded(counted.delivered, 6),
        gaps=counted.gaps,
        late=counted.late,
        opened=fleet.sample.opened,
        forged=fleet.sample.forged,
        delay_ms={"p50": _rounded(percentile(delays, 0.5)), "p99": _rounded(percentile(delays, 0.99))},
        own_drops=own_drops,
        thrown_away=thrown_away,
        lost_after_repair={kind: _lost(fleet.counted(kind).delivered) for kind in ("video", "audio")},
    )


def _lost(delivered: float | None) -> float | None:
    return None if delivered is None else round(1 - delivered, 6)


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong rehearse",
        description=f"virtual bridges against a running relay; its key is read from {KEY_VARIABLE}",
    )
    parser.add_argument("--relay", required=True, help="base of the relay's HTTP face, http://host:8900/media")
    parser.add_argument("--studio", default="rehearsal", help="a meeting's id, or any name for a studio apart")
    parser.add_argument("--programme", default="main")
    parser.add_argument("--bridges", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10, help="how long they watch once all are in")
    parser.add_argument("--storm", action="store_true", help="all ask at once; else 20 wait at a time")
    parser.add_argument("--loss", type=share, default=0.0, help="of what arrives, as 0.02 or 2%%, lost on purpose")
    parser.add_argument("--source", action="store_true", help="also put a synthetic picture and sound on air")
    parser.add_argument(
        "--source-only", choices=("full", "light"), help="only that, until ended; light: sound only"
    )
    parser.add_argument("--peer", default=SOURCE_PEER, help="the name of the synthetic source")
    parser.add_argument("--off-air", action="store_true", help="with --source-only: not put on air")
    parser.add_argument("--mark", type=int, default=SOURCE_MARK, help="a byte in each of its packets")
    parser.add_argument("--json", action="store_true", help="the report as one line of JSON")
    return parser.parse_args(words)


def share(text: str) -> float:
    """A share of one: `0.02` or `2%`. Raises: ValueError."""
    value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= value < 1:
        raise ValueError("a share lies between 0 and 1")
    return value


async def _main(parsed: argparse.Namespace, key: str) -> int:
    async with RelayClient(parsed.relay, key, timeout_s=30) as relay:
        if parsed.source_only:
            return await _source(relay, parsed)
        return await _rehearse(relay, parsed)


async def _source(relay: RelayClient, parsed: argparse.Namespace) -> int:
    """A publisher of its own process, so that it keeps its pace. SIGUSR1: picture on."""
    source = Studio(relay, parsed.studio, parsed.peer, parsed.mark)
    source.video = parsed.source_only == "full"
    if not parsed.off_air:
        await relay.stage(parsed.studio, parsed.programme, parsed.peer, (parsed.peer,))
    await source.open()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, setattr, source, "video", True)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sending = asyncio.create_task(source.run())
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    sending.cancel()
    source.close()
    return 0


async def _rehearse(relay: RelayClient, parsed: argparse.Namespace) -> int:
    source: Studio | None = None
    tasks: list[asyncio.Task[None]] = []
    if parsed.source:
        source = Studio(relay, parsed.studio, parsed.peer, parsed.mark)
        await relay.stage(parsed.studio, parsed.programme, parsed.peer, (parsed.peer,))
        await source.open()
        tasks.append(asyncio.create_task(source.run()))
    fleet = Fleet(relay, parsed.studio, parsed.programme, loss=parsed.loss)
    tasks.append(asyncio.create_task(fleet.run()))
    tasks.append(asyncio.create_task(_progress(fleet, parsed.bridges)))
    try:
        began = time.monotonic()
        await fleet.join(parsed.bridges, at_once=parsed.bridges if parsed.storm else 20)
        joined_s = time.monotonic() - began
        await asyncio.sleep(SETTLE_S)
        fleet.sample.delays_ms.clear()  # who joins first gets what was kept since the last key frame
        await asyncio.sleep(parsed.seconds)
        thrown_away = fleet.heal()
        if thrown_away:
            await asyncio.sleep(SETTLE_S)  # what was lost last is still being asked for
        fleet.sweep()
        told = report(fleet, parsed.bridges, joined_s, fleet.dropped(), thrown_away)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        fleet.close()
        if source is not None:
            source.close()
    sys.stdout.write((json.dumps(asdict(told)) if parsed.json else _prose(told)) + "\n")
    return 0 if told.joined == told.asked and not told.forged else 1


async def _progress(fleet: Fleet, asked: int) -> None:
    while True:
        counted = fleet.counted()
        sys.stderr.write(f"\r{len(fleet.peers)}/{asked} in, {counted.received} packets, {counted.gaps} missing ")
        sys.stderr.flush()
        await asyncio.sleep(1)


def _prose(told: Report) -> str:
    def row(name: str, value: Any) -> str:
        return f"  {name:<28}{value}"

    lines = [
        "",
        row("joined", f"{told.joined} of {told.asked}, in {told.all_joined_s} s"),
        row("first packet after (s)", told.first_packet_s),
        row("packets", told.received),
        row("delivered", told.delivered),
        row("missing / late", f"{told.gaps} / {told.late}"),
        row("opened / forged (sample)", f"{told.opened} / {told.forged}"),
        row("delay of the relay (ms)", told.delay_ms),
        row("dropped by this machine", told.own_drops),
        row("lost on purpose", told.thrown_away),
        row("lost after repair", told.lost_after_repair),
    ]
    return "\n".join([*lines, *(row("failure", f) for f in told.failures)])


def main(words: Sequence[str]) -> int:
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        sys.stderr.write(f"{KEY_VARIABLE} is not set\n")
        return 2
    return asyncio.run(_main(_arguments(words), key))

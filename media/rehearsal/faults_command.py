"""`dienhong faults`: disturbs a relay that was started with `--faults`, so that drills are scripts."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Final

from media.client import RelayClient, RelayRefused, RelayUnreachable
from media.rehearsal.arguments import share

KEY_VARIABLE: Final = "DIENHONG_MEDIA_KEY"


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong faults",
        description=f"disturb a relay in test mode (`relay --faults`); its key is read from {KEY_VARIABLE}",
    )
    parser.add_argument("--relay", required=True, help="base of the relay's HTTP face, http://host:8900/media")
    commands = parser.add_subparsers(dest="command", required=True)
    line = commands.add_parser("line", help="lose or hold back datagrams")
    line.add_argument("--peer", help="of this peer only, `relay:<id>` for a mirror's link; else of all")
    line.add_argument("--way", choices=("in", "out", "both"), default="both", help="seen from the relay")
    line.add_argument("--drop", type=share, default=0.0, help="this share, as 0.02 or 2%%")
    line.add_argument("--delay", type=float, default=0.0, metavar="MS", help="by this many milliseconds")
    cut = commands.add_parser("cut", help="lose everything of a peer")
    cut.add_argument("peer")
    commands.add_parser("list", help="what is set")
    commands.add_parser("clear", help="take all of it back")
    parents = commands.add_parser(
        "parents", help="mirror a programme from other relays, the first preferred; none: end"
    )
    parents.add_argument("studio")
    parents.add_argument("programme")
    parents.add_argument("parent", nargs="*")
    worker = commands.add_parser("kill-worker", help="end a worker process at once")
    worker.add_argument("worker", type=int, help="its number, from 0")
    commands.add_parser("kill-relay", help="end the relay at once, as in a power cut")
    return parser.parse_args(words)


async def _main(parsed: argparse.Namespace, key: str) -> int:
    async with RelayClient(parsed.relay, key) as client:
        try:
            match parsed.command:
                case "line":
                    await client.fault(parsed.peer, parsed.way, drop=parsed.drop, delay_ms=parsed.delay)
                case "cut":
                    await client.fault(parsed.peer, "both", drop=1.0)
                case "clear":
                    await client.clear_faults()
                case "parents":
                    await client.parents(parsed.studio, parsed.programme, parsed.parent)
                case "kill-worker":
                    await client.kill_worker(parsed.worker)
                case "kill-relay":
                    await client.kill_relay()
                    return 0
            for one in await client.faults():
                who = one["peer"] or "everybody"
                sys.stdout.write(f"{who}, {one['way']}: {one['drop']:.1%} lost, {one['delay_ms']:.0f} ms late\n")
        except (RelayUnreachable, RelayRefused) as error:
            sys.stderr.write(f"the relay does not do so: {error}\n")
            return 2
    return 0


def main(words: Sequence[str]) -> int:
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        sys.stderr.write(f"{KEY_VARIABLE} is not set\n")
        return 2
    return asyncio.run(_main(_arguments(words), key))

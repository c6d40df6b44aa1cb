"""`dienhong faults`: disturbs a relay that was started with `--faults`, so that drills are scripts."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from media.client import Fault, RelayClient, RelayRefused, RelayUnreachable
from media.commands import KEY_VARIABLE, Help, media_key
from media.rehearsal.arguments import share


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong faults",
        formatter_class=Help,
        description="Disturb a relay in test mode (`dienhong relay --faults`): never one in use. "
        f"Its key is read from {KEY_VARIABLE}.",
    )
    parser.add_argument("--relay", required=True, help="base of the relay's HTTP face, http://host:8900/media")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, told: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=told, description=told, formatter_class=Help)

    line = add("line", "lose or hold back datagrams; without --drop and --delay: no longer")
    line.add_argument("--peer", help="of this peer only, `relay:<id>` for a mirror's link; else of all")
    line.add_argument("--way", choices=("in", "out", "both"), default="both", help="seen from the relay")
    line.add_argument("--drop", type=share, default=0.0, help="this share, as 0.02 or 2%%")
    line.add_argument("--delay", type=float, default=0.0, metavar="MS", help="by this many milliseconds")
    cut = add("cut", "lose everything of a peer")
    cut.add_argument("peer", help="its name")
    add("list", "what is set, and which workers do it")
    add("clear", "take all of it back")
    parents = add(
        "parents",
        "mirror a programme from other relays; a server that has placed it says otherwise within some seconds",
    )
    parents.add_argument("studio", help="a meeting's id, or any name")
    parents.add_argument("programme", help="which programme of it")
    parents.add_argument("parent", nargs="*", help="bases of the relays, the first preferred; none: no mirror")
    worker = add("kill-worker", "end a worker process at once; the next one in its place gets the faults again")
    worker.add_argument("worker", type=int, help="its number, from 0")
    add("kill-relay", "end the relay at once, as in a power cut")
    return parser.parse_args(words)


class InEarnest(Exception):
    """The relay is not in test mode."""


async def _faults(client: RelayClient) -> tuple[Fault, ...]:
    """What is set; asked for before anything is changed. Raises: InEarnest; RelayUnreachable, RelayRefused."""
    try:
        return await client.faults()
    except RelayRefused as refusal:
        if refusal.status == 404:
            raise InEarnest from refusal
        raise


async def _do(parsed: argparse.Namespace, client: RelayClient) -> None:
    """Raises: InEarnest; RelayUnreachable, RelayRefused."""
    faults = await _faults(client)
    match parsed.command:
        case "line":
            await client.fault(parsed.peer, parsed.way, drop=parsed.drop, delay_ms=parsed.delay)
        case "cut":
            await client.fault(parsed.peer, "both", drop=1.0)
        case "clear":
            await client.clear_faults()
        case "parents":
            await client.parents(parsed.studio, parsed.programme, parsed.parent)
            return _say(f"{parsed.studio}/{parsed.programme}: {', '.join(parsed.parent) or 'no mirror'}")
        case "kill-worker":
            await client.kill_worker(parsed.worker)
            again = f" and gets {len(faults)} faults again" if faults else ""
            return _say(f"worker {parsed.worker} is killed; another takes its place{again}")
        case "kill-relay":
            await client.kill_relay()
            return _say("the relay is killed")
    for fault in await client.faults():
        _say(_line(fault))
    return None


def _line(fault: Fault) -> str:
    workers = ", ".join(map(str, fault.workers)) or "none yet"
    who = fault.peer or "everybody"
    return f"{who}, {fault.way}: {fault.drop:.1%} lost, {fault.delay_ms:.0f} ms late (workers: {workers})"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


async def _main(parsed: argparse.Namespace, key: str) -> int:
    async with RelayClient(parsed.relay, key) as client:
        try:
            await _do(parsed, client)
        except InEarnest:
            return _cannot("the relay was not started in test mode (--faults): nothing is changed")
        except RelayRefused as refusal:
            return _cannot(f"the relay does not do so: {refusal}")
        except RelayUnreachable as error:
            return _cannot(f"no answer from the relay: {error}")
    return 0


def _cannot(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


def main(words: Sequence[str]) -> int:
    parsed = _arguments(words)
    try:
        key = media_key()
    except ValueError as trouble:
        return _cannot(str(trouble))
    return asyncio.run(_main(parsed, key))

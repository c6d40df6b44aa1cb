"""`dienhong relay drain`: empties a relay, so that it can be stopped without anybody's loss.

Says so to the relay, which tells whoever places studios and viewers, and waits until nobody is left.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Final

from media.client import RelayClient, RelayRefused, RelayUnreachable, Standing
from media.commands import KEY_VARIABLE, Help, media_key

LOOK_S: Final = 1.0


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong relay drain",
        formatter_class=Help,
        description="Empty a relay before it is stopped: nobody new is sent there, and this waits until nobody is "
        f"left. Its key is read from {KEY_VARIABLE}.",
        epilog="Ends with 0: empty (or --undo is done), 1: not in time, or taken back by somebody, 2: it cannot "
        "be done. Ctrl-C ends the waiting, not the draining.",
    )
    parser.add_argument("relay", help="base of the relay's HTTP face, http://host:8900/media")
    parser.add_argument("--now", action="store_true", help="sessions that run go elsewhere too")
    parser.add_argument("--undo", action="store_true", help="take it back: the relay is used again")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="wait so long at most; else for ever")
    return parser.parse_args(words)


async def drain(client: RelayClient, *, now: bool = False, within_s: float | None = None) -> bool:
    """Whether it became empty in time. Raises: RelayUnreachable, RelayRefused."""
    standing, began, told = await client.drain(now=now), time.monotonic(), ""
    while standing.viewers or standing.sources:
        if (line := _line(standing)) != told:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            told = line
        if within_s is not None and time.monotonic() - began > within_s:
            return False
        await asyncio.sleep(LOOK_S)
        standing = await client.standing()
        if standing.draining == "no":
            sys.stdout.write("taken back by somebody\n")
            return False
    sys.stdout.write("empty: it may be stopped\n")
    return True


def _line(standing: Standing) -> str:
    waits = "" if standing.draining == "now" or not standing.sources else " (a session runs: --now would move it)"
    return f"{standing.viewers} viewers, {standing.sources} sources{waits}"


async def _main(parsed: argparse.Namespace, key: str) -> int:
    async with RelayClient(parsed.relay, key) as client:
        try:
            if parsed.undo:
                await client.undrain()
                sys.stdout.write("in use again\n")
                return 0
            return 0 if await drain(client, now=parsed.now, within_s=parsed.within) else 1
        except RelayUnreachable as error:
            return _cannot(f"no answer from the relay: {error}")
        except RelayRefused as error:
            return _cannot(f"the relay does not do so: {error}")


def _cannot(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


def main(words: Sequence[str]) -> int:
    parsed = _arguments(words)
    try:
        key = media_key()
    except ValueError as trouble:
        return _cannot(str(trouble))
    try:
        return asyncio.run(_main(parsed, key))
    except KeyboardInterrupt:
        return _cannot("no longer waiting; the relay is still being emptied (--undo takes it back)")

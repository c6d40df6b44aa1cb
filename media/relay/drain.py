"""`dienhong relay drain`: empties a relay, so that it can be stopped without anybody's loss.

Says so to the relay, which tells whoever places studios and viewers, and waits until nobody is left.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from typing import Final

from media.client import RelayClient, RelayRefused, RelayUnreachable, Standing

KEY_VARIABLE: Final = "DIENHONG_MEDIA_KEY"
LOOK_S: Final = 1.0


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong relay drain",
        description=f"empty a relay before it is stopped; its key is read from {KEY_VARIABLE}",
    )
    parser.add_argument("relay", help="base of the relay's HTTP face, http://host:8900/media")
    parser.add_argument("--now", action="store_true", help="sessions that run go elsewhere too")
    parser.add_argument("--undo", action="store_true", help="take it back: the relay is used again")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="wait so long at most (else for ever)")
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
        except (RelayUnreachable, RelayRefused) as error:
            sys.stderr.write(f"the relay does not do so: {error}\n")
            return 2


def main(words: Sequence[str]) -> int:
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        sys.stderr.write(f"{KEY_VARIABLE} is not set\n")
        return 2
    return asyncio.run(_main(_arguments(words), key))

"""The command `bridge`: its words, its signals, and the line a second that it tells."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence

import aiohttp

from media.commands import Help
from media.endpoint.account import Turned
from media.endpoint.bridge import Bridge, BridgeSettings
from media.endpoint.testcard import parse_colour, parse_size


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong bridge", description="A bridge without a browser.", formatter_class=Help
    )
    parser.add_argument("--server", required=True, help="address of the server, https://…")
    parser.add_argument("--code", required=True, help="the bridge's join code")
    parser.add_argument("--meeting", help="id of the meeting; else the open one, else the next convened")
    parser.add_argument("--publish", choices=("test", "none"), default="test", help="what is sent when called")
    parser.add_argument("--colour", type=parse_colour, help="RRGGBB of the test picture; else its own")
    parser.add_argument("--picture", type=parse_size, default="640x360", help="size of the test picture")
    parser.add_argument("--heads", type=int, help="delegates in the hall")
    parser.add_argument("--raise-hand", action="store_true", help="ask for the floor once (SIGUSR1: again)")
    parser.add_argument("--seconds", type=float, help="end after so long")
    parser.add_argument("--stats-json", action="store_true", help="one line of JSON a second")
    return parser.parse_args(words)


async def _main(parsed: argparse.Namespace) -> int:
    settings = BridgeSettings(
        server=parsed.server,
        code=parsed.code,
        meeting=parsed.meeting,
        publish=parsed.publish == "test",
        colour=parsed.colour,
        size=parsed.picture,
        heads=parsed.heads,
        raise_hand=parsed.raise_hand,
    )
    async with aiohttp.ClientSession() as http:
        bridge = Bridge(settings, http)
        work = asyncio.create_task(bridge.run())
        loop = asyncio.get_running_loop()
        hands: set[asyncio.Task[None]] = set()

        def raise_hand() -> None:
            hands.add(asyncio.create_task(bridge.ask_floor()))

        loop.add_signal_handler(signal.SIGUSR1, raise_hand)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        if parsed.seconds is not None:
            loop.call_later(parsed.seconds, work.cancel)
        told = asyncio.create_task(_tell(bridge)) if parsed.stats_json else None
        try:
            await work
        except asyncio.CancelledError:
            return 0
        except BaseExceptionGroup as group:
            turned = group.subgroup(Turned)
            if turned is None:
                raise
            sys.stderr.write(f"refused: {turned.exceptions[0]}\n")
            return 1
        finally:
            if told is not None:
                told.cancel()
    return 0


async def _tell(bridge: Bridge) -> None:
    while True:
        sys.stdout.write(json.dumps(bridge.stats()) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(1)


def main(words: Sequence[str]) -> int:
    return asyncio.run(_main(_arguments(words)))

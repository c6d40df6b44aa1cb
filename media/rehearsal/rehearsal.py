"""`dienhong rehearse`: many virtual bridges join relays before the session does, and a report says how.

They watch whatever is on air in the named studio; `--source` puts something on air too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import aiohttp

from media.client import RelayRefused, RelayUnreachable
from media.endpoint.joining import JoinFailed
from media.rehearsal import arguments, relay_use, ticket
from media.rehearsal.on_air import InUse, linger, on_air, run_source
from media.rehearsal.place import Place, place_of
from media.rehearsal.prose import prose, say
from media.rehearsal.report import Course, Report, merged, report
from media.rehearsal.verdict import Limits, Verdict, as_json, judge
from media.rehearsal.virtual import VIRTUAL, Fleet, is_own_limit
from media.transport import descriptors

SETTLE_S: Final = 2.0  # who came last is level with the others, and what was lost last has been asked for
GENTLY: Final = 20  # so many wait for an answer at a time
EXIT: Final = {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.UNSURE: 3}


async def _main(parsed: argparse.Namespace) -> int:
    task = asyncio.current_task()
    assert task is not None
    async with place_of(parsed) as place:
        if parsed.source_only:
            assert place.source is not None
            staged = not parsed.off_air
            await run_source(place.relays[0], place.source, staged=staged, until_eof=parsed.until_eof)
            return 0
        if parsed.write_ticket:
            bridges = range(place.first, place.first + place.bridges)
            ticket.write(ticket.issue(place.relays, place.studio, place.programme, bridges), parsed.write_ticket)
            return 0
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return _tell(await _rehearse(place, parsed), parsed)


# The bridges


async def _rehearse(place: Place, parsed: argparse.Namespace) -> Report:
    async with contextlib.AsyncExitStack() as stack:
        if place.source is not None:
            await stack.enter_async_context(on_air(place.relays, place.source, force=parsed.force))
        told = await _fleet(place, parsed)
        if place.source is not None and not told.stopped:
            own = {f"{VIRTUAL}{place.first + i}" for i in range(place.bridges)}
            await _or_stopped(linger(place.relays, place.source, own, say(parsed.language, "lingers")))
        return told


async def _fleet(place: Place, parsed: argparse.Namespace) -> Report:
    async with aiohttp.ClientSession() as http:
        fleet = Fleet(
            place.doors,
            place.studio,
            place.programme,
            loss=parsed.loss,
            repairs=True,
            eyes=parsed.decode,
            first=place.first,
        )
        tasks = [
            asyncio.create_task(fleet.run()),
            asyncio.create_task(_progress(fleet, place.bridges, parsed.language)),
        ]
        try:
            return report(fleet, await Watch(fleet, http, place, parsed).run())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            fleet.close()


class Watch:
    """Joining and watching, to the end or until it is stopped."""

    def __init__(
        self, fleet: Fleet, http: aiohttp.ClientSession, place: Place, parsed: argparse.Namespace
    ) -> None:
        self._fleet = fleet
        self._http = http
        self._bridges = place.bridges
        self._urls = [at.base_url for at in place.doors]
        self._parsed = parsed
        self._began = self._joined_at = 0.0
        self._before: dict[str, relay_use.Look] = {}
        self._seen: set[str] = set()  # relays whose metrics could be read

    async def run(self) -> Course:
        stopped = await _or_stopped(self._course())
        ended = time.monotonic()
        after = await self._look()
        thrown_away = self._fleet.heal()
        if thrown_away and not stopped:
            await asyncio.sleep(SETTLE_S)  # what was lost last is still being asked for
        self._fleet.sweep()
        for eye in self._fleet.eyes():
            eye.look(time.monotonic())
        return Course(
            asked=self._bridges,
            all_joined_s=(self._joined_at or ended) - (self._began or ended),
            thrown_away=thrown_away,
            relays=tuple(relay_use.used(self._before, after)),
            gone=relay_use.gone(self._seen, after),
            stopped=stopped,
        )

    async def _course(self) -> None:
        parsed = self._parsed
        await self._look()
        if parsed.at is not None:
            await asyncio.sleep(max(0.0, parsed.at.timestamp() - time.time()))
        self._began = time.monotonic()
        await self._fleet.join(self._bridges, at_once=self._bridges if parsed.storm else GENTLY)
        self._joined_at = time.monotonic()
        await asyncio.sleep(SETTLE_S)
        self._fleet.sample.delays_ms.clear()  # who joins first gets what was kept since the last key frame
        self._before = await self._look()
        await asyncio.sleep(parsed.seconds)

    async def _look(self) -> dict[str, relay_use.Look]:
        looks = await relay_use.look(self._http, self._urls)
        self._seen |= looks.keys()
        return looks


async def _or_stopped(work: Coroutine[Any, Any, None]) -> bool:
    """Whether Ctrl-C or SIGTERM came before its end; what follows is done all the same."""
    task = asyncio.current_task()
    assert task is not None
    try:
        await work
    except asyncio.CancelledError:
        task.uncancel()
        return True
    return False


async def _progress(fleet: Fleet, asked: int, language: str) -> None:
    try:
        while True:
            counted, failed = fleet.counted(), len(fleet.failures) + fleet.own_limits
            figures = {"received": counted.received, "gaps": counted.gaps, "failed": failed}
            line = say(language, "progress", joined=len(fleet.peers), asked=asked, **figures)
            sys.stderr.write(f"\r{line:<78}")
            sys.stderr.flush()
            await asyncio.sleep(1)
    finally:
        sys.stderr.write("\n")


# The report


def _limits(parsed: argparse.Namespace) -> Limits:
    return Limits(parsed.max_wait, parsed.max_lost, parsed.max_delay, parsed.max_frozen, parsed.max_core)


def _tell(told: Report, parsed: argparse.Namespace) -> int:
    limits = _limits(parsed)
    text = json.dumps(as_json(told, limits)) if parsed.json else prose(told, limits, parsed.language)
    sys.stdout.write(text + "\n")
    return EXIT[judge(told, limits)[0]]


def _merge(parsed: argparse.Namespace) -> int:
    reports: list[dict[str, Any]] = [json.loads(path.read_text()) for path in parsed.merge]
    return _tell(merged(reports), parsed)


def main(words: Sequence[str]) -> int:
    parsed = arguments.read(words)
    descriptors.ask_for_all()
    logging.getLogger("aioice").setLevel(logging.WARNING)  # a real source's; the progress stands on that line
    try:
        if parsed.merge:
            return _merge(parsed)
        sends = parsed.source_only or parsed.source not in (None, "none")
        if parsed.ticket is not None and (sends or parsed.write_ticket):
            raise ValueError("a ticket allows to watch only")
        return asyncio.run(_main(parsed))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return _cannot("stopped before there was anything to report")
    except (RelayUnreachable, OSError, ValueError, TimeoutError, aiohttp.ClientError) as error:
        if is_own_limit(error) or is_own_limit(error.__cause__):
            _cannot(f"this machine's own limit: {error} (raise `ulimit -n`, or use more machines)")
            return EXIT[Verdict.UNSURE]
        unreachable = "no answer from the relay: " if isinstance(error, RelayUnreachable) else ""
        return _cannot(f"{unreachable}{error or type(error).__name__}")
    except InUse as trouble:
        return _cannot(str(trouble))
    except (RelayRefused, JoinFailed) as error:
        return _cannot(f"the relay does not do so: {error}")


def _cannot(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2

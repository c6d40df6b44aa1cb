"""`dienhong rehearse`: many virtual bridges join relays before the session does, and a report says how.

They watch whatever is on air in the named studio; `--source` puts something on air too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp

from media.client import RelayClient, RelayRefused, RelayUnreachable
from media.endpoint.joining import JoinFailed
from media.rehearsal import relay_use, ticket
from media.rehearsal.report import TEXTS, Limits, Report, Verdict, judge, merged, prose, report
from media.rehearsal.synthetic import SOURCE_MARK, Studio
from media.rehearsal.virtual import Door, Fleet, door
from media.tokens import MIN_KEY_SIZE, Scope

KEY_VARIABLE: Final = "DIENHONG_MEDIA_KEY"
SOURCE_PEER: Final = "virtual:source"
SETTLE_S: Final = 1.0
USUAL: Final = Limits()
SOURCE_WITHIN_S: Final = 30.0
PICTURE: Final = (640, 360)
EXIT: Final = {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.UNSURE: 3}


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dienhong rehearse",
        description=f"virtual bridges against running relays; their key is read from {KEY_VARIABLE}",
        epilog="0: ready, 1: not ready, 2: could not be tried, 3: this machine was too slow to tell",
    )
    to = parser.add_argument_group("to where")
    to.add_argument(
        "--relay",
        action="append",
        default=[],
        help="base of a relay's HTTP face, http://host:8900/media; repeatable",
    )
    to.add_argument("--studio", default="rehearsal", help="a meeting's id, or any name for a studio apart")
    to.add_argument("--programme", default="main")
    to.add_argument("--with", dest="ticket", type=Path, help="a ticket instead of the relays' address and key")
    how = parser.add_argument_group("how")
    how.add_argument("--bridges", type=int, default=100)
    how.add_argument("--seconds", type=float, default=10, help="how long they watch once all are in")
    how.add_argument("--storm", action="store_true", help="all ask at once; else 20 wait at a time")
    how.add_argument("--loss", type=share, default=0.0, help="of what arrives, as 0.02 or 2%%, lost on purpose")
    how.add_argument("--decode", type=int, default=2, help="how many of the bridges really decode")
    source = parser.add_argument_group("what is on air")
    source.add_argument(
        "--source", nargs="?", const="synthetic", choices=("synthetic", "real"),
        help="also put something on air: packets with the time in them, or a test picture and a tone",
    )  # fmt: skip
    source.add_argument("--source-only", choices=("full", "light", "real"), help="only that; light: sound only")
    source.add_argument("--peer", default=SOURCE_PEER, help="the name of that source")
    source.add_argument("--off-air", action="store_true", help="with --source-only: not put on air")
    source.add_argument("--mark", type=int, default=SOURCE_MARK, help="a byte in each of its packets")
    several = parser.add_argument_group("several machines")
    several.add_argument("--first", type=int, default=0, help="number of the first bridge: each has its own")
    several.add_argument("--at", type=moment, help="when they ask: 14:30:00, or 2026-11-23T14:30:00")
    several.add_argument(
        "--write-ticket", type=Path, metavar="FILE", help="for a machine that has no key; no more"
    )
    several.add_argument("--merge", nargs="+", type=Path, metavar="FILE", help="reports in JSON: one of all")
    told = parser.add_argument_group("the report")
    told.add_argument("--json", action="store_true", help="as one line of JSON")
    told.add_argument("--language", choices=tuple(TEXTS), default=_language())
    told.add_argument("--max-wait", type=float, default=USUAL.first_packet_s, help="s to the first packet")
    told.add_argument("--max-lost", type=share, default=USUAL.lost, help="share that stays lost")
    told.add_argument("--max-delay", type=float, default=USUAL.delay_ms, help="ms added by the relay")
    told.add_argument("--max-core", type=float, default=USUAL.core, help="of a core, for a relay's process")
    return parser.parse_args(words)


def _language() -> str:
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    named = next((name for name in names if name), "")
    return "vi" if named.startswith("vi") else "en"


def share(text: str) -> float:
    """A share of one: `0.02` or `2%`. Raises: ValueError."""
    value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= value < 1:
        raise ValueError("a share lies between 0 and 1")
    return value


def moment(text: str) -> datetime:
    """A moment of this machine's clock; a time alone is the next one. Raises: ValueError."""
    now = datetime.now().astimezone()
    if "T" in text or "-" in text:
        return datetime.fromisoformat(text).astimezone()
    clock = datetime.strptime(text, "%H:%M:%S" if text.count(":") == 2 else "%H:%M")  # noqa: DTZ007 (local, below)
    at = now.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)
    return at if at > now else at + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bridges go. `relay`: whom to ask for more than to watch; None with a ticket."""

    doors: tuple[Door, ...]
    studio: str
    programme: str
    relay: RelayClient | None


@asynccontextmanager
async def _place(parsed: argparse.Namespace, key: str) -> AsyncIterator[Place]:
    """Raises: OSError, ValueError for a ticket that cannot be used."""
    if parsed.ticket is not None:
        given = ticket.read(parsed.ticket)
        doors = tuple(Door(url, given.tokens.__getitem__) for url in given.relays)
        parsed.bridges = min(parsed.bridges, len(given.tokens))
        yield Place(doors, given.studio, given.programme, None)
        return
    async with contextlib.AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(RelayClient(url, key, timeout_s=30)) for url in parsed.relay]
        doors = tuple(door(relay, parsed.studio, parsed.programme) for relay in relays)
        yield Place(doors, parsed.studio, parsed.programme, relays[0])


async def _main(parsed: argparse.Namespace, key: str) -> int:
    async with _place(parsed, key) as place:
        if parsed.source_only:
            assert place.relay is not None
            return await _source(place.relay, parsed)
        if parsed.write_ticket:
            relays = [RelayClient(url, key) for url in parsed.relay]
            bridges = range(parsed.first, parsed.first + parsed.bridges)
            ticket.write(ticket.issue(relays, parsed.studio, parsed.programme, bridges), parsed.write_ticket)
            return 0
        return _tell(await _rehearse(place, parsed), parsed)


# What is on air


async def _source(relay: RelayClient, parsed: argparse.Namespace) -> int:
    """A publisher of its own process, so that it keeps its pace. SIGUSR1: picture on."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not parsed.off_air:
        await relay.stage(parsed.studio, parsed.programme, parsed.peer, (parsed.peer,))
    sending = _real(relay, parsed) if parsed.source_only == "real" else _synthetic(relay, parsed)
    async with sending:
        sys.stdout.write(json.dumps({"ready": True}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    return 0


@asynccontextmanager
async def _synthetic(relay: RelayClient, parsed: argparse.Namespace) -> AsyncIterator[None]:
    source = Studio(relay, parsed.studio, parsed.peer, parsed.mark)
    source.video = parsed.source_only != "light"
    await source.open()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, setattr, source, "video", True)
    sending = asyncio.create_task(source.run())
    try:
        yield
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        source.close()


@asynccontextmanager
async def _real(relay: RelayClient, parsed: argparse.Namespace) -> AsyncIterator[None]:
    from media.endpoint.endpoint import Publisher
    from media.endpoint.testcard import TestPicture, Tone

    url, token = (
        f"{relay.base_url}/whip/{parsed.studio}",
        relay.token(Scope.PUBLISH, parsed.studio, parsed.peer),
    )
    async with aiohttp.ClientSession() as http:
        publisher = Publisher(http, url, token, [], [TestPicture((32, 96, 160), PICTURE), Tone()])
        try:
            await publisher.open()
            yield
        finally:
            await publisher.close()


@asynccontextmanager
async def _on_air(place: Place, parsed: argparse.Namespace) -> AsyncIterator[None]:
    """The source that `--source` wants; a real one encodes, in a process of its own."""
    if parsed.source is None or place.relay is None:
        yield
    elif parsed.source == "synthetic":
        await place.relay.stage(parsed.studio, parsed.programme, parsed.peer, (parsed.peer,))
        async with _synthetic(place.relay, parsed):
            yield
    else:
        words = ["--relay", parsed.relay[0], "--studio", parsed.studio, "--programme", parsed.programme]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media", "rehearse", *words, "--peer", parsed.peer, "--source-only", "real",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            async with asyncio.timeout(SOURCE_WITHIN_S):
                if not await process.stdout.readline():
                    raise JoinFailed("the source did not get in")
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


# The bridges


async def _rehearse(place: Place, parsed: argparse.Namespace) -> Report:
    async with _on_air(place, parsed), aiohttp.ClientSession() as http:
        fleet = Fleet(
            place.doors,
            place.studio,
            place.programme,
            loss=parsed.loss,
            repairs=True,
            eyes=parsed.decode,
            first=0 if parsed.ticket else parsed.first,
        )
        tasks = [asyncio.create_task(fleet.run()), asyncio.create_task(_progress(fleet, parsed.bridges))]
        try:
            return await _watch(fleet, http, [at.base_url for at in place.doors], parsed)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            fleet.close()


async def _watch(
    fleet: Fleet, http: aiohttp.ClientSession, urls: Sequence[str], parsed: argparse.Namespace
) -> Report:
    if parsed.at is not None:
        await asyncio.sleep(max(0.0, parsed.at.timestamp() - time.time()))
    began = time.monotonic()
    await fleet.join(parsed.bridges, at_once=parsed.bridges if parsed.storm else 20)
    joined_s = time.monotonic() - began
    await asyncio.sleep(SETTLE_S)
    fleet.sample.delays_ms.clear()  # who joins first gets what was kept since the last key frame
    before = await relay_use.look(http, urls)
    await asyncio.sleep(parsed.seconds)
    uses = relay_use.used(before, await relay_use.look(http, urls))
    thrown_away = fleet.heal()
    if thrown_away:
        await asyncio.sleep(SETTLE_S)  # what was lost last is still being asked for
    fleet.sweep()
    for eye in fleet.eyes():
        eye.look(time.monotonic())
    return report(fleet, parsed.bridges, joined_s, fleet.dropped(), thrown_away, uses)


async def _progress(fleet: Fleet, asked: int) -> None:
    while True:
        counted = fleet.counted()
        line = f"{len(fleet.peers)}/{asked} in, {counted.received} packets, {counted.gaps} missing"
        if fleet.failures:
            line += f", {len(fleet.failures)} failed"
        if pictures := sum(eye.pictures for eye in fleet.eyes()):
            line += f", {pictures} pictures decoded"
        sys.stderr.write(f"\r{line:<78}")
        sys.stderr.flush()
        await asyncio.sleep(1)


# The report


def _limits(parsed: argparse.Namespace) -> Limits:
    return Limits(parsed.max_wait, parsed.max_lost, parsed.max_delay, core=parsed.max_core)


def _tell(told: Report, parsed: argparse.Namespace) -> int:
    limits = _limits(parsed)
    text = json.dumps(told.as_json(limits)) if parsed.json else prose(told, limits, parsed.language)
    sys.stdout.write(text + "\n")
    return EXIT[judge(told, limits)[0]]


def _merge(parsed: argparse.Namespace) -> int:
    reports: list[dict[str, Any]] = [json.loads(path.read_text()) for path in parsed.merge]
    return _tell(merged(reports), parsed)


def main(words: Sequence[str]) -> int:
    parsed = _arguments(words)
    key = os.environ.get(KEY_VARIABLE, "")
    try:
        if parsed.merge:
            return _merge(parsed)
        if parsed.ticket is None and len(key.encode()) < MIN_KEY_SIZE:
            raise ValueError(
                f"{KEY_VARIABLE} is not set, or too short; a machine without it needs a ticket (--with)"
            )
        if parsed.ticket is None and not parsed.relay:
            raise ValueError("--relay: where to?")
        if parsed.ticket is not None and (parsed.source or parsed.source_only or parsed.write_ticket):
            raise ValueError("a ticket allows to watch only")
        return asyncio.run(_main(parsed, key))
    except (OSError, ValueError, TimeoutError, aiohttp.ClientError) as error:
        sys.stderr.write(f"{error or type(error).__name__}\n")
    except (RelayUnreachable, RelayRefused, JoinFailed) as error:
        sys.stderr.write(f"the relay does not do so: {error}\n")
    return 2

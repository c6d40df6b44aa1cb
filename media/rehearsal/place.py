"""Where a rehearsal's bridges go, and what is put on air there: by the words of the command, or by a ticket."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from media.client import RelayClient
from media.commands import media_key
from media.rehearsal import ticket
from media.rehearsal.arguments import BRIDGES, RELAYS_VARIABLE, STUDIO
from media.rehearsal.on_air import Source
from media.rehearsal.virtual import Door, door

TIMEOUT_S = 30.0  # a storm may keep a relay's HTTP face busy


@dataclass(frozen=True, slots=True)
class Place:
    """`relays`: whom to ask for more than to watch; none with a ticket. `source`: what is put on air there.

    `first`: the number of the first of the bridges.
    """

    doors: tuple[Door, ...]
    studio: str
    programme: str
    bridges: int
    first: int = 0
    relays: tuple[RelayClient, ...] = ()
    source: Source | None = None


@asynccontextmanager
async def place_of(parsed: argparse.Namespace) -> AsyncIterator[Place]:
    """Raises: OSError, ValueError for a ticket that cannot be used, no relay or no key; RelayUnreachable,
    RelayRefused.
    """
    if parsed.ticket is not None:
        given = ticket.read(parsed.ticket)
        doors = tuple(Door(url, given.tokens.__getitem__) for url in given.relays)
        bridges = min(parsed.bridges or len(given.tokens), len(given.tokens))
        yield Place(doors, given.studio, given.programme, bridges)
        return
    key, studio = media_key(), parsed.studio or STUDIO
    urls = parsed.relay or _known_relays()
    async with contextlib.AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(RelayClient(url, key, timeout_s=TIMEOUT_S)) for url in urls]
        source = None if parsed.write_ticket else await _source(relays, studio, parsed)
        if parsed.studio and not parsed.relay and source is None:
            relays = await _carrying(relays, studio, parsed.programme)
        doors = tuple(door(relay, studio, parsed.programme) for relay in relays)
        bridges = parsed.bridges or BRIDGES
        yield Place(doors, studio, parsed.programme, bridges, parsed.first, tuple(relays), source)


def _known_relays() -> list[str]:
    """Raises: ValueError when there are none."""
    told = (url.strip() for url in os.environ.get(RELAYS_VARIABLE, "").split(","))
    urls = [url for url in told if "://" in url]
    if not urls:
        raise ValueError("no relay is known here (is the server running?): name one with --relay")
    return urls


async def _source(relays: Sequence[RelayClient], studio: str, parsed: argparse.Namespace) -> Source | None:
    """What was asked for; in the studio apart a synthetic one, unless another machine's is there already."""
    kind = parsed.source_only or {"synthetic": "full"}.get(parsed.source, parsed.source)
    if kind is None and not parsed.studio and not await _shows(relays[0], studio, parsed.programme):
        kind = "full"
    if kind in (None, "none"):
        return None
    return Source(studio, parsed.programme, kind, parsed.peer, parsed.mark)


async def _carrying(relays: Sequence[RelayClient], studio: str, programme: str) -> list[RelayClient]:
    """Of relays that nobody named those where a meeting's programme is on air; all when it is nowhere."""
    return [relay for relay in relays if await _shows(relay, studio, programme)] or list(relays)


async def _shows(relay: RelayClient, studio: str, programme: str) -> bool:
    """Whether anything is on air in this programme there."""
    shown = (await relay.studio(studio)).programmes.get(programme)
    return shown is not None and any((shown.on_air.video, *shown.on_air.audio))

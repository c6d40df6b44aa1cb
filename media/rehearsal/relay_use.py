"""What relays use while a rehearsal runs: read from their metrics, before and after."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from media.rehearsal.report import RelayUse

TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_CPU: Final = re.compile(r'^media_process_cpu_seconds_total\{process="([^"]+)"\} ([0-9.e+]+)$', re.MULTILINE)
_RSS: Final = re.compile(r'^media_process_resident_bytes\{process="[^"]+"\} (\d+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Look:
    """`cpu_s` by process."""

    at: float
    cpu_s: dict[str, float]
    rss_bytes: int


async def look(http: aiohttp.ClientSession, urls: Sequence[str]) -> dict[str, Look]:
    """Relays whose metrics cannot be read, for instance behind a proxy, are left out."""
    found = await asyncio.gather(*(_look(http, url) for url in urls))
    return {url: one for url, one in zip(urls, found, strict=True) if one is not None}


async def _look(http: aiohttp.ClientSession, url: str) -> Look | None:
    try:
        async with http.get(url + "/metrics", timeout=TIMEOUT) as answer:
            text = await answer.text()
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
    cpu_s = {name: float(value) for name, value in _CPU.findall(text)}
    return Look(time.monotonic(), cpu_s, sum(map(int, _RSS.findall(text)))) if cpu_s else None


def gone(seen: Collection[str], after: Mapping[str, Look]) -> tuple[str, ...]:
    """Relays that could be read once and can be read no more."""
    return tuple(sorted(set(seen) - set(after)))


def used(before: Mapping[str, Look], after: Mapping[str, Look]) -> list[RelayUse]:
    """Between two looks."""
    uses = []
    for url, then in after.items():
        first = before.get(url)
        if first is None:
            continue
        took_s = max(0.001, then.at - first.at)
        # A worker that was replaced meanwhile begins at nothing.
        shares = [max(0.0, cpu - first.cpu_s.get(name, 0.0)) / took_s for name, cpu in then.cpu_s.items()]
        rss_mb = then.rss_bytes / (1 << 20)
        uses.append(RelayUse(url, round(sum(shares), 3), round(max(shares), 3), round(rss_mb, 1)))
    return uses

"""Processes of a bench: the relay and the synthetic source, and what a process and all below it used."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.client import RelayClient
from media.commands import KEY_VARIABLE

ROOT = Path(__file__).parents[2]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
STUDIO = "bench"


@dataclass(frozen=True)
class Usage:
    """Of all processes of a relay together."""

    cpu_s: float
    rss_kb: int


def usage(pid: int) -> Usage:
    cpu, rss = 0, 0
    for one in family(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        cpu += int(fields[11]) + int(fields[12])
        rss += int(status.partition("VmRSS:")[2].split()[0])
    return Usage(cpu / TICKS_PER_S, rss)


def family(pid: int) -> list[int]:
    """The process and all below it."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += below.get(one, [])
    return found


@dataclass
class Bench:
    relay: asyncio.subprocess.Process
    source: asyncio.subprocess.Process
    client: RelayClient
    key: str

    def usage(self) -> Usage:
        return usage(self.relay.pid)


async def start(*words: str, key: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    """One of media's commands, when it has said that it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", *words,
        cwd=ROOT, env=os.environ | {KEY_VARIABLE: key}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
    except TimeoutError:
        await end(process)
        raise
    if not line:
        raise RuntimeError(f"media {words[0]} did not start")
    return process, json.loads(line)


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)
    process._transport.close()  # type: ignore[attr-defined]


@asynccontextmanager
async def bench(*, light: bool, relay_words: list[str]) -> AsyncIterator[Bench]:
    """A relay with a source on air; `light`: sound only, until it gets SIGUSR1."""
    key = secrets.token_hex(32)
    relay, ready = await start("relay", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", *relay_words, key=key)
    client = RelayClient(ready["http"], key, timeout_s=30)
    only = "light" if light else "full"
    source, _ = await start(
        "rehearse", "--relay", ready["http"], "--studio", STUDIO, "--source-only", only, key=key
    )
    try:
        yield Bench(relay, source, client, key)
    finally:
        await client.aclose()
        await end(source)
        await end(relay)

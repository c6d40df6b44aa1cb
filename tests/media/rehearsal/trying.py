"""The command as an operator gives it, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

from tests.media.running import ROOT, RunningRelay

#: A busy machine's figures are no reason.
PATIENT = (
    "--max-wait", "60", "--max-delay", "20000", "--max-lost", "90%", "--max-frozen", "90%", "--max-core", "9"
)  # fmt: skip


async def start(
    relay: RunningRelay,
    *words: str,
    key: str = "",
    wrapper: tuple[str, ...] = (),
    more: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    """`wrapper`: what starts it, for instance with other limits; `more` is added to the environment."""
    return await asyncio.create_subprocess_exec(
        *wrapper, sys.executable, "-m", "media", "rehearse", *words,
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": key or relay.key, "LC_ALL": "C"} | dict(more or {}),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def said(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    """Its exit code, its report, what it said besides."""
    told, besides = await asyncio.wait_for(process.communicate(), 80)
    process._transport.close()  # type: ignore[attr-defined]
    return process.returncode, told.decode(), besides.decode()


async def command(relay: RunningRelay, *words: str, **more: Any) -> tuple[int | None, str]:
    code, told, _ = await said(await start(relay, *words, **more))
    return code, told


async def said_so(process: asyncio.subprocess.Process, words: bytes) -> None:
    """Wait until its progress says this."""
    assert process.stderr is not None
    heard = b""
    async with asyncio.timeout(60):
        while words not in heard:
            more = await process.stderr.read(100)
            assert more, heard
            heard += more

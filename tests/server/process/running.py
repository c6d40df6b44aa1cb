"""A real server process on a data folder of its own: started, asked, killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
READY_S = 60


@dataclass
class Running:
    """`said`: what it printed until it was ready. `url`: where it answers."""

    process: asyncio.subprocess.Process
    url: str = ""
    said: list[str] = field(default_factory=list)

    def code_of(self, label: str) -> str:
        """The code in the demo's table on the line that begins with this."""
        (line,) = [s for s in self.said if s.strip().startswith(label)]
        return line.rpartition("#")[2].strip()

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


def environment(data: Path, **others: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DIENHONG_")}
    given = {"DATA": str(data), "RELAY_URLS": "none", "RATE_SCALE": "0", "LOG_LEVEL": "WARNING", **others}
    return {**kept, **{f"DIENHONG_{name}": value for name, value in given.items()}}


@asynccontextmanager
async def serving(data: Path, *words: str, **others: str) -> AsyncIterator[Running]:
    """`others`: settings, without their prefix."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        "serve",
        "--port",
        "0",
        *words,
        cwd=ROOT,
        env=environment(data, **others),
        stdout=asyncio.subprocess.PIPE,
    )
    running = Running(process)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_S):
            while line := (await process.stdout.readline()).decode():
                running.said.append(line.rstrip())
                if line.startswith("Diên Hồng: "):
                    running.url = line.partition(": ")[2].strip()
                if line.startswith("ready in "):
                    break
            else:
                raise AssertionError(f"it ended with {await process.wait()}: {running.said}")
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(15):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
                raise AssertionError("it did not end on SIGTERM") from None


async def command(data: Path, *words: str, **others: str) -> tuple[int, str]:
    """Runs `dienhong …`; its status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        *words,
        cwd=ROOT,
        env=environment(data, **others),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()

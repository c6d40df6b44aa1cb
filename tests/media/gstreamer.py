"""GStreamer peers for tests, each a process of its own: `gstreamer_peer.py`, read line by line."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.servers import missing

#: Debian's: the bindings are built for it.
PYTHON = "/usr/bin/python3"
PEER = Path(__file__).with_name("gstreamer_peer.py")
NEEDS = """
import gi
for name in ("Gst", "GstSdp", "GstWebRTC"):
    gi.require_version(name, "1.0")
from gi.repository import Gst
Gst.init(None)
for name in ("webrtcbin", "nicesrc", "vp8enc", "openh264enc", "opusenc", "srtpenc"):
    assert Gst.ElementFactory.find(name), name
"""
# A virtual environment's search path is none of the system's Python.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}


@cache
def _present() -> bool:
    with contextlib.suppress(OSError):
        return subprocess.run([PYTHON, "-c", NEEDS], env=ENVIRONMENT, capture_output=True).returncode == 0
    return False


class Gstreamer:
    """One peer; `facts` holds the newest of everything that it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.facts: dict[str, Any] = {}

    async def until(self, holds: Callable[[dict[str, Any]], bool], seconds: float = 20) -> None:
        """Wait until something holds of what it said."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                while not holds(self.facts):
                    line = await self._process.stdout.readline()
                    assert line, f"it ended: {self.facts}"
                    self.facts |= json.loads(line)
                    assert "error" not in self.facts, self.facts
        except TimeoutError:
            raise AssertionError(f"it never got there: {self.facts}") from None


@contextlib.asynccontextmanager
async def gstreamer(task: str, url: str, token: str, only: str = "") -> AsyncIterator[Gstreamer]:
    """Skips, or fails in CI, where GStreamer is not."""
    if not _present():
        missing(
            "no GStreamer: apt-get install gstreamer1.0-plugins-bad gstreamer1.0-nice gir1.2-gst-plugins-bad-1.0"
        )
    words = [PYTHON, str(PEER), task, url]
    process = await asyncio.create_subprocess_exec(
        *words, env=ENVIRONMENT | {"TOKEN": token, "ONLY": only}, stdout=subprocess.PIPE
    )
    try:
        yield Gstreamer(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()

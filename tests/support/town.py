"""A whole installation as a newcomer starts it: one `serve --demo` process, and the links it printed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.servers import free_port

ROOT = Path(__file__).parents[2]

#: What the table calls each way in, in the order it prints them.
ROLES = (
    "administrator",
    "chair",
    "secretary",
    "member1",
    "member2",
    "central",
    "commune1",
    "commune2",
    "commune3",
)


@dataclass
class Town:
    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    demo: bool = True
    url: str = ""
    ways: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    lines: list[str] = field(default_factory=list)

    def start(self, wait_s: float = 60) -> None:
        """Returns when the process says it is ready."""
        environment = os.environ | {
            "DIENHONG_DATA": str(self.data),
            "DIENHONG_PORT": self.url.rsplit(":", 1)[1] if self.url else "0",
            "DIENHONG_RELAY_UDP": f"0.0.0.0:{free_port()}",
            "DIENHONG_RATE_SCALE": "0",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "default",
        }
        command = [sys.executable, "-m", "server", "serve", *(["--demo"] if self.demo else [])]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self.process, ready), daemon=True).start()
        if not ready.wait(wait_s):
            self.stop()
            raise AssertionError("the server did not become ready:\n" + "\n".join(self.lines[-40:]))
        self.url = next(m[1] for line in self.lines if (m := re.search(r"Diên Hồng: (http\S+)", line)))
        ways = [m[0] for line in self.lines if (m := re.search(r"http\S+/(link|join)#\S+", line))]
        self.ways = dict(zip(ROLES, ways[-len(ROLES) :], strict=False))

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("ready in"):
                ready.set()

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`dienhong …` on this installation's data."""
        return subprocess.run(
            [sys.executable, "-m", "server", *arguments],
            cwd=ROOT,
            env=os.environ | {"DIENHONG_DATA": str(self.data)} | self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

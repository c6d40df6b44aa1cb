"""The C floor (floor.c): compiled when asked for, run against sockets that are read as the receivers' are."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from media.endpoint.lite import Slot
from media.rehearsal.inbox import HeaderInbox, LossyLink
from media.rehearsal.virtual import SWEEP_S, socket_drops
from media.transport.kernel import open_port

SOURCE = Path(__file__).with_name("floor.c")
RECEIVE_BUFFER = 1 << 20


class NoFloor(Exception):
    """It cannot be built here; says what is missing."""


def build(folder: Path) -> Path:
    """Raises: NoFloor."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoFloor("the C floor needs a C compiler (Debian: gcc)")
    program = folder / "floor"
    made = subprocess.run(
        [compiler, "-O2", "-o", program, SOURCE, "-lcrypto"], capture_output=True, text=True, check=False
    )
    if made.returncode:
        missing = "openssl/evp.h" in made.stderr or "-lcrypto" in made.stderr
        raise NoFloor("the C floor needs OpenSSL's headers (Debian: libssl-dev)" if missing else made.stderr)
    return program


@dataclass(eq=False)
class Sink:
    """A receiver of the floor's packets: what the header inbox needs of a peer."""

    sock: socket.socket | None
    first_packet_at: float = 0.0
    slots: dict[int, Slot] = field(default_factory=lambda: {1: Slot("video", 1), 2: Slot("audio", 2)})


async def measure(receivers: int, seconds: float, *, gso: bool = True) -> float | None:
    """µs per packet and receiver; None when packets were dropped. `gso`: where the kernel has it.

    Raises: NoFloor.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        sockets = [open_port("127.0.0.1", 0, buffer_size=RECEIVE_BUFFER) for _ in range(receivers)]
        sinks = [Sink(sock) for sock in sockets]
        ports = [sock.getsockname()[1] for sock in sockets]
        inbox = HeaderInbox(LossyLink(0.0))
        try:
            words = [program, "127.0.0.1", str(seconds), str(int(gso)), *map(str, ports)]
            running = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
            ended = asyncio.create_task(running.communicate())
            while not ended.done():
                for sink in sinks:
                    inbox.read(sink)
                await asyncio.sleep(SWEEP_S)
            told = json.loads((await ended)[0])
            drops = socket_drops(set(ports))
        finally:
            for sock in sockets:
                sock.close()
    return told["cpu_s"] * 1e6 / told["packets"] if not drops else None

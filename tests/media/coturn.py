"""coturn, the TURN server that our compose file starts, on loopback with a secret of its own."""

import contextlib
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signaling.turn import TurnSettings, ice_servers
from tests.support.servers import free_port, missing

CONFIG = """\
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={port}
min-port={first}
max-port={last}
use-auth-secret
static-auth-secret={secret}
realm=hop.example
userdb={folder}/turndb
pidfile={folder}/pid
log-file=stdout
simple-log
fingerprint
no-cli
no-tls
no-dtls
no-rfc5780
no-software-attribute
"""
RELAYED_PORTS = 200
# What coturn refuses to everybody else, and rightly so.
TO_LOOPBACK = ("allow-loopback-peers",)


@dataclass(frozen=True, slots=True)
class Coturn:
    """A TURN server that runs."""

    port: int
    secret: str
    log: Path

    def servers(self, transport: str, peer: str = "commune") -> list[dict[str, Any]]:
        """What our server tells a browser of it: time-limited credentials."""
        settings = TurnSettings((f"turn:127.0.0.1:{self.port}?transport={transport}",), self.secret)
        made = ice_servers(settings, peer, datetime.now(UTC))
        return [{"urls": list(s.urls), "username": s.username, "credential": s.credential} for s in made]


@contextlib.contextmanager
def running_coturn(peers: Sequence[str] = TO_LOOPBACK) -> Iterator[Coturn]:
    """`peers`: lines of its settings on who may be reached. Skips, or fails in CI, where there is no coturn."""
    program = shutil.which("turnserver")
    if program is None:
        missing("no TURN server to go through: apt-get install coturn")
    with tempfile.TemporaryDirectory() as name:
        folder, port, first = Path(name), free_port(), free_port()
        first = min(first, 65535 - RELAYED_PORTS)
        made = Coturn(port, secrets.token_hex(16), folder / "log")
        config = folder / "turnserver.conf"
        config.touch(0o600)
        config.write_text(
            CONFIG.format(port=port, first=first, last=first + RELAYED_PORTS, secret=made.secret, folder=folder)
            + "".join(f"{line}\n" for line in peers)
        )
        with made.log.open("wb") as log:
            process = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log, cwd=folder)
        try:
            _await_port(process, made)
            yield made
        finally:
            process.terminate()
            process.wait(10)


def _await_port(process: "subprocess.Popen[bytes]", coturn: Coturn) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        assert process.poll() is None, coturn.log.read_text()
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", coturn.port)) == 0:
                return
        time.sleep(0.05)  # no event tells of it
    raise AssertionError(f"coturn does not listen: {coturn.log.read_text()}")

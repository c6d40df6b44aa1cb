"""A relay process of our own on loopback, and tokens for it."""

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import jwt

ROOT = Path(__file__).parents[2]


@dataclass
class RunningRelay:
    """A relay process under test."""

    url: str
    udp: list[int]
    key: str
    process: subprocess.Popen[bytes]
    http: aiohttp.ClientSession
    tcp: tuple[int, ...] = ()
    studio: str = field(default_factory=lambda: "s" + secrets.token_hex(4))

    def token(self, scope: str, peer: str = "", programme: str = "", **changes: Any) -> str:
        now = int(time.time())
        claims = {"aud": "dienhong-media", "iat": now, "exp": now + 600, "jti": secrets.token_hex(8)}
        claims |= {"scope": scope, "studio": self.studio, "peer": peer}
        if programme:
            claims["programme"] = programme
        key = changes.pop("key", self.key)
        return jwt.encode(claims | changes, key, algorithm="HS256")

    def headers(self, scope: str, peer: str = "", programme: str = "", **changes: Any) -> dict[str, str]:
        return {"Authorization": "Bearer " + self.token(scope, peer, programme, **changes)}

    async def post_offer(self, path: str, sdp: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        send = headers | {"Content-Type": "application/sdp"}
        async with self.http.post(self.url + path, data=sdp, headers=send) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def stage(self, video: str | None, *audio: str | None, programme: str = "main") -> dict[str, Any]:
        path = f"{self.url}/control/studios/{self.studio}/programmes/{programme}"
        body = {"video": video, "audio": list(audio)}
        async with self.http.put(path, json=body, headers=self.headers("control")) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def state(self) -> dict[str, Any]:
        path = f"{self.url}/control/studios/{self.studio}"
        async with self.http.get(path, headers=self.headers("control")) as answer:
            assert answer.status == 200
            return await answer.json()


@dataclass(frozen=True, slots=True)
class RelayProcess:
    """A relay that was started and is up."""

    url: str
    udp: tuple[int, ...]
    key: str
    process: subprocess.Popen[bytes]
    tcp: tuple[int, ...] = ()

    def stop(self) -> None:
        """End it cleanly, and see that it does."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert self.process.wait(15) == 0


def start_relay(*arguments: str, key: str = "", more: Mapping[str, str] | None = None) -> RelayProcess:
    """`arguments` come last, so they win; `more` is added to the environment."""
    key = key or secrets.token_hex(32)
    process = subprocess.Popen(
        [sys.executable, "-m", "media", "relay", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", *arguments],
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": key} | (more or {}), stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] is True
    return RelayProcess(ready["http"], tuple(ready["udp"]), key, process, tuple(ready["tcp"]))


@contextlib.asynccontextmanager
async def speaking_with(started: RelayProcess) -> AsyncIterator[RunningRelay]:
    """The relay as one test sees it: with a studio of its own."""
    async with aiohttp.ClientSession() as http:
        yield RunningRelay(started.url, list(started.udp), started.key, started.process, http, started.tcp)


async def metric(relay: RunningRelay, name: str) -> int:
    async with relay.http.get(relay.url + "/metrics") as answer:
        text = await answer.text()
    found = re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)
    assert found, text
    return int(found[1])


def children(relay: RunningRelay) -> list[int]:
    listing = Path(f"/proc/{relay.process.pid}/task/{relay.process.pid}/children")
    return [int(pid) for pid in listing.read_text().split()]


async def healthy(relay: RunningRelay) -> bool:
    async with relay.http.get(relay.url + "/healthz") as answer:
        return answer.status == 200

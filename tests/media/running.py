"""A relay process of our own on loopback, and tokens for it."""

import asyncio
import json
import os
import secrets
import signal
import sys
import time
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
    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession
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


async def start_relay(*arguments: str) -> RunningRelay:
    key = secrets.token_hex(32)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "relay", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", *arguments,
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": key}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 20)
    ready = json.loads(line)
    assert ready["ready"] is True
    return RunningRelay(ready["http"], ready["udp"], key, process, aiohttp.ClientSession())


async def stop_relay(relay: RunningRelay) -> None:
    await relay.http.close()
    if relay.process.returncode is None:
        relay.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(relay.process.wait(), 15) == 0
    relay.process._transport.close()  # type: ignore[attr-defined]  # else its finalizer warns in a later test

"""Real `dienhong serve` processes on a database of the test's own, and ways in for people and bridges."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from rooms.ids import BridgeId
from rooms.roles import Actor, ActorKind
from server.store import SqlStore
from server.store.accounts import Subject
from server.tokens import digest, new_join_code, tidy_join_code
from tests.signaling.world import now

ROOT = Path(__file__).parents[2]
START_S = 120


@dataclass
class Server:
    url: str
    process: asyncio.subprocess.Process
    log: list[str]

    async def end(self, number: int = signal.SIGTERM) -> None:
        if self.process.returncode is None:
            self.process.send_signal(number)
            await asyncio.wait_for(self.process.wait(), 90)
        self.process._transport.close()  # type: ignore[attr-defined]


async def start_server(data: Path, **environment: str) -> Server:
    """Raises: AssertionError with what it said when it does not start."""
    given = {
        "DIENHONG_DATA": str(data),
        "DIENHONG_PORT": "0",
        "DIENHONG_RELAY_UDP": "127.0.0.1:0",
        "DIENHONG_RATE_SCALE": "1000",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "serve",
        cwd=ROOT, env=os.environ | given | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    log: list[str] = []
    url = ""
    assert process.stdout is not None
    async with asyncio.timeout(START_S):
        async for raw in process.stdout:
            line = raw.decode().rstrip()
            log.append(line)
            if line.startswith("Diên Hồng: "):
                url = line.removeprefix("Diên Hồng: ")
            if line.startswith("ready in"):
                break
    assert url, log
    server = Server(url, process, log)
    server._reader = asyncio.create_task(_drain(server))  # type: ignore[attr-defined]
    return server


async def _drain(server: Server) -> None:
    assert server.process.stdout is not None
    async for raw in server.process.stdout:
        server.log.append(raw.decode().rstrip())


@asynccontextmanager
async def serving(data: Path, **environment: str) -> AsyncIterator[Server]:
    server = await start_server(data, **environment)
    try:
        yield server
    finally:
        await server.end()
        await server._reader  # type: ignore[attr-defined]


async def join_code(store: SqlStore, bridge: Actor) -> str:
    code = new_join_code()
    async with store.accounts() as accounts:
        await accounts.set_join_code(BridgeId(bridge.id), digest(tidy_join_code(code)), now() + timedelta(days=1))
    return code


async def sign_in(http: aiohttp.ClientSession, server: Server, store: SqlStore, actor: Actor) -> str:
    """An access token, by the ways a real person or bridge comes in."""
    if actor.kind is ActorKind.BRIDGE:
        path, code = "/api/session/bridge", await join_code(store, actor)
    else:
        path, code = "/api/session/link", secrets.token_urlsafe(32)
        async with store.accounts() as accounts:
            await accounts.add_link(digest(code), Subject(actor.kind, actor.id), now() + timedelta(hours=1))
    async with http.post(server.url + path, json={"code": code}) as response:
        body: dict[str, Any] = await response.json()
        assert response.status in (200, 201), body
        return str(body["access_token"])


async def command(
    http: aiohttp.ClientSession, server: Server, token: str, meeting_id: object, body: dict[str, Any]
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(8)}
    url = f"{server.url}/api/meetings/{meeting_id}/commands"
    async with http.post(url, json=body, headers=headers) as response:
        answer: dict[str, Any] = await response.json()
        assert response.status in (200, 201), answer
        return answer

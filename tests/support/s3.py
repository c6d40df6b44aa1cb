"""A real S3-compatible HTTP server on loopback, and a gate before it that can hold an answer back or close."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

_NAMED_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@contextmanager
def s3_running() -> Iterator[str]:
    """Its endpoint."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def new_bucket() -> str:
    return f"dienhong-{secrets.token_hex(6)}"


@dataclass
class Gate:
    """`stored`: an upload was acknowledged by the store; with `holding` nobody is told.

    `gets`: reads so far. `put`: what the last upload said of itself.
    """

    url: str = ""
    holding: bool = False
    stored: asyncio.Event = field(default_factory=asyncio.Event)
    gets: int = 0
    put: dict[str, str] = field(default_factory=dict)
    server: TestServer | None = None

    async def close(self) -> None:
        """Nobody answers from now on."""
        if self.server is not None:
            await self.server.close()


@asynccontextmanager
async def gate_before(endpoint: str) -> AsyncIterator[Gate]:
    gate = Gate()

    async def pass_on(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _NAMED_HOP_BY_HOP}
        async with http.request(request.method, endpoint + request.raw_path, data=body, headers=headers) as answer:
            content = await answer.read()
            given = {k: v for k, v in answer.headers.items() if k.lower() not in _NAMED_HOP_BY_HOP}
        if request.method == "GET":
            gate.gets += 1
        if request.method == "PUT" and answer.status == 200:
            gate.put = {name.lower(): value for name, value in headers.items()}
            gate.stored.set()
            if gate.holding:
                await asyncio.Event().wait()
        return web.Response(status=answer.status, body=content, headers=given)

    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", pass_on)
    server = gate.server = TestServer(app)
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["Content-Type"]) as http:
        await server.start_server(shutdown_timeout=0.1)
        gate.url = str(server.make_url("/")).rstrip("/")
        try:
            yield gate
        finally:
            await server.close()

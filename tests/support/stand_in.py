"""A relay that says of every studio what the test tells it: who watches with what figures, who sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

NOBODY = {"video": None, "audio": []}


@dataclass
class StandIn:
    """`answers` cleared: whoever asks for a studio waits. `asked`: how often one was asked for."""

    url: str = ""
    wanted: str | None = None
    sources: list[dict[str, Any]] = field(default_factory=list)
    viewers: list[dict[str, Any]] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    def watches(self, peer: str, **figures: Any) -> None:
        """From now on, with these figures."""
        self.viewers = [v for v in self.viewers if v["peer"] != peer]
        self.viewers.append({"peer": peer, "programme": "main", **figures})

    def sends(self, peer: str, *, video_fps: float, audio_kbps: float) -> None:
        flows = {"fps": video_fps, "audio_kbps": audio_kbps}
        self.sources = [s for s in self.sources if s["peer"] != peer]
        self.sources.append({"peer": peer, "video": True, "audio": True, **flows})

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            self.asked += 1
            await self.answers.wait()
        if request.method != "GET":
            return web.json_response({"wanted": NOBODY, "on_air": NOBODY})
        shown = {**NOBODY, "video": self.wanted}
        programmes = {"main": {"wanted": shown, "on_air": shown}}
        return web.json_response({"programmes": programmes, "sources": self.sources, "viewers": self.viewers})


@asynccontextmanager
async def standing_in() -> AsyncIterator[StandIn]:
    made = StandIn()
    made.answers.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/media"
    try:
        yield made
    finally:
        made.answers.set()
        await runner.cleanup()

"""The relay process: its HTTP face (sessions, control, health) over workers that carry the packets."""

import asyncio
import os
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from media.face import whip
from media.face.control import Control
from media.face.drill import Drill
from media.face.gate import Gate, tell
from media.face.joins import Joins
from media.face.sessions import Sessions, Told
from media.programme.programme import AUDIO_SLOTS
from media.relay.cascade import Cascade
from media.relay.crew import Crew, CrewSettings
from media.relay.problems import problems
from media.relay.pulling import Puller
from media.relay.recording import Recordings, RecordingSettings
from media.relay.seating import Seating
from media.relay.standing import Standing
from media.tokens import Scope
from media.wire import sdp
from media.wire.turn import IceServers
from media.worker.processes import usage

MAX_BODY: Final = sdp.MAX_SIZE


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """What the relay is started with. `announce`: the addresses that peers are told to send to."""

    key: bytes
    announce: tuple[str, ...]
    crew: CrewSettings
    base_path: str = ""
    origins: tuple[str, ...] = ()
    region: str = ""
    recording: RecordingSettings | None = None
    keep_s: float = 30.0  # a mirror without viewers is pulled so long
    ice_servers: IceServers = field(default_factory=IceServers)


class Relay:
    """Everything of one relay process, put together."""

    def __init__(self, settings: RelaySettings, joins: Joins | None = None) -> None:
        """`joins`: how many may join; the usual number where it is left out."""
        self._settings = settings
        self._gate = Gate(settings.key)
        seating = Seating(settings.crew.workers, settings.crew.home_seats)
        puller = Puller(settings.crew.relay, settings.key, AUDIO_SLOTS, lambda studio: self.crew.of(studio))
        self.cascade = Cascade(puller, seating.watches, settings.keep_s)
        self.crew = Crew(settings.crew, self._gone, self.cascade.news)
        told = Told(settings.announce, settings.base_path, settings.ice_servers)
        self._sessions = Sessions(told, self._gate, self.crew, seating, self.cascade, joins or Joins())
        self.recordings = Recordings(settings.recording, settings.key)
        self.standing = Standing(settings.region, self._sessions.guests, self._workers)
        self.control = Control(self._gate, self.crew, self.cascade, self.recordings, self.standing)

    def _workers(self) -> list[int]:
        return [hand.process.pid for hand in self.crew.hands]

    def _gone(self, hand: int, session: str | None) -> None:
        if session is None:
            self.standing.lost += 1
            self.cascade.gone(hand)
        self._sessions.gone(hand, session)

    def application(self) -> web.Application:
        """The aiohttp application; its paths stand with and without the base path."""
        app = web.Application(middlewares=[whip.cors(self._settings.origins), problems], client_max_size=MAX_BODY)
        bases = tuple(dict.fromkeys(("", self._settings.base_path)))
        for base in bases:
            app.add_routes(self._sessions.routes(base))
            app.add_routes(self.control.routes(base))
            app.add_routes([web.get(base + "/healthz", self._health), web.get(base + "/metrics", self._metrics)])
        if self._settings.crew.faults:
            drill = Drill(self.crew, lambda r: self._gate.grant(r, Scope.CONTROL))
            for base in bases:
                app.add_routes(drill.routes(base))
        return app

    async def _health(self, request: web.Request) -> web.Response:
        await asyncio.gather(*(hand.line.call("metrics", timeout_s=2) for hand in self.crew.hands))
        return web.json_response({"status": "ok"})

    async def _metrics(self, request: web.Request) -> web.Response:
        lines = [
            f"media_refused_tokens_total {self._gate.refused}",
            f"media_sessions {len(self._sessions)}",
        ]
        for hand in self.crew.hands:
            metrics = (await tell(hand, "metrics"))["metrics"]
            label = f'worker="{hand.index}"'
            lines.append(f'media_send_mode{{{label},mode="{metrics.pop("mode")}"}} 1')
            for kind, count in metrics.pop("received").items():
                lines.append(f'media_received_total{{{label},kind="{kind}"}} {count}')
            lines += [f"media_{name}{{{label}}} {value}" for name, value in metrics.items()]
        pids = {"http": os.getpid()} | {f"worker-{hand.index}": hand.process.pid for hand in self.crew.hands}
        for process, pid in pids.items():
            used, label = usage(pid), f'process="{process}"'
            lines.append(f"media_process_cpu_seconds_total{{{label}}} {used.cpu_s:.2f}")
            lines.append(f"media_process_resident_bytes{{{label}}} {used.rss_bytes}")
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")

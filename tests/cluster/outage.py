"""A running session over several relays, one of which is killed: when has every bridge picture again?

Real servers, relays and a real agent as the centre; the other bridges are virtual but do what a browser does: sign
in, listen, join through the server, join again when they are told, and ask when nothing comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import redis.asyncio
import socketio

from media.endpoint.bridge import Bridge, BridgeSettings
from media.endpoint.endpoint import GONE, NOTHING_NEW
from media.endpoint.joining import JoinFailed, join
from media.endpoint.lite import VIDEO_TYPE, LitePeer
from media.transport.dtls import Identity
from media.wire.rtp import Codec, parse, starts_key_frame
from rooms.roles import Actor
from server.store import SqlStore
from server.store.migrate import upgrade
from tests.bench.machine import family
from tests.cluster.serving import Server, command, join_code, serving, sign_in
from tests.media.endpoint.test_bridge import agent
from tests.media.running import RelayProcess, start_relay
from tests.signaling.world import World, make_world
from tests.support.servers import REDIS

KEY = "k" * 40
WAIT_S = 60.0
ASK_AFTER_S = 1.5  # as web/src/shared/peer-silence.ts
SIGNS_OF_LIFE_S = 2.0
#: A pause of the picture longer than any between two frames.
PAUSE_S = 0.25


class VirtualBridge:
    """A commune's browser without a browser: `back_at` is when its picture came back after the pause."""

    def __init__(self, http: aiohttp.ClientSession, server: Server, world: World, identity: Identity) -> None:
        self._http = http
        self._server = server
        self._world = world
        self._identity = identity
        self._peer: LitePeer | None = None
        self._receiver: Any = None
        self._sio = socketio.AsyncClient(reconnection=False, http_session=http)
        self._sio.on("moved", self._moved)
        self._tasks: set[asyncio.Task[None]] = set()
        self._token = ""
        self._access: dict[str, Any] = {}
        self._asked_at = 0.0
        self._picture_at = 0.0
        self._paused = False
        self._expected_at = 0.0
        self.location = ""
        self.sessions = 0
        self.packets = 0
        self.told_at = 0.0
        self.joined_at = 0.0
        self.seen_at = 0.0
        self.back_at = 0.0

    async def enter(self, store: SqlStore, actor: Actor) -> None:
        meeting_id = str(self._world.meeting_id)
        self._token = await sign_in(self._http, self._server, store, actor)
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self._server.url}/api/meetings/{meeting_id}/media"
        async with self._http.post(url, headers=headers) as answer:
            self._access = await answer.json()
            assert answer.status == 200, self._access
        await self._sio.connect(
            self._server.url, socketio_path="/ws", transports=["websocket"], auth={"token": self._token}
        )
        entered = await self._sio.call("enter", {"meeting_id": meeting_id, "after": 0}, timeout=WAIT_S)
        assert entered["ok"], entered
        self._start(self._join())
        self._start(self._live())

    def expect(self) -> None:
        """From now on the end of the next pause counts."""
        self.back_at = self.told_at = self.joined_at = 0.0
        self._expected_at = time.monotonic()
        self._paused = False

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._leave()
        await self._sio.disconnect()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _moved(self, news: dict[str, Any]) -> None:
        self.told_at = time.monotonic()
        if news["ask"]:
            await self._ask()
            return
        if f"/at/{news['relay']}/" in self.location:
            old = self.location
            await asyncio.sleep(random.uniform(0, news["within_s"]))
            if self.location == old:
                await self._join()

    async def _join(self) -> None:
        """Until it is in, with a browser's waits."""
        self._leave()
        attempt = 0
        while True:
            peer = LitePeer(self._identity, sends=False)
            url = self._server.url + self._access["whep_url"]
            try:
                location = await join(self._http, url, self._access["watch_token"], peer, wait_s=10)
            except (JoinFailed, aiohttp.ClientError, TimeoutError, OSError):
                peer.close()
                await asyncio.sleep(0.15 + random.random() * 0.5 * 2 ** min(attempt, 4))
                attempt += 1
                continue
            self.location, self._peer, self._receiver = location, peer, peer.receiver()
            self.sessions += 1
            self.joined_at = self.seen_at = time.monotonic()
            assert peer.sock is not None
            asyncio.get_running_loop().add_reader(peer.sock.fileno(), self._read, peer)
            return

    def _leave(self) -> None:
        if self._peer is not None and self._peer.sock is not None:
            asyncio.get_running_loop().remove_reader(self._peer.sock.fileno())
            self._peer.close()
        self._peer, self.location = None, ""

    def _read(self, peer: LitePeer) -> None:
        assert peer.sock is not None
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            for _ in range(64):
                self._arrived(peer.sock.recv(2048))

    def _arrived(self, datagram: bytes) -> None:
        if len(datagram) < 12 or datagram[0] < 128 or 192 <= datagram[1] <= 223:
            return
        self.packets += 1
        now = time.monotonic()
        if datagram[1] & 0x7F == VIDEO_TYPE:
            self._paused |= now - self._picture_at > PAUSE_S
            self._picture_at = now
            # In a new session its first key frame; in a session that stayed, the one that ends the pause. Without
            # a pause frames that come so late are the next relay's: what was on its way from the dead one is over.
            broken = self._paused or bool(self.joined_at)
            went_on = not broken and now - self._expected_at > PAUSE_S
            if not self.back_at and (went_on or (broken and self._is_key_frame(datagram))):
                self.back_at = now
        self.seen_at = now

    def _is_key_frame(self, datagram: bytes) -> bool:
        try:
            return starts_key_frame(Codec.VP8, parse(self._receiver.unprotect(datagram)).payload)
        except ValueError:
            return False

    async def _live(self) -> None:
        """Reports and checks as a browser does, and asks when nothing comes."""
        while True:
            await asyncio.sleep(SIGNS_OF_LIFE_S / 4 * random.uniform(0.8, 1.2))
            if self._peer is None:
                continue
            self._peer.report()
            self._peer.check()
            silent = time.monotonic() - self.seen_at > ASK_AFTER_S
            if silent and self._asked_at != self.seen_at:
                self._asked_at = self.seen_at
                await self._ask()

    async def _ask(self) -> None:
        headers = {
            "Authorization": f"Bearer {self._access['watch_token']}",
            "Content-Type": "application/trickle-ice-sdpfrag",
            "If-Match": "*",
        }
        location = self.location
        asked = urljoin(self._server.url, location)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self._http.patch(asked, data=NOTHING_NEW, headers=headers) as answer:
                # Called back meanwhile, it is on its way: a second session would stay behind at a relay.
                if answer.status in GONE and self.location == location:
                    await self._join()


@dataclass
class Outcome:
    """Unit: seconds from the kill, of every bridge. `told`: the message; `joined`: the new session."""

    back: list[float]
    told: list[float]
    joined: list[float]
    agent_back: float | None

    def share(self, share: float) -> float:
        ordered = sorted(self.back)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class Session:
    """A session that runs: the centre is on air, every virtual bridge has picture."""

    world: World
    store: SqlStore
    servers: Sequence[Server]
    relays: dict[str, RelayProcess]
    bridges: list[VirtualBridge]
    prefix: str
    http: aiohttp.ClientSession
    token: str  # the secretary's
    watcher: Bridge | None = None

    async def direct(self, **body: Any) -> None:
        """A command of the secretary's."""
        await command(self.http, self.servers[0], self.token, self.world.meeting_id, body)

    async def home(self) -> str:
        async with redis.asyncio.Redis.from_url(REDIS, decode_responses=True) as client:
            return str(await client.get(f"{self.prefix}:place:{self.world.meeting_id}"))

    def kill(self, url: str) -> None:
        """The relay and its workers, as when the machine goes: nobody says goodbye."""
        for pid in reversed(family(self.relays[url].process.pid)):
            os.kill(pid, signal.SIGKILL)

    def kill_worker(self, url: str) -> None:
        _, worker, *_ = family(self.relays[url].process.pid)
        os.kill(worker, signal.SIGKILL)

    def watching(self) -> Counter[str]:
        """How many virtual bridges have their session at each relay, by its name."""
        return Counter(b.location.partition("/at/")[2].partition("/")[0] for b in self.bridges)

    async def outage(self, happens: Callable[[], object], wait_s: float = WAIT_S) -> Outcome:
        """From what happens until everybody has picture again. Raises: AssertionError with who has not."""
        for bridge in self.bridges:
            bridge.expect()
        frames, began = self._agent_frames(), time.monotonic()
        happens()
        agent_back = None
        while time.monotonic() - began < wait_s:
            await asyncio.sleep(0.02)
            now = self._agent_frames()
            if self.watcher is not None and agent_back is None and self._agent_is_back(began, frames):
                agent_back = time.monotonic() - began
            frames = now
            if all(b.back_at for b in self.bridges) and (self.watcher is None or agent_back is not None):
                break
        left = [b for b in self.bridges if not b.back_at]
        assert not left, (
            f"{len(left)} of {len(self.bridges)} have no picture; told: {[b.told_at for b in left][:5]}"
        )
        return Outcome(
            [b.back_at - began for b in self.bridges],
            [b.told_at - began for b in self.bridges if b.told_at],
            [b.joined_at - began for b in self.bridges if b.joined_at],
            agent_back,
        )

    def _agent_frames(self) -> int:
        viewer = self.watcher.viewer if self.watcher is not None else None
        return viewer.picture.frames if viewer is not None else 0

    def _agent_is_back(self, began: float, frames: int) -> bool:
        """It decodes pictures again, some time after the last one."""
        viewer = self.watcher.viewer if self.watcher is not None else None
        if viewer is None or viewer.picture.frames <= frames:
            return False
        return time.monotonic() - began > PAUSE_S

    async def all_see(self) -> None:
        async with asyncio.timeout(WAIT_S * 2):
            while not all(b.back_at for b in self.bridges):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            while self.watcher is not None and not self._agent_frames():  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def session(
    folder: Path,
    *,
    viewers: int,
    relays: int = 2,
    servers: int = 1,
    database: str = "",
    with_agent: bool = True,
    words: Sequence[str] = (),
    **settings: str,
) -> AsyncIterator[Session]:
    """`database`: of PostgreSQL for several servers, else SQLite in the folder. `words`: more for the
    relays. `settings`: of the servers.
    """
    prefix = f"dh-test-{secrets.token_hex(6)}"
    url = database or f"sqlite+aiosqlite:///{folder}/dienhong.db"
    await upgrade(url)
    store = SqlStore.at(url)
    world = await make_world(store, communes=viewers + 1)
    shared = {
        "DIENHONG_REDIS_URL": REDIS,
        "DIENHONG_REDIS_PREFIX": prefix,
        "DIENHONG_RELAY_URLS": "registry",
        "DIENHONG_MEDIA_KEY": KEY,
        "DIENHONG_DATABASE_URL": url,
        **settings,
    }
    all_words = ("--registry", REDIS, "--registry-prefix", prefix, "--base-path", "/media", *words)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        started = [await asyncio.to_thread(start_relay, *all_words, key=KEY) for _ in range(relays)]
        stack.callback(_end_all, started)
        running = [await stack.enter_async_context(serving(folder, **shared)) for _ in range(servers)]
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, family=socket.AF_INET))
        )
        await stack.enter_async_context(
            agent(
                running[0],
                await join_code(store, world.central),
                "--picture",
                "320x180",
                "--meeting",
                str(world.meeting_id),
            )
        )
        token = await sign_in(http, running[0], store, world.secretary)
        made = Session(world, store, running, {r.url: r for r in started}, [], prefix, http, token)
        await made.direct(kind="put_on_air", bridge_id=str(world.central.id))
        if with_agent:
            code = await join_code(store, world.communes[-1])
            await _watching(
                stack, made, BridgeSettings(running[-1].url, code, str(world.meeting_id), publish=False)
            )
        identity = Identity()
        for index, actor in enumerate(world.communes[:viewers]):
            bridge = VirtualBridge(http, running[index % servers], world, identity)
            made.bridges.append(bridge)
            stack.push_async_callback(bridge.close)
            await bridge.enter(store, actor)
        await made.all_see()
        yield made
    async with redis.asyncio.Redis.from_url(REDIS) as client:
        async for key in client.scan_iter(f"{prefix}:*"):
            await client.delete(key)


async def _watching(stack: AsyncExitStack, made: Session, settings: BridgeSettings) -> None:
    """The real agent in our own process, where its pictures can be counted to the moment."""
    http = await stack.enter_async_context(aiohttp.ClientSession())
    made.watcher = Bridge(settings, http)
    work = asyncio.create_task(made.watcher.run())

    async def end() -> None:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    stack.push_async_callback(end)


def _end_all(relays: list[RelayProcess]) -> None:
    for relay in relays:
        if relay.process.poll() is None:
            relay.process.send_signal(signal.SIGTERM)
    for relay in relays:
        assert relay.process.stdout is not None
        relay.process.stdout.close()
        relay.process.wait(15)

"""`dienhong bridge`: a bridge without a browser. Signs in with its join code, checks in, receives the programme,
sends a test picture when it is called, and comes back alone from any cut.

Speaks the server's HTTP and Socket.IO as any client does; nothing of the rules is known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
import uuid
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp
import socketio
from socketio.exceptions import SocketIOError

from media.endpoint.account import RENEW_BEFORE_S, Account, Cut, Turned
from media.endpoint.asking import Refused
from media.endpoint.endpoint import Endpoint, Publisher, Viewer
from media.endpoint.testcard import Colour, TestPicture, Tone

PAUSE_S, PAUSE_MAX_S = 0.5, 8.0
LOOK_AGAIN_S: Final = 2.0
STALL_S = 6.0
#: Without a picture for so long, though somebody is on air: ask whether the session is still where it was.
ASK_AFTER_S: Final = 1.5
ACCESS_SPARE_S: Final = 30.0

_log: Final = logging.getLogger("media.bridge")


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    server: str
    code: str
    meeting: str | None = None
    publish: bool = True
    colour: Colour | None = None
    size: tuple[int, int] = (640, 360)
    heads: int | None = None
    raise_hand: bool = False


class Elsewhere(Exception):
    """Picture and sound are carried by another relay now: join there at once."""


class Bridge:
    """The whole agent: three loops (the meeting, receiving, sending) that each come back by themselves."""

    def __init__(self, settings: BridgeSettings, http: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.account = Account(http, settings.server, settings.code)
        self.meeting_id = ""
        self.meeting_state = ""
        self.role = ""
        self.on_air: str | None = None
        self.stand_by: str | None = None
        self.connected = False
        self.reconnects = 0
        self.last = 0
        self.viewer: Viewer | None = None
        self.publisher: Publisher | None = None
        self.picture: TestPicture | None = None
        self._frames_before = 0
        self._energy_before = 0.0
        self._news = asyncio.Event()
        self._gone = asyncio.Event()  # from the meeting
        self._known_access: dict[str, Any] | None = None
        self._hurry = asyncio.Event()  # no reason to sit out a wait
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled. Raises: Turned when the code is not (or no longer) good."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._again("meeting", self._attend))
                group.create_task(self._again("receiving", self._watch))
                if self.settings.publish:
                    group.create_task(self._again("sending", self._publish))
        finally:
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def _again(self, what: str, step: Callable[[], Awaitable[None]]) -> None:
        pause_s = PAUSE_S
        while True:
            begun = time.monotonic()
            try:
                await step()
            except Elsewhere as elsewhere:
                _log.warning("%s: %s", what, elsewhere)
                continue
            except Turned as turned:
                if what == "meeting" and not self.account.id:
                    raise
                _log.warning("%s: refused: %s", what, turned)
                self._known_access = None
            except Refused as refused:
                _log.warning("%s: %s", what, refused)
                self._known_access = None
            except (Cut, aiohttp.ClientError, SocketIOError, TimeoutError, OSError) as error:
                _log.warning("%s: %s", what, error or type(error).__name__)
            pause_s = PAUSE_S if time.monotonic() - begun > 10 else min(pause_s * 2, PAUSE_MAX_S)
            # Jitter: a thousand bridges that were cut together do not come back together.
            self._hurry.clear()
            await _first_of(self._hurry, within_s=pause_s * random.uniform(0.5, 1.5))  # noqa: S311

    # ── the meeting ──

    async def _attend(self) -> None:
        await self._find_meeting()
        command = {"kind": "check_in", "heads": self.settings.heads}
        await self._command(command)
        await self._load_room()
        if self.settings.raise_hand:
            await self.ask_floor()
        socket = socketio.AsyncClient(reconnection=False, http_session=self.account.http)
        gone = self._gone = asyncio.Event()
        socket.on("journal", self._journal)
        socket.on("moved", self._moved)
        socket.on("seat", lambda _: gone.set())
        socket.on("signed_out", lambda _: gone.set())
        socket.on("disconnect", lambda *_: gone.set())
        try:
            await socket.connect(
                self.account.url("/"),
                socketio_path="/ws",
                transports=["websocket"],
                auth={"token": await self.account.token()},
                wait_timeout=10,
            )
            answer = await socket.call("enter", {"meeting_id": self.meeting_id, "after": self.last}, timeout=10)
            if not answer.get("ok"):
                raise Cut(f"may not enter: {answer.get('problem')}")
            self.connected = True
            await self._stay(socket, gone)
        finally:
            self.connected = False
            self.reconnects += 1
            await socket.disconnect()

    async def _stay(self, socket: socketio.AsyncClient, gone: asyncio.Event) -> None:
        while not gone.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(1.0, self.account.left_s() - RENEW_BEFORE_S)):
                    await gone.wait()
            if not gone.is_set():
                await socket.call("renew", {"token": await self.account.token()}, timeout=10)

    async def _find_meeting(self) -> None:
        """Waits until there is a meeting to attend: the one named, else one that is open, else one convened."""
        while True:
            items = (await self.account.call("GET", "/api/meetings"))["items"]
            there = [m for m in items if m["state"] in ("open", "convened")]
            there = [m for m in there if self.settings.meeting in (None, m["id"])]
            there.sort(key=lambda m: (m["state"] != "open", m["starts_at"]))
            if there:
                self.meeting_id, self.role = there[0]["id"], there[0]["role"]
                return
            await asyncio.sleep(LOOK_AGAIN_S * random.uniform(0.5, 1.5))  # noqa: S311

    async def _load_room(self) -> None:
        room = await self.account.call("GET", f"/api/meetings/{self.meeting_id}/room")
        meeting = room["meeting"]
        self.last, self.role, self.meeting_state = room["seq"], room["me"]["role"], meeting["state"]
        self.on_air, self.stand_by = meeting["on_air_bridge_id"], meeting["stand_by_bridge_id"]
        self._news.set()

    async def _journal(self, news: dict[str, Any]) -> None:
        if news["meeting_id"] != self.meeting_id:
            return
        if news["after"] > self.last:
            with contextlib.suppress(Cut, Turned):
                await self._load_room()
            return
        for entry in news["entries"]:
            if entry["seq"] > self.last:
                self._apply(entry["event"])
        self.last = max(self.last, news["upto"])
        self._news.set()

    def _apply(self, event: dict[str, Any]) -> None:
        match event["kind"]:
            case "stage.on_air":
                self.on_air = event["bridge_id"]
            case "stage.stand_by":
                self.stand_by = event["bridge_id"]
            case "meeting.opened":
                self.meeting_state = "open"
            case "meeting.closed":
                self.meeting_state, self.on_air, self.stand_by = "closed", None, None
                self._gone.set()
            case _:
                pass

    async def ask_floor(self) -> None:
        """Raises the hand; refused quietly when it is up already."""
        with contextlib.suppress(Turned):
            await self._command({"kind": "ask_floor"})

    async def _command(self, command: dict[str, Any]) -> None:
        path = f"/api/meetings/{self.meeting_id}/commands"
        await self.account.call("POST", path, command, **{"Idempotency-Key": uuid.uuid4().hex})

    # ── picture and sound ──

    def _is_called(self) -> bool:
        """The centre sends from the moment anything is on air: it stays heard while a commune speaks."""
        called = self.account.id in (self.on_air, self.stand_by)
        return called or (self.role == "central_bridge" and self.on_air is not None)

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._news.clear()
            if not condition():
                await self._news.wait()

    async def _access(self, *, sending: bool) -> dict[str, Any]:
        """What was told before as long as it holds: a thousand that join again ask for nothing but to join."""
        await self._wait_until(lambda: bool(self.meeting_id))
        known = self._known_access
        if known is None or _left_s(known) < ACCESS_SPARE_S or (sending and not known["whip_url"]):
            known = await self.account.call("POST", f"/api/meetings/{self.meeting_id}/media")
            self._known_access = known
        return known

    async def _moved(self, news: dict[str, Any]) -> None:
        """Who sends goes at once; who watches at a moment of its own within the span."""
        if news["meeting_id"] != self.meeting_id:
            return
        viewer, publisher = self.viewer, self.publisher
        here = [e for e in (viewer, publisher) if e is not None and e.is_at(news["relay"])]
        if news["ask"]:
            for endpoint in here:
                if not await endpoint.is_kept():
                    endpoint.left.set()
            return
        if viewer is None or publisher is None:
            self._hurry.set()
        if publisher is not None and news["sources"] and publisher.is_at(news["relay"]):
            publisher.left.set()
        if viewer is not None and viewer.is_at(news["relay"]):
            wait_s = random.uniform(0, news["within_s"])  # noqa: S311
            asyncio.get_running_loop().call_later(wait_s, viewer.left.set)

    async def _watch(self) -> None:
        await self._wait_until(lambda: self.meeting_state in ("open", "convened"))
        access = await self._access(sending=False)
        viewer = Viewer(
            self.account.http, self.account.url(access["whep_url"]), access["watch_token"], access["ice_servers"]
        )
        self.viewer = viewer
        try:
            await viewer.open()
            await self._follow(viewer)
        finally:
            self._frames_before += viewer.picture.frames
            self._energy_before += viewer.sound.energy
            self.viewer = None
            await self._close(viewer)

    async def _follow(self, viewer: Viewer) -> None:
        """Until the connection ends or is to be left, or somebody is on air and no picture comes."""
        asked_at = 0.0
        while self.meeting_state != "closed":
            await _first_of(viewer.ended, viewer.left, within_s=ASK_AFTER_S / 3)
            if viewer.left.is_set():
                raise Elsewhere("the relay is to be left")
            if viewer.ended.is_set():
                raise Cut("the connection to the relay ended")
            if self.on_air is None or self.on_air == self.account.id:
                viewer.picture.seen_at = time.monotonic()
            still_s = time.monotonic() - viewer.picture.seen_at
            if still_s > STALL_S:
                raise Cut("no picture comes")
            if still_s > ASK_AFTER_S and viewer.picture.seen_at != asked_at:
                asked_at = viewer.picture.seen_at
                if not await viewer.is_kept():
                    viewer.left.set()
                    raise Elsewhere("the session is no longer there")

    async def _publish(self) -> None:
        await self._wait_until(self._is_called)
        access = await self._access(sending=True)
        if not access["whip_url"]:
            raise Cut("called, but may not send yet")
        self.picture = TestPicture(self.settings.colour or own_colour(self.account.id), self.settings.size)
        publisher = Publisher(
            self.account.http,
            self.account.url(access["whip_url"]),
            access["publish_token"],
            access["ice_servers"],
            [self.picture, Tone()],
        )
        self.publisher = publisher
        try:
            await publisher.open()
            released = asyncio.create_task(self._wait_until(lambda: not self._is_called()))
            over = asyncio.create_task(_first_of(publisher.ended, publisher.left))
            await asyncio.wait((released, over), return_when=asyncio.FIRST_COMPLETED)
            for task in (released, over):
                task.cancel()
            if publisher.left.is_set():
                raise Elsewhere("the relay is to be left")
        finally:
            self.publisher = None
            await self._close(publisher)

    async def _close(self, endpoint: Endpoint) -> None:
        """Whoever is called elsewhere does not wait until a dead relay has not answered."""
        task = asyncio.create_task(endpoint.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        if not endpoint.left.is_set():
            await asyncio.shield(task)

    # ── what it tells ──

    def stats(self) -> dict[str, Any]:
        viewer, publisher = self.viewer, self.publisher
        size = viewer.picture.size if viewer else None
        colour = viewer.picture.colour() if viewer else None
        return {
            "at": round(time.time(), 3),
            "bridge": self.account.id,
            "meeting": self.meeting_id,
            "state": self.meeting_state,
            "connected": self.connected,
            "seq": self.last,
            "on_air": self.on_air,
            "stand_by": self.stand_by,
            "watch": viewer.state if viewer else "none",
            "frames": self._frames_before + (viewer.picture.frames if viewer else 0),
            "width": size[0] if size else None,
            "height": size[1] if size else None,
            "colour": list(colour) if colour else None,
            "audio_energy": round(self._energy_before + (viewer.sound.energy if viewer else 0.0), 6),
            "publish": publisher.state if publisher else "none",
            "frames_sent": self.picture.frames if self.picture and publisher else 0,
            "reconnects": self.reconnects,
        }


async def _first_of(*events: asyncio.Event, within_s: float | None = None) -> None:
    """Until one of them is set, or the time is over."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _left_s(access: dict[str, Any]) -> float:
    return datetime.fromisoformat(access["expires_at"]).timestamp() - time.time()


def own_colour(bridge_id: str) -> Colour:
    """Always the same for a bridge, and seldom that of another."""
    number = zlib.crc32(bridge_id.encode())
    return 40 + number % 176, 40 + number // 176 % 176, 40 + number // 30976 % 176

"""The Socket.IO server: takes the calls of PROTOCOL.md, holds the sockets, and puts the live side together.

Knows the wire; decides nothing. A slow socket hurts only itself: past a bound its connection is cut, and it
comes back and asks for what it missed.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import socketio
from aiohttp import web
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError as Rejected

from media.client import Moved, Relay
from rooms.errors import Conflict, Forbidden, Invalid, Refusal
from rooms.ids import MeetingId, OrganisationId
from rooms.ports import Doorbell, Store
from rooms.roles import ActorKind
from signaling import wire
from signaling.bell import Alone, Rope
from signaling.call import Call
from signaling.feed import Feed
from signaling.presence import Presence
from signaling.session import Authenticate, Session, Sessions
from signaling.strangers import Strangers
from signaling.tasks import Tasks, repeat

PATH: Final = "/ws"
QUEUE_MAX: Final = 256  # messages waiting for one socket
SWEEP_S: Final = 1.0
PING_INTERVAL_S: Final = 20
PING_TIMEOUT_S: Final = 15
MESSAGE_MAX_BYTES: Final = 16_384
SOCKETS_PER_ACTOR: Final = 20
MEETINGS_PER_SOCKET: Final = 16

_log: Final = logging.getLogger(__name__)

M = TypeVar("M", bound=wire.Message)
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HubSettings:
    """`origins`: pages of other origins that may connect; the server's own always may."""

    redis_url: str | None = None
    origins: tuple[str, ...] = ()
    prefix: str = "dienhong"
    node: str = field(default_factory=lambda: secrets.token_hex(8))


class Hub:
    """One per server process. `attach` before the app starts; `doorbell` may be rung from then on."""

    def __init__(
        self,
        store: Store,
        authenticate: Authenticate,
        relay: Relay | None = None,
        settings: HubSettings | None = None,
    ) -> None:
        self.settings = settings or HubSettings()
        self._sio = _server(self.settings)
        self._sessions = Sessions(authenticate, self._expired)
        rope = self._rope = _rope(self.settings)
        outlet = Sockets(self._sio)
        self.feed = Feed(store, outlet, rope, self._signed_out)
        self.presence = Presence(store, self.feed, outlet, rope, relay)
        self.call = Call(store, relay) if relay is not None else None
        if self.call is not None:
            self.feed.add_hearer(self.call.hear)
        if relay is not None:
            relay.on_move(self._moved)
        self._relay = relay
        self._strangers = Strangers(self._cut_stranger)
        self._tasks = Tasks()
        self._sio.on("connect", self._connect)
        self._sio.on("disconnect", self._disconnect)
        for name, handler in (("enter", self._enter), ("leave", self._leave), ("renew", self._renew)):
            self._sio.on(name, handler)

    @property
    def doorbell(self) -> Doorbell:
        return self.feed

    @property
    def wall(self) -> Callable[[MeetingId], Awaitable[tuple[wire.BridgeLink, ...]]]:
        return self.presence.wall

    def attach(self, app: web.Application) -> None:
        self._sio.attach(app, socketio_path=PATH)
        app.cleanup_ctx.append(self._run)
        app.on_shutdown.append(self._cut_all)

    async def sign_out(
        self, kind: ActorKind, actor_id: UUID, organisation_id: OrganisationId | None = None
    ) -> None:
        """Tells the actor's sockets on every node that they are signed out, and closes them.

        `organisation_id`: ends its calls too; None leaves them.
        """
        self.feed.ring_out(kind, actor_id)
        await self._close_all(kind, actor_id)
        if self.call is not None and organisation_id is not None:
            await self.call.end(kind, actor_id, organisation_id)

    def _signed_out(self, kind: ActorKind, actor_id: UUID) -> None:
        self._tasks.start("sign-out", self._close_all(kind, actor_id))

    def _moved(self, moved: Moved) -> None:
        """The stage goes to where the studio lives now; everybody concerned is told to follow."""
        try:
            meeting_id = MeetingId(UUID(moved.studio))
        except ValueError:
            return  # no meeting's: a rehearsal's
        if self.call is not None:
            self.call.wake(meeting_id)
        news = wire.Moved(
            meeting_id=meeting_id, relay=moved.relay, within_s=moved.within_s, sources=moved.sources, ask=moved.ask
        )
        self.feed.tell_all(meeting_id, news)

    async def _close_all(self, kind: ActorKind, actor_id: UUID) -> None:
        message = wire.SignedOut()
        for session in self._sessions.of(kind, actor_id):
            await self._sio.emit(wire.name_of(message), wire.plain(message), room=session.sid, ignore_queue=True)
            await self._sio.disconnect(session.sid)

    def gauges(self) -> dict[str, float]:
        return {
            "sockets": float(len(self._sessions)),
            "meetings": float(len(self.feed.meetings())),
            "redis_up": float(self._rope.up),
            "relay_up": float(self.call is None or self.call.relay_up),
            **(self._relay.gauges() if self._relay is not None else {}),
        }

    # ── life ──

    async def _run(self, app: web.Application) -> AsyncIterator[None]:
        await self.feed.start()
        self.presence.start()
        self._tasks.start("sweep", repeat("sweep", self._sweep, SWEEP_S))
        yield
        await self._tasks.stop()
        await self.presence.stop()
        if self.call is not None:
            await self.call.stop()
        await self.feed.stop()
        await self._sio.shutdown()

    async def _cut_all(self, app: web.Application) -> None:
        # Cut, not "disconnected by the server": clients then connect again by themselves, to another node.
        for session in self._sessions:
            session.abort()

    async def _sweep(self) -> None:
        if self.call is not None:
            self.call.follow(self.feed.meetings())
        for session in self._sessions:
            if self._waiting(session.sid) > QUEUE_MAX:
                _log.warning("socket of %s is too slow and is cut", session.actor.id)
                session.abort()
        signed_in = {self._sio.manager.eio_sid_from_sid(session.sid, "/") for session in self._sessions}
        self._strangers.look(sid for sid in self._sio.eio.sockets if sid not in signed_in)

    def _cut_stranger(self, eio_sid: str) -> None:
        if (environ := self._sio.environ.get(eio_sid)) is not None:
            _aborter(environ)()

    def _waiting(self, sid: str) -> int:
        eio_sid = self._sio.manager.eio_sid_from_sid(sid, "/")
        socket = self._sio.eio.sockets.get(eio_sid)
        return int(socket.queue.qsize()) if socket is not None else 0

    def _expired(self, session: Session) -> None:
        _log.info("the token of %s has expired", session.actor.id)
        session.abort()

    # ── calls ──

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        try:
            handshake = _read(wire.Handshake, auth)
            session = await self._sessions.open(sid, handshake.token, _aborter(environ))
            if len(self._sessions.of(session.actor.kind, session.actor.id)) > SOCKETS_PER_ACTOR:
                self._sessions.close(sid)
                raise Conflict("too-many-sockets", "too many connections of one actor")
        except Refusal as refusal:
            raise Rejected(refusal.code, wire.plain(wire.Problem.of(refusal))) from refusal

    async def _disconnect(self, sid: str, reason: str) -> None:
        if self._sessions.close(sid) is not None:
            await self.feed.gone(sid)

    async def _enter(self, sid: str, message: object = None) -> Answer:
        async def enter(session: Session) -> wire.Message:
            asked = _read(wire.Enter, message)
            if not session.entering.take():
                raise Conflict("too-many-requests", "a socket asks to enter too often")
            if self.feed.count(sid) >= MEETINGS_PER_SOCKET:
                raise Conflict("too-many-meetings", "a socket follows a few meetings at most")
            async with session.turn:
                seq = await self.feed.enter(sid, session.actor, MeetingId(asked.meeting_id), asked.after)
            if self._sessions.get(sid) is None:  # closed meanwhile
                await self.feed.gone(sid)
            return wire.Entered(seq=seq)

        return await self._answered(sid, enter)

    async def _leave(self, sid: str, message: object = None) -> Answer:
        async def leave(session: Session) -> wire.Message:
            await self.feed.leave(sid, MeetingId(_read(wire.Leave, message).meeting_id))
            return wire.Done()

        return await self._answered(sid, leave)

    async def _renew(self, sid: str, message: object = None) -> Answer:
        async def renew(session: Session) -> wire.Message:
            await self._sessions.renew(session, _read(wire.Renew, message).token)
            return wire.Done()

        return await self._answered(sid, renew)

    async def _answered(self, sid: str, call: Callable[[Session], Awaitable[wire.Message]]) -> Answer:
        """Every call gets an answer: a refusal its code, a fault of ours "internal"."""
        session = self._sessions.get(sid)
        try:
            if session is None:
                raise Forbidden("signed-out", "the socket has no session")
            return wire.plain(await call(session))
        except Refusal as refusal:
            return wire.plain(wire.Refused(problem=wire.Problem.of(refusal)))
        except Exception:
            _log.exception("a call over the socket failed")
            return wire.plain(wire.Refused(problem=wire.Problem(code="internal")))


class Sockets:
    """Implements stream.Outlet."""

    def __init__(self, sio: Any) -> None:
        self._sio = sio

    async def tell(self, to: str, name: str, message: Mapping[str, Any], skip: Sequence[str] = ()) -> None:
        # Not over Redis: each node reads the journal and tells its own sockets.
        await self._sio.emit(name, message, room=to, skip_sid=list(skip), ignore_queue=True)

    async def join(self, sid: str, room: str) -> None:
        if self._sio.manager.is_connected(sid, "/"):
            await self._sio.enter_room(sid, room)

    async def quit(self, sid: str, room: str) -> None:
        if self._sio.manager.is_connected(sid, "/"):
            await self._sio.leave_room(sid, room)


def _server(settings: HubSettings) -> Any:
    return socketio.AsyncServer(
        async_mode="aiohttp",
        transports=["websocket"],
        cors_allowed_origins=_origins(settings.origins),
        ping_interval=PING_INTERVAL_S,
        ping_timeout=PING_TIMEOUT_S,
        max_http_buffer_size=MESSAGE_MAX_BYTES,
        http_compression=False,
    )


def _origins(others: tuple[str, ...]) -> Callable[[str | None, Mapping[str, Any]], bool]:
    """Our own pages, and those of the origins named. The scheme is not compared: a proxy may have ended TLS."""

    def may(origin: str | None, environ: Mapping[str, Any]) -> bool:
        return origin in others or urlsplit(origin or "").netloc == environ.get("HTTP_HOST")

    return may


def _rope(settings: HubSettings) -> Rope | Alone:
    return Rope(settings.redis_url, settings.prefix, settings.node) if settings.redis_url else Alone()


def _aborter(environ: Mapping[str, Any]) -> Callable[[], None]:
    request: web.Request = environ["aiohttp.request"]

    def abort() -> None:
        if request.transport is not None:
            request.transport.abort()

    return abort


def _read(model: type[M], message: object) -> M:
    try:
        return model.model_validate(message)
    except ValidationError as error:
        where = [".".join(map(str, e["loc"])) for e in error.errors(include_url=False)]
        raise Invalid("bad-message", "the message has another shape", fields=where) from None

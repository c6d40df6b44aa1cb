"""The relay's HTTP face: WHIP (RFC 9725), WHEP and the control API, over workers that carry the packets.

Checks tokens, reads offers and writes answers; no packet passes here. Described in PROTOCOL.md.
"""

import asyncio
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from media import negotiation, sdp, tokens, whip
from media.cascade import MAX_PARENTS, Cascade
from media.channel import Message
from media.crew import Crew, CrewSettings, Hand
from media.drill import Drill
from media.problems import Refusal, problems
from media.processes import usage
from media.programme import AUDIO_SLOTS
from media.recording import Recordings, RecordingSettings
from media.repair import Allowance
from media.rungs import RUNGS
from media.sdp import Accepted, Offer, Transport
from media.seating import Seating
from media.standing import Drain, Standing
from media.tokens import Grant, Scope
from media.turn import IceServers

JOINS_PER_S: Final = 400
JOIN_BURST: Final = 2500
MAX_BODY: Final = sdp.MAX_SIZE
_NAME: Final = re.compile(r"[A-Za-z0-9._~:@-]{1,128}")


_URL: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]{1,255}(/[A-Za-z0-9._~/-]{0,255})?")


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


@dataclass(slots=True)
class Session:
    """One WHIP or WHEP resource."""

    id: str
    scope: Scope
    studio: str
    programme: str
    peer: str
    hand: int
    known: tuple[str, str]  # the peer's ICE credentials
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')


class Relay:
    """The handlers and their sessions."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._sessions: dict[str, Session] = {}
        self._joins = Allowance(JOINS_PER_S, JOIN_BURST)
        self._refused = 0
        self._seating = Seating(settings.crew.workers, settings.crew.home_seats)
        self.cascade = Cascade(
            settings.crew.relay,
            settings.key,
            AUDIO_SLOTS,
            lambda studio: self.crew.of(studio),
            self._seating.watches,
            settings.keep_s,
        )
        self.crew = Crew(settings.crew, self._gone, self.cascade.news)
        self.recordings = Recordings(settings.recording, settings.key)
        self.standing = Standing(settings.region, self._scopes, lambda: [h.process.pid for h in self.crew.hands])
        self.on_drain: Callable[[], None] = lambda: None

    def _scopes(self) -> list[Scope]:
        return [session.scope for session in self._sessions.values()]

    def _gone(self, hand: int, session: str | None) -> None:
        if session is None:
            self.standing.lost += 1
            self.cascade.gone(hand)
        ended = [session] if session is not None else [k for k, s in self._sessions.items() if s.hand == hand]
        for one in ended:
            self._sessions.pop(one, None)
            self._seating.leave(one)

    def application(self) -> web.Application:
        """The aiohttp application; its paths stand with and without the base path."""
        app = web.Application(middlewares=[whip.cors(self._settings.origins), problems], client_max_size=MAX_BODY)
        for base in dict.fromkeys(("", self._settings.base_path)):
            app.add_routes(
                [
                    web.post(base + "/whip/{studio}", self._publish),
                    web.post(base + "/whep/{studio}/{programme}", self._watch),
                    web.get(base + "/whip/{studio}", whip.nothing),
                    web.get(base + "/whep/{studio}/{programme}", whip.nothing),
                    web.get(base + "/whip/{studio}/{session}", self._present),
                    web.get(base + "/whep/{studio}/{programme}/{session}", self._present),
                    web.patch(base + "/whip/{studio}/{session}", self._trickle),
                    web.patch(base + "/whep/{studio}/{programme}/{session}", self._trickle),
                    web.delete(base + "/whip/{studio}/{session}", self._end),
                    web.delete(base + "/whep/{studio}/{programme}/{session}", self._end),
                    web.put(base + "/control/studios/{studio}/programmes/{programme}", self._stage),
                    web.get(base + "/control/studios/{studio}/programmes/{programme}", self._programme),
                    web.put(base + "/control/studios/{studio}/programmes/{programme}/recording", self._record),
                    web.put(base + "/control/studios/{studio}/programmes/{programme}/parents", self._parents),
                    web.get(base + "/control/studios/{studio}", self._studio),
                    web.delete(base + "/control/studios/{studio}/peers/{peer}", self._kick),
                    web.get(base + "/control/relay", self._stand),
                    web.put(base + "/control/drain", self._drain),
                    web.delete(base + "/control/drain", self._drain),
                    web.get(base + "/healthz", self._health),
                    web.get(base + "/metrics", self._metrics),
                ]
            )
            if self._settings.crew.faults:
                app.add_routes(Drill(self.crew, lambda r: self._grant(r, Scope.CONTROL)).routes(base))
        return app

    # Who asks

    def _grant(self, request: web.Request, *scopes: Scope) -> Grant:
        """The token's grant, when it has one of these scopes and names this studio (and programme)."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            grant = tokens.read(token.strip() if kind.lower() == "bearer" else "", self._settings.key)
        except tokens.BadToken as trouble:
            self._refused += 1
            challenge = 'Bearer error="invalid_token"' if token else "Bearer"  # RFC 6750, 3
            raise Refusal("unknown-token", str(trouble), {"WWW-Authenticate": challenge}) from trouble
        scope = grant.scope
        if scope not in scopes:
            challenge = 'Bearer error="insufficient_scope"'
            raise Refusal("wrong-scope", f"this needs a token for {scopes[0]}", {"WWW-Authenticate": challenge})
        named = request.match_info
        if scope is not Scope.CONTROL and grant.studio != named["studio"]:
            raise Refusal("studio-mismatch", "the token is for another studio")
        if scope in (Scope.WATCH, Scope.RELAY) and grant.programme != named["programme"]:
            raise Refusal("studio-mismatch", "the token is for another programme")
        return grant

    async def _description(self, request: web.Request, kind: str) -> str:
        if request.content_type != kind:
            takes = "Accept-Post" if request.method == "POST" else "Accept-Patch"
            raise Refusal("wrong-media-type", f"send {kind}", {takes: kind})
        try:
            return (await request.read()).decode()
        except UnicodeDecodeError:
            raise Refusal("bad-sdp", "the description is not UTF-8 text") from None

    async def _offer(self, request: web.Request) -> Offer:
        try:
            return sdp.parse_offer(await self._description(request, whip.OFFER))
        except sdp.Unacceptable as trouble:
            raise Refusal("unacceptable", str(trouble)) from None
        except ValueError as trouble:
            raise Refusal("bad-sdp", str(trouble)) from None

    def _count_join(self) -> None:
        if not self._joins.take(time.monotonic()):
            raise Refusal("too-many", "too many join at once; try again")

    async def _tell(self, hand: Hand, operation: str, **arguments: Any) -> Message:
        """The worker's answer. Raises: Refusal when it refuses."""
        answer = await hand.line.call(operation, **arguments)
        if "refused" in answer:
            raise Refusal(answer["refused"], answer.get("detail", ""))
        return answer

    # WHIP

    async def _publish(self, request: web.Request) -> web.Response:
        grant = self._grant(request, Scope.PUBLISH)
        offer = await self._offer(request)
        self._count_join()
        chosen = negotiation.chosen_to_receive(offer)
        codecs = {str(f.number): codec.value for _, codec, f in chosen}
        session = self._new_session(Scope.PUBLISH, grant, "", offer)
        answer = await self._tell(
            self.crew.of(grant.studio),
            "publish",
            session=session.id,
            studio=grant.studio,
            peer=grant.peer,
            fingerprint=[offer.fingerprint.algorithm, offer.fingerprint.value],
            codecs=codecs,
            **negotiation.simulcast(chosen),
        )
        accepted = {s.mid: Accepted((f,), sending=False, layers=s.layers) for s, _, f in chosen}
        return self._created(session, f"/whip/{grant.studio}/{session.id}", offer, accepted, answer)

    # WHEP

    async def _watch(self, request: web.Request) -> web.Response:
        grant = self._grant(request, Scope.WATCH, Scope.RELAY)
        if grant.peer == self.cascade.peer:
            raise Refusal("loop", "this relay would feed itself")
        offer = await self._offer(request)
        self._count_join()
        video, audio = negotiation.chosen_to_send(offer, RUNGS if grant.scope is Scope.RELAY else 1)
        types = {codec.value: f.number for _, formats in video + audio for codec, f in formats}
        repairs = negotiation.repairs(video)
        session = self._new_session(grant.scope, grant, grant.programme, offer)
        try:
            answer = await self._tell(
                self.crew.hands[session.hand],
                "watch",
                home=self.crew.of(grant.studio).index,
                session=session.id,
                studio=grant.studio,
                programme=grant.programme,
                peer=grant.peer,
                fingerprint=[offer.fingerprint.algorithm, offer.fingerprint.value],
                types=types,
                repairs={str(number): chosen.number for number, chosen in repairs.items()},
                send_time_id=video[0][0].extensions.get(sdp.ABS_SEND_TIME, 0) if video else 0,
                video=bool(video),
                audio=len(audio),
                relay=grant.scope is Scope.RELAY,
                rungs=max(1, len(video)),
            )
        except BaseException:
            self._seating.leave(session.id)
            raise
        accepted = negotiation.sending(video, audio, repairs, answer)
        path = f"/whep/{grant.studio}/{grant.programme}/{session.id}"
        return self._created(session, path, offer, accepted, answer)

    def _new_session(self, scope: Scope, grant: Grant, programme: str, offer: Offer) -> Session:
        home = hand = self.crew.of(grant.studio).index
        session = secrets.token_urlsafe(15)
        if scope is not Scope.PUBLISH:
            place = (grant.studio, programme, grant.peer)
            hand = self._seating.choose(place, home)
            hand = home if scope is Scope.RELAY else hand  # one hop less for all behind it
            self._seating.take(session, place, hand, home)
            self.cascade.look(grant.studio, programme)
        known = (offer.ufrag, offer.password)
        return Session(session, scope, grant.studio, programme, grant.peer, hand, known)

    def _created(
        self, session: Session, path: str, offer: Offer, accepted: dict[str, Accepted], answer: Message
    ) -> web.Response:
        self._sessions[session.id] = session
        transport = self._transport(session, answer)
        response = web.Response(
            status=201,
            body=sdp.write_answer(offer, accepted, transport).encode(),  # as text it would get a charset
            content_type=whip.OFFER,
            headers={
                "Location": self._settings.base_path + path,
                "ETag": session.etag,
                "Accept-Patch": whip.FRAGMENT,
                "Cache-Control": "no-store",
            },
        )
        for link in self._settings.ice_servers.links(session.id, time.time()):
            response.headers.add("Link", link)
        return response

    def _transport(self, session: Session, answer: Message) -> Transport:
        hand = self.crew.hands[session.hand]
        hosts, port, tcp_port = self._settings.announce, hand.port, hand.tcp_port
        return Transport(answer["ufrag"], answer["password"], hand.fingerprint, hosts, port, tcp_port)

    # Their resources

    def _own_session(self, request: web.Request) -> Session:
        session = self._sessions.get(request.match_info["session"])
        watching = "programme" in request.match_info
        grant = self._grant(request, *((Scope.WATCH, Scope.RELAY) if watching else (Scope.PUBLISH,)))
        if session is None or session.scope is not grant.scope or session.peer != grant.peer:
            raise Refusal("not-found", "no such session of this peer")
        if session.studio != grant.studio or session.programme != request.match_info.get("programme", ""):
            raise Refusal("not-found", "no such session of this peer")
        return session

    async def _present(self, request: web.Request) -> web.Response:
        self._own_session(request)
        return await whip.nothing(request)

    async def _trickle(self, request: web.Request) -> web.Response:
        session = self._own_session(request)
        text = await self._description(request, whip.FRAGMENT)
        try:
            fragment = sdp.parse_fragment(text)
        except ValueError as trouble:
            raise Refusal("bad-sdp", str(trouble)) from None
        wanted = whip.patch_of(request.headers.get("If-Match"), session.etag, session.known, fragment)
        if wanted is whip.Patch.RESTART:
            return await self._restart(session, fragment)
        return web.Response(status=204)  # a lite agent needs no candidates: it answers where checks come from

    async def _restart(self, session: Session, fragment: sdp.Fragment) -> web.Response:
        answer = await self._tell(self.crew.hands[session.hand], "restart", session=session.id)
        session.etag = f'"{secrets.token_hex(8)}"'
        session.known = (fragment.ufrag, fragment.password)
        return web.Response(
            body=sdp.write_fragment(self._transport(session, answer)).encode(),
            content_type=whip.FRAGMENT,
            headers={"ETag": session.etag},
        )

    async def _end(self, request: web.Request) -> web.Response:
        session = self._own_session(request)
        await self._tell(self.crew.hands[session.hand], "close", session=session.id)
        self._gone(session.hand, session.id)
        return web.Response()

    # Control

    async def _stage(self, request: web.Request) -> web.Response:
        self._grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        video, audio = _staging(await _json(request))
        answer = await self._tell(
            self.crew.of(studio), "stage", studio=studio, programme=programme, video=video, audio=audio
        )
        return web.json_response(answer["programme"])

    async def _studio(self, request: web.Request) -> web.Response:
        self._grant(request, Scope.CONTROL)
        (studio,) = _names(request, "studio")
        state = await self._of_all(studio)
        return web.json_response(state | {"recordings": self.recordings.of(studio)})

    async def _of_all(self, studio: str) -> Message:
        """A studio's state: staging and sources as its home has them, viewers of every worker."""
        home = self.crew.of(studio)
        others = [hand for hand in self.crew.hands if hand is not home]
        first, *more = await asyncio.gather(
            self._tell(home, "studio", studio=studio),
            *(self._tell(hand, "studio", studio=studio) for hand in others),
            return_exceptions=True,
        )
        if isinstance(first, BaseException):
            raise first
        state: Message = first["studio"]
        for answer in more:
            if isinstance(answer, BaseException):
                if not isinstance(answer, (ConnectionError, TimeoutError)):
                    raise answer
                continue  # it is being replaced, and its viewers come back
            for kind in ("viewers", "relays"):
                state[kind] += answer["studio"][kind]
        for name, mirrored in self.cascade.state(studio).items():
            if name in state["programmes"]:
                state["programmes"][name]["mirror"] = mirrored
        return state

    async def _programme(self, request: web.Request) -> web.Response:
        self._grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        answer = await self._tell(self.crew.of(studio), "programme", studio=studio, programme=programme)
        if answer["programme"] is None:
            raise Refusal("not-found", "no such programme")
        return web.json_response(answer["programme"])

    async def _record(self, request: web.Request) -> web.Response:
        self._grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        body = await _json(request)
        if not isinstance(body, dict) or set(body) != {"on"} or not isinstance(body["on"], bool):
            raise Refusal("bad-request", "the body has on, true or false, and nothing else")
        return web.json_response(self.recordings.turn(studio, programme, body["on"]))

    async def _parents(self, request: web.Request) -> web.Response:
        self._grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        urls = _urls(await _json(request))
        return web.json_response(await self.cascade.parents(studio, programme, urls))

    async def _kick(self, request: web.Request) -> web.Response:
        self._grant(request, Scope.CONTROL)
        studio, peer = _names(request, "studio", "peer")
        answers = await asyncio.gather(
            *(hand.line.call("kick", studio=studio, peer=peer) for hand in self.crew.hands), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, ConnectionError):
                raise answer
        if not any(isinstance(answer, dict) and "refused" not in answer for answer in answers):
            raise Refusal("not-found", "no such peer")
        return web.Response(status=204)

    async def _stand(self, request: web.Request) -> web.Response:
        self._grant(request, Scope.CONTROL)
        return web.json_response(self.standing.snapshot())

    async def _drain(self, request: web.Request) -> web.Response:
        """Empty this relay, or (DELETE) take that back; `{"now": true}`: sessions that run go elsewhere too."""
        self._grant(request, Scope.CONTROL)
        wanted = Drain.NO
        if request.method == "PUT":
            body = await _json(request) if request.can_read_body else {}
            if (
                not isinstance(body, dict)
                or not set(body) <= {"now"}
                or not isinstance(body.get("now", False), bool)
            ):
                raise Refusal("bad-request", "the body has now, true or false, and nothing else")
            wanted = Drain.NOW if body.get("now") else Drain.GENTLY
        self.standing.drain = wanted
        self.on_drain()
        return web.json_response(self.standing.snapshot())

    async def _health(self, request: web.Request) -> web.Response:
        await asyncio.gather(*(hand.line.call("metrics", timeout_s=2) for hand in self.crew.hands))
        return web.json_response({"status": "ok"})

    async def _metrics(self, request: web.Request) -> web.Response:
        lines = [f"media_refused_tokens_total {self._refused}", f"media_sessions {len(self._sessions)}"]
        for hand in self.crew.hands:
            metrics = (await self._tell(hand, "metrics"))["metrics"]
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


def _names(request: web.Request, *keys: str) -> Sequence[str]:
    names = [request.match_info[key] for key in keys]
    if not all(_NAME.fullmatch(name) for name in names):
        raise Refusal("bad-request", "a name has 1 to 128 letters, digits and ._~:@-")
    return names


async def _json(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise Refusal("wrong-media-type", "send application/json")
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError):
        raise Refusal("bad-request", "the body is not JSON") from None


def _urls(body: Any) -> list[str]:
    """The HTTP faces of parents, in their order."""
    urls = body.get("parents") if isinstance(body, dict) and set(body) == {"parents"} else None
    if not isinstance(urls, list) or len(urls) > MAX_PARENTS:
        raise Refusal("bad-request", f"parents is a list of up to {MAX_PARENTS} addresses")
    if not all(isinstance(url, str) and _URL.fullmatch(url) for url in urls):
        raise Refusal("bad-request", "a parent is the base of a relay's HTTP face")
    return list(dict.fromkeys(url.rstrip("/") for url in urls))


def _staging(body: Any) -> tuple[str | None, list[str | None]]:
    def is_peer(value: Any) -> bool:
        return value is None or (isinstance(value, str) and 0 < len(value) <= tokens.MAX_NAME)

    if not isinstance(body, dict) or not set(body) <= {"video", "audio"}:
        raise Refusal("bad-request", "the body has video and audio, and nothing else")
    video, audio = body.get("video"), body.get("audio", [])
    if not is_peer(video) or not isinstance(audio, list) or len(audio) > AUDIO_SLOTS:
        raise Refusal("bad-request", "video is a peer or null; audio is a list of up to three")
    if not all(is_peer(peer) for peer in audio):
        raise Refusal("bad-request", "audio is a list of up to three peers or nulls")
    return video, audio

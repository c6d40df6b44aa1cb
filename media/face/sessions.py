"""WHIP (RFC 9725) and WHEP: offers answered, and the sessions that come of them.

Reads offers and writes answers; the workers carry the packets. Described in PROTOCOL.md.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from media.face import negotiation, whip
from media.face.gate import Gate, tell, text_of
from media.face.joins import Joins
from media.programme.rungs import RUNGS
from media.relay.cascade import Cascade
from media.relay.crew import Crew
from media.relay.problems import Refusal
from media.relay.seating import Seating
from media.tokens import RECORDER_PEER, Grant, Scope
from media.transport.channel import Message
from media.wire import sdp
from media.wire.answer import Accepted, Transport, write_answer, write_fragment
from media.wire.sdp import Offer
from media.wire.turn import IceServers


@dataclass(frozen=True, slots=True)
class Told:
    """What answers say of us: where to send to, the path that a proxy shows us under, servers to go by."""

    announce: tuple[str, ...]
    base_path: str
    ice_servers: IceServers


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


class Sessions:
    """The resources of WHIP and WHEP, and their handlers."""

    def __init__(
        self, told: Told, gate: Gate, crew: Crew, seating: Seating, cascade: Cascade, joins: Joins
    ) -> None:
        self._told = told
        self._gate = gate
        self._crew = crew
        self._seating = seating
        self._cascade = cascade
        self._sessions: dict[str, Session] = {}
        self._joins = joins

    def routes(self, base: str) -> Sequence[web.RouteDef]:
        publication, programme = base + "/whip/{studio}", base + "/whep/{studio}/{programme}"
        routes = [web.post(publication, self._publish), web.post(programme, self._watch)]
        for endpoint in (publication, programme):
            routes += [
                web.get(endpoint, whip.nothing),
                web.get(endpoint + "/{session}", self._present),
                web.patch(endpoint + "/{session}", self._trickle),
                web.delete(endpoint + "/{session}", self._end),
            ]
        return routes

    def __len__(self) -> int:
        return len(self._sessions)

    def guests(self) -> list[Scope]:
        """The scopes of those who are here by themselves: a recorder comes and goes with its recording."""
        return [one.scope for one in self._sessions.values() if not one.peer.startswith(RECORDER_PEER)]

    def gone(self, hand: int, session: str | None) -> None:
        """One has ended; without a session, all of a worker that died."""
        ended = [session] if session is not None else [k for k, s in self._sessions.items() if s.hand == hand]
        for one in ended:
            self._sessions.pop(one, None)
            self._seating.leave(one)

    async def _offer(self, request: web.Request) -> Offer:
        try:
            return sdp.parse_offer(await text_of(request, whip.OFFER))
        except sdp.Unacceptable as trouble:
            raise Refusal("unacceptable", str(trouble)) from None
        except ValueError as trouble:
            raise Refusal("bad-sdp", str(trouble)) from None

    def _count_join(self, grant: Grant) -> None:
        trouble = self._joins.trouble(grant.studio, grant.peer, time.monotonic())
        if trouble:
            raise Refusal("too-many", trouble)

    # WHIP

    async def _publish(self, request: web.Request) -> web.Response:
        grant = self._gate.grant(request, Scope.PUBLISH)
        offer = await self._offer(request)
        self._count_join(grant)
        chosen = negotiation.chosen_to_receive(offer)
        codecs = {str(f.number): codec.value for _, codec, f in chosen}
        session = self._new_session(Scope.PUBLISH, grant, "", offer)
        answer = await tell(
            self._crew.of(grant.studio),
            "publish",
            session=session.id,
            studio=grant.studio,
            peer=grant.peer,
            fingerprint=[offer.fingerprint.algorithm, offer.fingerprint.value],
            ice=[offer.ufrag, offer.password],
            codecs=codecs,
            sound_again=negotiation.sends_sound_again(chosen),
            **negotiation.simulcast(chosen),
        )
        accepted = {s.mid: Accepted((f,), sending=False, layers=s.layers) for s, _, f in chosen}
        return self._created(session, f"/whip/{grant.studio}/{session.id}", offer, accepted, answer)

    # WHEP

    async def _watch(self, request: web.Request) -> web.Response:
        grant = self._gate.grant(request, Scope.WATCH, Scope.RELAY)
        if grant.peer == self._cascade.peer:
            raise Refusal("loop", "this relay would feed itself")
        offer = await self._offer(request)
        self._count_join(grant)
        video, audio = negotiation.chosen_to_send(offer, RUNGS if grant.scope is Scope.RELAY else 1)
        types = {codec.value: f.number for _, formats in video + audio for codec, f in formats}
        repairs = negotiation.repairs(video)
        session = self._new_session(grant.scope, grant, grant.programme, offer)
        try:
            answer = await tell(
                self._crew.hands[session.hand],
                "watch",
                home=self._crew.of(grant.studio).index,
                session=session.id,
                studio=grant.studio,
                programme=grant.programme,
                peer=grant.peer,
                fingerprint=[offer.fingerprint.algorithm, offer.fingerprint.value],
                ice=[offer.ufrag, offer.password],
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
        response = self._created(session, path, offer, accepted, answer)
        if grant.scope is Scope.RELAY:
            assert isinstance(response.body, bytes)
            response.headers.update(self._gate.vouch(grant, await request.read(), response.body))
        return response

    def _new_session(self, scope: Scope, grant: Grant, programme: str, offer: Offer) -> Session:
        home = hand = self._crew.of(grant.studio).index
        session = secrets.token_urlsafe(15)
        if scope is not Scope.PUBLISH:
            place = (grant.studio, programme, grant.peer)
            hand = self._seating.choose(place, home)
            hand = home if scope is Scope.RELAY else hand  # one hop less for all behind it
            self._seating.take(session, place, hand, home)
            self._cascade.look(grant.studio, programme)
        known = (offer.ufrag, offer.password)
        return Session(session, scope, grant.studio, programme, grant.peer, hand, known)

    def _created(
        self, session: Session, path: str, offer: Offer, accepted: dict[str, Accepted], answer: Message
    ) -> web.Response:
        self._sessions[session.id] = session
        transport = self._transport(session, answer)
        response = web.Response(
            status=201,
            body=write_answer(offer, accepted, transport).encode(),  # as text it would get a charset
            content_type=whip.OFFER,
            headers={
                "Location": self._told.base_path + path,
                "ETag": session.etag,
                "Accept-Patch": whip.FRAGMENT,
                "Cache-Control": "no-store",
            },
        )
        for link in self._told.ice_servers.links(session.id, time.time()):
            response.headers.add("Link", link)
        return response

    def _transport(self, session: Session, answer: Message) -> Transport:
        hand = self._crew.hands[session.hand]
        hosts, port, tcp_port = self._told.announce, hand.port, hand.tcp_port
        return Transport(answer["ufrag"], answer["password"], hand.fingerprint, hosts, port, tcp_port)

    # Their resources

    def _own_session(self, request: web.Request) -> Session:
        session = self._sessions.get(request.match_info["session"])
        watching = "programme" in request.match_info
        grant = self._gate.grant(request, *((Scope.WATCH, Scope.RELAY) if watching else (Scope.PUBLISH,)))
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
        text = await text_of(request, whip.FRAGMENT)
        try:
            fragment = sdp.parse_fragment(text)
        except ValueError as trouble:
            raise Refusal("bad-sdp", str(trouble)) from None
        wanted = whip.patch_of(request.headers.get("If-Match"), session.etag, session.known, fragment)
        if wanted is whip.Patch.RESTART:
            return await self._restart(session, fragment)
        return web.Response(status=204)  # a lite agent needs no candidates: it answers where checks come from

    async def _restart(self, session: Session, fragment: sdp.Fragment) -> web.Response:
        ice = [fragment.ufrag, fragment.password]
        answer = await tell(self._crew.hands[session.hand], "restart", session=session.id, ice=ice)
        session.etag = f'"{secrets.token_hex(8)}"'
        session.known = (fragment.ufrag, fragment.password)
        return web.Response(
            body=write_fragment(self._transport(session, answer)).encode(),
            content_type=whip.FRAGMENT,
            headers={"ETag": session.etag},
        )

    async def _end(self, request: web.Request) -> web.Response:
        session = self._own_session(request)
        await tell(self._crew.hands[session.hand], "close", session=session.id)
        self.gone(session.hand, session.id)
        return web.Response()

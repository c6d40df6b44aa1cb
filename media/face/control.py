"""The control API: who is on air, who is here, parents, recordings, draining. Described in PROTOCOL.md."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiohttp import web

from media.face.gate import Gate, json_of, tell
from media.programme.programme import AUDIO_SLOTS
from media.relay.cascade import MAX_PARENTS, Cascade
from media.relay.crew import Crew
from media.relay.problems import Refusal
from media.relay.recording import Recordings
from media.relay.standing import Drain, Standing
from media.tokens import NAME, Scope
from media.transport.channel import Message

_URL: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]{1,255}(/[A-Za-z0-9._~/-]{0,255})?")


class Control:
    """The handlers under `/control/`; each asks for a token of that scope."""

    def __init__(
        self, gate: Gate, crew: Crew, cascade: Cascade, recordings: Recordings, standing: Standing
    ) -> None:
        self._gate = gate
        self._crew = crew
        self._cascade = cascade
        self._recordings = recordings
        self._standing = standing
        self.on_drain: Callable[[], None] = lambda: None

    def routes(self, base: str) -> Sequence[web.RouteDef]:
        studio = base + "/control/studios/{studio}"
        programme = studio + "/programmes/{programme}"
        return [
            web.put(programme, self._stage),
            web.get(programme, self._programme),
            web.put(programme + "/recording", self._record),
            web.put(programme + "/parents", self._parents),
            web.get(studio, self._studio),
            web.delete(studio + "/peers/{peer}", self._kick),
            web.get(base + "/control/relay", self._stand),
            web.put(base + "/control/drain", self._drain),
            web.delete(base + "/control/drain", self._drain),
        ]

    async def _stage(self, request: web.Request) -> web.Response:
        self._gate.grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        video, audio = _staging(await json_of(request))
        answer = await tell(
            self._crew.of(studio), "stage", studio=studio, programme=programme, video=video, audio=audio
        )
        return web.json_response(answer["programme"])

    async def _studio(self, request: web.Request) -> web.Response:
        self._gate.grant(request, Scope.CONTROL)
        (studio,) = _names(request, "studio")
        state = await self._of_all(studio)
        return web.json_response(state | {"recordings": self._recordings.of(studio)})

    async def _of_all(self, studio: str) -> Message:
        """A studio's state: staging and sources as its home has them, viewers of every worker."""
        home = self._crew.of(studio)
        others = [hand for hand in self._crew.hands if hand is not home]
        first, *more = await asyncio.gather(
            tell(home, "studio", studio=studio),
            *(tell(hand, "studio", studio=studio) for hand in others),
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
        for name, mirrored in self._cascade.state(studio).items():
            if name in state["programmes"]:
                state["programmes"][name]["mirror"] = mirrored
        return state

    async def _programme(self, request: web.Request) -> web.Response:
        self._gate.grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        answer = await tell(self._crew.of(studio), "programme", studio=studio, programme=programme)
        if answer["programme"] is None:
            raise Refusal("not-found", "no such programme")
        return web.json_response(answer["programme"])

    async def _record(self, request: web.Request) -> web.Response:
        self._gate.grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        body = await json_of(request)
        if not isinstance(body, dict) or set(body) != {"on"} or not isinstance(body["on"], bool):
            raise Refusal("bad-request", "the body has on, true or false, and nothing else")
        return web.json_response(self._recordings.turn(studio, programme, body["on"]))

    async def _parents(self, request: web.Request) -> web.Response:
        self._gate.grant(request, Scope.CONTROL)
        studio, programme = _names(request, "studio", "programme")
        urls = _urls(await json_of(request))
        return web.json_response(await self._cascade.parents(studio, programme, urls))

    async def _kick(self, request: web.Request) -> web.Response:
        self._gate.grant(request, Scope.CONTROL)
        studio, peer = _names(request, "studio", "peer")
        answers = await asyncio.gather(
            *(hand.line.call("kick", studio=studio, peer=peer) for hand in self._crew.hands),
            return_exceptions=True,
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, ConnectionError):
                raise answer
        if not any(isinstance(answer, dict) and "refused" not in answer for answer in answers):
            raise Refusal("not-found", "no such peer")
        return web.Response(status=204)

    async def _stand(self, request: web.Request) -> web.Response:
        self._gate.grant(request, Scope.CONTROL)
        return web.json_response(self._standing.snapshot())

    async def _drain(self, request: web.Request) -> web.Response:
        """Empty this relay, or (DELETE) take that back; `{"now": true}`: sessions that run go elsewhere too."""
        self._gate.grant(request, Scope.CONTROL)
        wanted = Drain.NO
        if request.method == "PUT":
            body = await json_of(request) if request.can_read_body else {}
            if (
                not isinstance(body, dict)
                or not set(body) <= {"now"}
                or not isinstance(body.get("now", False), bool)
            ):
                raise Refusal("bad-request", "the body has now, true or false, and nothing else")
            wanted = Drain.NOW if body.get("now") else Drain.GENTLY
        self._standing.drain = wanted
        self.on_drain()
        return web.json_response(self._standing.snapshot())


def _names(request: web.Request, *keys: str) -> Sequence[str]:
    names = [request.match_info[key] for key in keys]
    if not all(NAME.fullmatch(name) for name in names):
        raise Refusal("bad-request", "a name has 1 to 128 letters, digits and ._~:@-")
    return names


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
        return value is None or (isinstance(value, str) and NAME.fullmatch(value) is not None)

    if not isinstance(body, dict) or not set(body) <= {"video", "audio"}:
        raise Refusal("bad-request", "the body has video and audio, and nothing else")
    video, audio = body.get("video"), body.get("audio", [])
    if not is_peer(video) or not isinstance(audio, list) or len(audio) > AUDIO_SLOTS:
        raise Refusal("bad-request", "video is a peer or null; audio is a list of up to three")
    if not all(is_peer(peer) for peer in audio):
        raise Refusal("bad-request", "audio is a list of up to three peers or nulls")
    return video, audio

"""One pull as the HTTP process does it: the parent is asked over HTTP, the worker told what it answered.

No packet passes here. Which parent is asked, and when, is decided elsewhere.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from media import proof
from media.cascade.pull import H264_TYPE, OPUS_TYPE, REPAIRS, VP8_TYPE
from media.client import RelayClient
from media.endpoint.asking import Refused, text_of
from media.programme.rungs import RUNGS
from media.relay.crew import Hand
from media.tokens import RELAY_PEER, Scope
from media.transport import call
from media.transport.channel import Message
from media.wire.fingerprint import Fingerprint

ASK_LIMIT_S: Final = 2.0
LIVE_LIMIT_S: Final = 8.0


class Failed(Exception):
    """This parent will not, or cannot."""


def offer(ufrag: str, password: str, fingerprint: Fingerprint, sounds: int) -> str:
    """What a relay asks of its parent: the picture on every rung in every codec, with RTX, and every sound."""
    count = RUNGS + sounds
    mids = " ".join(str(i) for i in range(count))
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    common = [
        "c=IN IP4 0.0.0.0", "a=recvonly", f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}",
        f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}", "a=setup:active", "a=rtcp-mux",
    ]  # fmt: skip
    types = [VP8_TYPE, H264_TYPE, *REPAIRS]
    picture = [f"a=rtpmap:{VP8_TYPE} VP8/90000", f"a=rtpmap:{H264_TYPE} H264/90000"]
    picture.append(f"a=fmtp:{H264_TYPE} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
    for repair, repaired in REPAIRS.items():
        picture += [f"a=rtpmap:{repair} rtx/90000", f"a=fmtp:{repair} apt={repaired}"]
        picture += [f"a=rtcp-fb:{repaired} nack", f"a=rtcp-fb:{repaired} nack pli"]
    sound = [f"a=rtpmap:{OPUS_TYPE} opus/48000/2", f"a=rtcp-fb:{OPUS_TYPE} nack"]
    for mid in range(count):
        if mid < RUNGS:
            kind, numbers, maps = "video", " ".join(map(str, types)), picture
        else:
            kind, numbers, maps = "audio", str(OPUS_TYPE), sound
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {numbers}", f"a=mid:{mid}", *common, *maps]
    return "\r\n".join(lines) + "\r\n"


async def _ask(hand: Hand, operation: str, **arguments: Any) -> Message:
    """The worker's answer. Raises: Failed; OSError when it is not there."""
    answer = await hand.line.call(operation, **arguments)
    if "refused" in answer:
        raise Failed(answer.get("detail", answer["refused"]))
    return answer


@dataclass(slots=True, eq=False)
class Pulling:
    """One pull as this process sees it."""

    url: str
    hand: Hand
    number: int
    resource: str = ""
    live: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = ""


class Puller:
    """All pulls of one relay. `hand_of` gives the worker that has a studio."""

    def __init__(self, relay: str, key: bytes, sounds: int, hand_of: Callable[[str], Hand]) -> None:
        self.peer = RELAY_PEER + relay
        self._key = key
        self._tokens = RelayClient("", key.decode())
        self._sounds = sounds
        self._hand_of = hand_of
        self._pulls: dict[tuple[int, int], Pulling] = {}
        self._http: aiohttp.ClientSession | None = None

    def news(self, hand: int, message: Message) -> None:
        """A worker's word on one of its pulls."""
        pulling = self._pulls.get((hand, message["number"]))
        if pulling is None:
            return
        if message["state"] == "live":
            pulling.live.set()
        else:
            pulling.reason = message["reason"]
            pulling.ended.set()

    def gone(self, hand: int) -> None:
        """A worker died, and its pulls with it."""
        for (index, _), pulling in self._pulls.items():
            if index == hand:
                pulling.reason = "the worker died"
                pulling.ended.set()

    async def open(self, studio: str, programme: str, url: str, *, careful: bool) -> Pulling:
        """A pull that is live. Raises: Failed."""
        pulling: Pulling | None = None
        try:
            hand = self._hand_of(studio)
            names = await _ask(hand, "pull", studio=studio, programme=programme, careful=careful)
            pulling = Pulling(url, hand, names["number"])
            self._pulls[hand.index, pulling.number] = pulling
            sdp = offer(names["ufrag"], names["password"], hand.fingerprint, self._sounds)
            answer = await self._post(pulling, studio, programme, sdp)
            await _ask(
                hand,
                "pull_start",
                number=pulling.number,
                ufrag=answer.ufrag,
                password=answer.password.decode(),
                fingerprint=[answer.fingerprint.algorithm, answer.fingerprint.value],
                hosts=answer.hosts,
                streams=[(s.kind, s.ssrc, s.repair_ssrc) for s in answer.streams],
            )
            await self._until_live(pulling)
        except (Failed, aiohttp.ClientError, OSError, ValueError) as trouble:
            if pulling is not None:
                await self.end(pulling, studio, programme)
            raise Failed(f"{url}: {trouble or type(trouble).__name__}") from None
        except BaseException:
            if pulling is not None:
                self._pulls.pop((pulling.hand.index, pulling.number), None)
            raise
        return pulling

    async def _post(self, pulling: Pulling, studio: str, programme: str, sdp: str) -> call.Answer:
        url = f"{pulling.url}/whep/{studio}/{programme}"
        timeout = aiohttp.ClientTimeout(total=ASK_LIMIT_S)
        async with self._session().post(
            url, data=sdp, headers=self._headers(studio, programme), timeout=timeout
        ) as response:
            try:
                text = await text_of(response)
            except Refused as refusal:
                raise Failed(str(refusal)) from refusal
            if response.status != 201:
                raise Failed(f"{response.status}: {text[:200]}")
            # Over plain HTTP anybody might answer; whom we then believe is the fingerprint in the answer.
            expected = proof.of_answer(self._key, studio, programme, sdp.encode(), text.encode())
            if not proof.holds(response.headers.get(proof.HEADER, ""), expected):
                raise Failed("the answer is not proved to be of a relay with our key")
            pulling.resource = resource_of(url, response.headers.get("Location", ""))
            return call.read_answer(text)

    async def _until_live(self, pulling: Pulling) -> None:
        await any_of(LIVE_LIMIT_S, pulling.live, pulling.ended)
        if not pulling.live.is_set() or pulling.ended.is_set():
            raise Failed(pulling.reason or "it did not come to life")

    async def end(self, pulling: Pulling, studio: str, programme: str) -> None:
        """Also one that has ended: the parent is told, if it can be."""
        self._pulls.pop((pulling.hand.index, pulling.number), None)
        with contextlib.suppress(Failed, OSError):
            await _ask(pulling.hand, "pull_end", number=pulling.number)
        if pulling.resource:
            timeout = aiohttp.ClientTimeout(total=ASK_LIMIT_S)
            headers = self._headers(studio, programme)
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with self._session().delete(pulling.resource, headers=headers, timeout=timeout):
                    pass

    def _headers(self, studio: str, programme: str) -> dict[str, str]:
        token = self._tokens.token(Scope.RELAY, studio, self.peer, programme)
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    async def stop(self, studio: str, programme: str) -> None:
        """The programme is no mirror any more."""
        with contextlib.suppress(Failed, OSError):
            await _ask(self._hand_of(studio), "pull_stop", studio=studio, programme=programme)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


async def any_of(seconds: float, *events: asyncio.Event) -> None:
    """Wait until one of them is set, or so long."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def resource_of(url: str, location: str) -> str:
    """Where the session is that came of a request to `url`; empty when it is said to be elsewhere.

    Our token goes there: another host may not have it. Such a session ends by our silence.
    """
    resource = urljoin(url, location)
    return resource if location and urlsplit(resource)[:2] == urlsplit(url)[:2] else ""

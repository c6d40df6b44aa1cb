"""Which parent a programme is pulled from: the first that will, the next when it fails, and the first again later.

One `Cascade` per relay, in the HTTP process: it asks parents over HTTP and tells the worker what they answered; no
packet passes here. A programme that nobody watches is not pulled.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp

from media import call
from media.channel import Message
from media.client import RelayClient
from media.crew import Hand
from media.dtls import Fingerprint
from media.pull import H264_TYPE, OPUS_TYPE, REPAIRS, VP8_TYPE
from media.rungs import RUNGS
from media.tokens import RELAY_PEER, Scope

MAX_PARENTS: Final = 8
ASK_LIMIT_S: Final = 2.0
LIVE_LIMIT_S: Final = 8.0
RETURN_AFTER_S: Final = 5.0  # on another parent, before the first is tried again; doubled by each vain try
RETURN_MAX_S: Final = 80.0
FORGET_S: Final = 60.0  # a parent that held so long begins anew
PAUSE_S: Final = 0.25  # when no parent would
PAUSE_MAX_S: Final = 4.0
LOOK_S: Final = 1.0
KEEP_S: Final = 30.0

log = logging.getLogger("media.cascade")
Key = tuple[str, str]  # studio, programme


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
    for mid in range(count):
        if mid < RUNGS:
            kind, numbers, maps = "video", " ".join(map(str, types)), picture
        else:
            kind, numbers, maps = "audio", str(OPUS_TYPE), [f"a=rtpmap:{OPUS_TYPE} opus/48000/2"]
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


class Cascade:
    """The mirrored programmes of one relay. `watched` says whether anybody here has a programme."""

    def __init__(
        self,
        relay: str,
        key: bytes,
        sounds: int,
        hand_of: Callable[[str], Hand],
        watched: Callable[[str, str], bool],
        keep_s: float = KEEP_S,
    ) -> None:
        self.peer = RELAY_PEER + relay
        self._tokens = RelayClient("", key.decode())
        self.sounds = sounds
        self.hand_of = hand_of
        self.watched = watched
        self.keep_s = keep_s
        self._mirrored: dict[Key, Mirrored] = {}
        self._pulls: dict[tuple[int, int], Pulling] = {}
        self._http: aiohttp.ClientSession | None = None

    def state(self, studio: str) -> dict[str, dict[str, Any]]:
        """By programme."""
        return {name: m.state() for (of, name), m in self._mirrored.items() if of == studio}

    async def parents(self, studio: str, programme: str, urls: list[str]) -> dict[str, Any]:
        """Where the programme comes from, the preferred one first; none: from our own sources."""
        key = (studio, programme)
        mirrored = self._mirrored.get(key)
        if not urls:
            if mirrored is not None:
                del self._mirrored[key]
                await mirrored.stop()
            return {"parents": [], "pulling": None}
        if mirrored is None:
            mirrored = self._mirrored[key] = Mirrored(self, studio, programme)
            mirrored.begin()
        mirrored.prefer(urls)
        return mirrored.state()

    def look(self, studio: str, programme: str) -> None:
        """Somebody joined."""
        mirrored = self._mirrored.get((studio, programme))
        if mirrored is not None:
            mirrored.stirred.set()

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

    async def close(self) -> None:
        for mirrored in self._mirrored.values():
            await mirrored.stop()
        if self._http is not None:
            await self._http.close()

    # One pull

    async def open(self, studio: str, programme: str, url: str, *, careful: bool) -> Pulling:
        """A pull that is live. Raises: Failed."""
        pulling: Pulling | None = None
        try:
            hand = self.hand_of(studio)
            names = await _ask(hand, "pull", studio=studio, programme=programme, careful=careful)
            pulling = Pulling(url, hand, names["number"])
            self._pulls[hand.index, pulling.number] = pulling
            sdp = offer(names["ufrag"], names["password"], hand.fingerprint, self.sounds)
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
            text = await response.text()
            if response.status != 201:
                raise Failed(f"{response.status}: {text[:200]}")
            pulling.resource = urljoin(url, response.headers.get("Location", ""))
            return call.read_answer(text)

    async def _until_live(self, pulling: Pulling) -> None:
        await _any(LIVE_LIMIT_S, pulling.live, pulling.ended)
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


class Mirrored:
    """One programme that has its home at another relay."""

    def __init__(self, cascade: Cascade, studio: str, programme: str) -> None:
        self._cascade = cascade
        self._studio = studio
        self._programme = programme
        self._parents: list[str] = []
        self._current: Pulling | None = None
        self._task: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._return_s = RETURN_AFTER_S
        self._changed = asyncio.Event()  # other parents
        self.stirred = asyncio.Event()  # that, or somebody joined
        self.trouble = ""

    def state(self) -> dict[str, Any]:
        current = self._current
        return {"parents": list(self._parents), "pulling": current.url if current is not None else None}

    def begin(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"mirror-{self._studio}-{self._programme}")

    def prefer(self, urls: list[str]) -> None:
        if urls != self._parents:
            self._parents = urls
            self._return_s = RETURN_AFTER_S
            self._changed.set()
            self.stirred.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._part(None)
        await asyncio.gather(*self._endings, return_exceptions=True)
        with contextlib.suppress(Failed, OSError):
            hand = self._cascade.hand_of(self._studio)
            await _ask(hand, "pull_stop", studio=self._studio, programme=self._programme)

    async def _run(self) -> None:
        pause_s, first = PAUSE_S, 0
        while True:
            await self._until_watched()
            if await self._find(first):
                pause_s = PAUSE_S
                first = await self._hold()
                continue
            await self._stir(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 (two relays must not keep step)
            pause_s, first = min(2 * pause_s, PAUSE_MAX_S), 0

    async def _until_watched(self) -> None:
        while not self._is_watched():
            await self._stir(LOOK_S)

    def _is_watched(self) -> bool:
        return self._cascade.watched(self._studio, self._programme)

    async def _stir(self, seconds: float) -> bool:
        """Wait until something stirs; whether it did."""
        self.stirred.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stirred.wait()
        return self.stirred.is_set()

    async def _find(self, first: int) -> bool:
        """Pull from the first parent that will, beginning with one of them."""
        urls = list(self._parents)
        start = first % len(urls)
        for url in urls[start:] + urls[:start]:
            if await self._try(url, careful=False):
                return True
        return False

    async def _try(self, url: str, *, careful: bool) -> bool:
        """Pull from this parent; the one before is left when this one is live."""
        try:
            pulling = await self._cascade.open(self._studio, self._programme, url, careful=careful)
        except Failed as trouble:
            self.trouble = str(trouble)
            log.warning("mirror of %s/%s: %s", self._studio, self._programme, trouble)
            return False
        log.info("mirror of %s/%s comes from %s", self._studio, self._programme, url)
        self._part(pulling)
        return True

    def _part(self, following: Pulling | None) -> None:
        """Leave the parent that we have. The worker ends its pull itself when another one has taken over."""
        before, self._current = self._current, following
        if before is None:
            return

        async def end() -> None:
            if following is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LIVE_LIMIT_S):
                        await before.ended.wait()
            await self._cascade.end(before, self._studio, self._programme)

        task = asyncio.create_task(end())
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _hold(self) -> int:
        """Until there is no pull any more; which parent to begin with then."""
        loop = asyncio.get_running_loop()
        watched_at = began_at = loop.time()
        return_at = began_at + self._return_s
        while (current := self._current) is not None:
            changed = await self._until_news(current)
            now = loop.time()
            if current.ended.is_set():
                log.warning("mirror of %s/%s: %s: %s", self._studio, self._programme, current.url, current.reason)
                self._part(None)
                return self._parents.index(current.url) + 1 if current.url in self._parents else 0
            watched_at = now if self._is_watched() else watched_at
            if now - watched_at > self._cascade.keep_s:
                self._part(None)
                return 0
            if current.url not in self._parents:
                await self._find(0)  # in vain: the one that we have is better than none
            elif current.url == self._parents[0]:
                if now - began_at > FORGET_S:
                    self._return_s = RETURN_AFTER_S
            elif now >= return_at or changed:
                if not await self._try(self._parents[0], careful=True):
                    self._return_s = min(2 * self._return_s, RETURN_MAX_S)
                return_at = loop.time() + self._return_s
        return 0

    async def _until_news(self, current: Pulling) -> bool:
        """Wait a while, less if the pull ends or the parents change; whether they did."""
        await _any(LOOK_S, self._changed, current.ended)
        changed = self._changed.is_set()
        self._changed.clear()
        return changed


async def _any(seconds: float, *events: asyncio.Event) -> None:
    """Wait until one of them is set, or so long."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()

"""The relay's client: the one module of the media plane that the server and signaling import.

Mints the scoped tokens, sets the stage, reads the state of a studio. Ids are opaque text. A relay that does
not answer is RelayUnreachable (ask again later); one that says no is RelayRefused.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar
from urllib.parse import quote

import aiohttp
import jwt

from media import answers
from media.answers import Fault as Fault
from media.answers import Programme as Programme
from media.answers import Recording as Recording
from media.answers import Source as Source
from media.answers import Stage as Stage
from media.answers import Standing as Standing
from media.answers import StudioState as StudioState
from media.answers import Viewer as Viewer
from media.cors import cors_headers as cors_headers
from media.entry import seal as seal
from media.entry import unseal as unseal
from media.recording.logbook import Listed as Listed
from media.recording.logbook import parts
from media.tokens import AUDIENCE, MAX_NAME, MIN_KEY_SIZE, BadToken, Scope
from media.tokens import Grant as Grant
from media.tokens import read as read_token
from media.wire.turn import ice_urls as ice_urls

TOKEN_TTL_S: Final = 600.0
_CONTROL_TTL_S: Final = 300.0
_CONTROL_SPARE_S: Final = 30.0
_MAX_AUDIO: Final = 3
recorded_parts = parts

Answer = TypeVar("Answer")


class RelayUnreachable(Exception):
    """No answer, or one that is not the relay's: nothing is known of what happened.

    `refused`: nobody listens there, so the relay is surely gone.
    """

    refused = False


class RelayRefused(Exception):
    """The relay's own no, with the code of its problem document."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(status, code, detail)
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Moved:
    """Whoever of the studio watches at the relay of this name shall join again, within so many seconds.

    `sources`: whoever sends there too, and at once. `ask`: only whose session is no longer there.
    """

    studio: str
    relay: str
    within_s: float
    sources: bool
    ask: bool = False


class Relay(Protocol):
    """What signaling and server ask of the media plane: one relay, or several as if they were one."""

    async def at(self, studio: str) -> RelayClient:
        """The relay a studio lives on, for sending and control. Raises: RelayUnreachable when none answers."""
        ...

    async def edge(self, studio: str, programme: str, peer: str, region: str = "") -> RelayClient:
        """The relay where this peer watches. Raises: RelayUnreachable when none answers."""
        ...

    async def named(self, name: str, studio: str) -> RelayClient | None:
        """The relay of this name when it still carries the studio."""
        ...

    async def anyone(self) -> RelayClient:
        """Some relay that lives. Raises: RelayUnreachable when none answers."""
        ...

    def lost(self, relay: RelayClient) -> None:
        """Nobody listens at its address."""
        ...

    @property
    def regional(self) -> bool:
        """Whether any relay is nearer to some peers than to others."""
        ...

    def on_move(self, hear: Callable[[Moved], None]) -> None:
        """`hear` is called whenever people of a studio shall join anew."""
        ...

    def token(
        self,
        scope: str,
        studio: str | None = None,
        peer: str | None = None,
        programme: str | None = None,
        *,
        ttl_s: float = TOKEN_TTL_S,
        region: str = "",
    ) -> str: ...
    async def stage(
        self, studio: str, programme: str, video: str | None, audio: Sequence[str | None] = ()
    ) -> Programme: ...
    async def studio(self, studio: str) -> StudioState: ...
    async def record(self, studio: str, programme: str, on: bool) -> Recording: ...
    async def kick(self, studio: str, peer: str) -> None: ...
    def grant(self, token: str) -> Grant | None: ...
    def gauges(self) -> Mapping[str, float]:
        """How many there are, for whoever watches over the system."""
        ...

    async def aclose(self) -> None: ...


class RelayClient:
    """One relay, by the base of its HTTP face, `http://127.0.0.1:8900/media` for one with a base path."""

    def __init__(self, base_url: str, key: str, *, timeout_s: float = 3.0, name: str = "") -> None:
        """`name`: what clients know it by, when there are several. Raises: ValueError for too short a key."""
        if len(key.encode()) < MIN_KEY_SIZE:
            raise ValueError(f"the media key must have at least {MIN_KEY_SIZE} bytes")
        self.base_url = base_url.rstrip("/")
        self.name = name
        self._key = key
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._control_token = ""
        self._control_until = 0.0

    async def at(self, studio: str) -> RelayClient:
        """Every studio lives here."""
        return self

    async def edge(self, studio: str, programme: str, peer: str, region: str = "") -> RelayClient:
        """Everybody watches here."""
        return self

    async def anyone(self) -> RelayClient:
        return self

    async def named(self, name: str, studio: str) -> RelayClient | None:
        return self if name == self.name else None

    def lost(self, relay: RelayClient) -> None:
        """There is no other."""

    @property
    def regional(self) -> bool:
        return False

    def on_move(self, hear: Callable[[Moved], None]) -> None:
        """Nobody ever moves."""

    def gauges(self) -> Mapping[str, float]:
        return {}

    def grant(self, token: str) -> Grant | None:
        """What a token of ours allows; None when it does not hold."""
        try:
            return read_token(token, self._key.encode())
        except BadToken:
            return None

    def token(
        self,
        scope: Scope | str,
        studio: str | None = None,
        peer: str | None = None,
        programme: str | None = None,
        *,
        ttl_s: float = TOKEN_TTL_S,
        region: str = "",
    ) -> str:
        """A token for one scope; `region`: where the peer is, for whoever places it.

        Raises: ValueError when the scope lacks what it needs.
        """
        scope = Scope(scope)
        if scope is not Scope.CONTROL and (not studio or not peer):
            raise ValueError(f"a {scope} token names a studio and a peer")
        if scope is Scope.WATCH and not programme:
            raise ValueError("a watch token names a programme")
        now = time.time()
        claims: dict[str, Any] = {
            "aud": AUDIENCE,
            "iat": int(now),
            "exp": int(now + ttl_s),
            "jti": uuid.uuid4().hex,
            "scope": scope.value,
            "studio": studio or "",
            "peer": peer or "",
        }
        if programme:
            claims["programme"] = programme
        if region:
            claims["region"] = region[:MAX_NAME]
        return jwt.encode(claims, self._key, algorithm="HS256")

    async def stage(
        self, studio: str, programme: str, video: str | None, audio: Sequence[str | None] = ()
    ) -> Programme:
        """Say who fills the slots; the same again changes nothing. Raises: RelayUnreachable, RelayRefused."""
        if len(audio) > _MAX_AUDIO:
            raise ValueError(f"a programme has {_MAX_AUDIO} audio slots")
        path = f"/control/studios/{_part(studio)}/programmes/{_part(programme)}"
        answer = await self._call("PUT", path, {"video": video, "audio": list(audio)})
        return _read(answers.read_programme, answer)

    async def studio(self, studio: str) -> StudioState:
        """Raises: RelayUnreachable, RelayRefused."""
        return _read(answers.read_studio, await self._call("GET", f"/control/studios/{_part(studio)}"))

    async def programme(self, studio: str, programme: str) -> Programme | None:
        """None: nobody has named it yet. Raises: RelayUnreachable, RelayRefused."""
        path = f"/control/studios/{_part(studio)}/programmes/{_part(programme)}"
        try:
            return _read(answers.read_programme, await self._call("GET", path))
        except RelayRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    async def record(self, studio: str, programme: str, on: bool) -> Recording:
        """Begin or end a recording; the same again changes nothing. Raises: RelayUnreachable, RelayRefused."""
        path = f"/control/studios/{_part(studio)}/programmes/{_part(programme)}/recording"
        return _read(answers.read_recording, await self._call("PUT", path, {"on": on}))

    async def kick(self, studio: str, peer: str) -> None:
        """End what the peer sends and receives; no such peer is no error."""
        try:
            await self._call("DELETE", f"/control/studios/{_part(studio)}/peers/{_part(peer)}")
        except RelayRefused as refusal:
            if refusal.status != 404:
                raise

    async def parents(self, studio: str, programme: str, parents: Sequence[str]) -> None:
        """Mirror the programme from these relays, the first being preferred; none: no longer.

        Raises: RelayUnreachable, RelayRefused.
        """
        path = f"/control/studios/{_part(studio)}/programmes/{_part(programme)}/parents"
        await self._call("PUT", path, {"parents": list(parents)})

    async def standing(self) -> Standing:
        """Raises: RelayUnreachable, RelayRefused."""
        return _read(answers.read_standing, await self._call("GET", "/control/relay"))

    async def faults(self) -> tuple[Fault, ...]:
        """What is disturbed on purpose, of a relay in test mode. Raises: RelayUnreachable, RelayRefused."""
        return _read(answers.read_faults, await self._call("GET", "/control/faults"))

    async def fault(
        self, peer: str | None, way: str = "both", *, drop: float = 0.0, delay_ms: float = 0.0
    ) -> None:
        """Lose or hold back datagrams of a peer, None for all; way: `in`, `out` or `both`, seen from the relay."""
        body = {"peer": peer, "way": way, "drop": drop, "delay_ms": delay_ms}
        await self._call("PUT", "/control/faults", body)

    async def clear_faults(self) -> None:
        await self._call("DELETE", "/control/faults")

    async def kill_worker(self, worker: int) -> None:
        await self._call("DELETE", f"/control/faults/workers/{worker}")

    async def kill_relay(self) -> None:
        """It ends a moment after its answer, without a word to anybody."""
        await self._call("DELETE", "/control/faults/relay")

    async def drain(self, *, now: bool = False) -> Standing:
        """Empty the relay; `now`: of running sessions too. Raises: RelayUnreachable, RelayRefused."""
        return _read(answers.read_standing, await self._call("PUT", "/control/drain", {"now": now}))

    async def undrain(self) -> Standing:
        """Raises: RelayUnreachable, RelayRefused."""
        return _read(answers.read_standing, await self._call("DELETE", "/control/drain"))

    async def healthy(self) -> bool:
        """Whether the relay answers its health check."""
        try:
            await self._call("GET", "/healthz")
        except (RelayUnreachable, RelayRefused):
            return False
        return True

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._control()}"}
        try:
            async with self._http().request(
                method, self.base_url + path, json=body, headers=headers, timeout=self._timeout
            ) as response:
                if response.status >= 400:
                    raise await _refusal(response)
                if response.status == 204 or response.content_type != "application/json":
                    return None
                return await response.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            trouble = RelayUnreachable(f"{method} {path}: {error or type(error).__name__}")
            trouble.refused = is_refused(error)
            raise trouble from error

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    def _control(self) -> str:
        now = time.monotonic()
        if now > self._control_until:
            self._control_token = self.token(Scope.CONTROL, ttl_s=_CONTROL_TTL_S)
            self._control_until = now + _CONTROL_TTL_S - _CONTROL_SPARE_S
        return self._control_token


def is_refused(error: BaseException) -> bool:
    """Whether nobody listens at the address at all."""
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return isinstance(inner, ConnectionRefusedError)


def _part(text: str) -> str:
    return quote(text, safe="")


async def _refusal(response: aiohttp.ClientResponse) -> RelayRefused | RelayUnreachable:
    """A problem document is the relay's word; a bare 5xx is a proxy's or a crash."""
    try:
        document = await response.json(content_type=None)
        code, detail = str(document["code"]), str(document.get("detail", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        if response.status >= 500:
            return RelayUnreachable(f"status {response.status}")
        code, detail = "unknown", ""
    return RelayRefused(response.status, code, detail)


def _read(reader: Callable[[Any], Answer], answer: Any) -> Answer:
    try:
        return reader(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RelayUnreachable(f"an answer of another shape: {error!r}") from error

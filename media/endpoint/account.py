"""A bridge signed in at the server by its join code: its calls, its token kept fresh. Speaks plain HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp

HTTP_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
RENEW_BEFORE_S: Final = 90.0


class Cut(Exception):
    """The server could not be reached or did not answer as expected; try again."""


class Turned(Exception):
    """The server said no in a way that waiting does not mend."""


class Account:
    """The signed-in bridge: its calls, its token kept fresh."""

    def __init__(self, http: aiohttp.ClientSession, server: str, code: str) -> None:
        self.http = http
        self._server = server
        self._code = code
        self._token = ""
        self._until = 0.0
        self._turn = asyncio.Lock()
        self.id = ""

    def url(self, path: str) -> str:
        return urljoin(self._server, path)

    async def token(self, spare_s: float = RENEW_BEFORE_S) -> str:
        """One that holds for `spare_s` more. Raises: Cut, Turned."""
        async with self._turn:
            if time.time() > self._until - spare_s:
                await self._sign_in()
            return self._token

    def left_s(self) -> float:
        return self._until - time.time()

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Raises: Cut, Turned."""
        given = {"Authorization": f"Bearer {await self.token()}", **headers}
        status, answer = await self._ask(method, path, body, given)
        if status == 401:
            self._until = 0.0
            raise Cut("signed out")
        if status >= 400:
            raise _no(status, answer)
        return answer

    async def _sign_in(self) -> None:
        """By the code, which a bridge may use again after a cut."""
        status, answer = await self._ask("POST", "/api/session/bridge", {"code": self._code}, {})
        if status >= 400:
            raise _no(status, answer)
        try:
            self._token, self.id = str(answer["access_token"]), str(answer["me"]["id"])
            self._until = _instant(answer["expires_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise Cut(f"a session of another shape: {error!r}") from error

    async def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> tuple[int, Any]:
        try:
            async with self.http.request(
                method, self.url(path), json=body, headers=headers, timeout=HTTP_TIMEOUT
            ) as response:
                text = await response.text()
                return response.status, json.loads(text) if text else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Cut(f"{method} {path}: {error or type(error).__name__}") from error


def _no(status: int, answer: Any) -> Cut | Turned:
    code = answer.get("code", "") if isinstance(answer, dict) else ""
    # Too many at once and the server's own faults pass; everything else stays as it is.
    waits = status >= 500 or status in (408, 425, 429)
    return (Cut if waits else Turned)(f"{status} {code}")


def _instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

"""What a handler is given: the request, the house, and who acts. A token becomes an actor here, once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from aiohttp import web

from rooms.ports import Once
from rooms.roles import Actor
from server.accounts import Known
from server.api.layer import Access
from server.api.texts import READER_LOCALE
from server.house import HOUSE, House
from server.refusals import Unauthenticated

#: What the answer is to carry: a refresh token, or "" to take it away.
SET_COOKIE: web.RequestKey[str] = web.RequestKey("refresh", str)


@dataclass(frozen=True, slots=True)
class Call:
    request: web.Request
    house: House
    known: Known | None = None
    token: str = ""

    @property
    def actor(self) -> Actor:
        if self.known is None:
            raise Unauthenticated("sign-in-first", "no access token")
        return self.known.actor

    @property
    def client(self) -> str:
        """Whom a rate limit counts: the address, which a proxy we trust may tell."""
        return client_of(self.request, self.house.settings.trusted_proxies)

    def once(self, key: str | None, *asked: object) -> Once | None:
        """`asked`: everything that makes this request what it is."""
        if key is None:
            return None
        digest = hashlib.sha256(repr((self.request.method, self.request.path, asked)).encode()).hexdigest()
        return Once(key, digest)


def client_of(request: web.Request, trusted_proxies: int) -> str:
    """`trusted_proxies`: how many proxies of ours stand in front; each added one address at the end."""
    lines = ",".join(request.headers.getall("X-Forwarded-For", ()))  # a proxy may add a line of its own
    told = [part.strip() for part in lines.split(",") if part.strip()]
    if trusted_proxies and len(told) >= trusted_proxies:
        return told[-trusted_proxies]
    return request.remote or "unknown"


async def make_call(request: web.Request, access: Access) -> Call:
    """Raises: Unauthenticated."""
    house = request.app[HOUSE]
    if access is Access.PUBLIC:
        return Call(request, house)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("sign-in-first", "no access token")
    token = token.strip()
    known = await house.entrance.known(token)
    request[READER_LOCALE] = known.locale
    return Call(request, house, known, token)

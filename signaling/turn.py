"""Time-limited TURN credentials, as coturn reads them with `use-auth-secret`.

User name `<expiry>:<name>`, password base64(HMAC-SHA1(secret, user name)).
Source: draft-uberti-behave-turn-rest-00.
Nothing is looked up and no public server is named: without a configured one the list is empty.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

CREDENTIAL_TTL: Final = timedelta(
    hours=12
)  # a session's length: coturn asks again when an allocation is refreshed


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """`urls`: `turn:…`, `turns:…` or `stun:…`. `secret`: coturn's static-auth-secret; empty for none."""

    urls: tuple[str, ...] = ()
    secret: str = ""
    ttl: timedelta = CREDENTIAL_TTL


@dataclass(frozen=True, slots=True)
class IceServer:
    """As RTCIceServer in the browser; a STUN server has no credential."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


def credential(secret: str, username: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), username.encode(), "sha1")).decode()


def ice_servers(settings: TurnSettings, peer: str, now: datetime) -> list[IceServer]:
    """What `peer` puts into its RTCPeerConnection."""
    servers: list[IceServer] = []
    if stun := tuple(u for u in settings.urls if u.startswith("stun")):
        servers.append(IceServer(stun))
    if (turn := tuple(u for u in settings.urls if u.startswith("turn"))) and settings.secret:
        username = f"{int((now + settings.ttl).timestamp())}:{peer}"
        servers.append(IceServer(turn, username, credential(settings.secret, username)))
    return servers

"""Who may do what at the relay: JSON web tokens made by whoever shares our key. Opaque names only."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import jwt

AUDIENCE: Final = "dienhong-media"
MIN_KEY_SIZE: Final = 32
MAX_TOKEN: Final = 4096
MAX_NAME: Final = 128
NAME: Final = re.compile(r"[A-Za-z0-9._~:@-]{1,128}")
RELAY_PEER: Final = "relay:"  # and its id: the name of a relay as a peer
RECORDER_PEER: Final = "recorder:"  # and the programme: the name of who records it


class Scope(StrEnum):
    PUBLISH = "publish"
    WATCH = "watch"
    CONTROL = "control"
    RELAY = "relay"  # another relay, that carries a programme further


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token allows. `region`: where the peer is, of no meaning to a relay, and any text."""

    scope: Scope
    studio: str
    peer: str
    programme: str
    region: str = ""


class BadToken(Exception):
    """No token, or one that is expired, forged or not for us."""


def read(token: str, key: bytes) -> Grant:
    """Check a token. Raises: BadToken."""
    if not token or len(token) > MAX_TOKEN:
        raise BadToken("no token")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "jti", "aud", "scope"]},
            leeway=10,
        )
        scope = Scope(claims["scope"])
    except (jwt.PyJWTError, ValueError) as error:
        raise BadToken("the token is not valid here") from error
    names = [claims.get(name, "") for name in ("studio", "peer", "programme")]
    if not all(name == "" or (isinstance(name, str) and NAME.fullmatch(name)) for name in names):
        raise BadToken("the token's names are not valid")
    region = claims.get("region", "")
    if not isinstance(region, str) or len(region) > MAX_NAME:
        raise BadToken("the token's region is not valid")
    if scope is not Scope.CONTROL and not (names[0] and names[1]):
        raise BadToken("the token names no studio or no peer")
    if scope is Scope.RELAY and not names[1].startswith(RELAY_PEER):
        raise BadToken("a relay's peer is its id after relay:")
    studio, peer, programme = names
    return Grant(scope, studio, peer, programme, region)

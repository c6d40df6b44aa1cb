"""Access tokens (JWT, Ed25519, ten minutes) and the random secrets whose hash alone is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rooms.ids import BridgeId, PersonId
from rooms.roles import ActorKind
from server.refusals import Unauthenticated
from server.store.accounts import Subject

AUDIENCE: Final = "dienhong"
ALGORITHM: Final = "EdDSA"
#: Crockford's letters: none is read for another, so that a code can be told by telephone.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans("OIL", "011", "- ")


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token says. `family_id`: the session it was made in."""

    subject: Subject
    family_id: UUID
    expires_at: datetime


class Tokens:
    def __init__(self, key: Ed25519PrivateKey, ttl_s: int) -> None:
        self._key = key
        self._public = key.public_key()
        self._ttl = timedelta(seconds=ttl_s)

    def mint(self, subject: Subject, family_id: UUID, now: datetime) -> tuple[str, datetime]:
        until = (now + self._ttl).replace(microsecond=0)
        claims = {
            "aud": AUDIENCE,
            "iss": AUDIENCE,
            "sub": str(subject.id),
            "kind": subject.kind.value,
            "sid": str(family_id),
            "iat": int(now.timestamp()),
            "exp": int(until.timestamp()),
            "jti": uuid4().hex,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM), until

    def read(self, token: str) -> Access:
        """Raises: Unauthenticated `token-expired`, `token-invalid`."""
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=AUDIENCE,
                options={"require": ["exp", "iat", "sub", "sid", "kind", "jti"]},
            )
            kind, number = ActorKind(claims["kind"]), UUID(claims["sub"])
            family_id = UUID(claims["sid"])
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("token-expired", "the access token has expired") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
            raise Unauthenticated("token-invalid", "the access token does not hold") from None
        who = PersonId(number) if kind is ActorKind.PERSON else BridgeId(number)
        return Access(Subject(kind, who), family_id, datetime.fromtimestamp(claims["exp"], UTC))


def new_secret() -> str:
    """256 bits: refresh tokens and links."""
    return secrets.token_urlsafe(32)


def new_join_code() -> str:
    """80 bits in four groups of four, to be read aloud: 7K2M-Q0XW-93ZT-B5HD."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[n : n + 4] for n in range(0, 16, 4))


def tidy_join_code(code: str) -> str:
    """As somebody typed it: small letters, without dashes, O for 0."""
    return code.upper().translate(_LOOKALIKES)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

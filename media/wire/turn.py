"""STUN and TURN servers as WHIP and WHEP tell of them: Link headers with time-limited credentials (RFC 9725, 4.6).

The credentials are those that coturn reads with `use-auth-secret`: user name `<expiry>:<id>`, password
base64(HMAC-SHA1(secret, user name)). The server tells its browsers of them in its own way (`signaling/turn.py`).
"""

import base64
import hmac
import re
from dataclasses import dataclass
from typing import Final

CREDENTIAL_TTL_S: Final = 12 * 3600  # a session's length: coturn asks again when an allocation is refreshed
MAX_SERVERS: Final = 16
#: RFC 7064 and 7065; nothing that could end the angle brackets of a header.
_URL: Final = re.compile(r"(stuns?:[\w.:\[\]-]+|turns?:[\w.:\[\]-]+(\?transport=(udp|tcp))?)")


def ice_urls(text: str) -> tuple[str, ...]:
    """The servers of a list with commas. Raises: ValueError."""
    urls = tuple(url.strip() for url in text.split(",") if url.strip())
    if len(urls) > MAX_SERVERS:
        raise ValueError("too many STUN and TURN servers")
    for url in urls:
        if not _URL.fullmatch(url):
            raise ValueError(f"not a STUN or TURN server: {url}")
    return urls


@dataclass(frozen=True, slots=True)
class IceServers:
    """What peers are told. `secret`: coturn's static-auth-secret; without one TURN servers are left out."""

    urls: tuple[str, ...] = ()
    secret: bytes = b""

    def __post_init__(self) -> None:
        """Raises: ValueError."""
        ice_urls(",".join(self.urls))

    def __repr__(self) -> str:
        return f"IceServers({self.urls})"  # never the secret

    def links(self, name: str, unix_s: float) -> list[str]:
        """The values of the Link headers for one session; `name` needs no quoting."""
        username = f"{int(unix_s) + CREDENTIAL_TTL_S}:{name}"
        password = base64.b64encode(hmac.digest(self.secret, username.encode(), "sha1")).decode()
        credential = f'; username="{username}"; credential="{password}"; credential-type="password"'
        return [
            f'<{url}>; rel="ice-server"' + (credential if url.startswith("turn") else "")
            for url in self.urls
            if self.secret or not url.startswith("turn")
        ]

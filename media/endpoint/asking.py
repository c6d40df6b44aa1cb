"""The client's side of WHIP and WHEP: an offer is posted, an answer and the session's address come back.

Follows 307 and 308 as RFC 9725, 4.5 wants, and takes the token along: who sends us on has it already.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp

MAX_REDIRECTS: Final = 3
MAX_ANSWER: Final = 1 << 16
_ONWARD: Final = frozenset({307, 308})


class Refused(Exception):
    """The relay said no, then with the status of its answer, or sent us on in circles."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answered:
    """`session` is absolute; empty where none was told."""

    sdp: str
    session: str
    etag: str


async def post_offer(
    http: aiohttp.ClientSession, url: str, token: str, offer: str, within: aiohttp.ClientTimeout
) -> Answered:
    """Raises: Refused; aiohttp.ClientError, TimeoutError when there is no way to the relay."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    for _ in range(MAX_REDIRECTS + 1):
        async with http.post(url, data=offer, headers=headers, timeout=within, allow_redirects=False) as response:
            if response.status in _ONWARD:
                url = _next(url, response.headers.get("Location", ""))
                continue
            text = await text_of(response)
            if response.status != 201:
                raise Refused(f"{response.status}: {text[:200]}", response.status)
            told = response.headers.get("Location", "")
            return Answered(text, urljoin(url, told) if told else "", response.headers.get("ETag", ""))
    raise Refused("sent on too often")


async def text_of(response: aiohttp.ClientResponse) -> str:
    """The body of an answer. Raises: Refused beyond MAX_ANSWER."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 14):
        body += chunk
        if len(body) > MAX_ANSWER:
            raise Refused("the answer is too long", response.status)
    return body.decode(errors="replace")


def _next(url: str, location: str) -> str:
    onward = urljoin(url, location)
    schemes = (urlsplit(url).scheme, urlsplit(onward).scheme)
    if not location or schemes[1] not in ("http", "https") or schemes == ("https", "http"):
        raise Refused("sent on to where no token may go")
    return onward

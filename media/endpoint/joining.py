"""A light peer joins a relay: offer and answer over HTTP, checks and handshake over UDP."""

import time

import aiohttp

from media.endpoint.asking import Refused, post_offer
from media.endpoint.lite import LitePeer
from media.transport.call import State


class JoinFailed(Exception):
    """The relay refused (then with the status of its answer), or the peer's handshake did not end."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


async def join(http: aiohttp.ClientSession, url: str, token: str, peer: LitePeer, *, wait_s: float = 60.0) -> str:
    """Offer, answer, checks, handshake; where the session is found.

    Raises: JoinFailed; aiohttp.ClientError, TimeoutError.
    """
    peer.asked_at = time.monotonic()
    asked_at = peer.asked_at
    try:
        answered = await post_offer(http, url, token, peer.offer(), aiohttp.ClientTimeout(total=wait_s))
        peer.accept(answered.sdp)
    except Refused as refusal:
        raise JoinFailed(str(refusal), refusal.status) from refusal
    except ValueError as error:
        raise JoinFailed(str(error)) from error
    await peer.ready
    peer.asked_at = asked_at
    if peer.state is not State.READY:
        raise JoinFailed(peer.reason)
    return answered.session

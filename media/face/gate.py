"""At the door of the HTTP face: whose token allows what, what a body holds, and a worker's no as our own."""

import json
from typing import Any

from aiohttp import web

from media import proof, tokens
from media.relay.crew import Hand
from media.relay.problems import Refusal
from media.tokens import Grant, Scope
from media.transport.channel import Message


class Gate:
    """Checks tokens made with the shared key; `refused` counts those that were not."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.refused = 0

    def grant(self, request: web.Request, *scopes: Scope) -> Grant:
        """The token's grant, when it has one of these scopes and names this studio (and programme)."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            grant = tokens.read(token.strip() if kind.lower() == "bearer" else "", self._key)
        except tokens.BadToken as trouble:
            self.refused += 1
            challenge = 'Bearer error="invalid_token"' if token else "Bearer"  # RFC 6750, 3
            raise Refusal("unknown-token", str(trouble), {"WWW-Authenticate": challenge}) from trouble
        scope = grant.scope
        if scope not in scopes:
            challenge = 'Bearer error="insufficient_scope"'
            raise Refusal("wrong-scope", f"this needs a token for {scopes[0]}", {"WWW-Authenticate": challenge})
        named = request.match_info
        if scope is not Scope.CONTROL and grant.studio != named["studio"]:
            raise Refusal("studio-mismatch", "the token is for another studio")
        if scope in (Scope.WATCH, Scope.RELAY) and grant.programme != named["programme"]:
            raise Refusal("studio-mismatch", "the token is for another programme")
        return grant

    def vouch(self, grant: Grant, offer: bytes, answer: bytes) -> dict[str, str]:
        """The header by which another relay knows that this answer is of one that holds the key."""
        return {proof.HEADER: proof.of_answer(self._key, grant.studio, grant.programme, offer, answer)}


async def tell(hand: Hand, operation: str, **arguments: Any) -> Message:
    """The worker's answer. Raises: Refusal when it refuses."""
    answer = await hand.line.call(operation, **arguments)
    if "refused" in answer:
        raise Refusal(answer["refused"], answer.get("detail", ""))
    return answer


async def text_of(request: web.Request, kind: str) -> str:
    """A description of this media type. Raises: Refusal."""
    if request.content_type != kind:
        takes = "Accept-Post" if request.method == "POST" else "Accept-Patch"
        raise Refusal("wrong-media-type", f"send {kind}", {takes: kind})
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError:
        raise Refusal("bad-sdp", "the description is not UTF-8 text") from None


async def json_of(request: web.Request) -> Any:
    """A control body. Raises: Refusal."""
    if request.content_type != "application/json":
        raise Refusal("wrong-media-type", "send application/json")
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError):
        raise Refusal("bad-request", "the body is not JSON") from None

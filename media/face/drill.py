"""The HTTP face of faults on purpose: there only when the relay was started with `--faults`."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from media.relay.crew import Crew
from media.relay.problems import Refusal
from media.tokens import MAX_NAME
from media.transport.channel import Message

MAX_DELAY_MS: Final = 10_000
ANSWER_S: Final = 0.1  # a relay that is to end answers first
_WAYS: Final = {"in": ["in"], "out": ["out"], "both": ["in", "out"]}


class Drill:
    """`permit` refuses whoever may not control the relay."""

    def __init__(self, crew: Crew, permit: Callable[[web.Request], object]) -> None:
        self._crew = crew
        self._permit = permit

    def routes(self, base: str) -> list[web.RouteDef]:
        base += "/control/faults"
        return [
            web.get(base, self._list),
            web.put(base, self._set),
            web.delete(base, self._clear),
            web.delete(base + "/workers/{worker}", self._kill_worker),
            web.delete(base + "/relay", self._kill_relay),
        ]

    async def _every(self, operation: str, **arguments: Any) -> web.Response:
        """All workers get the same; the answer is the first one's."""
        answers: list[Message] = await asyncio.gather(
            *(hand.line.call(operation, **arguments) for hand in self._crew.hands)
        )
        for answer in answers:
            if "refused" in answer:
                raise Refusal(answer["refused"], answer.get("detail", ""))
        return web.json_response({"faults": answers[0]["faults"]})

    async def _list(self, request: web.Request) -> web.Response:
        self._permit(request)
        return await self._every("faults")

    async def _set(self, request: web.Request) -> web.Response:
        self._permit(request)
        return await self._every("fault", **await _fault(request))

    async def _clear(self, request: web.Request) -> web.Response:
        self._permit(request)
        return await self._every("faults_clear")

    async def _kill_worker(self, request: web.Request) -> web.Response:
        self._permit(request)
        number, hands = request.match_info["worker"], self._crew.hands
        if not number.isdecimal() or len(number) > 3 or int(number) >= len(hands):
            raise Refusal("not-found", "no such worker")
        hands[int(number)].process.kill()
        return web.Response(status=204)

    async def _kill_relay(self, request: web.Request) -> web.Response:
        self._permit(request)
        asyncio.get_running_loop().call_later(ANSWER_S, self._end_at_once)
        return web.Response(status=202)

    def _end_at_once(self) -> None:
        """As in a power cut: nobody is told."""
        for hand in self._crew.hands:
            hand.process.kill()
        os.kill(os.getpid(), signal.SIGKILL)


async def _fault(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise Refusal("wrong-media-type", "send application/json")
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise Refusal("bad-request", "the body is not JSON") from None
    if not isinstance(body, dict) or not set(body) <= {"peer", "way", "drop", "delay_ms"}:
        raise Refusal("bad-request", "the body has peer, way, drop and delay_ms, and nothing else")
    peer, way = body.get("peer"), body.get("way", "both")
    if peer is not None and not (isinstance(peer, str) and 0 < len(peer) <= MAX_NAME):
        raise Refusal("bad-request", "peer is a name, or null for everybody")
    if not isinstance(way, str) or way not in _WAYS:
        raise Refusal("bad-request", "way is in, out or both")
    return {
        "peer": peer or "",
        "ways": _WAYS[way],
        "drop": _number(body.get("drop", 0), 1),
        "delay_ms": _number(body.get("delay_ms", 0), MAX_DELAY_MS),
    }


def _number(value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise Refusal("bad-request", f"drop is a share of 1, delay_ms from 0 to {MAX_DELAY_MS}")
    return float(value)

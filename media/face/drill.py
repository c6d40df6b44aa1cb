"""The HTTP face of faults on purpose: there only when the relay was started with `--faults`.

What was set is kept here, and said to every worker, also to one that takes a dead one's place.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from media.relay.crew import Crew, Hand
from media.relay.problems import Refusal
from media.tokens import MAX_NAME
from media.transport.channel import Message
from media.worker.faults import MAX_FAULTS

MAX_DELAY_MS: Final = 10_000
ANSWER_S: Final = 0.1  # a relay that is to end answers first
_WAYS: Final = {"in": ["in"], "out": ["out"], "both": ["in", "out"]}


class Drill:
    """`permit` refuses whoever may not control the relay."""

    def __init__(self, crew: Crew, permit: Callable[[web.Request], object]) -> None:
        self._crew = crew
        self._permit = permit
        self._wishes: dict[tuple[str, str], Message] = {}  # by peer and way
        self._lock = asyncio.Lock()  # a new worker must not hear old words after new ones
        crew.replaced = self._again

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
        """All workers are asked for the same; the answer tells what each of them has then.

        One that is just being replaced is passed over: who comes in its place hears everything.
        """
        hands = self._crew.hands
        answers = await asyncio.gather(
            *(hand.line.call(operation, **arguments) for hand in hands), return_exceptions=True
        )
        told = {key: _fault(*key, wish) for key, wish in self._wishes.items()}
        for hand, answer in zip(hands, answers, strict=True):
            if isinstance(answer, BaseException):
                if not isinstance(answer, (ConnectionError, TimeoutError)):
                    raise answer
                continue
            for had in answer.get("faults", ()):  # a refusal shows by what it has not
                key = had["peer"], had["way"]
                told.setdefault(key, _fault(*key, had))["workers"].append(hand.index)
        return web.json_response({"faults": list(told.values())})

    async def _again(self, hand: Hand) -> None:
        async with self._lock:
            for wish in self._wishes.values():
                with contextlib.suppress(ConnectionError, TimeoutError):  # it died too, and is replaced in turn
                    await hand.line.call("fault", **wish)

    async def _list(self, request: web.Request) -> web.Response:
        self._permit(request)
        async with self._lock:
            return await self._every("faults")

    async def _set(self, request: web.Request) -> web.Response:
        self._permit(request)
        wish = await _wish(request)
        async with self._lock:
            wishes = self._wishes | {(wish["peer"], way): wish | {"ways": [way]} for way in wish["ways"]}
            wishes = {key: one for key, one in wishes.items() if one["drop"] or one["delay_ms"]}
            if len(wishes) > MAX_FAULTS:
                raise Refusal("too-many", "faults")
            self._wishes = wishes
            return await self._every("fault", **wish)

    async def _clear(self, request: web.Request) -> web.Response:
        self._permit(request)
        async with self._lock:
            self._wishes = {}
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


def _fault(peer: str, way: str, wish: Message) -> Message:
    """As it is told, when no worker has it yet."""
    return {"peer": peer, "way": way, "drop": wish["drop"], "delay_ms": wish["delay_ms"], "workers": []}


async def _wish(request: web.Request) -> dict[str, Any]:
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

"""What the relay is told of a recording, and how often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import TestServer

from media.client import RelayClient
from signaling.recorded import Recorded


async def test_a_wish_is_told_again_and_again_and_an_end_until_it_is_heard(
    aiohttp_server: Callable[..., Awaitable[TestServer]],
) -> None:
    asked: list[bool] = []
    well = True

    async def record(request: web.Request) -> web.Response:
        asked.append((await request.json())["on"])
        return web.json_response({"on": asked[-1]}) if well else web.Response(status=503)

    app = web.Application()
    app.router.add_put("/control/studios/s/programmes/main/recording", record)
    async with RelayClient(str((await aiohttp_server(app)).make_url("")), "k" * 40) as relay:
        recorded = Recorded(relay, "s", "main")

        async def told(times: int) -> list[bool]:
            asked.clear()
            for _ in range(times):
                await recorded.tell()
            return list(asked)

        recorded.read(False)
        recorded.found(False)
        assert (await told(2), recorded.changed.is_set()) == ([], False)
        recorded.read(True)
        assert recorded.changed.is_set()
        assert await told(3) == [True] * 3, "also when the row cannot be read meanwhile"
        recorded.read(False)
        well = False
        assert await told(2) == [False] * 2
        well = True
        assert await told(3) == [False]
        recorded.found(True)  # as of a relay that missed the end
        assert await told(2) == [False]

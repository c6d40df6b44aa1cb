"""The client's side of WHIP and WHEP does not read without end."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from media.endpoint.asking import MAX_ANSWER, Refused, post_offer

WITHIN = aiohttp.ClientTimeout(total=10)


@pytest.fixture
async def talker() -> AsyncIterator[TestServer]:
    """Answers with as many bytes as the offer says."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=201, body=b"v" * int(await request.text()), headers={"Location": "/whep/1"})

    app = web.Application()
    app.router.add_post("/whep", answer)
    async with TestServer(app) as server:
        yield server


async def test_an_answer_has_a_bound(talker: TestServer) -> None:
    async with aiohttp.ClientSession() as http:
        url = str(talker.make_url("/whep"))
        answered = await post_offer(http, url, "t", str(MAX_ANSWER), WITHIN)
        assert len(answered.sdp) == MAX_ANSWER
        assert answered.session == str(talker.make_url("/whep/1"))
        with pytest.raises(Refused, match="too long"):
            await post_offer(http, url, "t", str(MAX_ANSWER + 1), WITHIN)

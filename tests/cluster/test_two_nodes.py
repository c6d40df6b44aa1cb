"""Two real server processes on one PostgreSQL and one Redis, with tablets on different ones."""

from __future__ import annotations

import signal
from pathlib import Path

import aiohttp
import pytest

from server.store import SqlStore
from tests.cluster.serving import command, serving, sign_in, start_server
from tests.signaling.world import Tablet, make_world
from tests.support.servers import REDIS

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


class At:
    """A node as `Tablet.connect` wants it."""

    def __init__(self, url: str) -> None:
        self.url = url


@pytest.mark.timeout(540)
async def test_tablets_of_two_processes_and_one_of_them_killed(postgres_url: str, tmp_path: Path) -> None:
    store = SqlStore.at(postgres_url)
    world = await make_world(store)
    shared = {
        "DIENHONG_DATABASE_URL": postgres_url,
        "DIENHONG_REDIS_URL": REDIS,
        "DIENHONG_RELAY_URLS": "none",
        "DIENHONG_MEDIA_KEY": "k" * 32,
    }
    async with serving(tmp_path, **shared) as one, aiohttp.ClientSession() as http:
        two = await start_server(tmp_path, **shared)
        chair_token = await sign_in(http, one, store, world.chair)
        secretary_token = await sign_in(http, two, store, world.secretary)
        chair, secretary = Tablet(world, world.chair), Tablet(world, world.secretary)
        await chair.connect(At(one.url), chair_token)  # type: ignore[arg-type]
        await secretary.connect(At(two.url), secretary_token)  # type: ignore[arg-type]
        assert (await chair.enter())["ok"]
        assert (await secretary.enter())["ok"]

        for n in range(6):
            server = (one, two)[n % 2]
            body = {"kind": "add_item", "title": f"Mục {n}"}
            done = await command(http, server, secretary_token, world.meeting_id, body)
        for tablet in (chair, secretary):
            await tablet.until_last(done["seq"])
        assert chair.applied == secretary.applied
        assert [e["seq"] for e in chair.applied] == list(range(1, done["seq"] + 1))
        assert (chair.gaps, secretary.gaps) == (0, 0)

        # A command is answered, the process dies at once: what was committed is not lost for its tablets.
        seen = secretary.last
        body = {"kind": "add_item", "title": "Trước khi chết"}
        done = await command(http, two, secretary_token, world.meeting_id, body)
        await two.end(signal.SIGKILL)
        await chair.until_last(done["seq"])
        await secretary.until(lambda: bool(secretary.of("disconnect")))
        again = Tablet(world, world.secretary)
        again.last = seen
        await again.connect(At(one.url), secretary_token)  # type: ignore[arg-type]
        assert (await again.enter())["ok"]
        await again.until_last(done["seq"])
        assert again.gaps == 0
        assert [e for e in chair.applied if e["seq"] > seen] == again.applied
        for tablet in (chair, secretary, again):
            await tablet.sio.disconnect()
    await store.close()

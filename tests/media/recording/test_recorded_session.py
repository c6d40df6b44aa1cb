"""The whole way: the secretary records a session, the server's own relay writes it, the secretary plays it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.store import SqlStore
from tests.cluster.serving import Server, command, join_code, serving, sign_in
from tests.media.endpoint.test_bridge import agent
from tests.media.recordings import play
from tests.signaling.world import make_world

RED = (220, 30, 30)


async def until(
    http: aiohttp.ClientSession, url: str, token: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    try:
        async with asyncio.timeout(60):
            while not told or not holds(told):
                async with http.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
                    told = await answer.json()
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"never got there: {told}") from None
    return told


@pytest.mark.timeout(300)
async def test_a_session_is_recorded_and_played(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    async with (
        serving(tmp_path, DIENHONG_RECORDINGS=str(folder)) as server,
        # The server has an address and no name.
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        store = SqlStore.at(f"sqlite+aiosqlite:///{tmp_path}/dienhong.db")
        world = await make_world(store)
        token = await sign_in(http, server, store, world.secretary)
        url = f"{server.url}/api/meetings/{world.meeting_id}/recordings"

        async def direct(body: dict[str, Any]) -> None:
            await command(http, server, token, world.meeting_id, body)

        async with agent(server, await join_code(store, world.central), "--colour", "dc1e1e") as centre:
            await centre.until(lambda line: line["connected"])
            await direct({"kind": "put_on_air", "bridge_id": str(world.central.id)})
            await centre.until(lambda line: line["frames_sent"] > 10)
            await direct({"kind": "record", "on": True})
            await until(http, url, token, lambda told: told["on"] and told["seconds"] > 3)
            await direct({"kind": "record", "on": False})
            told = await until(
                http, url, token, lambda t: not t["on"] and bool(t["parts"]) and t["parts"][0]["complete"]
            )
        assert told["available"]
        assert told["trouble"] is None
        film = await fetch(http, server, f"{url}/{told['parts'][0]['name']}")
        await store.close()
    (tmp_path / "played.webm").write_bytes(film)
    played = play(tmp_path / "played.webm")
    assert played.times[-1] > 2
    assert played.loud(0)


async def fetch(http: aiohttp.ClientSession, server: Server, url: str) -> bytes:
    """As a player does: piece by piece, with nothing but the cookie."""
    film = b""
    while True:
        async with http.get(url, headers={"Range": f"bytes={len(film)}-{len(film) + 65535}"}) as answer:
            assert answer.status == 206
            film += await answer.read()
            if len(film) >= int(answer.headers["Content-Range"].rpartition("/")[2]):
                return film

"""The relay that a server starts for itself: what our settings say reaches its peers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from media.client import RelayClient, Scope
from server.relay import RelayProcess
from server.settings import Settings
from tests.media.site import OFFER

TURN = "turn:hop.example:3478?transport=tcp"
OURS = OFFER.replace("{print}", ":".join(["AB"] * 32)).replace("{direction}", "recvonly")


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[str]:
    """Our own relay; where it answers."""
    relay = RelayProcess(settings)
    running = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(30):
            await relay.ready.wait()
        (entry,) = await relay.known()
        yield entry.url
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("tcp", ["", "none"])
async def test_peers_are_told_of_tcp_and_turn(tmp_path: Path, tcp: str) -> None:
    settings = Settings(
        data=tmp_path, relay_udp="127.0.0.1:0", relay_tcp=tcp, turn_urls=f"stun:hop.example, {TURN}",
        turn_secret="a secret of coturn's", media_key="k" * 32,
    )  # fmt: skip
    async with started(settings) as url:
        headers, answer = await _join(url, settings.media_secret())
    links = headers.getall("Link")
    assert links[0] == '<stun:hop.example>; rel="ice-server"'
    assert re.match(rf'<{re.escape(TURN)}>; rel="ice-server"; username="\d+:.+"; credential=".+"', links[1])
    assert (" tcptype passive" in answer) is not bool(tcp)


async def _join(url: str, key: str) -> tuple[aiohttp.typedefs.CIMultiDictProxy[str], str]:
    async with RelayClient(url, key) as client, aiohttp.ClientSession() as http:
        token = client.token(Scope.WATCH, "s", "tv", "main")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        async with http.post(f"{client.base_url}/whep/s/main", data=OURS, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return answer.headers, await answer.text()


async def test_its_recordings_leave_the_room_that_we_say(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path, relay_udp="127.0.0.1:0", media_key="k" * 32,
        recordings=str(tmp_path / "recordings"), recordings_min_free_mb=900_000_000,
    )  # fmt: skip
    async with started(settings) as url, RelayClient(url, settings.media_secret()) as client:
        async with asyncio.timeout(30):
            while (told := await client.record("s", "main", True)).on:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert told.trouble == "less than 900000000 MB are free on the disk"


@pytest.mark.parametrize("urls", ["hop.example", "turn://hop.example", "turn:hop.example,https://hop.example"])
def test_other_addresses_are_refused_at_the_start(urls: str) -> None:
    with pytest.raises(ValueError, match="not a STUN or TURN server"):
        Settings(turn_urls=urls)

"""How a relay stands, and emptying it: what it tells, who may ask, when the command ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from media.client import RelayClient, RelayRefused
from tests.media.running import ROOT, RelayProcess, RunningRelay, speaking_with, start_relay
from tests.media.site import Site


@pytest.fixture
async def own() -> AsyncIterator[RunningRelay]:
    """A relay that only this test empties."""
    started: RelayProcess = await asyncio.to_thread(start_relay, "--region", "Huyện Lắk", "--base-path", "/media")
    async with speaking_with(started) as relay:
        yield relay
    await asyncio.to_thread(started.stop)


async def until_standing(client: RelayClient, viewers: int, sources: int) -> None:
    async with asyncio.timeout(15):
        while ((now := await client.standing()).viewers, now.sources) != (viewers, sources):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def command(relay: RunningRelay, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "relay", "drain", relay.url, *words,
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": relay.key},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def said(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    process._transport.close()  # type: ignore[attr-defined]
    return process.returncode, out.decode()


async def test_it_tells_who_it_is_and_what_it_carries(own: RunningRelay) -> None:
    async with RelayClient(own.url, own.key) as client:
        first = await client.standing()
        assert (first.viewers, first.sources, first.region, first.draining) == (0, 0, "Huyện Lắk", "no")
        assert 0 <= first.load <= 1
        source = await Site(own, "bridge:s").join(publish=True)
        viewers = [await Site(own, f"bridge:{n}").join() for n in range(2)]
        await until_standing(client, 2, 1)
        assert (await client.standing()).id == first.id
        for site in (source, *viewers):
            await client.kick(own.studio, site.peer)
            site.close()
        await until_standing(client, 0, 0)


async def test_only_control_may_drain_and_with_sense(own: RunningRelay) -> None:
    url = own.url + "/control/drain"
    async with own.http.put(url, headers=own.headers("watch", "bridge:a", "main")) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "wrong-scope")
    for body in ([], {"now": 1}, {"later": True}):
        async with own.http.put(url, json=body, headers=own.headers("control")) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "bad-request")
    async with RelayClient(own.url, own.key) as client:
        assert (await client.standing()).draining == "no"
    async with RelayClient(own.url, "x" * 40) as stranger:
        with pytest.raises(RelayRefused, match="unknown-token"):
            await stranger.drain()


async def test_the_command_waits_until_nobody_is_left(own: RunningRelay) -> None:
    viewer = await Site(own, "bridge:a").join()
    async with RelayClient(own.url, own.key) as client:
        await until_standing(client, 1, 0)
        process = await command(own)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line == b"1 viewers, 0 sources\n"
        assert (await client.standing()).draining == "gently"
        await client.kick(own.studio, "bridge:a")
        assert await said(process) == (0, "empty: it may be stopped\n")
        assert await said(await command(own, "--undo")) == (0, "in use again\n")
        assert (await client.standing()).draining == "no"
    viewer.close()


async def test_the_waiting_can_be_stopped_and_the_draining_goes_on(own: RunningRelay) -> None:
    viewer = await Site(own, "bridge:a").join()
    process = await command(own)
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 30)
    process.send_signal(signal.SIGINT)
    assert await said(process) == (
        2,
        "no longer waiting; the relay is still being emptied (--undo takes it back)\n",
    )
    async with RelayClient(own.url, own.key) as client:
        assert (await client.standing()).draining == "gently"
    viewer.close()


async def test_the_command_gives_up_in_time_and_says_why(own: RunningRelay) -> None:
    source = await Site(own, "bridge:a").join(publish=True)
    async with RelayClient(own.url, own.key) as client:
        await until_standing(client, 0, 1)
        status, told = await said(await command(own, "--within", "0.1"))
        assert (status, told) == (1, "0 viewers, 1 sources (a session runs: --now would move it)\n")
        status, told = await said(await command(own, "--now", "--within", "0.1"))
        assert (status, told) == (1, "0 viewers, 1 sources\n")
        assert (await client.standing()).draining == "now"
    source.close()
    async with aiohttp.ClientSession() as http, http.get(own.url + "/healthz") as answer:
        assert json.loads(await answer.text()) == {"status": "ok"}

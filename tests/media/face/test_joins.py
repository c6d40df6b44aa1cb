"""Joins are bounded: one peer's by themselves, and all together."""

import json
import secrets
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from media.face import joins
from media.face.joins import JOIN_BURST_OF_PEER, JOINS_OF_PEER_PER_S, Joins
from media.face.relay import Relay, RelaySettings
from media.programme.repair import Allowance
from media.relay.crew import CrewSettings
from tests.media.running import RunningRelay
from tests.media.site import OFFER

OF_PRINT = OFFER.replace("{print}", ":".join(["AB"] * 32))


async def join(
    relay: RunningRelay, peer: str, *, publish: bool = False, codec: str = "VP8"
) -> tuple[int, str, str]:
    """Status, code of the problem, and after how many seconds to try again."""
    scope = ("publish", peer) if publish else ("watch", peer, "main")
    path = f"/whip/{relay.studio}" if publish else f"/whep/{relay.studio}/main"
    offer = OF_PRINT.replace("{direction}", "sendonly" if publish else "recvonly").replace("VP8", codec)
    status, text, headers = await relay.post_offer(path, offer, relay.headers(*scope))
    return status, json.loads(text)["code"] if status >= 400 else "", headers.get("Retry-After", "")


async def test_one_peer_empties_its_own_bucket_and_nobody_elses(relay: RunningRelay) -> None:
    answers = []
    while not answers or answers[-1][0] == 201:
        assert len(answers) <= 10 * JOIN_BURST_OF_PEER  # it fills by one a second meanwhile
        answers.append(await join(relay, "greedy", publish=len(answers) % 2 == 0))
    assert len(answers) > JOIN_BURST_OF_PEER
    assert answers[-1] == (429, "too-many", "2")
    assert (await join(relay, "modest"))[0] == 201


@pytest.fixture
async def narrow() -> AsyncIterator[RunningRelay]:
    """A relay without workers whose common bucket holds eight."""
    key = secrets.token_hex(32)
    settings = RelaySettings(key.encode(), ("127.0.0.1",), CrewSettings("127.0.0.1", 0, 1, 2500))
    runner = web.AppRunner(Relay(settings, Joins(Allowance(0.0, 8))).application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession() as http:
        yield RunningRelay(f"http://{host}:{port}", [], key, None, http)  # type: ignore[arg-type]
    await runner.cleanup()


async def test_all_together_empty_the_common_bucket(narrow: RunningRelay) -> None:
    for number in range(8):  # also who is then refused for what it offers was worth a look
        assert await join(narrow, f"p{number}", codec="VP7") == (422, "unacceptable", "")
    for publish in (True, False):
        assert await join(narrow, "late", publish=publish, codec="VP7") == (429, "too-many", "2")


def test_who_is_refused_for_itself_takes_nothing_of_the_others() -> None:
    bounds = Joins(Allowance(0.0, JOIN_BURST_OF_PEER + 1))
    refused = [bounds.trouble("s", "greedy", 1.0) for _ in range(10 * JOIN_BURST_OF_PEER)]
    assert refused.count("") == JOIN_BURST_OF_PEER
    assert "this peer" in refused[-1]
    assert not bounds.trouble("other studio", "greedy", 1.0)
    assert "too many" in bounds.trouble("s", "modest", 1.0)


def test_a_bucket_fills_again_and_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "MAX_PEERS", 3)
    bounds = Joins()
    while not bounds.trouble("s", "greedy", 1.0):
        pass
    assert not bounds.trouble("s", "greedy", 1.0 + 1 / JOINS_OF_PEER_PER_S)
    assert bounds.trouble("s", "greedy", 1.0 + 1 / JOINS_OF_PEER_PER_S)
    for peer in ("a", "b", "greedy", "c"):
        bounds.trouble("s", peer, 2.0)
    assert bounds.trouble("s", "greedy", 2.0)  # who came last is remembered
    assert len(bounds._own) == 3

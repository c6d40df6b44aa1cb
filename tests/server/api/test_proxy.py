"""The way to the relay through our own origin, for web pages of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings
from tests.media.running import RelayProcess, start_relay
from tests.media.site import OFFER
from tests.server.town import Town, settings_for, town_of

KEY = "k" * 40
PLAYER = "https://player.example"
ASKS = {"Origin": PLAYER, "Access-Control-Request-Method": "POST"}
TEXT = OFFER.replace("{print}", ":".join(["AB"] * 32)).replace("{direction}", "recvonly")


@pytest.fixture(scope="module")
def relay() -> Iterator[RelayProcess]:
    started = start_relay("--base-path", "/media", key=KEY)
    yield started
    started.stop()


@pytest.fixture
async def town(
    request: pytest.FixtureRequest, data: Path, aiohttp_client: Callable[..., Any], relay: RelayProcess
) -> Town:
    settings = settings_for(data, relay_urls=relay.url, media_key=KEY, relay_origins=request.param)
    return await town_of(aiohttp_client, settings)


async def watch(town: Town, **headers: str) -> Any:
    token = town.house.relay.token("watch", "s1", "tv", "main")
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    return await town.nobody.call("POST", "/media/whep/s1/main", data=TEXT, headers=bearer | headers)


@pytest.mark.parametrize("town", [f"https://other.example, {PLAYER}", "*"], indirect=True)
async def test_pages_of_named_origins_may_watch_through_us(town: Town) -> None:
    preflight = await town.nobody.call("OPTIONS", "/media/whep/s1/main", headers=ASKS)
    assert preflight.status == 200
    assert preflight.headers.getall("Access-Control-Allow-Origin") == [PLAYER]
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    joined = await watch(town, Origin=PLAYER)
    assert joined.status == 201
    assert joined.headers["Access-Control-Allow-Origin"] == PLAYER
    assert "Location" in joined.headers["Access-Control-Expose-Headers"]
    # A session whose relay is gone: its page is let ask, and can read why it is refused.
    moved = f"/media/at/{'0' * 10}/whep/s1/main/gone"
    preflight = await town.nobody.call("OPTIONS", moved, headers=ASKS)
    assert (preflight.status, "PATCH" in preflight.headers["Access-Control-Allow-Methods"]) == (200, True)
    refused = await town.nobody.call("PATCH", moved, headers={"Origin": PLAYER})
    refused.refused(404, "media-moved")
    assert refused.headers["Access-Control-Allow-Origin"] == PLAYER
    assert "Access-Control-Allow-Origin" not in (await town.nobody.call("GET", "/api/me", headers=ASKS)).headers


@pytest.mark.parametrize("town", ["", "https://other.example", f"{PLAYER}.other"], indirect=True)
async def test_pages_of_others_may_not(town: Town) -> None:
    preflight = await town.nobody.call("OPTIONS", "/media/whep/s1/main", headers=ASKS)
    joined = await watch(town, Origin=PLAYER)
    assert not [name for answer in (preflight, joined) for name in answer.headers if "Access-Control" in name]


@pytest.mark.parametrize(
    "origins", ["player.example", "https://player.example/", "https://a b", "https://a,ftp://b"]
)
def test_what_is_no_origin_is_refused_at_the_start(origins: str) -> None:
    with pytest.raises(ValueError, match="not a web origin"):
        Settings(relay_origins=origins)

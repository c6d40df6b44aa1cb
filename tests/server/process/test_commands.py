"""What `dienhong` tells the media plane's commands by itself, and what it does not leave behind."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from media.relay.registry import Registry
from server.relay import known_relays
from server.settings import Settings
from tests.media.rehearsal.trying import PATIENT
from tests.server.process.running import command, serving
from tests.signaling.conftest import redis_prefix
from tests.support.servers import REDIS

__all__ = ["redis_prefix"]
QUICK = ("--bridges", "2", "--seconds", "0.5", "--json", *PATIENT)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("relay", "--help"), 0, "dienhong relay drain"),
        (("relay", "drain", "--help"), 0, "Empty a relay"),
        (("relay", "drain", "http://127.0.0.1:1"), 2, "DIENHONG_MEDIA_KEY is not set"),
        (("record", "--studio", "s", "--into", "recording"), 2, "a secret of 32 bytes"),
        (("rehearse", "--help"), 0, "virtual bridges"),
        (("rehearse",), 2, "DIENHONG_MEDIA_KEY is not set"),
        (("faults", "--relay", "http://127.0.0.1:1", "list"), 2, "DIENHONG_MEDIA_KEY is not set"),
    ],
    ids=lambda one: "-".join(one).replace("/", "") if isinstance(one, tuple) else None,
)
async def test_a_key_is_made_only_for_a_relay_that_starts(
    tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    data = tmp_path / "data"
    status, told = await command(data, *words)
    assert (status, says in told) == (code, True), told
    assert not data.exists()


async def test_bench_words_are_not_for_operators(tmp_path: Path) -> None:
    _, told = await command(tmp_path, "rehearse", "--help")
    assert not any(word in told for word in ("--mark", "--off-air", "--source-only", "--until-eof"))
    assert "default: 10.0" in told


async def test_the_servers_own_relay_is_found(tmp_path: Path) -> None:
    async with serving(tmp_path, RELAY_URLS="", RELAY_UDP="127.0.0.1:0"):
        code, told = await command(tmp_path, "rehearse", *QUICK, RELAY_URLS="")
        report = json.loads(told.splitlines()[-1])
        assert (code, report["verdict"], report["heard"]) == (0, "ready", 2)
        (use,) = report["relays"]
        assert Settings(data=tmp_path).relay_address.read_text().strip() == use["url"]
    assert not Settings(data=tmp_path).relay_address.exists()
    code, told = await command(tmp_path, "rehearse", *QUICK, RELAY_URLS="")
    assert (code, told) == (2, "no relay is known here (is the server running?): name one with --relay\n")


async def test_relays_are_those_of_the_settings(tmp_path: Path) -> None:
    listed = Settings(data=tmp_path, relay_urls="http://a:1/media, http://b:2")
    assert await known_relays(listed) == ("http://a:1/media", "http://b:2")
    assert await known_relays(Settings(data=tmp_path, relay_urls="none")) == ()
    assert await known_relays(Settings(data=tmp_path)) == ()


async def test_relays_are_those_of_the_registry_that_take_somebody(tmp_path: Path, redis_prefix: str) -> None:
    key = "k" * 40
    settings = Settings(
        data=tmp_path, relay_urls="registry", redis_url=REDIS, redis_prefix=redis_prefix, media_key=key
    )  # fmt: skip
    assert await known_relays(settings) == ()
    registries = [Registry(REDIS, key.encode(), redis_prefix) for _ in range(2)]
    standing = {"region": "", "viewers": 0, "load": 0.0}
    for registry, name, draining in zip(registries, "ab", ("no", "gently"), strict=True):
        await registry.announce({"url": f"http://{name}", "draining": draining, **standing})
    assert await known_relays(settings) == ("http://a",)
    await asyncio.gather(*(registry.withdraw() for registry in registries))
    for registry in registries:
        await registry._redis.aclose()

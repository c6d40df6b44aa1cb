"""The relay's client: its tokens, its reading of the relay's answers, its errors."""

from __future__ import annotations

import time

import jwt
import pytest
from aiohttp import web

from media import tokens
from media.client import Recording, RelayClient, RelayRefused, RelayUnreachable, Scope, Stage
from tests.media.conftest import RunningRelay

KEY = "k" * 32


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        RelayClient("http://127.0.0.1:1", "short")


def test_tokens_are_what_the_relay_reads() -> None:
    client = RelayClient("http://127.0.0.1:1", KEY)
    for token, grant in (
        (client.token("publish", "s", "bridge:1"), tokens.Grant(Scope.PUBLISH, "s", "bridge:1", "")),
        (client.token("watch", "s", "person:1", "main"), tokens.Grant(Scope.WATCH, "s", "person:1", "main")),
        (client.token("control"), tokens.Grant(Scope.CONTROL, "", "", "")),
    ):
        assert tokens.read(token, KEY.encode()) == grant
    claims = jwt.decode(client.token("control", ttl_s=60), KEY, algorithms=["HS256"], audience=tokens.AUDIENCE)
    assert 58 <= claims["exp"] - time.time() <= 60
    with pytest.raises(tokens.BadToken):
        tokens.read(client.token("control", ttl_s=-60), KEY.encode())


@pytest.mark.parametrize("name", ["huyện", "p" * 129, "a b", "a/b", "p\n", 7, None])
@pytest.mark.parametrize("claim", ["studio", "peer", "programme"])
def test_names_in_tokens_are_plain_and_short(claim: str, name: object) -> None:
    now = int(time.time())
    claims = {"aud": tokens.AUDIENCE, "iat": now, "exp": now + 60, "jti": "j", "scope": "watch", "studio": "s"}
    claims |= {"peer": "p", "programme": "main", "region": "Huyện Lắk"}
    assert tokens.read(jwt.encode(claims, KEY), KEY.encode()).region == "Huyện Lắk"
    with pytest.raises(tokens.BadToken):
        tokens.read(jwt.encode(claims | {claim: name}, KEY), KEY.encode())


def test_a_token_without_what_its_scope_needs_is_not_made() -> None:
    client = RelayClient("http://127.0.0.1:1", KEY)
    for arguments in (("publish", "s", None), ("publish", None, "p"), ("watch", "s", "p"), ("nothing", "s", "p")):
        with pytest.raises(ValueError):
            client.token(*arguments)


async def test_the_stage_and_the_studio_of_a_real_relay(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, relay.key) as client:
        assert await client.healthy()
        programme = await client.stage("s", "main", "bridge:1", ("bridge:1", "bridge:2"))
        assert programme.wanted.video == "bridge:1"
        assert programme.wanted.audio[:2] == ("bridge:1", "bridge:2")
        assert programme.on_air.video is None  # nobody sends yet
        state = await client.studio("s")
        assert state.programmes["main"] == programme
        assert (state.sources, state.viewers) == ((), ())
        await client.kick("s", "bridge:nobody")
        await client.stage("s", "main", None)
        assert (await client.studio("s")).programmes["main"].wanted.video is None
        with pytest.raises(ValueError):
            await client.stage("s", "main", None, ("a", "b", "c", "d"))
        assert await client.programme("s", "main") == (await client.studio("s")).programmes["main"]
        assert await client.programme("s", "nothing") is None
        assert await client.record("s", "main", False) == Recording(False)
        with pytest.raises(RelayRefused, match="no-recordings"):
            await client.record("s", "main", True)


async def test_the_relays_no_has_its_code(relay: RunningRelay) -> None:
    async with RelayClient(relay.url, "x" * 40) as client:
        with pytest.raises(RelayRefused) as refusal:
            await client.studio("s")
        assert refusal.value.code == "unknown-token"
        assert not await client.healthy() or refusal.value.status == 401


async def test_no_relay_is_unreachable() -> None:
    async with RelayClient("http://127.0.0.1:1", KEY, timeout_s=1) as client:
        with pytest.raises(RelayUnreachable):
            await client.stage("s", "main", None)
        assert not await client.healthy()


@pytest.mark.parametrize(
    "response",
    [
        web.Response(text="<html>", content_type="text/html"),
        web.Response(text="[]", content_type="application/json"),
        web.Response(text='{"wanted": 3}', content_type="application/json"),
        web.Response(status=502, text="bad gateway"),
    ],
    ids=["html", "list", "another shape", "a proxy's error"],
)
async def test_nonsense_is_not_taken_for_an_answer(response: web.Response) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=response.status, text=response.text, content_type=response.content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with RelayClient(f"http://127.0.0.1:{runner.addresses[0][1]}", KEY) as client:
            with pytest.raises(RelayUnreachable):
                await client.stage("s", "main", None)
    finally:
        await runner.cleanup()


def test_an_empty_stage_is_the_default() -> None:
    assert Stage() == Stage(None, ())

"""RFC 9725 (WHIP) and draft-ietf-wish-whep clause by clause at a running relay; PROTOCOL.md has the table."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from media.endpoint.asking import Refused, post_offer
from media.face.whip import Patch, patch_of
from media.relay.problems import Refusal
from media.wire.sdp import Fragment
from media.wire.turn import CREDENTIAL_TTL_S, IceServers
from signaling.turn import TurnSettings, ice_servers
from tests.media.running import ROOT, RelayProcess, RunningRelay, speaking_with, start_relay
from tests.media.site import OFFER, Site

SECRET = secrets.token_hex(16)
SERVERS = ("stun:hop.example", "turn:hop.example:3478?transport=udp", "turns:hop.example?transport=tcp")
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
PRINT = ":".join(["AB"] * 32)
NEW = f"a=ice-ufrag:other\r\na=ice-pwd:{'n' * 22}\r\n"
SAME = "a=ice-ufrag:site\r\na=ice-pwd:0123456789012345678901\r\n"
CANDIDATE = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=candidate:1 1 tcp 9 192.0.2.1 9 typ host tcptype active\r\n"
)


@pytest.fixture(scope="module")
def behind() -> Iterator[RelayProcess]:
    """A relay behind a proxy's path, with TURN servers to tell of."""
    words = [word for url in SERVERS for word in ("--ice-server", url)]
    environment = {"DIENHONG_TURN_SECRET": SECRET}
    started = start_relay("--base-path", "/media", "--origin", "https://hop.example", *words, more=environment)
    yield started
    started.stop()


@dataclass
class Resource:
    """An endpoint of either protocol, and what its client sends."""

    relay: RunningRelay
    path: str
    headers: dict[str, str]
    offer: str

    @property
    def url(self) -> str:
        return self.relay.url + self.path

    async def ask(
        self, method: str, url: str = "", more: dict[str, str] | None = None, body: str | None = None
    ) -> tuple[int, Any, str]:
        sent = self.headers | (more or {})
        async with self.relay.http.request(method, url or self.url, data=body, headers=sent) as answer:
            return answer.status, answer.headers, await answer.text()

    async def session(self) -> tuple[str, str]:
        """The URL and the ETag of a new one."""
        status, headers, _ = await self.ask("POST", more=SDP, body=self.offer)
        assert status == 201
        host = self.relay.url.removesuffix("/media")
        return host + headers["Location"], headers["ETag"]


@pytest.fixture(params=["whip", "whep"])
async def endpoint(request: pytest.FixtureRequest, behind: RelayProcess) -> AsyncIterator[Resource]:
    async with speaking_with(behind) as relay:
        offer = OFFER.replace("{print}", PRINT).replace("\n", "\r\n")
        if request.param == "whip":
            headers, path = relay.headers("publish", "one"), f"/whip/{relay.studio}"
            yield Resource(relay, path, headers, offer.replace("{direction}", "sendonly"))
        else:
            headers, path = relay.headers("watch", "one", "main"), f"/whep/{relay.studio}/main"
            yield Resource(relay, path, headers, offer.replace("{direction}", "recvonly"))


async def test_a_session_is_made(endpoint: Resource) -> None:
    status, headers, answer = await endpoint.ask("POST", more=SDP, body=endpoint.offer)
    assert status == 201
    assert headers["Content-Type"] == "application/sdp"
    assert headers["Location"].startswith("/media" + endpoint.path + "/")
    assert re.fullmatch(r'"[^"]+"', headers["ETag"])  # a strong one
    assert headers["Accept-Patch"] == "application/trickle-ice-sdpfrag"
    assert "a=ice-lite" in answer
    assert "a=setup:passive" in answer
    assert answer.count("a=rtcp-mux\r\n") == 2
    assert answer.count("a=recvonly" if "whip" in endpoint.path else "a=sendonly") == 2
    other = await endpoint.ask("POST", more=SDP, body=endpoint.offer)
    assert len(headers["Location"].rpartition("/")[2]) >= 20  # not to be guessed
    assert other[1]["Location"] != headers["Location"]


async def test_ice_servers_come_as_links(endpoint: Resource) -> None:
    _, headers, _ = await endpoint.ask("POST", more=SDP, body=endpoint.offer)
    links = headers.getall("Link")
    assert [re.match(r"<(.*?)>", link)[1] for link in links] == list(SERVERS)  # type: ignore[index]
    assert all('rel="ice-server"' in link for link in links)
    assert "credential" not in links[0]
    told = dict(re.findall(r'([\w-]+)="([^"]*)"', links[1]))
    assert told["credential-type"] == "password"
    # The same words as our server's, which real coturn takes.
    expiry, _, peer = told["username"].partition(":")
    now = datetime.fromtimestamp(int(expiry) - CREDENTIAL_TTL_S, UTC)
    settings = TurnSettings(SERVERS[1:2], SECRET, timedelta(seconds=CREDENTIAL_TTL_S))
    (ours,) = ice_servers(settings, peer, now)
    assert (ours.username, ours.credential) == (told["username"], told["credential"])
    assert SECRET not in str(headers)


async def test_a_get_gives_nothing_and_other_methods_are_kept_free(endpoint: Resource) -> None:
    session, _ = await endpoint.session()
    for url in (endpoint.url, session):
        for method in ("GET", "HEAD"):
            status, _, text = await endpoint.ask(method, url)
            assert (status, text) == (204, "")
        status, headers, _ = await endpoint.ask("PUT", url)
        assert status == 405
        assert headers["Content-Type"].startswith("application/problem+json")
    assert (await endpoint.ask("PUT", endpoint.url))[1]["Allow"] == "GET,HEAD,POST"
    assert (await endpoint.ask("POST", session))[1]["Allow"] == "DELETE,GET,HEAD,PATCH"


async def test_options_tell_what_is_taken(endpoint: Resource) -> None:
    session, _ = await endpoint.session()
    status, headers, text = await endpoint.ask("OPTIONS")
    assert (status, text) == (200, "")
    assert headers["Accept-Post"] == "application/sdp"
    assert "Access-Control-Allow-Origin" not in headers
    assert "Link" not in headers  # no credentials for whoever asks
    assert (await endpoint.ask("OPTIONS", session))[1]["Accept-Patch"] == "application/trickle-ice-sdpfrag"
    assert (await endpoint.ask("OPTIONS", endpoint.relay.url + "/nowhere"))[0] == 404


async def test_preflights_need_no_token(endpoint: Resource) -> None:
    session, _ = await endpoint.session()
    preflight = {"Origin": "https://hop.example", "Access-Control-Request-Method": "PATCH"}
    for url, method in ((endpoint.url, "POST"), (session, "PATCH"), (session, "DELETE")):
        async with endpoint.relay.http.options(url, headers=preflight) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "https://hop.example"
            assert method in answer.headers["Access-Control-Allow-Methods"]
            allowed = answer.headers["Access-Control-Allow-Headers"].lower()
            assert {"authorization", "content-type", "if-match"} <= set(allowed.split(", "))
    status, headers, _ = await endpoint.ask("POST", more=SDP | preflight, body=endpoint.offer)
    assert status == 201
    exposed = headers["Access-Control-Expose-Headers"].lower().split(", ")
    assert {"location", "etag", "link"} <= set(exposed)
    async with endpoint.relay.http.options(session, headers=preflight | {"Origin": "https://no"}) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_tokens_are_asked_for(endpoint: Resource) -> None:
    session, _ = await endpoint.session()
    for method, url in (("POST", endpoint.url), ("PATCH", session), ("DELETE", session), ("GET", session)):
        async with endpoint.relay.http.request(method, url) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        async with endpoint.relay.http.request(method, url, headers={"Authorization": "Bearer x"}) as answer:
            assert answer.status == 401
            assert "invalid_token" in answer.headers["WWW-Authenticate"]
    scope = ("watch", "one", "main") if "whip" in endpoint.path else ("publish", "one")
    async with endpoint.relay.http.delete(session, headers=endpoint.relay.headers(*scope)) as answer:
        assert answer.status == 403
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]
    assert (await endpoint.ask("DELETE", session))[0] == 200


async def test_types_and_shapes_are_checked(endpoint: Resource) -> None:
    session, etag = await endpoint.session()
    status, headers, _ = await endpoint.ask("POST", more={"Content-Type": "text/plain"}, body=endpoint.offer)
    assert (status, headers["Accept-Post"]) == (415, "application/sdp")
    status, headers, _ = await endpoint.ask("PATCH", session, SDP | {"If-Match": etag}, CANDIDATE)
    assert (status, headers["Accept-Patch"]) == (415, "application/trickle-ice-sdpfrag")
    assert (await endpoint.ask("POST", more=SDP, body="hello"))[0] == 400
    assert (await endpoint.ask("PATCH", session, FRAGMENT | {"If-Match": etag}, "no fragment"))[0] == 400


@pytest.mark.parametrize("change", ["second", "codec", "inactive", "passive"])
async def test_an_offer_that_cannot_be_served_whole_is_refused(endpoint: Resource, change: str) -> None:
    video = endpoint.offer[endpoint.offer.index("m=video") : endpoint.offer.index("m=audio")]
    offer = {
        "second": endpoint.offer + video.replace("mid:v", "mid:w"),
        "codec": endpoint.offer.replace("VP8", "VP7"),
        "inactive": re.sub("a=(sendonly|recvonly)", "a=inactive", endpoint.offer),
        "passive": endpoint.offer.replace("setup:actpass", "setup:passive"),
    }[change]
    status, headers, text = await endpoint.ask("POST", more=SDP, body=offer)
    assert status == 422, text
    assert headers["Content-Type"].startswith("application/problem+json")
    state = await endpoint.relay.state()
    assert not state["sources"]
    assert not state["viewers"]


async def test_candidates_may_trickle(endpoint: Resource) -> None:
    session, etag = await endpoint.session()
    for match in (etag, f'"old", {etag}', "*"):
        status, headers, text = await endpoint.ask(
            "PATCH", session, FRAGMENT | {"If-Match": match}, SAME + CANDIDATE
        )
        assert (status, text) == (204, "")
        assert "ETag" not in headers
    assert (await endpoint.ask("PATCH", session, FRAGMENT, SAME + CANDIDATE))[0] == 428
    assert (await endpoint.ask("PATCH", session, FRAGMENT | {"If-Match": '"old"'}, SAME + CANDIDATE))[0] == 412
    weak = {"If-Match": f"W/{etag}"}
    assert (await endpoint.ask("PATCH", session, FRAGMENT | weak, SAME + CANDIDATE))[0] == 412


@pytest.mark.parametrize("fragment", [NEW, NEW + CANDIDATE])
async def test_ice_restarts(endpoint: Resource, fragment: str) -> None:
    session, etag = await endpoint.session()
    status, headers, text = await endpoint.ask("PATCH", session, FRAGMENT | {"If-Match": "*"}, fragment)
    assert status == 200
    assert headers["Content-Type"] == "application/trickle-ice-sdpfrag"
    assert headers["ETag"] not in ("", etag)
    assert all(f"a={name}" in text for name in ("ice-ufrag:", "ice-pwd:", "ice-lite", "candidate:"))
    # What was under way for the ICE session before comes too late; the new one has its candidates.
    late = FRAGMENT | {"If-Match": etag}
    assert (await endpoint.ask("PATCH", session, late, SAME + CANDIDATE))[0] == 412
    fresh = FRAGMENT | {"If-Match": headers["ETag"]}
    assert (await endpoint.ask("PATCH", session, fresh, NEW + CANDIDATE))[0] == 204
    half = "a=ice-ufrag:third\r\n"
    assert (await endpoint.ask("PATCH", session, FRAGMENT | {"If-Match": "*"}, half))[0] == 422
    assert (await endpoint.ask("GET", session))[0] == 204  # a refused restart ends nothing


async def test_a_session_ends_once(endpoint: Resource) -> None:
    session, _ = await endpoint.session()
    assert (await endpoint.ask("DELETE", session, {"If-Match": '"of no matter here"'}))[0] == 200
    for method in ("DELETE", "PATCH", "GET"):
        more = FRAGMENT | {"If-Match": "*"}
        assert (await endpoint.ask(method, session, more, NEW))[0] == 404
    state = await endpoint.relay.state()
    assert not state["sources"]
    assert not state["viewers"]


def test_which_patch_restarts() -> None:
    known, etag = ("u", "p"), '"1"'

    def judge(match: str | None, ufrag: str, password: str) -> Patch | str:
        try:
            return patch_of(match, etag, known, Fragment(ufrag, password))
        except Refusal as refusal:
            return refusal.code

    assert judge("*", "", "") is judge(etag, "u", "p") is judge("*", "u", "p") is Patch.TRICKLE
    assert judge("*", "v", "q") is judge(etag, "v", "q") is judge("*", "u", "q") is Patch.RESTART
    assert judge(None, "v", "q") == "precondition-required"
    assert judge('"0"', "v", "q") == judge("", "", "") == "stale-session"
    assert judge("*", "v", "") == judge("*", "", "q") == "unacceptable"


@pytest.mark.parametrize(
    "url", ["http://a", "turn:a>; rel=x", "turn:a?transport=sctp", "turn:", 'turn:"', "turn:a b"]
)
def test_ice_servers_are_checked(url: str) -> None:
    with pytest.raises(ValueError, match="STUN or TURN"):
        IceServers((url,))
    started = subprocess.run(
        [sys.executable, "-m", "media", "relay", "--http", "127.0.0.1:0", "--ice-server", url],
        cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": "k" * 32}, capture_output=True, text=True,
    )  # fmt: skip
    assert started.returncode == 2
    assert "Traceback" not in started.stderr


def test_no_turn_without_a_secret_and_no_secret_in_words() -> None:
    assert IceServers(SERVERS).links("x", 0) == ['<stun:hop.example>; rel="ice-server"']
    assert SECRET not in repr(IceServers(SERVERS, SECRET.encode()))


@pytest.fixture
async def front(relay: RunningRelay) -> AsyncIterator[str]:
    """A load balancer: /to/… sends on to the relay, /round in circles, /away to where no token may go."""
    app = web.Application()

    async def onward(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(relay.url + "/" + request.match_info["path"])

    async def round_(request: web.Request) -> web.Response:
        raise web.HTTPPermanentRedirect("/round")

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("ftp://hop.example/whep")

    app.add_routes([web.post("/to/{path:.*}", onward), web.post("/round", round_), web.post("/away", away)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_our_clients_follow_redirections(relay: RunningRelay, front: str) -> None:
    within = aiohttp.ClientTimeout(total=10)
    offer = OFFER.replace("{print}", PRINT).replace("{direction}", "recvonly")
    token = relay.token("watch", "one", "main")
    answered = await post_offer(relay.http, f"{front}/to/whep/{relay.studio}/main", token, offer, within)
    assert answered.session.startswith(relay.url + f"/whep/{relay.studio}/main/")
    assert "a=ice-lite" in answered.sdp
    async with relay.http.delete(answered.session, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 200
    for path in ("/round", "/away"):
        with pytest.raises(Refused):
            await post_offer(relay.http, front + path, token, offer, within)


async def test_a_bounded_number_of_words_is_said_to_strangers(relay: RunningRelay) -> None:
    """A site that only posted costs the relay no datagram (RFC 9725, 5: flooding)."""
    one = Site(relay, "one")
    try:
        await one.offer()
        assert await one.silent()
    finally:
        one.close()

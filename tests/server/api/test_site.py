"""The web app's files, health, metrics, the headers around all, and the way through to the relay."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.server.town import Town, settings_for, town_of
from tests.support.stand_in import standing_in

PAGE = b"<!doctype html><title>app</title>"


@pytest.fixture(autouse=True)
def build(data: Path) -> None:
    (data / "web" / "assets").mkdir(parents=True)
    (data / "web" / "index.html").write_bytes(PAGE)
    (data / "web" / "assets" / "app-1a2b.js").write_bytes(b"export {}")
    (data / "web" / ".secret").write_bytes(b"no")


async def test_the_app_is_everywhere_that_is_not_ours(town: Town) -> None:
    for path in ("/", "/meetings/7", "/link", "/verify", "/mediation", "/apis"):
        answer = await town.nobody.get(path)
        assert (answer.status, answer.content) == (200, PAGE), path
        assert answer.headers["Cache-Control"] == "no-cache"
    asset = await town.nobody.get("/assets/app-1a2b.js")
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (await town.nobody.get("/assets/app-gone.js")).status == 404
    for path in ("/.secret", "/../dienhong.db", "/%2e%2e/dienhong.db", "/..%2fdienhong.db"):
        assert (await town.nobody.get(path)).content in (PAGE, b"") or (await town.nobody.get(path)).status == 404


async def test_headers_keep_pages_safe(town: Town) -> None:
    for path in ("/", "/api/me", "/assets/app-1a2b.js", "/healthz"):
        headers = (await town.nobody.get(path)).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in headers
    named = await town.nobody.get("/healthz", headers={"X-Request-Id": "abc-12345678"})
    assert named.headers["X-Request-Id"] == "abc-12345678"
    forged = await town.nobody.get("/healthz", headers={"X-Request-Id": 'x"}{'})
    assert forged.headers["X-Request-Id"] != 'x"}{'


async def test_health_and_readiness(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await town.nobody.get("/healthz")).json == {"status": "ok", "checks": {"process": True}}
    ready = await town.nobody.get("/readyz")
    assert (ready.status, ready.json["checks"]["database"]) == (200, True)

    async def gone() -> None:
        raise OSError("no database")

    monkeypatch.setattr(town.house.store, "ping", gone)
    failing = await town.nobody.get("/readyz")
    assert (failing.status, failing.json["status"]) == (503, "failing")


async def test_metrics_name_routes_not_addresses(town: Town) -> None:
    meeting_id = await town.meeting(invite=False)
    await (await town.caller("secretary")).get(f"/api/meetings/{meeting_id}/room")
    text = (await town.nobody.get("/metrics")).content.decode()
    assert 'route="/api/meetings/{meeting_id}/room",status="200"' in text
    assert "dienhong_live" in text
    assert meeting_id not in text


async def test_metrics_are_for_this_machine(town: Town) -> None:
    for name in ("X-Forwarded-For", "Forwarded", "x-real-ip"):
        passed_on = await town.nobody.get("/metrics", headers={name: "203.0.113.9"})
        assert passed_on.status == 404, name
        assert b"dienhong_live" not in passed_on.content


async def test_metrics_from_elsewhere_want_their_token(data: Path, aiohttp_client: Callable[..., Any]) -> None:
    token = "khoa-cua-prometheus"
    town = await town_of(aiohttp_client, settings_for(data, metrics_token=token))
    for told in ("", "Bearer ", "Bearer khoa-cua-prometheuS", f"Basic {token}"):
        answer = await town.nobody.get("/metrics", headers={"Authorization": told})
        assert answer.status == 404, told
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.9"}
    assert b"dienhong_live" in (await town.nobody.get("/metrics", headers=headers)).content


async def test_the_document_is_served(town: Town) -> None:
    document = (await town.nobody.get("/api/openapi.json")).json
    assert document["openapi"] == "3.1.0"
    assert "/api/meetings/{meeting_id}/commands" in document["paths"]


# ── the relay ──


@pytest.fixture
async def relay(aiohttp_server: Callable[..., Any]) -> TestServer:
    """A stand-in that tells what reached it: what is tried here is our own passing on."""

    async def tell(request: web.Request) -> web.Response:
        asked = (
            f"{request.method} {request.path} {request.headers.get('Authorization', '-')} {await request.text()}"
        )
        headers = {
            "Location": "/media/whip/s/1",
            "ETag": '"e"',
            "X-Inside": "secret",
            "Content-Type": "application/sdp",
        }
        answer = web.Response(status=201, text=asked, headers=headers)
        for url in ("stun:hop.example", "turn:hop.example"):
            answer.headers.add("Link", f'<{url}>; rel="ice-server"')
        return answer

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", tell)
    server: TestServer = await aiohttp_server(app)
    return server


async def test_whip_and_whep_pass_and_nothing_else(
    data: Path, aiohttp_client: Callable[..., Any], relay: TestServer
) -> None:
    town = await town_of(aiohttp_client, settings_for(data, relay_urls=str(relay.make_url("")).rstrip("/")))
    nobody, token = town.nobody, town.house.relay.token("publish", "studio-1", "bridge:a")
    passed = await nobody.call(
        "POST", "/media/whip/studio-1", data=b"v=0", headers={"Authorization": f"Bearer {token}", "Cookie": "a=b"}
    )
    assert (passed.status, passed.content) == (201, f"POST /whip/studio-1 Bearer {token} v=0".encode())
    # The session's address names its relay, so that it is found there whatever moves meanwhile.
    place = re.fullmatch(r"/media/at/([0-9a-f]{10})/whip/s/1", passed.headers["Location"])
    assert place is not None
    assert passed.headers["ETag"] == '"e"'
    assert [link[1:5] for link in passed.headers.getall("Link")] == ["stun", "turn"]
    assert (await nobody.call("GET", "/media/whip/studio-1")).content.startswith(b"GET /whip/studio-1")
    there = await nobody.call("DELETE", f"/media/at/{place[1]}/whip/studio-1/9")
    assert there.content.startswith(b"DELETE /whip/studio-1/9")
    for path in ("/media/at/0123456789/whip/studio-1/9", f"/media/at/{place[1]}/whip/another-studio/9"):
        (await nobody.call("DELETE", path)).refused(404, "media-moved")
    assert "X-Inside" not in passed.headers
    assert (await nobody.call("DELETE", "/media/whep/studio-1/main/9")).content.startswith(
        b"DELETE /whep/studio-1/main/9"
    )
    for method, path in (
        ("PUT", "/media/control/studios/s/programmes/main"),
        ("POST", "/media/control/studios/s"),
        ("POST", "/media/whip/../control/studios/s"),
        ("POST", "/media/whip/%2e%2e/control/studios/s"),
        ("POST", "/media/metrics"),
        ("GET", "/media/healthz"),
    ):
        answer = await nobody.call(method, path)
        assert answer.status in (404, 405), (method, path, answer.status, answer.content)
    large = await nobody.call("POST", "/media/whip/s", data=b"x" * 300_000)
    large.refused(413, "body-too-large")


async def test_a_relay_that_is_away(data: Path, aiohttp_client: Callable[..., Any]) -> None:
    town = await town_of(aiohttp_client, settings_for(data, relay_urls="http://127.0.0.1:9"))
    answer = await town.nobody.call("POST", "/media/whip/s", data=b"v=0")
    answer.refused(503, "relay-unreachable", "Bộ phận truyền hình chưa trả lời.")
    assert (await town.nobody.get("/readyz")).status == 200


async def test_media_tokens_follow_the_rights(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    central, commune, member, chair = [await town.caller(n) for n in ("central", "commune", "member", "chair")]
    path = f"/api/meetings/{meeting_id}/media"
    told = {
        n: (await c.post(path)).json for n, c in (("central", central), ("commune", commune), ("member", member))
    }
    assert told["central"]["whip_url"] == f"/media/whip/{meeting_id}"
    assert told["central"]["preview_token"]
    for name in ("commune", "member"):
        assert told[name]["publish_token"] is None, "a commune sends only when it is called"
        assert told[name]["preview_whep_url"] is None
        assert told[name]["whep_url"] == f"/media/whep/{meeting_id}/main"
        assert told[name]["ice_servers"] == [], "nothing is looked up outside"
    await chair.done(meeting_id, "stand_by", bridge_id=str(town.bridges["commune"]))
    assert (await commune.post(path)).json["publish_token"]
    wall = await chair.get(f"/api/meetings/{meeting_id}/wall")
    assert {b["bridge_id"] for b in wall.json["bridges"]} == {str(town.bridges[n]) for n in ("central", "commune")}
    (await member.get(f"/api/meetings/{meeting_id}/wall")).refused(403, "not-your-right")


async def test_the_wall_tells_how_each_line_does(data: Path, aiohttp_client: Callable[..., Any]) -> None:
    async with standing_in() as relay:
        town = await town_of(aiohttp_client, settings_for(data, relay_urls=relay.url))
        meeting_id, chair = await town.meeting(opened=True), await town.caller("chair")
        figures = {"loss": 0.031, "jitter_ms": 23.1, "rtt_ms": 118.0, "rendition": "low"}
        relay.watches(f"bridge:{town.bridges['commune']}", **figures)
        wall = (await chair.get(f"/api/meetings/{meeting_id}/wall")).json["bridges"]
        assert next(b for b in wall if b["bridge_id"] == str(town.bridges["commune"])) == {
            "bridge_id": str(town.bridges["commune"]),
            "online": False,
            "publishing": False,
            "quality": "weak",
            "loss": 0.03,
            "jitter_ms": 25.0,
            "rtt_ms": 120.0,
            "rendition": "low",
        }

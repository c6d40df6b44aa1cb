"""The doors: bytes of papers, keys of repeated requests, the way to the relay, what a stranger may write."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from itertools import product
from typing import Any

import jwt
import pikepdf
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.settings import Settings
from tests.server.town import Caller, Town, settings_for, town_of


def a_pdf(before: bytes = b"") -> bytes:
    """`before`: what stands in front of the header, within the first 1024 bytes."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out, static_id=True)
    return before + out.getvalue()


@pytest.fixture
async def paper(town: Town) -> tuple[str, str]:
    """A meeting that may still be changed, and its paper."""
    meeting_id = await town.meeting(convene=True)
    added = await (await town.caller("secretary")).upload(meeting_id, a_pdf())
    assert added.status == 201, added.json
    return meeting_id, added.json["id"]


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-3"}, {"If-None-Match": "*"}])
async def test_no_byte_of_a_paper_to_who_is_not_invited(
    town: Town, paper: tuple[str, str], headers: dict[str, str]
) -> None:
    meeting_id, paper_id = paper
    member, secretary = await town.caller("member"), await town.caller("secretary")
    whole = await member.get(f"/api/papers/{paper_id}/pages")
    assert whole.status == 200
    known = {"If-None-Match": whole.headers["ETag"]} if "If-None-Match" in headers else headers
    await secretary.done(meeting_id, "uninvite_person", person_id=str(town.people["member"]))
    for caller in (
        member,
        await town.caller("stranger"),
        await town.caller("commune2"),
        await town.caller("admin"),
    ):
        for which in ("pages", "original"):
            for method in ("GET", "HEAD"):
                answer = await caller.call(method, f"/api/papers/{paper_id}/{which}", headers=known)
                assert answer.status in (404, 405), (which, method)
                assert b"%PDF" not in answer.content
    assert (await town.nobody.get(f"/api/papers/{paper_id}/pages", headers=known)).status == 401


async def test_a_draft_keeps_its_papers(town: Town) -> None:
    meeting_id = await town.meeting()
    paper_id = (await (await town.caller("secretary")).upload(meeting_id, a_pdf())).json["id"]
    for name in ("member", "commune", "central"):
        caller = await town.caller(name)
        for which in ("pages", "original"):
            (await caller.get(f"/api/papers/{paper_id}/{which}")).refused(404, "meeting-unknown")
    assert (await (await town.caller("chair")).get(f"/api/papers/{paper_id}/pages")).status == 200


async def test_what_is_uploaded_never_runs_in_our_pages(town: Town) -> None:
    """A page that is also a PDF is a PDF to every browser, in a sandbox; a page or a script is not taken."""
    secretary, meeting_id = await town.caller("secretary"), await town.meeting(convene=True)
    script = b"<html><script>alert(document.domain)</script>"
    for content in (script, b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', b"GIF89a/*" + script):
        (await secretary.upload(meeting_id, content, "a.html")).refused(422, "paper-type-unknown")
    added = await secretary.upload(meeting_id, a_pdf(script + b"\n"), "a.html")
    if added.status != 201:
        return
    for which in ("pages", "original"):
        answer = await secretary.get(f"/api/papers/{added.json['id']}/{which}")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Disposition"].endswith("''a.html.pdf")


@pytest.mark.parametrize(
    "name",
    [
        'a"; filename="b.exe',
        "a\r\nSet-Cookie: x=1\r\n.pdf",
        "../../../etc/passwd",
        "..\\..\\a.pdf",
        "a\u202efdp.exe",
        "/",
    ],
)
async def test_a_file_name_cannot_add_a_header_or_leave_its_folder(town: Town, name: str) -> None:
    secretary, meeting_id = await town.caller("secretary"), await town.meeting(convene=True)
    added = await secretary.upload(meeting_id, a_pdf(), name, title="Tài liệu")
    assert added.status == 201, added.json
    answer = await secretary.get(f"/api/papers/{added.json['id']}/original")
    told = answer.headers["Content-Disposition"]
    assert "Set-Cookie" not in answer.headers
    assert told.count('"') == 2
    assert not {"/", "\\", "\r", "\n"} & set(told.partition("filename*")[0])
    assert "%2F" not in told
    assert "%E2%80%AE" not in told, "a name that reads backwards"


# ── repeated requests ──


async def test_a_key_is_good_for_one_request_of_one_actor(town: Town) -> None:
    first, second = await town.meeting(opened=True), await town.meeting(opened=True)
    chair, secretary = await town.caller("chair"), await town.caller("secretary")
    key = {"Idempotency-Key": "the-same-key-1"}

    async def add(caller: Caller, meeting_id: str, title: str) -> Any:
        body = {"kind": "add_item", "title": title}
        return await caller.post(f"/api/meetings/{meeting_id}/commands", body, headers=key)

    done = await add(secretary, first, "Một")
    assert done.status == 200
    assert (await add(secretary, first, "Một")).json == done.json
    for again in (await add(secretary, second, "Một"), await add(secretary, first, "Hai")):
        again.refused(422, "idempotency-key-reused")
    upload = await secretary.call(
        "PUT",
        f"/api/meetings/{first}/papers",
        params={"filename": "a.pdf"},
        data=a_pdf(),
        headers={**key, "Content-Type": "application/octet-stream"},
    )
    upload.refused(422, "idempotency-key-reused")
    other = await chair.post(f"/api/meetings/{first}/commands", {"kind": "ask_floor"}, headers=key)
    assert (other.status, other.json == done.json) == (200, False)


# ── tokens ──


async def test_a_token_made_with_our_public_key_as_a_secret_does_not_hold(
    data: Any, aiohttp_client: Callable[..., Any]
) -> None:
    settings: Settings = settings_for(data)
    town = await town_of(aiohttp_client, settings)
    member = await town.caller("member")
    claims = jwt.decode(member.token or "", options={"verify_signature": False})
    public = settings.signing_key().public_key()
    admin = {**claims, "sub": str(town.people["admin"])}
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    forged = [jwt.encode(admin, raw, algorithm="HS256"), jwt.encode(admin, None, algorithm="none")]  # type: ignore[arg-type]
    head, _, rest = (member.token or "").partition(".")
    forged.append(f"{head}.{jwt.encode(admin, raw, algorithm='HS256').split('.')[1]}.{rest.split('.')[1]}")
    for token in forged:
        (await Caller(town.client, token).get("/api/me")).refused(401, "token-invalid")


async def test_a_media_token_opens_nothing_of_ours_and_ours_nothing_of_the_relay(town: Town) -> None:
    meeting_id = await town.meeting(opened=True)
    member = await town.caller("member")
    access = (await member.post(f"/api/meetings/{meeting_id}/media")).json
    (await Caller(town.client, access["watch_token"]).get("/api/me")).refused(401, "token-invalid")
    said = jwt.decode(access["watch_token"], options={"verify_signature": False})
    assert (said["scope"], said["studio"], said["programme"]) == ("watch", meeting_id, "main")
    assert said["peer"] == f"person:{town.people['member']}"


async def test_a_form_of_another_site_cannot_sign_anybody_in(town: Town) -> None:
    """A form sends no JSON; and the refresh cookie is for this site's own pages alone."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        body = b'{"code": "x"}'
        answer = await town.nobody.call("POST", "/api/session/link", data=body, headers={"Content-Type": kind})
        answer.refused(415, "json-wanted")
    signed = await town.nobody.post("/api/session/link", {"code": await town.link("member")})
    cookie = signed.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/api/session" in cookie
    assert "Domain" not in cookie


# ── the way to the relay ──

TRICKS = [
    "/media/control/studios/s/programmes/main",
    "/media/whip/../control/studios/s",
    "/media/whip/%2e%2e/control/studios/s",
    "/media/whip/%2E%2E%2fcontrol%2fstudios/s",
    "/media/whip/..%2fcontrol/studios/s",
    "/media/whip/%252e%252e/control/studios/s",
    "/media//control/studios/s",
    "/media/whip/s?/../../control/studios/s",
    "/media/whip/s%3f/../control",
    "/media/whip/s%23/../control",
    "/media/whip\\..\\control/studios/s",
    "//media/control/studios/s",
    "/media/./control/studios/s",
    "http://127.0.0.1:9/media/control/studios/s",
    "/media/whip/@127.0.0.1:9/x",
    "/media/whip//127.0.0.1:9/control/studios/s",
]


async def test_no_spelling_reaches_the_relays_control(
    data: Any, aiohttp_client: Callable[..., Any], aiohttp_server: Callable[..., Any]
) -> None:
    reached: list[str] = []

    async def tell(request: web.Request) -> web.Response:
        own = request.method == "GET" and request.path == "/control/relay" and "Authorization" in request.headers
        if own:  # the server's look at its relays
            return web.json_response({})
        reached.append(request.raw_path)
        assert "Cookie" not in request.headers
        assert "X-Forwarded-For" not in request.headers
        return web.Response(status=201)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", tell)
    relay = await aiohttp_server(app)
    town = await town_of(aiohttp_client, settings_for(data, relay_urls=str(relay.make_url("")).rstrip("/")))
    for method, target in product(("POST", "DELETE", "PUT", "GET", "PATCH"), TRICKS):
        reader, writer = await asyncio.open_connection(town.client.host, town.client.port)
        lines = [f"{method} {target} HTTP/1.1", "Host: a", "Content-Length: 0", "Cookie: a=b", "Connection: close"]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        status = int((await reader.readline()).split()[1])
        writer.close()
        assert status < 500, (method, target)
    normal = [p.split("?")[0] for p in reached]
    assert all(p.startswith(("/whip/", "/whep/")) and ".." not in p and "%2" not in p.lower() for p in normal), (
        reached
    )


# ── text ──


async def test_markup_in_a_title_is_text_in_the_minutes_and_fetches_nothing(town: Town) -> None:
    hit = asyncio.Event()

    async def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hit.set()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    title = f'<img src="http://127.0.0.1:{port}/a.png"/><b>Đậm</b> &lt; <a href="file:///etc/passwd">x</a>'
    meeting_id = await town.meeting(opened=True)
    secretary, chair = await town.caller("secretary"), await town.caller("chair")
    item = (await secretary.done(meeting_id, "add_item", title=title, presenter=title[:190]))["id"]
    await chair.done(meeting_id, "start_item", item_id=item)
    await chair.done(meeting_id, "close_meeting")
    await secretary.done(meeting_id, "compile_minutes")
    paper = await secretary.get(f"/api/meetings/{meeting_id}/minutes/pdf")
    server.close()
    assert paper.status == 200, paper.json
    assert not hit.is_set()
    with pikepdf.open(io.BytesIO(paper.content)) as pdf:
        links = [
            str(a.A.URI) for page in pdf.pages for a in page.get("/Annots", []) if "/A" in a and "/URI" in a.A
        ]
    assert not [link for link in links if "passwd" in link or str(port) in link]


async def test_a_telephone_code_cannot_be_guessed_from_one_place(town: Town) -> None:
    statuses = [(await town.nobody.post("/api/session/bridge", {"code": f"{n:016d}"})).status for n in range(200)]
    assert statuses[-1] == 429
    assert set(statuses) == {404, 429}

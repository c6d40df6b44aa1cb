"""Coming in, staying in, going out: and everybody who should not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import accounts
from server.tokens import new_secret
from tests.server.town import Town, settings_for, town_of

COOKIE = "dienhong_refresh"


async def with_password(town: Town, username: str = "member", password: str = "Mật khẩu dài 1") -> str:
    admin = await town.caller("admin")
    answer = await admin.patch(f"/api/people/{town.people[username]}", {"password": password})
    assert answer.status == 200, answer.json
    return password


def cookie(answer: Any) -> str:
    """The refresh token of an answer, which must be out of every script's reach."""
    told: str = answer.headers["Set-Cookie"]
    assert told.startswith(f"{COOKIE}=")
    for guard in ("HttpOnly", "SameSite=Strict", "Path=/api/session"):
        assert guard in told
    return told.split(";")[0].partition("=")[2]


async def refresh(town: Town, token: str) -> Any:
    town.client.session.cookie_jar.clear()
    return await town.nobody.post("/api/session/refresh", headers={"Cookie": f"{COOKIE}={token}"})


async def test_a_password_gives_a_session(town: Town) -> None:
    password = await with_password(town)
    answer = await town.nobody.post("/api/session", {"username": "Member", "password": password})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert cookie(answer)
    me = answer.json["me"]
    assert (me["kind"], me["name"], me["locale"]) == ("person", "Lê Văn Hưu", "vi")
    assert me["organisation"]["zone"] == "Asia/Ho_Chi_Minh"
    read = await town.nobody.get("/api/me", headers={"Authorization": f"Bearer {answer.json['access_token']}"})
    assert read.json == me


@pytest.mark.parametrize("username", ["member", "nobody-at-all", "chair"])
async def test_wrong_password_and_unknown_name_are_one_answer(town: Town, username: str) -> None:
    await with_password(town)
    answer = await town.nobody.post("/api/session", {"username": username, "password": "sai mật khẩu"})
    answer.refused(401, "wrong-credentials", "Tên đăng nhập hoặc mật khẩu không đúng.")


async def test_an_unknown_name_costs_the_same_hash(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a stopwatch: both ways must pass the verifier once."""
    await with_password(town)
    asked: list[str] = []
    verify = town.house.passwords._matches
    monkeypatch.setattr(town.house.passwords, "_matches", lambda h, p: asked.append(h) or verify(h, p))
    for username in ("member", "nobody-at-all"):
        await town.nobody.post("/api/session", {"username": username, "password": "sai mật khẩu"})
    assert len(asked) == 2
    assert all(h.startswith("$argon2id$") for h in asked)


async def test_guessing_is_slowed_down_for_a_name(data: Path, aiohttp_client: Any) -> None:
    town = await town_of(aiohttp_client, settings_for(data, rate_scale=0.3))
    body = {"username": "chair", "password": "x"}
    answers = [await town.nobody.post("/api/session", body) for _ in range(5)]
    assert [a.status for a in answers[:3]] == [401] * 3
    answers[-1].refused(429, "too-many-requests", "Bạn đã thử quá nhiều lần.")
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_a_link_works_once(town: Town) -> None:
    code = await town.link("member")
    assert (await town.nobody.post("/api/session/link", {"code": code})).status == 200
    again = await town.nobody.post("/api/session/link", {"code": code})
    again.refused(409, "link-expired", "Đường dẫn đăng nhập đã dùng hoặc hết hạn.")


async def test_a_late_link_and_an_invented_one(town: Town) -> None:
    late = await town.nobody.post("/api/session/link", {"code": await town.link("member", -timedelta(seconds=1))})
    late.refused(409, "link-expired", "Xin người quản trị cấp đường dẫn mới.")
    invented = await town.nobody.post("/api/session/link", {"code": new_secret()})
    invented.refused(404, "link-unknown", "Đường dẫn đăng nhập không đúng.")


async def test_only_hashes_are_kept(town: Town, data: Path) -> None:
    code, join = await town.link("member"), await town.join_code("commune")
    answer = await town.nobody.post("/api/session/link", {"code": await town.link("chair")})
    await town.nobody.get("/readyz")
    kept = await asyncio.to_thread(lambda: b"".join(p.read_bytes() for p in data.glob("dienhong.db*")))
    assert b"Tr\xe1\xba\xa7n Quang Kh\xe1\xba\xa3i" in kept
    for secret in (code, join, join.replace("-", ""), cookie(answer), answer.json["access_token"]):
        assert secret.encode() not in kept


async def test_a_bridge_joins_with_its_code_however_it_is_typed(town: Town) -> None:
    code = await town.join_code("commune")
    answer = await town.nobody.post(
        "/api/session/bridge", {"code": code.lower().replace("-", " ").replace("0", "o")}
    )
    assert answer.status == 200, answer.json
    me = answer.json["me"]
    assert (me["kind"], me["id"], me["office_roles"]) == ("bridge", str(town.bridges["commune"]), [])
    again = await town.nobody.post("/api/session/bridge", {"code": code})
    assert again.status == 200, "after a cut it comes back with the same code"


async def test_a_replaced_join_code_ends_its_sessions(town: Town) -> None:
    secretary = await town.caller("secretary")
    code = await town.join_code("commune")
    token = cookie(await town.nobody.post("/api/session/bridge", {"code": code}))
    made = await secretary.post(f"/api/bridges/{town.bridges['commune']}/join-code")
    assert made.status == 201
    assert made.json["url"].endswith(f"/join#{made.json['code']}")
    old = await town.nobody.post("/api/session/bridge", {"code": code})
    old.refused(404, "join-code-unknown", "Mã tham gia của điểm cầu không đúng.")
    (await refresh(town, token)).refused(401, "session-ended", "Phiên làm việc đã kết thúc.")
    assert (await town.nobody.post("/api/session/bridge", {"code": made.json["code"]})).status == 200


async def test_a_late_join_code(town: Town) -> None:
    code = await town.join_code("commune", -timedelta(seconds=1))
    answer = await town.nobody.post("/api/session/bridge", {"code": code})
    answer.refused(409, "join-code-expired", "Mã tham gia của điểm cầu đã hết hạn")


async def test_refresh_rotates_and_reuse_ends_the_family(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "REFRESH_GRACE", timedelta(0))
    first = cookie(await town.nobody.post("/api/session/link", {"code": await town.link("member")}))
    answer = await refresh(town, first)
    assert answer.status == 200
    second = cookie(answer)
    assert second != first
    third = cookie(await refresh(town, second))
    (await refresh(town, first)).refused(401, "session-reused", "bị khóa để bảo đảm an toàn")
    (await refresh(town, third)).refused(401, "session-ended", "Xin đăng nhập lại.")


async def test_two_tabs_that_wake_at_once_both_stay(town: Town) -> None:
    first = cookie(await town.nobody.post("/api/session/link", {"code": await town.link("member")}))
    answers = [await refresh(town, first), await refresh(town, first)]
    assert [a.status for a in answers] == [200, 200]


async def test_signing_out_ends_the_session(town: Town) -> None:
    token = cookie(await town.nobody.post("/api/session/link", {"code": await town.link("member")}))
    town.client.session.cookie_jar.clear()
    out = await town.nobody.call("DELETE", "/api/session", headers={"Cookie": f"{COOKIE}={token}"})
    assert out.status == 204
    assert 'dienhong_refresh=""' in out.headers["Set-Cookie"]
    (await refresh(town, token)).refused(401, "session-ended")


async def test_no_cookie_no_refresh(town: Town) -> None:
    (await town.nobody.post("/api/session/refresh")).refused(401, "sign-in-first", "Bạn chưa đăng nhập")


async def test_tokens_that_do_not_hold(town: Town) -> None:
    good = (await town.caller("member")).token
    assert good
    claims = jwt.decode(good, options={"verify_signature": False})
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA")
    bare = jwt.encode(claims, None, algorithm="none")
    key = town.house.entrance._tokens._key
    old = jwt.encode({**claims, "exp": claims["iat"] - 1}, key, algorithm="EdDSA")
    elsewhere = jwt.encode({**claims, "aud": "dienhong-media"}, key, algorithm="EdDSA")
    for token in (forged, bare, elsewhere, good[:-4] + "AAAA", "x", "a.b.c"):
        answer = await town.nobody.get("/api/me", headers={"Authorization": f"Bearer {token}"})
        answer.refused(401, "token-invalid", "Phiên làm việc không hợp lệ.")
    late = await town.nobody.get("/api/me", headers={"Authorization": f"Bearer {old}"})
    late.refused(401, "token-expired", "Phiên làm việc đã hết hạn.")
    for header in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}):
        answer = await town.nobody.get("/api/me", headers=header)
        answer.refused(401, "sign-in-first", "Bạn chưa đăng nhập")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_closed_account_is_out_at_once(town: Town) -> None:
    admin, member = await town.caller("admin"), await town.caller("member")
    token = cookie(await town.nobody.post("/api/session/link", {"code": await town.link("member")}))
    spare = await town.link("member")
    assert (await admin.patch(f"/api/people/{member.id}", {"active": False})).json["active"] is False
    (await member.get("/api/me")).refused(401, "account-inactive", "Tài khoản đã bị khóa.")
    (await refresh(town, token)).refused(401, "session-ended")
    (await town.nobody.post("/api/session/link", {"code": spare})).refused(404, "link-unknown")


async def test_a_new_password_ends_the_other_sessions(town: Town) -> None:
    password = await with_password(town)
    other = cookie(await town.nobody.post("/api/session", {"username": "member", "password": password}))
    mine = await town.nobody.post("/api/session", {"username": "member", "password": password})
    bearer = {"Authorization": f"Bearer {mine.json['access_token']}"}
    wrong = await town.nobody.post(
        "/api/me/password", {"current": "sai rồi nhé", "new": "Mật khẩu mới 2"}, headers=bearer
    )
    wrong.refused(403, "wrong-password", "Mật khẩu hiện tại không đúng.")
    short = await town.nobody.post("/api/me/password", {"current": password, "new": "ngắn"}, headers=bearer)
    short.refused(422, "password-too-short", "Mật khẩu cần ít nhất 8 ký tự.")
    changed = await town.nobody.post(
        "/api/me/password", {"current": password, "new": "Mật khẩu mới 2"}, headers=bearer
    )
    assert changed.status == 204
    assert (await refresh(town, other)).status == 401
    assert (await refresh(town, cookie(changed))).status == 200
    old = await town.nobody.post("/api/session", {"username": "member", "password": password})
    old.refused(401, "wrong-credentials")


async def test_language_follows_the_reader(town: Town) -> None:
    english = await town.nobody.get("/api/me", headers={"Accept-Language": "fr, en-GB;q=0.8, vi;q=0.3"})
    english.refused(401, "sign-in-first", "You are not signed in")
    member = await town.caller("member")
    changed = await member.patch("/api/me", {"locale": "en", "colour_scheme": "dark"})
    assert (changed.json["locale"], changed.json["colour_scheme"]) == ("en", "dark")
    missing = await member.get("/api/meetings/00000000-0000-7000-8000-000000000000/room")
    missing.refused(404, "meeting-unknown", "you are not invited")


async def test_a_bridge_has_no_profile_to_change(town: Town) -> None:
    bridge = await town.caller("commune")
    (await bridge.patch("/api/me", {"locale": "en"})).refused(403, "people-only", "không dành cho điểm cầu")


async def test_the_sessions_of_one_person_are_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "SESSIONS_MAX", 3)
    codes = [await town.link("member") for _ in range(4)]
    tokens = [cookie(await town.nobody.post("/api/session/link", {"code": code})) for code in codes]
    (await refresh(town, tokens[0])).refused(401, "session-ended")
    assert [(await refresh(town, t)).status for t in tokens[1:]] == [200, 200, 200]

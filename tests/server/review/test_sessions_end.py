"""Sessions that must have ended, and who is counted at the door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from multidict import CIMultiDict

from rooms.errors import Refusal
from server.api.call import client_of
from tests.server.town import Caller, Town, settings_for, town_of


async def test_a_replaced_join_code_ends_the_access_token_too(town: Town) -> None:
    """The code was read over the telephone by the wrong person; the secretary makes a new one."""
    thief = await town.caller("commune")
    assert (await thief.get("/api/me")).status == 200
    secretary = await town.caller("secretary")
    made = await secretary.post(f"/api/bridges/{town.bridges['commune']}/join-code")
    assert made.status in (200, 201)
    assert (await thief.get("/api/me")).status == 401
    assert (await thief.get("/api/meetings")).status == 401


async def test_a_new_password_ends_access_tokens_of_other_devices(town: Town) -> None:
    thief = await town.caller("member")
    admin = await town.caller("admin")
    answer = await admin.patch(f"/api/people/{town.people['member']}", {"password": "mật khẩu hoàn toàn mới"})
    assert answer.status == 200
    assert (await thief.get("/api/meetings")).status == 401


async def test_signing_out_ends_the_access_token(town: Town) -> None:
    signed = await town.nobody.post("/api/session/link", {"code": await town.link("member")})
    cookie = signed.headers["Set-Cookie"].split(";")[0]
    caller = Caller(town.client, signed.json["access_token"])
    town.client.session.cookie_jar.clear()
    assert (await town.nobody.call("DELETE", "/api/session", headers={"Cookie": cookie})).status == 204
    assert (await caller.get("/api/meetings")).status == 401


async def test_a_signed_out_bridge_cannot_open_a_socket_again(town: Town) -> None:
    thief = await town.caller("commune")
    secretary = await town.caller("secretary")
    await secretary.post(f"/api/bridges/{town.bridges['commune']}/join-code")
    with pytest.raises(Refusal):
        await town.house.entrance.signed_in(thief.token or "")


async def test_a_new_password_ends_links_that_are_out(town: Town) -> None:
    """The administrator resets an account that was taken over; the thief keeps a link in a mailbox."""
    link = await town.link("member")
    admin = await town.caller("admin")
    await admin.patch(f"/api/people/{town.people['member']}", {"password": "mật khẩu hoàn toàn mới"})
    assert (await town.nobody.post("/api/session/link", {"code": link})).status in (404, 409)


async def test_a_closed_account_that_is_opened_again_has_no_old_links(town: Town) -> None:
    link = await town.link("member")
    admin = await town.caller("admin")
    for active in (False, True):
        await admin.patch(f"/api/people/{town.people['member']}", {"active": active})
    assert (await town.nobody.post("/api/session/link", {"code": link})).status in (404, 409)


async def test_a_first_password_is_set_soon_after_the_link_or_not_at_all(town: Town) -> None:
    """A tablet left signed in must not become its finder's for good."""
    left, fresh = await town.caller("member"), await town.caller("member2")
    accounts = town.house.entrance
    accounts._now = lambda: datetime.now(UTC) + timedelta(minutes=16)
    late = await left.post("/api/me/password", {"current": "", "new": "mật khẩu của kẻ nhặt được"})
    late.refused(403, "link-needed", "bằng một đường dẫn mới")
    accounts._now = town.house.now
    assert (await fresh.post("/api/me/password", {"current": "", "new": "mật khẩu của tôi"})).status == 204
    assert (await fresh.get("/api/meetings")).status == 401


async def test_wrong_codes_are_counted(data: Path, aiohttp_client: Callable[..., Any]) -> None:
    town = await town_of(aiohttp_client, settings_for(data, rate_scale=0.1))
    code = await town.join_code("commune")
    for _ in range(5):
        assert (await town.nobody.post("/api/session/bridge", {"code": code})).status == 200
    wrong = [(await town.nobody.post("/api/session/bridge", {"code": "0" * 16})).status for _ in range(4)]
    assert wrong == [404, 404, 404, 429]
    assert (await town.nobody.post("/api/session/bridge", {"code": code})).status == 429


async def test_a_second_forwarded_for_line_does_not_choose_the_client() -> None:
    """HAProxy adds a line of its own after the one the client invented."""
    headers = CIMultiDict([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.7")])
    request: Any = SimpleNamespace(headers=headers, remote="192.0.2.1")
    assert client_of(request, 1) == "198.51.100.7"


async def test_forty_communes_behind_one_address_get_in_within_a_minute(town: Town) -> None:
    """A province's own network shows one address for all its halls; each has a code of its own."""
    codes = [await town.join_code("commune") for _ in range(1)]
    statuses = [(await town.nobody.post("/api/session/bridge", {"code": codes[0]})).status for _ in range(40)]
    assert statuses == [200] * 40

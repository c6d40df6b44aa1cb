"""The process itself: starts, is killed, starts again, and has lost nothing that it acknowledged."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server.process.running import Running, command, serving

DETAILS = {
    "title": "Họp thường kỳ",
    "kind": "meeting",
    "body_name": "",
    "place": "Phòng họp",
    "starts_at": "2026-12-01T01:00:00Z",
}
ROLES = (
    "Quản trị",
    "Chủ tọa",
    "Thư ký",
    "Đại biểu 1",
    "Đại biểu 2",
    "Cầu trung tâm",
    "Cầu xã 1",
    "Cầu xã 2",
    "Cầu xã 3",
)


async def call(http: aiohttp.ClientSession, method: str, url: str, token: str = "", body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.request(method, url, json=body, headers=headers) as response:
        assert response.status < 300, await response.text()
        return await response.json()


async def signed_in(http: aiohttp.ClientSession, server: Running, label: str) -> str:
    kind = "bridge" if label.startswith("Cầu") else "link"
    told = await call(http, "POST", f"{server.url}/api/session/{kind}", body={"code": server.code_of(label)})
    token: str = told["access_token"]
    return token


async def test_killed_between_commit_and_feed_it_loses_nothing(tmp_path: Path) -> None:
    """Commands are sent without a pause while it is killed: every acknowledged one is in the journal."""
    acknowledged: list[int] = []
    async with aiohttp.ClientSession() as http:
        async with serving(tmp_path, "--demo") as server:
            token = await signed_in(http, server, "Thư ký")
            meeting_id = (await call(http, "POST", f"{server.url}/api/meetings", token, DETAILS))["id"]
            commands = f"{server.url}/api/meetings/{meeting_id}/commands"

            async def send_on() -> None:
                for n in range(10_000):
                    body = {"kind": "add_item", "title": f"Nội dung {n}"} if n < 150 else {"kind": "ask_floor"}
                    acknowledged.append((await call(http, "POST", commands, token, body))["seq"])

            sending = [asyncio.create_task(send_on()) for _ in range(2)]
            async with asyncio.timeout(30):
                while len(acknowledged) < 40:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            await server.kill()
            await asyncio.gather(*sending, return_exceptions=True)
        async with serving(tmp_path, "--demo") as again:
            token = await signed_in(http, again, "Thư ký")
            entries: list[int] = []
            while True:
                after = entries[-1] if entries else 0
                url = f"{again.url}/api/meetings/{meeting_id}/journal?after={after}"
                page = await call(http, "GET", url, token)
                entries += [e["seq"] for e in page["entries"]]
                if page["upto"] >= page["last"]:
                    break
            assert entries == list(range(1, len(entries) + 1))
            assert max(acknowledged) <= len(entries)
            room = await call(http, "GET", f"{again.url}/api/meetings/{meeting_id}/room", token)
            assert room["seq"] == len(entries)
    status, said = await command(tmp_path, "journal", "verify", meeting_id)
    assert (status, said.split(",")[0]) == (0, f"OK: {len(entries)} entries")
    await asyncio.to_thread(alter, tmp_path / "dienhong.db", 7)
    status, said = await command(tmp_path, "journal", "verify", meeting_id)
    assert status == 1
    assert said.startswith("BROKEN at entry 7: ")


def alter(database: Path, seq: int) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE journal SET body = replace(body, 'Nội dung', 'Sửa lén') WHERE seq = ?", (seq,))
    connection.close()


async def test_the_demo_lets_every_role_in_and_starts_again(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        ids = []
        for _ in range(2):
            async with serving(tmp_path, "--demo") as server:
                for label in ROLES:
                    await signed_in(http, server, label)
                token = await signed_in_again(http, server)
                ids.append((await call(http, "GET", f"{server.url}/api/me", token))["organisation"]["id"])
                assert (tmp_path / "secrets" / "tokens.pem").stat().st_mode & 0o777 == 0o600
                assert (tmp_path / "secrets" / "media.key").stat().st_mode & 0o777 == 0o600
        assert ids[0] == ids[1]
        with pytest.raises(aiohttp.ClientConnectorError):
            await call(http, "GET", f"{server.url}/healthz")


async def signed_in_again(http: aiohttp.ClientSession, server: Running) -> str:
    """A bridge may use its code as often as it must."""
    return await signed_in(http, server, "Cầu xã 1")


async def test_accounts_from_the_command_line(tmp_path: Path) -> None:
    words = ("accounts", "add", "quan.tri", "--name", "Phạm Trung", "--role", "administrator")
    status, said = await command(tmp_path, *words)
    assert (status, "--organisation" in said) == (2, True)
    status, said = await command(tmp_path, *words, "--organisation", "UBND tỉnh")
    assert status == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/link#[\w-]{43}\n", said)
    assert (await command(tmp_path, *words))[0] == 1, "the name is taken"
    status, said = await command(tmp_path, "accounts", "link", "quan.tri", PUBLIC_URL="https://hop.example.vn/")
    async with aiohttp.ClientSession() as http, serving(tmp_path) as server:
        assert said.startswith("https://hop.example.vn/link#")
        code = said.strip().rpartition("#")[2]
        told = await call(http, "POST", f"{server.url}/api/session/link", body={"code": code})
        assert told["me"]["office_roles"] == ["administrator"]
    assert (await command(tmp_path, "accounts", "link", "nobody"))[0] == 1
    assert (await command(tmp_path, "journal", "verify", "17"))[0] == 2


async def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    async with serving(tmp_path / "one") as server:
        port = server.url.rpartition(":")[2]
        status, said = await command(tmp_path / "two", "serve", "--port", port)
        assert status == 1
        assert f"cannot listen on 127.0.0.1:{port}" in said


async def test_our_own_relay_is_watched_and_started_again(tmp_path: Path) -> None:
    relay = {"RELAY_URLS": "", "RELAY_UDP": "127.0.0.1:0"}
    async with aiohttp.ClientSession() as http, serving(tmp_path, **relay) as server:

        async def relay_up() -> bool:
            return bool((await call(http, "GET", f"{server.url}/readyz"))["checks"]["relay"])

        assert await relay_up()
        (pid,) = await asyncio.to_thread(children, server.process.pid)
        await asyncio.to_thread(kill, pid)
        async with asyncio.timeout(30):
            while await asyncio.to_thread(children, server.process.pid) in ([], [pid]) or not await relay_up():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        (fresh,) = await asyncio.to_thread(children, server.process.pid)
        async with http.post(f"{server.url}/media/whip/some-studio", data=b"v=0") as answer:
            assert answer.status in (400, 401), await answer.text()
        await server.kill()
        async with asyncio.timeout(10):
            while await asyncio.to_thread(alive, fresh):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def children(pid: int) -> list[int]:
    """Of the relay's kind; what it starts itself is its own."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(p) for p in told if b"relay" in Path(f"/proc/{p}/cmdline").read_bytes()]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def kill(pid: int) -> None:
    import os
    import signal

    os.kill(pid, signal.SIGKILL)

"""The whole interface attacked by schemathesis, by a person who may do almost everything, within a time."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server.process.running import command, serving

CONFIG = Path(__file__).parent / "schemathesis.toml"
SECONDS = 60
START = "2026-12-01T01:00:00Z"


@pytest.mark.timeout(240)
async def test_the_interface_keeps_its_word(tmp_path: Path) -> None:
    words = ("accounts", "add", "thu-nghiem", "--name", "Thử Nghiệm", "--organisation", "UBND tỉnh")
    status, said = await command(tmp_path, *words, "--role", "administrator", "--role", "secretary")
    assert status == 0, said
    async with serving(tmp_path, LOG_LEVEL="ERROR", ACCESS_TTL_S="3600") as server:
        config = tmp_path / "schemathesis.toml"
        async with aiohttp.ClientSession(server.url) as http:
            token, ids = await prepared(http, said.strip().rpartition("#")[2])
        named = "\n".join(f'{name} = "{value}"' for name, value in ids.items())
        config.write_text(f"{CONFIG.read_text()}\n[parameters]\n{named}\n")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(config),
            "run",
            f"{server.url}/api/openapi.json",
            "-H",
            f"Authorization: Bearer {token}",
            "--checks",
            "all",
            "--phases",
            "coverage,fuzzing,stateful",
            "--max-time",
            str(SECONDS),
            "--max-examples",
            "15",
            "--continue-on-failure",
            "--no-shrink",
            "--no-color",
            "--seed",
            os.environ.get("DIENHONG_TEST_SEED", "1"),
            "--generation-database",
            ":memory:",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()[-12_000:]


async def prepared(http: aiohttp.ClientSession, code: str) -> tuple[str, dict[str, str]]:
    """A token, and ids that exist: else most of the rules would never be reached."""

    async def sent(path: str, body: Any, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with http.post(path, json=body, headers=headers) as answer:
            assert answer.status in (200, 201), await answer.text()
            return await answer.json()

    token = (await sent("/api/session/link", {"code": code}))["access_token"]
    person = await sent("/api/people", {"username": "khac", "name": "Người Khác"}, token)
    bridge = await sent("/api/bridges", {"code": "X1", "name": "Xã Một"}, token)
    details = {"title": "Họp", "kind": "conference", "body_name": "", "place": "A", "starts_at": START}
    meeting_id = (await sent("/api/meetings", details, token))["id"]
    commands = f"/api/meetings/{meeting_id}/commands"
    chair = {"kind": "invite_people", "people": [{"person_id": person["id"], "role": "chair"}]}
    await sent(commands, chair, token)
    poll = await sent(commands, {"kind": "prepare_poll", "question": "Thông qua?"}, token)
    ids = {"meeting_id": meeting_id, "person_id": person["id"], "bridge_id": bridge["id"], "poll_id": poll["id"]}
    return token, ids

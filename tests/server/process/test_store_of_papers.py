"""Papers in a store of their own: two servers on it, a kill between the store and the row, a store away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server.process.running import Running, serving
from tests.server.process.test_process import DETAILS, call, signed_in
from tests.support.real_papers import vietnamese_pdf
from tests.support.s3 import gate_before, new_bucket, s3_running


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_running() as url:
        yield url


@pytest.fixture(scope="module")
def report() -> bytes:
    return vietnamese_pdf(3)


def store(url: str, bucket: str) -> dict[str, str]:
    return {
        "BLOBS_URL": f"s3://{bucket}?endpoint={url}",
        "S3_ACCESS_KEY": "quan-tri",
        "S3_SECRET_KEY": "bi-mat-cua-kho",
        "SECRET": "chung cho moi may chu, du 32 ky tu",
    }


class Desk:
    """The secretary at one server."""

    def __init__(self, http: aiohttp.ClientSession, server: Running, token: str) -> None:
        self.http, self.url, self.token = http, server.url, token

    async def meeting(self) -> str:
        meeting: str = (await call(self.http, "POST", f"{self.url}/api/meetings", self.token, DETAILS))["id"]
        return meeting

    async def papers(self, meeting_id: str) -> list[dict[str, Any]]:
        room = await call(self.http, "GET", f"{self.url}/api/meetings/{meeting_id}/room", self.token)
        papers: list[dict[str, Any]] = room["papers"]
        return papers

    async def send(self, meeting_id: str, content: bytes) -> tuple[int, Any]:
        url = f"{self.url}/api/meetings/{meeting_id}/papers?filename=to-trinh.pdf"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/octet-stream"}
        async with self.http.put(url, data=content, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def pages(self, paper_id: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.get(f"{self.url}/api/papers/{paper_id}/pages", headers=headers) as answer:
            return answer.status, await answer.read()


async def test_killed_between_the_store_and_the_row(endpoint: str, report: bytes, tmp_path: Path) -> None:
    bucket = new_bucket()
    async with aiohttp.ClientSession() as http, gate_before(endpoint) as gate:
        async with serving(tmp_path, "--demo", **store(gate.url, bucket)) as server:
            desk = Desk(http, server, await signed_in(http, server, "Thư ký"))
            meeting_id = await desk.meeting()
            gate.holding = True
            sending = asyncio.create_task(desk.send(meeting_id, report))
            async with asyncio.timeout(30):
                await gate.stored.wait()
            await server.kill()
            await asyncio.gather(sending, return_exceptions=True)
            gate.holding = False
        async with serving(tmp_path, "--demo", **store(gate.url, bucket)) as again:
            desk = Desk(http, again, await signed_in(http, again, "Thư ký"))
            assert await desk.papers(meeting_id) == []
            assert (await desk.send(meeting_id, report))[0] == 201
            (paper,) = await desk.papers(meeting_id)
            assert await desk.pages(paper["id"]) == (200, report)


async def test_two_servers_one_bucket(endpoint: str, report: bytes, tmp_path: Path) -> None:
    both = store(endpoint, new_bucket()) | {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}"}
    async with (
        aiohttp.ClientSession() as http,
        serving(tmp_path / "one", "--demo", **both) as one,
        serving(tmp_path / "other", **both) as other,
    ):
        token = await signed_in(http, one, "Thư ký")
        here, there = Desk(http, one, token), Desk(http, other, token)
        meeting_id = await here.meeting()
        assert (await here.send(meeting_id, report))[0] == 201
        (paper,) = await there.papers(meeting_id)
        assert await there.pages(paper["id"]) == (200, report)
        assert len(list((tmp_path / "other" / "blobs" / "blobs").glob("??/*"))) == 1


async def test_a_store_that_goes_away_takes_no_meeting_along(endpoint: str, report: bytes, tmp_path: Path) -> None:
    bucket = new_bucket()
    async with (
        aiohttp.ClientSession() as http,
        gate_before(endpoint) as gate,
        serving(tmp_path, "--demo", **store(gate.url, bucket)) as server,
    ):
        desk = Desk(http, server, await signed_in(http, server, "Thư ký"))
        meeting_id = await desk.meeting()
        assert (await desk.send(meeting_id, report))[0] == 201
        (paper,) = await desk.papers(meeting_id)
        checks = (await call(http, "GET", f"{server.url}/readyz"))["checks"]
        assert checks["blobs"] is True
        await gate.close()
        status, problem = await desk.send(meeting_id, vietnamese_pdf(1))
        assert (status, problem["code"]) == (503, "blobs-unreachable")
        assert len(await desk.papers(meeting_id)) == 1
        assert await desk.pages(paper["id"]) == (200, report)  # still at hand
        for path in (tmp_path / "blobs" / "blobs").glob("??/*"):
            path.unlink()
        status, told = await desk.pages(paper["id"])
        assert status == 503
        assert "Kho lưu tài liệu chưa trả lời." in told.decode()
        ready = await call(http, "GET", f"{server.url}/readyz")
        assert (ready["status"], ready["checks"]["blobs"]) == ("ok", False)


async def test_a_store_that_is_away_at_the_start_does_not_hold_it_up(tmp_path: Path) -> None:
    away = store("http://127.0.0.1:9", new_bucket())
    async with aiohttp.ClientSession() as http, serving(tmp_path, "--demo", **away) as server:
        desk = Desk(http, server, await signed_in(http, server, "Thư ký"))
        assert await desk.papers(await desk.meeting()) == []

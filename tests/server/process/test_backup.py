"""A back-up as the operator's handbook tells it, taken while the server runs, makes a server that knows all."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp

from tests.server.process.running import command, serving
from tests.server.process.test_process import signed_in
from tests.server.process.test_store_of_papers import Desk
from tests.support.real_papers import vietnamese_pdf


def back_up(data: Path, to: Path) -> None:
    """What `sqlite3 … ".backup …"` and a copy of the folders do, in this order."""
    to.mkdir()
    with (
        closing(sqlite3.connect(data / "dienhong.db")) as live,
        closing(sqlite3.connect(to / "dienhong.db")) as copy,
    ):
        live.backup(copy)
    for folder in ("blobs", "authority", "secrets"):
        if (data / folder).exists():
            shutil.copytree(data / folder, to / folder)


async def test_a_back_up_taken_while_it_runs_is_whole(tmp_path: Path) -> None:
    data, copy, report = tmp_path / "data", tmp_path / "copy", vietnamese_pdf(2)
    async with aiohttp.ClientSession() as http:
        async with serving(data, "--demo") as server:
            desk = Desk(http, server, await signed_in(http, server, "Thư ký"))
            meeting_id = await desk.meeting()
            assert (await desk.send(meeting_id, report))[0] == 201
            back_up(data, copy)
            assert (await desk.send(meeting_id, vietnamese_pdf(1)))[0] == 201
            await server.kill()
        shutil.rmtree(data)
        async with serving(copy) as restored:
            # the access token still holds: its key came along
            desk = Desk(http, restored, desk.token)
            (paper,) = await desk.papers(meeting_id)
            assert await desk.pages(paper["id"]) == (200, report)
    status, said = await command(copy, "journal", "verify", meeting_id)
    assert (status, said.split(":")[0]) == (0, "OK")

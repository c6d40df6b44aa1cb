"""One contract on both kinds of blobs: a folder, and an S3-compatible store asked over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.session import get_session

from server.papers.blobs import BlobMissing, Blobs, FolderBlobs
from server.papers.s3 import Keys, Place, S3Blobs
from server.refusals import Unavailable
from tests.support.s3 import gate_before, new_bucket, s3_running

ROOT = Path(__file__).resolve().parents[2]
KEYS = Keys("quan-tri", "bi-mat-cua-kho")
MANY = 64 << 20


@dataclass
class Shelf:
    """The truth, and as many servers on it as a test wants. `alter`: behind everybody's back."""

    server: Callable[[], Awaitable[Blobs]]
    alter: Callable[[str, str, bytes], Awaitable[None]]
    words: Callable[[], list[str]]


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with s3_running() as url:
        yield url


@pytest.fixture(params=["folder", "s3"])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    opened: list[Blobs] = []

    async def kept(blobs: Blobs) -> Blobs:
        await blobs.open()
        opened.append(blobs)
        return blobs

    if request.param == "folder":

        async def alter(kind: str, sha256: str, content: bytes) -> None:
            (tmp_path / kind / sha256[:2] / sha256[2:]).write_bytes(content)

        yield Shelf(lambda: kept(FolderBlobs(tmp_path)), alter, lambda: ["folder", str(tmp_path)])
    else:
        place = Place(new_bucket(), request.getfixturevalue("endpoint"))

        async def alter(kind: str, sha256: str, content: bytes) -> None:
            async with bare(place) as client:
                key = f"{kind}/{sha256}"
                told = (await client.head_object(Bucket=place.bucket, Key=key))["Metadata"]
                await client.put_object(Bucket=place.bucket, Key=key, Body=content, Metadata=told)

        def folder() -> Path:
            return tmp_path / f"cache{len(opened)}"

        yield Shelf(
            lambda: kept(S3Blobs(place, KEYS, FolderBlobs(folder()), MANY)),
            alter,
            lambda: ["s3", str(tmp_path / "killed"), place.bucket, place.endpoint],
        )
    for blobs in opened:
        await blobs.close()


def bare(place: Place) -> Any:
    return get_session().create_client(
        "s3",
        endpoint_url=place.endpoint,
        region_name=place.region,
        aws_access_key_id=KEYS.access,
        aws_secret_access_key=KEYS.secret,
    )


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ── both kinds ──


async def test_what_one_server_kept_another_reads(shelf: Shelf) -> None:
    one, other = await shelf.server(), await shelf.server()
    content = os.urandom(3 << 20)
    async with one.receiving() as draft:
        for start in range(0, len(content), 1 << 18):
            await draft.write(content[start : start + (1 << 18)])
        name = await one.keep(draft)
        left = draft.path
    assert name == sha(content)
    assert not left.exists()
    for server in (one, other):
        assert await server.read(name) == content
        assert (await server.path(name)).read_bytes() == content


async def test_the_same_content_twice_is_one(shelf: Shelf) -> None:
    one, other = await shelf.server(), await shelf.server()
    names = await asyncio.gather(*(server.put("Nghị quyết".encode()) for server in (one, other, one)))
    assert set(names) == {sha("Nghị quyết".encode())}
    assert await other.read(names[0]) == "Nghị quyết".encode()


async def test_pages_go_by_the_name_of_what_they_were_made_of(shelf: Shelf, tmp_path: Path) -> None:
    one, other = await shelf.server(), await shelf.server()
    name, made = await one.put(b"a document"), tmp_path / "made.pdf"
    with pytest.raises(BlobMissing):
        await one.pages_path(name)
    made.write_bytes(b"%PDF of it")
    await one.keep_pages(name, made)
    assert not made.exists()
    for server in (one, other):
        assert (await server.pages_path(name)).read_bytes() == b"%PDF of it"
        assert await server.read(name) == b"a document"


async def test_a_draft_that_is_not_kept_leaves_nothing(shelf: Shelf) -> None:
    one = await shelf.server()
    async with one.receiving() as draft:
        await draft.write(b"half")
        await draft.flush()
        path = draft.path
        assert path.exists()
    assert not path.exists()
    with pytest.raises(BlobMissing):
        await one.path(sha(b"half"))


async def test_other_content_than_the_name_says_is_never_given(shelf: Shelf) -> None:
    name = await (await shelf.server()).put(b"nguyen ven")
    await shelf.alter("blobs", name, b"bi sua!!!!")
    with pytest.raises(BlobMissing, match="other content"):
        await (await shelf.server()).read(name)


async def test_what_is_missing_or_no_name(shelf: Shelf) -> None:
    one = await shelf.server()
    await one.put(b"something")
    for ask in (one.path, one.pages_path, one.read):
        with pytest.raises(BlobMissing):
            await ask(sha(b"never kept"))
        with pytest.raises(ValueError, match="SHA-256"):
            await ask("../../etc/passwd")


async def test_it_answers(shelf: Shelf) -> None:
    await (await shelf.server()).ping()


KILLED_WHEN_KEPT = """
import asyncio, os, signal, sys
from pathlib import Path
from server.papers.blobs import FolderBlobs
from server.papers.s3 import Keys, Place, S3Blobs

async def main(kind, folder, *place):
    blobs = FolderBlobs(Path(folder))
    if kind == "s3":
        blobs = S3Blobs(Place(*place), Keys("a", "b"), blobs, 1 << 30)
    await blobs.open()
    await blobs.put(b"kept before the end")
    async with blobs.receiving() as draft:
        await draft.write(b"on its way")
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_what_was_kept_outlives_a_kill_and_what_was_not_is_not_seen(shelf: Shelf) -> None:
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED_WHEN_KEPT, *shelf.words()], cwd=ROOT, timeout=60, check=False
    )
    assert ended.returncode == -9
    server = await shelf.server()
    assert await server.read(sha(b"kept before the end")) == b"kept before the end"
    with pytest.raises(BlobMissing):
        await server.path(sha(b"on its way"))


# ── the store only ──


@pytest.fixture
async def place(endpoint: str) -> Place:
    return Place(new_bucket(), endpoint)


async def made(place: Place, folder: Path, limit: int = MANY, fresh_s: float = 60.0) -> S3Blobs:
    blobs = S3Blobs(place, KEYS, FolderBlobs(folder), limit, fresh_s=fresh_s)
    await blobs.open()
    return blobs


async def test_pages_altered_in_the_store_are_not_given(place: Place, tmp_path: Path) -> None:
    one, other = await made(place, tmp_path / "one"), await made(place, tmp_path / "other")
    name, pages = await one.put(b"a document"), tmp_path / "p"
    pages.write_bytes(b"%PDF of it")
    await one.keep_pages(name, pages)
    async with bare(place) as client:
        await client.put_object(
            Bucket=place.bucket, Key=f"pages/{name}", Body=b"other", Metadata={"sha256": sha(b"%PDF of it")}
        )
    with pytest.raises(BlobMissing, match="other content"):
        await other.pages_path(name)
    assert list((tmp_path / "other" / "incoming").iterdir()) == []
    await one.close()
    await other.close()


async def test_an_altered_cache_is_fetched_anew(place: Place, tmp_path: Path) -> None:
    one = await made(place, tmp_path)
    name = await one.put(b"nguyen ven")
    (await one.path(name)).write_bytes(b"bi sua")
    assert await one.read(name) == b"nguyen ven"
    assert (await one.path(name)).read_bytes() == b"nguyen ven"
    await one.close()


async def test_the_cache_is_bounded_and_what_was_asked_for_least_goes(place: Place, tmp_path: Path) -> None:
    one = await made(place, tmp_path, limit=300_000, fresh_s=0)
    contents = [bytes([n]) * 100_000 for n in range(5)]
    for n, content in enumerate(contents[:3]):
        path = await one.path(await one.put(content))
        written = path.stat().st_mtime_ns
        os.utime(path, ns=((time.time_ns() - (10 - n) * 10**9), written))
    await one.path(sha(contents[0]))  # asked for again: now the second one is the oldest
    for content in contents[3:]:
        await one.put(content)
        await asyncio.sleep(0.01)
    there = {n for n, c in enumerate(contents) if FolderBlobs(tmp_path).place("blobs", sha(c)).exists()}  # type: ignore[arg-type]
    assert there == {0, 3, 4}
    for content in contents:
        assert await one.read(sha(content)) == content
    await one.close()


async def test_what_was_asked_for_just_now_stays_over_the_limit(place: Place, tmp_path: Path) -> None:
    one = await made(place, tmp_path, limit=10)
    paths = [await one.path(await one.put(content)) for content in (b"1" * 50, b"2" * 50)]
    assert all(path.exists() for path in paths)
    await one.close()


async def test_asking_again_does_not_change_when_it_was_written(place: Place, tmp_path: Path) -> None:
    one = await made(place, tmp_path)
    name = await one.put(b"x")
    before = (await one.path(name)).stat().st_mtime_ns
    assert (await one.path(name)).stat().st_mtime_ns == before
    await one.close()


async def test_however_many_ask_it_is_fetched_once(place: Place, tmp_path: Path) -> None:
    one = await made(place, tmp_path / "one")
    name = await one.put(os.urandom(1 << 20))
    async with gate_before(place.endpoint) as gate:
        other = await made(Place(place.bucket, gate.url), tmp_path / "other")
        paths = await asyncio.gather(*(other.path(name) for _ in range(20)))
        assert (len(set(paths)), gate.gets) == (1, 1)
        # one reader going away takes nothing from the others
        paths[0].unlink()
        impatient, patient = (asyncio.create_task(other.path(name)) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient).exists()
        await other.close()
    await one.close()


async def test_an_upload_names_its_hash_and_its_length(place: Place, tmp_path: Path) -> None:
    content = os.urandom(700_000)
    async with gate_before(place.endpoint) as gate:
        one = await made(Place(place.bucket, gate.url), tmp_path)
        name = await one.put(content)
        assert gate.put["x-amz-checksum-sha256"] == base64.b64encode(bytes.fromhex(name)).decode()
        assert "x-amz-checksum-sha256" in gate.put["authorization"], "the hash is signed"
        assert gate.put["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
        await one.close()
    async with bare(place) as client:
        told = await client.head_object(Bucket=place.bucket, Key=f"blobs/{name}")
    assert (told["ContentLength"], told["Metadata"]) == (700_000, {"sha256": name})


def test_who_needs_no_store_does_not_wait_for_its_client() -> None:
    words = "import sys, server.app, server.serve; print({'aiobotocore', 'server.papers.s3'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


async def test_bytes_that_change_on_the_way_are_refused_or_found(place: Place, tmp_path: Path) -> None:
    """The upload names its SHA-256; whatever the store makes of that, nobody is given other bytes."""
    one = await made(place, tmp_path)
    async with one.receiving() as draft:
        await draft.write(b"as it was hashed")
        await draft.flush()
        draft.path.write_bytes(b"as it was sent!!")
        with contextlib.suppress(Unavailable):
            await one.keep(draft)
    with pytest.raises(BlobMissing):
        await one.read(sha(b"as it was hashed"))
    await one.close()


async def test_a_store_that_is_away(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    one = await made(Place("dienhong", f"http://127.0.0.1:{port}"), tmp_path)
    with pytest.raises(Unavailable) as refused:
        await one.put(b"not kept")
    assert refused.value.code == "blobs-unreachable"
    for ask in (one.path, one.pages_path, one.read):
        with pytest.raises(Unavailable):
            await ask(sha(b"not kept"))
    with pytest.raises(Unavailable):
        await one.ping()
    assert FolderBlobs(tmp_path).standing() == []
    assert list((tmp_path / "incoming").iterdir()) == []
    await one.close()


async def test_what_is_at_hand_is_read_while_the_store_is_away(place: Place, tmp_path: Path) -> None:
    async with gate_before(place.endpoint) as gate:
        one = await made(Place(place.bucket, gate.url), tmp_path)
        name = await one.put(b"at hand")
    assert await one.read(name) == b"at hand"
    await one.close()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://dienhong?endpoint=http://blobs:8333", Place("dienhong", "http://blobs:8333")),
        ("s3://dienhong/?endpoint=https://s3.vn/&region=hn-1", Place("dienhong", "https://s3.vn", "hn-1")),
    ],
)
def test_the_address_of_a_store(url: str, place: Place) -> None:
    assert Place.read(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "dienhong",
        "s3://dienhong",
        "s3://?endpoint=http://blobs:8333",
        "s3://Dien_Hong?endpoint=http://blobs:8333",
        "s3://dienhong/folder?endpoint=http://blobs:8333",
        "s3://dienhong?endpoint=blobs:8333",
        "s3://dienhong?endpoint=http://blobs:8333&acl=public",
        "https://dienhong?endpoint=http://blobs:8333",
    ],
)
def test_what_is_no_address_of_a_store(url: str) -> None:
    with pytest.raises(ValueError, match=r"s3://bucket|unknown|bad query"):
        Place.read(url)

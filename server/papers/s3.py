"""Blobs in an S3-compatible store, for several servers: the store is the truth, a local folder its bounded cache.

Kept is what the store has acknowledged; what comes back is checked against its SHA-256 before anybody sees it.
The client is an optional extra (`dienhong[s3]`) and imported only when a store is configured.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import structlog

from server.papers.blobs import BlobMissing, Draft, FolderBlobs, Kind, require_sha256
from server.refusals import Unavailable

CHUNK = 1 << 18
#: What was asked for so lately stays in the cache: it may be about to be opened.
FRESH_S = 60.0
CONNECT_S, READ_S, TRIES = 2.0, 20.0, 2
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_log = structlog.get_logger("server.papers.s3")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is: `s3://bucket?endpoint=http://host:port&region=…`."""

    bucket: str
    endpoint: str
    region: str = "us-east-1"

    @classmethod
    def read(cls, url: str) -> Place:
        """Raises: ValueError."""
        parts, asked = urlsplit(url), parse_qs(urlsplit(url).query, strict_parsing=bool(urlsplit(url).query))
        endpoint = urlsplit(asked.get("endpoint", [""])[0])
        good = parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc) and parts.path in ("", "/")
        if not good or endpoint.scheme not in ("http", "https") or not endpoint.hostname:
            raise ValueError("write s3://bucket?endpoint=http://host:port")
        if unknown := set(asked) - {"endpoint", "region"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return cls(parts.netloc, endpoint.geturl().rstrip("/"), asked.get("region", ["us-east-1"])[0])


@dataclass(frozen=True, slots=True)
class Keys:
    access: str
    secret: str


class S3Blobs:
    """`cache_max_bytes`: what is asked for least goes first; `fresh_s`: how long nothing goes."""

    def __init__(
        self, place: Place, keys: Keys, cache: FolderBlobs, cache_max_bytes: int, *, fresh_s: float = FRESH_S
    ) -> None:
        self._place = place
        self._keys = keys
        self._cache = cache
        self._cache_max_bytes = cache_max_bytes
        self._fresh_s = fresh_s
        self._life = AsyncExitStack()
        self._client: Any = None
        self._fetching: dict[tuple[Kind, str], asyncio.Task[Path]] = {}
        self._trimming = asyncio.Lock()

    async def open(self) -> None:
        """Asks the store for nothing: a meeting begins although its papers are away."""
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        await self._cache.open()
        config = AioConfig(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            # each upload carries its SHA-256; hashing it once more here would hold everybody up
            s3={"addressing_style": "path", "payload_signing_enabled": False},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self._client = await self._life.enter_async_context(
            get_session().create_client(
                "s3",
                endpoint_url=self._place.endpoint,
                region_name=self._place.region,
                aws_access_key_id=self._keys.access,
                aws_secret_access_key=self._keys.secret,
                config=config,
            )
        )

    async def close(self) -> None:
        for task in list(self._fetching.values()):
            task.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)
        await self._life.aclose()

    async def ping(self) -> None:
        """Raises: Unavailable. A bucket that is not there yet is made by the first upload."""
        with contextlib.suppress(BlobMissing):
            async with _asking("ping"):
                await self._client.head_bucket(Bucket=self._place.bucket)

    def receiving(self) -> AbstractAsyncContextManager[Draft]:
        return self._cache.receiving()

    async def keep(self, draft: Draft) -> str:
        await draft.flush()
        await self._send(Kind.BLOBS, draft.sha256, draft.path, draft.sha256)
        sha256 = await self._cache.keep(draft)
        await self._trim()
        return sha256

    async def put(self, content: bytes) -> str:
        async with self.receiving() as draft:
            await draft.write(content)
            return await self.keep(draft)

    async def keep_pages(self, sha256: str, made: Path) -> None:
        await self._send(Kind.PAGES, sha256, made, await asyncio.to_thread(_sha256_of, made))
        await self._cache.keep_pages(sha256, made)
        await self._trim()

    async def path(self, sha256: str) -> Path:
        return await self._here(Kind.BLOBS, sha256)

    async def pages_path(self, sha256: str) -> Path:
        return await self._here(Kind.PAGES, sha256)

    async def read(self, sha256: str) -> bytes:
        content = await asyncio.to_thread((await self.path(sha256)).read_bytes)
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
        # the cache was altered, which the truth need not suffer from
        self._cache.place(Kind.BLOBS, sha256).unlink(missing_ok=True)
        return await asyncio.to_thread((await self.path(sha256)).read_bytes)

    # ── within ──

    async def _send(self, kind: Kind, name: str, path: Path, sha256: str) -> None:
        """Returns when the store has it; the store refuses bytes that changed on the way. Raises: Unavailable."""
        what = {
            "Bucket": self._place.bucket,
            "Key": f"{kind}/{require_sha256(name)}",
            "ChecksumSHA256": base64.b64encode(bytes.fromhex(sha256)).decode(),
            "Metadata": {"sha256": sha256},
        }
        file = await asyncio.to_thread(path.open, "rb")
        try:
            async with _asking("send"):
                try:
                    await self._client.put_object(Body=file, **what)
                except self._client.exceptions.NoSuchBucket:
                    await self._make_bucket()
                    file.seek(0)
                    await self._client.put_object(Body=file, **what)
        finally:
            await asyncio.to_thread(file.close)

    async def _make_bucket(self) -> None:
        there = self._client.exceptions.BucketAlreadyOwnedByYou, self._client.exceptions.BucketAlreadyExists
        region = self._place.region
        elsewhere = {} if region == "us-east-1" else {"LocationConstraint": region}
        with contextlib.suppress(*there):  # another server was first
            await self._client.create_bucket(
                Bucket=self._place.bucket, **({"CreateBucketConfiguration": elsewhere} if elsewhere else {})
            )

    async def _here(self, kind: Kind, sha256: str) -> Path:
        """In the cache from now on. However many ask, it is fetched once. Raises: BlobMissing; Unavailable."""
        path = self._cache.place(kind, sha256)
        if await asyncio.to_thread(_touch, path):
            return path
        wanted = (kind, sha256)
        if wanted not in self._fetching:
            task = self._fetching[wanted] = asyncio.create_task(self._fetch(kind, sha256))
            task.add_done_callback(lambda done: self._fetched(wanted, done))
        return await asyncio.shield(self._fetching[wanted])

    def _fetched(self, wanted: tuple[Kind, str], done: asyncio.Task[Path]) -> None:
        del self._fetching[wanted]
        if not done.cancelled():
            done.exception()  # those who wait are told; when nobody does any more, it is no accident

    async def _fetch(self, kind: Kind, sha256: str) -> Path:
        async with self._cache.receiving() as draft:
            async with _asking(sha256):
                answer = await self._client.get_object(Bucket=self._place.bucket, Key=f"{kind}/{sha256}")
                async with answer["Body"] as body:
                    while chunk := await body.read(CHUNK):
                        await draft.write(chunk)
            # pages have the name of what they were made of, so their own hash stands beside them
            named = sha256 if kind is Kind.BLOBS else answer["Metadata"].get("sha256")
            if draft.sha256 != named:
                _log.error("other content in the store", kind=kind, sha256=sha256, found=draft.sha256)
                raise BlobMissing(f"{kind}/{sha256} has other content")
            if kind is Kind.BLOBS:
                await self._cache.keep(draft)
            else:
                await draft.flush()
                await self._cache.keep_pages(sha256, draft.path)
        await self._trim()
        return self._cache.place(kind, sha256)

    async def _trim(self) -> None:
        async with self._trimming:
            await asyncio.to_thread(self._trim_now)

    def _trim_now(self) -> None:
        kept: list[tuple[float, int, Path]] = []
        for path in self._cache.standing():
            with contextlib.suppress(FileNotFoundError):  # a neighbour may share the folder
                seen = path.stat()
                kept.append((seen.st_atime, seen.st_size, path))
        over, stays = sum(size for _, size, _ in kept) - self._cache_max_bytes, time.time() - self._fresh_s
        for asked_at, size, path in sorted(kept):
            if over <= 0 or asked_at > stays:
                return
            path.unlink(missing_ok=True)
            over -= size


@asynccontextmanager
async def _asking(what: str) -> AsyncIterator[None]:
    """Raises: BlobMissing when the store says so; Unavailable for everything else that is not an answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {}).get("Code", "")
        if told in ("NoSuchKey", "NoSuchBucket", "404"):
            raise BlobMissing(what) from error
        _log.error("the blob store refuses", what=what, code=told)
        raise Unavailable("blobs-unreachable", f"the blob store refuses: {told}") from error
    except (BotoCoreError, aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        _log.error("the blob store does not answer", what=what, error=repr(error))
        raise Unavailable("blobs-unreachable", "the blob store does not answer") from error


def _touch(path: Path) -> bool:
    """Whether it is there; if so it was asked for now. When it was written stays: readers' devices compare it."""
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except FileNotFoundError:
        return False
    return True


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Bytes by their content: a file's name is the SHA-256 of what is in it, so it never changes.

`Blobs` is what desks ask for; `FolderBlobs` keeps them in one folder, `s3.py` in a store for several servers.
A file appears whole or not at all: written aside, flushed to the disk, then renamed. Knows no papers.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

#: No upload takes so long.
LEFT_AFTER_S = 6 * 3600
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    BLOBS = "blobs"
    PAGES = "pages"


class BlobMissing(Exception):
    """Ours: a row names bytes that are not there."""


class Draft:
    """An upload on its way in. `sha256` and `size_bytes` are of what was written so far."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.size_bytes = 0
        self._file = file
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def write(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        await asyncio.to_thread(self._write, chunk)

    async def flush(self) -> None:
        await asyncio.to_thread(self._flush)

    def _write(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self._file.write(chunk)

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


class Blobs(Protocol):
    """A blob's name is its hash; pages are what was made of it (its PDF), under the same name.

    Whatever asks a store on another machine may raise Unavailable `blobs-unreachable`.
    """

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ping(self) -> None:
        """Raises when the store does not answer."""
        ...

    def receiving(self) -> AbstractAsyncContextManager[Draft]:
        """A draft, which is gone at the end unless it was kept."""
        ...

    async def keep(self, draft: Draft) -> str:
        """Its name, once it is where a crash cannot take it. What is there already is the same bytes."""
        ...

    async def put(self, content: bytes) -> str:
        """As `keep`."""
        ...

    async def keep_pages(self, sha256: str, made: Path) -> None:
        """`made`: the PDF of this blob; it is moved."""
        ...

    async def path(self, sha256: str) -> Path:
        """To be opened at once. Raises: BlobMissing."""
        ...

    async def pages_path(self, sha256: str) -> Path:
        """To be opened at once. Raises: BlobMissing."""
        ...

    async def read(self, sha256: str) -> bytes:
        """Raises: BlobMissing, also when the bytes are not what their name says."""
        ...


class FolderBlobs:
    """One folder: `blobs/`, `pages/`, and `incoming/` for what is on its way in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    async def open(self) -> None:
        """Makes the folders and clears what a crash left; another server may be writing the young ones."""
        await asyncio.to_thread(self._tidy)

    async def close(self) -> None: ...

    async def ping(self) -> None: ...

    def _tidy(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > LEFT_AFTER_S:
                    left.unlink()

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[Draft]:
        path = self._incoming / secrets.token_hex(16)
        file = await asyncio.to_thread(path.open, "wb")
        try:
            yield Draft(path, file)
        finally:
            await asyncio.to_thread(file.close)
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def keep(self, draft: Draft) -> str:
        await draft.flush()
        await asyncio.to_thread(_move, draft.path, self.place(Kind.BLOBS, draft.sha256))
        return draft.sha256

    async def put(self, content: bytes) -> str:
        async with self.receiving() as draft:
            await draft.write(content)
            return await self.keep(draft)

    async def keep_pages(self, sha256: str, made: Path) -> None:
        await asyncio.to_thread(_sync, made)
        await asyncio.to_thread(_move, made, self.place(Kind.PAGES, sha256))

    async def path(self, sha256: str) -> Path:
        return _there(self.place(Kind.BLOBS, sha256))

    async def pages_path(self, sha256: str) -> Path:
        return _there(self.place(Kind.PAGES, sha256))

    async def read(self, sha256: str) -> bytes:
        content = await asyncio.to_thread((await self.path(sha256)).read_bytes)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BlobMissing(f"{sha256} has other content")
        return content

    def place(self, kind: Kind, sha256: str) -> Path:
        """Where it stands, or would. Raises: ValueError for what is no SHA-256."""
        return self._folder / kind / require_sha256(sha256)[:2] / sha256[2:]

    def standing(self) -> list[Path]:
        """Everything that is kept here."""
        return [path for kind in Kind for path in (self._folder / kind).glob("??/*")]


def require_sha256(text: str) -> str:
    """Raises: ValueError."""
    if not _SHA256.fullmatch(text):
        raise ValueError("not a SHA-256")
    return text


def _there(path: Path) -> Path:
    if not path.is_file():
        raise BlobMissing(path.name)
    return path


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""An upload's way in: asked for first, received aside, looked into, turned into pages, kept, and only then told.

A refusal or a crash at any point leaves nothing but bytes that no row names.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from aiohttp import ClientPayloadError, web_exceptions
from aiohttp.http_exceptions import HttpProcessingError

from rooms.errors import Conflict, Invalid
from rooms.ids import ItemId, MeetingId, PaperId
from rooms.papers import Paper, PaperState
from rooms.ports import Done, Once
from rooms.roles import Actor
from rooms.service import Meetings
from rooms.values import TITLE_MAX, clean
from server.papers.blobs import Blobs, Draft
from server.papers.office import SUFFIXES, Office
from server.refusals import BadRequest, TooLarge

CHUNK = 1 << 18
INSPECT_TIMEOUT_S = 90
PDF = "application/pdf"
#: What a name ends with, by what the bytes are; the first is given to a name that says something else.
_ENDINGS = {PDF: (".pdf",), "image/png": (".png",), "image/jpeg": (".jpg", ".jpeg")} | {
    media_type: (suffix,) for media_type, suffix in SUFFIXES.items()
}


class Bytes(Protocol):
    """What an upload is read from."""

    async def read(self, n: int = -1) -> bytes: ...


@dataclass(frozen=True, slots=True)
class File:
    """Bytes to be sent. `name`: what they are saved as."""

    path: Path
    media_type: str
    name: str
    inline: bool


class PaperDesk:
    def __init__(
        self,
        meetings: Meetings,
        blobs: Blobs,
        office: Office,
        limit_mb: int,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._meetings = meetings
        self._blobs = blobs
        self._office = office
        self._limit_mb = limit_mb
        self._now = now
        self._new_id = new_id
        self._looking = asyncio.Semaphore(2)

    async def add(
        self,
        actor: Actor,
        meeting_id: MeetingId,
        item_id: ItemId | None,
        title: str,
        filename: str,
        content: Bytes,
        length: int | None,
        idempotency_key: str | None = None,
    ) -> Done:
        """`length`: what was announced, if anything. Raises: Refusal."""
        name = tidy_filename(filename)
        heading = clean(title or Path(name).stem or name, limit=TITLE_MAX, what="title")
        await self._meetings.require_may_add_paper(actor, meeting_id, item_id)
        self._require_size(length or 0)
        async with self._blobs.receiving() as draft, self._blobs.receiving() as pages_draft:
            await self._receive(content, draft)
            media_type, pages = await self._pages(draft, pages_draft.path)
            sha256 = await self._blobs.keep(draft)
            if pages and media_type != PDF:
                await self._blobs.keep_pages(sha256, pages_draft.path)
        paper = Paper(
            id=PaperId(self._new_id()),
            item_id=item_id,
            title=heading,
            filename=name,
            media_type=media_type,
            size_bytes=draft.size_bytes,
            sha256=sha256,
            pages=pages,
            state=PaperState.READY if pages else PaperState.KEPT,
            added_at=self._now(),
        )
        return await self._meetings.add_paper(actor, meeting_id, paper, _once(idempotency_key, meeting_id, paper))

    async def original(self, paper: Paper) -> File:
        """Raises: BlobMissing; Unavailable."""
        name = ending_truly(paper.filename, paper.media_type)
        return File(await self._blobs.path(paper.sha256), paper.media_type, name, inline=False)

    async def pages(self, paper: Paper) -> File:
        """Raises: Conflict `paper-has-no-pages`; BlobMissing; Unavailable."""
        if paper.state is not PaperState.READY:
            raise Conflict("paper-has-no-pages", "this paper can only be downloaded")
        name = f"{Path(paper.filename).stem}.pdf"
        if paper.media_type == PDF:
            return File(await self._blobs.path(paper.sha256), PDF, name, inline=True)
        return File(await self._blobs.pages_path(paper.sha256), PDF, name, inline=True)

    # ── within ──

    def _require_size(self, size_bytes: int) -> None:
        if size_bytes > self._limit_mb * 1024 * 1024:
            raise TooLarge("paper-too-large", "the upload is too large", limit_mb=self._limit_mb)

    async def _receive(self, content: Bytes, draft: Draft) -> None:
        try:
            while chunk := await content.read(CHUNK):
                await draft.write(chunk)
                self._require_size(draft.size_bytes)
        except (ClientPayloadError, HttpProcessingError, ConnectionError, web_exceptions.HTTPBadRequest):
            raise BadRequest("upload-broke-off", "the upload broke off") from None
        if draft.size_bytes == 0:
            raise Invalid("paper-empty", "the upload is empty")
        await draft.flush()

    async def _pages(self, draft: Draft, target: Path) -> tuple[str, int]:
        """The media type, and how many pages now stand in the draft (a PDF) or in `target`. 0: kept as it came."""
        found = await self._look(draft.path, target)
        media_type, pages = str(found["media_type"]), int(found["pages"])
        if pages or not await self._office.convert(draft.path, media_type, target):
            return media_type, pages
        try:
            made = await self._look(target, None)
        except Invalid:
            return media_type, 0
        return media_type, int(made["pages"])

    async def _look(self, path: Path, target: Path | None) -> dict[str, str | int]:
        """Raises: Invalid with the fault that was found."""
        words = [sys.executable, "-m", "server.papers.inspect", str(path), *([str(target)] if target else [])]
        async with self._looking:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, cwd=_ROOT,
            )  # fmt: skip
            try:
                async with asyncio.timeout(INSPECT_TIMEOUT_S):
                    out, _ = await process.communicate()
            except TimeoutError:
                out = b""
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        try:
            found: dict[str, str | int] = json.loads(out)
        except ValueError:
            # a parser fell over or ran out of its bounds: nobody's tablet should try it
            raise Invalid("paper-broken", "the file could not be looked into") from None
        if "fault" in found:
            facts = {name: value for name, value in found.items() if name != "fault"}
            raise Invalid(str(found["fault"]), "the file is not taken", **facts)
        return found


_ROOT = Path(__file__).resolve().parents[2]


def tidy_filename(filename: str) -> str:
    """NFC, no folders, no characters that a file system refuses, at most 150 characters with its ending."""
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join("_" if ch in '<>:"|?*' else ch for ch in name if unicodedata.category(ch)[0] != "C")
    name = " ".join(name.split()).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if dot and stem and len(ending) <= 10:
        return f"{stem[:140].rstrip()}.{ending}"
    return name[:150] or "paper"


def ending_truly(name: str, media_type: str) -> str:
    """Whoever saves it opens what was looked into: a PDF called page.html must not be a page there."""
    endings = _ENDINGS.get(media_type, ())
    return name if not endings or name.casefold().endswith(endings) else f"{name}{endings[0]}"


def _once(key: str | None, meeting_id: MeetingId, paper: Paper) -> Once | None:
    if key is None:
        return None
    asked = repr(("paper", meeting_id, paper.item_id, paper.title, paper.filename, paper.sha256))
    return Once(key, hashlib.sha256(asked.encode()).hexdigest())

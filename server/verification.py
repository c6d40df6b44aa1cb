"""A stranger's PDF: received aside within a bound, judged in a process of its own, then forgotten."""

from __future__ import annotations

import asyncio
import tempfile
from typing import TYPE_CHECKING

from rooms.errors import Invalid
from server.minutes.report import VerificationReport
from server.papers.desk import CHUNK, Bytes
from server.refusals import TooLarge

if TYPE_CHECKING:
    from server.house import House

#: How much of an upload waits in memory; the rest waits on the disk.
_IN_MEMORY = 1024 * 1024
_HEADER_WITHIN = 1024


async def report(house: House, content: Bytes, length: int | None, limit_bytes: int) -> VerificationReport:
    """Raises: TooLarge; Invalid `not-a-pdf`."""
    limit_mb = limit_bytes // (1024 * 1024)
    if (length or 0) > limit_bytes:
        raise TooLarge("paper-too-large", "too large to check", limit_mb=limit_mb)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        size = 0
        while chunk := await content.read(CHUNK):
            size += len(chunk)
            if size > limit_bytes:
                raise TooLarge("paper-too-large", "too large to check", limit_mb=limit_mb)
            await asyncio.to_thread(file.write, chunk)
        file.seek(0)
        if b"%PDF-" not in file.read(_HEADER_WITHIN):
            raise Invalid("not-a-pdf", "no PDF header")
        return await house.minutes.verify(file)

"""A stranger's PDF: read within a bound, judged by the minutes' verifier, then forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rooms.errors import Invalid
from server.minutes.report import VerificationReport
from server.papers.desk import CHUNK, Bytes
from server.refusals import TooLarge

if TYPE_CHECKING:
    from server.house import House


async def report(house: House, content: Bytes, length: int | None, limit_bytes: int) -> VerificationReport:
    """Raises: TooLarge; Invalid `not-a-pdf`."""
    limit_mb = limit_bytes // (1024 * 1024)
    if (length or 0) > limit_bytes:
        raise TooLarge("paper-too-large", "too large to check", limit_mb=limit_mb)
    whole = bytearray()
    while chunk := await content.read(CHUNK):
        whole += chunk
        if len(whole) > limit_bytes:
            raise TooLarge("paper-too-large", "too large to check", limit_mb=limit_mb)
    if b"%PDF-" not in whole[:1024]:
        raise Invalid("not-a-pdf", "no PDF header")
    return await house.minutes.verify(bytes(whole))

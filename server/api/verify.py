"""Verifying a signed paper, for anybody. Nothing of the paper is kept."""

from __future__ import annotations

from server.api.call import Call
from server.minutes.report import VerificationReport
from server.refusals import UnsupportedType
from server.verification import report

PDF = "application/pdf"
SIZE_MAX = 30 * 1024 * 1024


async def verify_paper(call: Call) -> VerificationReport:
    """Check the signatures of a PDF."""
    await call.house.limiter.require("verify", call.client)
    if call.request.content_type not in (PDF, "application/octet-stream"):
        raise UnsupportedType("pdf-wanted", "the body must be application/pdf")
    return await report(call.house, call.request.content, call.request.content_length, SIZE_MAX)

"""The same verdict from a process of its own, and an end to what would run for ever."""

from __future__ import annotations

from datetime import timedelta

from server.minutes.apart import verify_apart
from server.minutes.report import Reason, Verdict
from server.minutes.verify import verify
from tests.server.minutes.conftest import Desk


async def test_apart_says_what_verify_says(desk: Desk) -> None:
    later = desk.now + timedelta(minutes=1)
    here = await verify(desk.signed, desk.evidence.roots, now=later, crls=desk.evidence.crls)
    apart = await verify_apart(desk.signed, desk.evidence.roots, now=later, crls=desk.evidence.crls)
    assert apart == here
    assert apart.verdict is Verdict.VALID


async def test_apart_gives_junk_its_answer_too(desk: Desk) -> None:
    report = await verify_apart(b"junk", desk.evidence.roots, now=desk.now)
    assert (report.verdict, report.reasons) == (Verdict.INVALID, (Reason.UNREADABLE,))
    report = await verify_apart(desk.signed, desk.evidence.roots, now=desk.now, limit_bytes=9)
    assert report.reasons == (Reason.TOO_LARGE,)


async def test_time_is_bounded(desk: Desk) -> None:
    report = await verify_apart(desk.signed, desk.evidence.roots, now=desk.now, time_s=0.05)
    assert (report.verdict, report.reasons) == (Verdict.INSUFFICIENT, (Reason.TOO_LONG,))

"""Verification: three words, reasons, and no crash whatever comes in."""

from __future__ import annotations

import io
import resource
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

import pikepdf
import pytest
from pyhanko.pdf_utils.generic import NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from rooms.minutes import Locale
from server.minutes.archive import SignatureRole
from server.minutes.authority import LocalAuthority, Person
from server.minutes.report import (
    REASONS,
    VERDICTS,
    Changes,
    Coverage,
    Reason,
    Revocation,
    TimeSource,
    Trust,
    Verdict,
    VerificationReport,
)
from server.minutes.sign import sign
from server.minutes.verify import verify
from tests.server.minutes.conftest import SECRET, Desk, Tsa


async def judged(pdf: bytes, desk: Desk, **options: object) -> VerificationReport:
    options.setdefault("now", desk.now + timedelta(minutes=1))
    return await verify(pdf, desk.evidence.roots, **options)  # type: ignore[arg-type]


def reasons(report: VerificationReport) -> set[Reason]:
    return {*report.reasons, *(r for s in report.signatures for r in s.reasons)}


async def test_the_signed_paper_is_valid_offline_and_says_who(desk: Desk) -> None:
    report = await judged(desk.signed, desk)
    assert report.verdict is Verdict.VALID
    assert reasons(report) == set()
    secretary, chair = report.signatures
    assert (secretary.name, secretary.title) == ("Nguyễn Thị Thư Ký", "Chánh Văn phòng")
    assert (chair.name, chair.organisation) == ("Trần Văn Chủ Tọa", "Ủy ban nhân dân xã Quảng Lập")
    assert (secretary.coverage, secretary.changes) == (Coverage.EARLIER, Changes.ALLOWED)
    assert (chair.coverage, chair.changes) == (Coverage.WHOLE, Changes.NONE)
    assert {s.issuer for s in report.signatures} == {"Diên Hồng Issuing CA"}
    assert {s.signed_at for s in report.signatures} == {desk.now}
    assert {s.time_source for s in report.signatures} == {TimeSource.CLAIMED}
    assert {(s.trust, s.revocation) for s in report.signatures} == {(Trust.TRUSTED, Revocation.GOOD)}
    assert chair.serial == f"{desk.signers[SignatureRole.CHAIR].certificate.serial_number:x}"


async def test_one_changed_byte_early_on_and_neither_signature_holds(desk: Desk) -> None:
    chance, end = Random(7), len(desk.blank)
    for place in [10, 2000, *(chance.randrange(9, end) for _ in range(12)), end - 3]:
        broken = bytearray(desk.signed)
        broken[place] ^= 1
        report = await judged(bytes(broken), desk)
        assert report.verdict is Verdict.INVALID, place
        assert not any(s.intact for s in report.signatures), place
        assert all(s.verdict is Verdict.INVALID for s in report.signatures), place


async def test_a_byte_of_the_second_revision_breaks_the_second_only(desk: Desk) -> None:
    broken = bytearray(desk.signed)
    broken[desk.signed.index(b"/Contents", len(desk.half)) - 30] ^= 1
    first, second = (await judged(bytes(broken), desk)).signatures
    assert first.intact
    assert not second.intact
    assert second.verdict is Verdict.INVALID


def edited(pdf: bytes) -> bytes:
    """An incremental edit as a forger would make it: the first page gets other content."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Rotate")] = NumberObject(180)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


async def test_an_incremental_edit_is_not_valid_though_every_digest_holds(desk: Desk) -> None:
    report = await judged(edited(desk.signed), desk)
    assert all(s.intact for s in report.signatures)
    assert report.verdict is Verdict.INVALID
    assert all(s.changes is Changes.FORBIDDEN for s in report.signatures)
    assert Reason.CHANGED_AFTERWARDS in reasons(report)


async def test_an_edit_between_the_signatures_condemns_the_first(desk: Desk) -> None:
    report = await judged(edited(desk.half), desk)
    assert report.verdict is Verdict.INVALID


@pytest.mark.parametrize("tail", [b"more", b"\n9 0 obj\n<<>>\nendobj\n", b"\n%%EOF\nx"])
async def test_bytes_after_the_end_are_a_change(desk: Desk, tail: bytes) -> None:
    assert (await judged(desk.signed + tail, desk)).verdict is Verdict.INVALID


async def test_a_rewritten_file_is_not_valid(desk: Desk) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(desk.signed)) as pdf:
        pdf.save(out)
    assert (await judged(out.getvalue(), desk)).verdict is Verdict.INVALID


async def test_a_half_signed_paper_has_one_valid_signature(desk: Desk) -> None:
    report = await judged(desk.half, desk)
    assert [s.field for s in report.signatures] == ["Secretary"]
    assert report.verdict is Verdict.VALID


async def test_an_unsigned_paper_is_not_called_valid(desk: Desk) -> None:
    report = await judged(desk.blank, desk)
    assert (report.verdict, report.reasons) == (Verdict.INSUFFICIENT, (Reason.NO_SIGNATURES,))


async def test_without_the_root_there_is_not_enough_to_go_by(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for roots in ((), await LocalAuthority(tmp_path_factory.mktemp("other"), SECRET).roots(desk.now)):
        report = await verify(desk.signed, roots, now=desk.now)
        assert report.verdict is Verdict.INSUFFICIENT
        assert all(s.intact and s.trust is Trust.UNKNOWN for s in report.signatures)
        assert reasons(report) == {Reason.ISSUER_UNKNOWN}


async def test_without_revocation_data_there_is_not_enough_to_go_by(desk: Desk) -> None:
    role = SignatureRole.SECRETARY
    bare = await sign(desk.blank, role, desk.signers[role], desk.visible(role))
    report = await judged(bare, desk)
    assert report.verdict is Verdict.INSUFFICIENT
    assert reasons(report) == {Reason.REVOCATION_UNKNOWN}
    assert report.signatures[0].trust is Trust.TRUSTED
    assert (await judged(bare, desk, crls=desk.evidence.crls)).verdict is Verdict.VALID


async def test_stale_lists_do_not_prove_and_fresh_ones_do(desk: Desk) -> None:
    later = desk.now + timedelta(days=200)
    report = await judged(desk.signed, desk, now=later)
    assert reasons(report) == {Reason.REVOCATION_UNKNOWN}
    fresh = await desk.authority.crls(later)
    assert (await judged(desk.signed, desk, now=later, crls=fresh)).verdict is Verdict.VALID


async def test_an_expired_certificate_without_time_stamp_does_not_prove(desk: Desk) -> None:
    later = desk.now + timedelta(days=6 * 365)
    report = await judged(desk.signed, desk, now=later, crls=await desk.authority.crls(later))
    assert report.verdict is Verdict.INSUFFICIENT
    assert reasons(report) == {Reason.EXPIRED}


async def revoked(desk: Desk, at: datetime, tsa: Tsa | None = None) -> VerificationReport:
    """A signature of `desk.now` by somebody whose certificate was revoked at `at`, checked three days later."""
    role, evidence = SignatureRole.SECRETARY, desk.evidence
    signer = await desk.authority.signer(Person(str(uuid4()), "Lê Hữu Đỗ", "Xã"), desk.now)
    if tsa is not None:
        evidence = replace(evidence, roots=(*evidence.roots, tsa.root), crls=(*evidence.crls, tsa.crl))
    url = tsa.url if tsa is not None else None
    pdf = await sign(desk.blank, role, signer, desk.visible(role), evidence=evidence, tsa_url=url)
    await desk.authority.revoke(signer.certificate, at)
    later = desk.now + timedelta(days=3)
    return await verify(pdf, evidence.roots, crls=await desk.authority.crls(later), now=later)


async def test_revoked_since_is_doubt_and_revoked_before_is_no(desk: Desk) -> None:
    since = await revoked(desk, desk.now + timedelta(days=1))
    assert (since.verdict, reasons(since)) == (Verdict.INSUFFICIENT, {Reason.REVOKED_SINCE})
    before = await revoked(desk, desk.now - timedelta(days=1))
    assert (before.verdict, reasons(before)) == (Verdict.INVALID, {Reason.REVOKED_BEFORE})
    assert before.signatures[0].revocation is Revocation.REVOKED


async def test_a_time_stamp_keeps_a_signature_valid_after_revocation(desk: Desk, tsa: Tsa) -> None:
    report = await revoked(desk, desk.now + timedelta(days=1), tsa)
    assert report.verdict is Verdict.VALID
    assert report.signatures[0].time_source is TimeSource.TIME_STAMP


async def stamped(desk: Desk, tsa: Tsa) -> bytes:
    more = {"roots": (*desk.evidence.roots, tsa.root), "crls": (*desk.evidence.crls, tsa.crl)}
    half = await desk.sign(desk.blank, SignatureRole.SECRETARY, tsa.url, **more)
    return await desk.sign(half, SignatureRole.CHAIR, tsa.url, **more)


async def test_an_archived_paper_says_so(desk: Desk, tsa: Tsa) -> None:
    pdf = await stamped(desk, tsa)
    report = await verify(pdf, (*desk.evidence.roots, tsa.root), now=desk.now + timedelta(minutes=5))
    assert report.verdict is Verdict.VALID
    assert report.archived
    assert {s.time_source for s in report.signatures} == {TimeSource.TIME_STAMP}


async def test_an_unknown_time_stamp_authority_is_doubt(desk: Desk, tsa: Tsa) -> None:
    report = await judged(await stamped(desk, tsa), desk)
    assert report.verdict is Verdict.INSUFFICIENT
    assert reasons(report) == {Reason.TIME_STAMP_UNTRUSTED}
    assert not report.archived


async def test_size_is_bounded(desk: Desk) -> None:
    report = await judged(desk.signed, desk, limit_bytes=1000)
    assert (report.verdict, report.reasons) == (Verdict.INSUFFICIENT, (Reason.TOO_LARGE,))


HOSTILE = [
    b"",
    b"not a pdf",
    b"%PDF-1.7",
    b"%PDF-1.7\n%%EOF",
    b"%PDF-1.7\nstartxref\n99999999\n%%EOF",
    b"%PDF-1.7\nstartxref\n-1\n%%EOF",
    b"%PDF-1.7\n" + b"[" * 200_000 + b"\nstartxref\n9\n%%EOF",
    b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R/Prev 9/Size 1>>\nstartxref\n9\n%%EOF",
    b"\x00" * 10_000,
    bytes(range(256)) * 100,
]


@pytest.mark.parametrize("junk", HOSTILE, ids=range(len(HOSTILE)))
async def test_junk_is_a_clear_no(desk: Desk, junk: bytes) -> None:
    report = await judged(junk, desk)
    assert (report.verdict, report.reasons) == (Verdict.INVALID, (Reason.UNREADABLE,))


async def test_a_paper_cut_anywhere_never_crashes_nor_passes(desk: Desk) -> None:
    for part in range(1, 20):
        cut = desk.signed[: len(desk.signed) * part // 20]
        assert (await judged(cut, desk)).verdict is not Verdict.VALID


async def test_random_damage_never_crashes_nor_passes(desk: Desk) -> None:
    chance = Random(11)
    for _ in range(20):
        broken = bytearray(desk.signed)
        for _ in range(chance.randrange(1, 30)):
            broken[chance.randrange(len(desk.blank))] = chance.randrange(256)
        assert (await judged(bytes(broken), desk)).verdict is Verdict.INVALID


def bomb(gigabytes: int) -> bytes:
    """A cross-reference stream of a few kilobytes that unpacks, twice over, to gigabytes."""
    packer, block = zlib.compressobj(9), bytes(16 * 1024 * 1024)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    stream = zlib.compress(first + again * (gigabytes * 64), 9)
    head = b"%PDF-1.7\n1 0 obj\n<</Type/XRef/W[1 2 1]/Size 9/Root 2 0 R/Filter[/FlateDecode/FlateDecode]/Length "
    tail = b"\nendstream\nendobj\nstartxref\n9\n%%EOF"
    return head + str(len(stream)).encode() + b">>\nstream\n" + stream + tail


async def test_a_zip_bomb_is_not_unpacked(desk: Desk) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = await judged(bomb(4), desk)
    assert report.verdict is Verdict.INVALID
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


def test_every_verdict_and_reason_has_its_words() -> None:
    for locale in Locale:
        assert set(VERDICTS[locale]) == set(Verdict)
        assert set(REASONS[locale]) == set(Reason)
    assert list(VERDICTS[Locale.VI].values()) == ["Hợp lệ", "Không hợp lệ", "Chưa đủ căn cứ"]

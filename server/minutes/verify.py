"""Checks the signatures of any PDF and says in three words what they are worth.

Anyone may send anything: a hostile or broken file is a result, never an error. It runs in a thread, needs no
network, and judges changes after signing by pyHanko's difference policy (a plain digest check would call an
incremental edit valid). What it cannot prove it calls insufficient, not valid.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from server.minutes.report import (
    Changes,
    Coverage,
    Reason,
    Revocation,
    SignatureReport,
    TimeSource,
    Trust,
    Verdict,
    VerificationReport,
)

LIMIT_BYTES = 64 * 1024 * 1024
SIGNATURES_MAX = 16
_INVALIDATES = frozenset(
    {
        Reason.CONTENT_CHANGED,
        Reason.SIGNATURE_BROKEN,
        Reason.CHANGED_AFTERWARDS,
        Reason.NOT_COVERED,
        Reason.REVOKED_BEFORE,
        Reason.TIME_STAMP_BROKEN,
        Reason.UNREADABLE,
    }
)
# either use of a personal key is a person's will to sign; authorities differ in which they name
_USAGE = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False)


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the verifier brings along: trusted roots, known issuers, fresh revocation lists (DER)."""

    roots: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()


async def verify(
    pdf_bytes: bytes,
    trust_roots: Sequence[x509.Certificate],
    *,
    others: Sequence[x509.Certificate] = (),
    crls: Sequence[bytes] = (),
    now: datetime | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> VerificationReport:
    """`crls`: fresh lists the verifier has, besides those in the paper. Never raises for what is in the file."""
    anchors = Anchors(tuple(trust_roots), tuple(others), tuple(crls))
    return await asyncio.to_thread(check, pdf_bytes, anchors, now or datetime.now(UTC), limit_bytes)


def check(pdf_bytes: bytes, anchors: Anchors, now: datetime, limit_bytes: int) -> VerificationReport:
    """`verify` without the thread."""
    if len(pdf_bytes) > limit_bytes:
        return refused(pdf_bytes, now, Verdict.INSUFFICIENT, Reason.TOO_LARGE)
    try:
        return asyncio.run(_check(pdf_bytes, anchors, now))
    except MemoryError:
        return refused(pdf_bytes, now, Verdict.INSUFFICIENT, Reason.TOO_LONG)
    except Exception:
        # the parsers below meet bytes made to break them; whatever they raise, the answer is the same
        return refused(pdf_bytes, now, Verdict.INVALID, Reason.UNREADABLE)


async def _check(pdf_bytes: bytes, anchors: Anchors, now: datetime) -> VerificationReport:
    reader = PdfFileReader(BytesIO(pdf_bytes))
    filled = [name for name, value, _ in enumerate_sig_fields(reader, filled_status=True) if value is not None]
    embedded = reader.embedded_signatures
    if not filled:
        return refused(pdf_bytes, now, Verdict.INSUFFICIENT, Reason.NO_SIGNATURES)
    if len(filled) > SIGNATURES_MAX:
        return refused(pdf_bytes, now, Verdict.INSUFFICIENT, Reason.TOO_MANY_SIGNATURES)
    sources = _Sources(reader, anchors, now)
    reports = tuple([await _signature(s, sources) for s in embedded if s.sig_object_type == "/Sig"])
    archived = [await _archived(s, sources) for s in embedded if s.sig_object_type == "/DocTimeStamp"]
    reasons: list[Reason] = []
    if len(embedded) < len(filled):
        reasons.append(Reason.UNKNOWN_KIND)
    if not reports:
        reasons.append(Reason.NO_SIGNATURES)
    if _loose_end(pdf_bytes, embedded):
        reasons.append(Reason.CHANGED_AFTERWARDS)
    verdicts = {r.verdict for r in reports} | ({_verdict(reasons)} if reasons else set())
    overall = next(v for v in (Verdict.INVALID, Verdict.INSUFFICIENT, Verdict.VALID) if v in verdicts)
    return _whole(
        pdf_bytes,
        now,
        overall,
        signatures=reports,
        archived=bool(archived) and all(archived),
        reasons=tuple(reasons),
    )


def refused(pdf_bytes: bytes, now: datetime, verdict: Verdict, reason: Reason) -> VerificationReport:
    """A report on a file whose signatures could not be looked at."""
    return _whole(pdf_bytes, now, verdict, reasons=(reason,))


def _whole(pdf_bytes: bytes, now: datetime, verdict: Verdict, **more: Any) -> VerificationReport:
    return VerificationReport(
        verdict=verdict,
        checked_at=now,
        sha256=hashlib.sha256(pdf_bytes).hexdigest(),
        size_bytes=len(pdf_bytes),
        **{"signatures": (), **more},
    )


class _Sources:
    """Trust and revocation data for one file: what the verifier brings and what the paper carries."""

    def __init__(self, reader: PdfFileReader, anchors: Anchors, now: datetime) -> None:
        self.now = now
        self._anchors = anchors
        try:
            self._store: DocumentSecurityStore | None = DocumentSecurityStore.read_dss(reader)
        except NoDSSFoundError:
            self._store = None

    def at(self, moment: datetime | None, *, strict: bool) -> ValidationContext:
        """`moment` None: now. `strict`: revocation must be known."""
        options: dict[str, Any] = {
            "trust_roots": [_asn1(c) for c in self._anchors.roots],
            "other_certs": [_asn1(c) for c in self._anchors.others],
            "crls": list(self._anchors.crls),
            "moment": moment or self.now,
            "allow_fetching": False,
            # "hard-fail" would not look at a list when the certificate names no address for one
            "revocation_mode": "require" if strict else "none",
            # a list made later still tells what was revoked at an attested moment
            "retroactive_revinfo": moment is not None,
        }
        return self._with(options)

    def stamps(self) -> ValidationContext:
        """For time stamp authorities, which often publish no lists: a revoked one is refused where it is known."""
        return self.at(None, strict=False)

    def _with(self, options: dict[str, Any]) -> ValidationContext:
        if self._store is None:
            return ValidationContext(**options)
        return self._store.as_validation_context(options)


async def _signature(signature: EmbeddedPdfSignature, sources: _Sources) -> SignatureReport:
    # as in `check`: one signature made to break the parser does not hide the others
    with suppress(Exception):
        return await _judged(signature, sources)
    with suppress(Exception):
        # the paper's structure cannot be compared; digest and signer can still be told
        return await _judged(signature, sources, compare=False)
    return SignatureReport(
        field=str(signature.field_name),
        name="",
        title="",
        organisation="",
        serial="",
        issuer="",
        signed_at=None,
        time_source=TimeSource.NONE,
        intact=False,
        coverage=Coverage.PARTIAL,
        changes=Changes.FORBIDDEN,
        revocation=Revocation.UNKNOWN,
        trust=Trust.UNKNOWN,
        verdict=Verdict.INVALID,
        reasons=(Reason.UNREADABLE,),
    )


async def _judged(signature: EmbeddedPdfSignature, sources: _Sources, *, compare: bool = True) -> SignatureReport:
    # a time stamp is judged first: if it holds, the certificate is judged at that moment
    status = await _status(signature, sources, None, strict=True, compare=compare)
    stamp = status.timestamp_validity
    stamped = stamp is not None and stamp.valid and stamp.intact and stamp.trusted
    moment = stamp.timestamp if stamp is not None and stamped else None
    if moment is not None:
        status = await _status(signature, sources, moment, strict=True, compare=compare)
    trusted = status.trusted or (await _status(signature, sources, moment, strict=False, compare=compare)).trusted
    claimed = status.signer_reported_dt
    coverage, changes = _coverage(status), _changes(status)
    reasons = [
        *_integrity_reasons(status, coverage, changes),
        *_trust_reasons(status, trusted, claimed if moment is None else moment),
        *([] if stamp is None or stamped else [_stamp_reason(stamp)]),
    ]
    certificate = status.signing_cert
    subject, issuer = certificate.subject.native, certificate.issuer.native
    return SignatureReport(
        field=str(signature.field_name),
        name=_text(subject.get("common_name")),
        title=_text(subject.get("title")),
        organisation=_text(subject.get("organization_name")),
        serial=f"{certificate.serial_number:x}",
        issuer=_text(issuer.get("common_name")) or certificate.issuer.human_friendly,
        signed_at=moment or claimed,
        time_source=TimeSource.TIME_STAMP if moment else TimeSource.CLAIMED if claimed else TimeSource.NONE,
        intact=status.intact and status.valid,
        coverage=coverage,
        changes=changes,
        revocation=_revocation(status),
        trust=Trust.TRUSTED if trusted else Trust.UNKNOWN,
        verdict=_verdict(reasons),
        reasons=tuple(reasons),
    )


async def _status(
    signature: EmbeddedPdfSignature, sources: _Sources, moment: datetime | None, *, strict: bool, compare: bool
) -> PdfSignatureStatus:
    return await async_validate_pdf_signature(
        signature,
        signer_validation_context=sources.at(moment, strict=strict),
        ts_validation_context=sources.stamps(),
        key_usage_settings=_USAGE,
        skip_diff=not compare,
    )


async def _archived(signature: EmbeddedPdfSignature, sources: _Sources) -> bool:
    try:
        status = await async_validate_pdf_timestamp(signature, sources.stamps())
    except Exception:
        # as in `check`
        return False
    return bool(status.valid and status.intact and status.trusted and _changes(status) is not Changes.FORBIDDEN)


def _coverage(status: Any) -> Coverage:
    match status.coverage:
        case SignatureCoverageLevel.ENTIRE_FILE:
            return Coverage.WHOLE
        case SignatureCoverageLevel.ENTIRE_REVISION:
            return Coverage.EARLIER
        case _:
            return Coverage.PARTIAL


def _changes(status: Any) -> Changes:
    if status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return Changes.NONE
    level = status.modification_level
    if not status.docmdp_ok or level is None or level is ModificationLevel.OTHER:
        return Changes.FORBIDDEN
    return Changes.NONE if level is ModificationLevel.NONE else Changes.ALLOWED


def _integrity_reasons(status: PdfSignatureStatus, coverage: Coverage, changes: Changes) -> list[Reason]:
    reasons = []
    if not status.intact:
        reasons.append(Reason.CONTENT_CHANGED)
    elif not status.valid:
        reasons.append(Reason.SIGNATURE_BROKEN)
    if coverage is Coverage.PARTIAL:
        reasons.append(Reason.NOT_COVERED)
    elif changes is Changes.FORBIDDEN:
        reasons.append(Reason.CHANGED_AFTERWARDS)
    return reasons


def _trust_reasons(status: PdfSignatureStatus, trusted: bool, signed_at: datetime | None) -> list[Reason]:
    """`trusted`: whether the chain holds when revocation is left aside."""
    if status.trusted or not (status.intact and status.valid):
        return []
    if status.revoked:
        details = status.revocation_details
        before = signed_at is not None and details is not None and details.revocation_date <= signed_at
        return [Reason.REVOKED_BEFORE if before else Reason.REVOKED_SINCE]
    if trusted:
        return [Reason.REVOCATION_UNKNOWN]
    expired = (AdESIndeterminate.OUT_OF_BOUNDS_NO_POE, AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED)
    return [Reason.EXPIRED if status.trust_problem_indic in expired else Reason.ISSUER_UNKNOWN]


def _stamp_reason(stamp: Any) -> Reason:
    return Reason.TIME_STAMP_UNTRUSTED if stamp.valid and stamp.intact else Reason.TIME_STAMP_BROKEN


def _revocation(status: PdfSignatureStatus) -> Revocation:
    if status.revoked:
        return Revocation.REVOKED
    return Revocation.GOOD if status.trusted else Revocation.UNKNOWN


def _verdict(reasons: Sequence[Reason]) -> Verdict:
    if any(reason in _INVALIDATES for reason in reasons):
        return Verdict.INVALID
    return Verdict.INSUFFICIENT if reasons else Verdict.VALID


def _loose_end(pdf_bytes: bytes, embedded: Sequence[EmbeddedPdfSignature]) -> bool:
    """Whether bytes follow the last signature's own revision without being a revision themselves.

    Readers that repair files may see in them what this one does not.
    """
    if not embedded:
        return False
    newest = max(embedded, key=lambda s: int(s.signed_revision))
    if newest.signed_revision < newest.reader.xrefs.total_revisions - 1:
        return bool(pdf_bytes.rstrip()[-5:] != b"%%EOF")
    _, _, start, length = newest.byte_range
    return bool(pdf_bytes[start + length :].strip())


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _asn1(certificate: x509.Certificate) -> asn1.Certificate:
    loaded: asn1.Certificate = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    return loaded

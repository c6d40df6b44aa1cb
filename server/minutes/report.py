# ruff: noqa: E501 - sentences and citations stay in one line
"""What a verification says, as plain values: per signature and over all, in three words and coded reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rooms.minutes import Locale


class Verdict(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    INSUFFICIENT = "insufficient"


class TimeSource(StrEnum):
    """`CLAIMED` is what the signer's machine said; only `TIME_STAMP` is attested by a third party."""

    TIME_STAMP = "time_stamp"
    CLAIMED = "claimed"
    NONE = "none"


class Coverage(StrEnum):
    WHOLE = "whole"  # every byte of the file
    EARLIER = "earlier"  # all there was when it was signed; what came after was looked at
    PARTIAL = "partial"  # bytes of its own revision are left out: never acceptable


class Changes(StrEnum):
    """What was done to the paper after this signature."""

    NONE = "none"
    ALLOWED = "allowed"  # later signatures, validation data, time stamps
    FORBIDDEN = "forbidden"


class Revocation(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Trust(StrEnum):
    TRUSTED = "trusted"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a verdict is not `valid`; stable codes, turned into sentences by the page."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    TOO_LONG = "too-long"
    TOO_MANY_SIGNATURES = "too-many-signatures"
    NO_SIGNATURES = "no-signatures"
    UNKNOWN_KIND = "unknown-kind-of-signature"
    CONTENT_CHANGED = "content-changed"
    SIGNATURE_BROKEN = "signature-broken"
    CHANGED_AFTERWARDS = "changed-afterwards"
    NOT_COVERED = "not-covered"
    ISSUER_UNKNOWN = "issuer-unknown"
    REVOKED_BEFORE = "revoked-before-signing"
    REVOKED_SINCE = "revoked-since"
    REVOCATION_UNKNOWN = "revocation-unknown"
    EXPIRED = "certificate-out-of-date"
    TIME_STAMP_BROKEN = "time-stamp-broken"
    TIME_STAMP_UNTRUSTED = "time-stamp-untrusted"


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """`serial` is hex."""

    field: str
    name: str
    title: str
    organisation: str
    serial: str
    issuer: str
    signed_at: datetime | None
    time_source: TimeSource
    intact: bool
    coverage: Coverage
    changes: Changes
    revocation: Revocation
    trust: Trust
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """`sha256`: of the file as given, hex. `archived`: a time stamp over the whole paper holds."""

    verdict: Verdict
    signatures: tuple[SignatureReport, ...]
    checked_at: datetime
    sha256: str
    size_bytes: int
    archived: bool = False
    reasons: tuple[Reason, ...] = ()


VERDICTS: Mapping[Locale, Mapping[Verdict, str]] = {
    Locale.VI: {
        Verdict.VALID: "Hợp lệ",
        Verdict.INVALID: "Không hợp lệ",
        Verdict.INSUFFICIENT: "Chưa đủ căn cứ",
    },
    Locale.EN: {
        Verdict.VALID: "Valid",
        Verdict.INVALID: "Invalid",
        Verdict.INSUFFICIENT: "Insufficient evidence",
    },
}

REASONS: Mapping[Locale, Mapping[Reason, str]] = {
    Locale.VI: {
        Reason.UNREADABLE: "Tệp không phải PDF hoặc bị hỏng.",
        Reason.TOO_LARGE: "Tệp lớn hơn mức cho phép kiểm tra.",
        Reason.TOO_LONG: "Việc kiểm tra vượt quá giới hạn thời gian hoặc bộ nhớ; tệp có cấu trúc bất thường.",
        Reason.TOO_MANY_SIGNATURES: "Tệp có quá nhiều chữ ký.",
        Reason.NO_SIGNATURES: "Tệp không có chữ ký số.",
        Reason.UNKNOWN_KIND: "Loại chữ ký không được hỗ trợ.",
        Reason.CONTENT_CHANGED: "Nội dung đã bị thay đổi so với lúc ký.",
        Reason.SIGNATURE_BROKEN: "Chữ ký không khớp với chứng thư của người ký.",
        Reason.CHANGED_AFTERWARDS: "Tệp bị sửa sau khi ký.",
        Reason.NOT_COVERED: "Chữ ký không bao phủ toàn bộ nội dung của tệp.",
        Reason.ISSUER_UNKNOWN: "Chưa xác định được tổ chức cấp chứng thư là tin cậy.",
        Reason.REVOKED_BEFORE: "Chứng thư đã bị thu hồi trước khi ký.",
        Reason.REVOKED_SINCE: "Chứng thư đã bị thu hồi; không có dấu thời gian chứng minh việc ký diễn ra trước đó.",
        Reason.REVOCATION_UNKNOWN: "Chưa có thông tin thu hồi còn hiệu lực của chứng thư.",
        Reason.EXPIRED: "Chứng thư ngoài thời hạn; không có dấu thời gian chứng minh thời điểm ký.",
        Reason.TIME_STAMP_BROKEN: "Dấu thời gian không khớp với chữ ký.",
        Reason.TIME_STAMP_UNTRUSTED: "Chưa xác định được tổ chức cấp dấu thời gian là tin cậy.",
    },
    Locale.EN: {
        Reason.UNREADABLE: "The file is not a PDF, or is damaged.",
        Reason.TOO_LARGE: "The file is larger than may be checked here.",
        Reason.TOO_LONG: "The check went over its time or memory limit; the file is built unusually.",
        Reason.TOO_MANY_SIGNATURES: "The file has too many signatures.",
        Reason.NO_SIGNATURES: "The file has no signature.",
        Reason.UNKNOWN_KIND: "This kind of signature is not supported.",
        Reason.CONTENT_CHANGED: "The content differs from what was signed.",
        Reason.SIGNATURE_BROKEN: "The signature does not match the signer's certificate.",
        Reason.CHANGED_AFTERWARDS: "The file was edited after it was signed.",
        Reason.NOT_COVERED: "The signature does not cover the whole content.",
        Reason.ISSUER_UNKNOWN: "The issuer of the certificate is not known to be trusted.",
        Reason.REVOKED_BEFORE: "The certificate was revoked before the signing.",
        Reason.REVOKED_SINCE: "The certificate is revoked; no time stamp shows that the signing came before.",
        Reason.REVOCATION_UNKNOWN: "There is no current revocation information for the certificate.",
        Reason.EXPIRED: "The certificate is out of date; no time stamp shows when the signing was.",
        Reason.TIME_STAMP_BROKEN: "The time stamp does not match the signature.",
        Reason.TIME_STAMP_UNTRUSTED: "The time stamp authority is not known to be trusted.",
    },
}

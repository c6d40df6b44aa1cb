"""Signs the paper as PAdES: the secretary first (certifying: only filling in is allowed after), the chair second.

Each signature is an incremental update into the field the paper was drawn with. What can be embedded is embedded:
chain and revocation lists (B-LT), a time stamp where an authority is configured (B-T), and after the chair's
signature a time stamp over the whole (B-LTA). Work on the file runs in a thread, the signer on the caller's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, PdfSigningSession, SigDSSPlacementPreference
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, RevokedError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from rooms.errors import Conflict
from server.minutes import words
from server.minutes.archive import SignatureRole
from server.minutes.signer import DIGEST, Signer
from server.minutes.stamp import Visible, style

TSA_TIMEOUT_S = 10
_ORDER = (SignatureRole.SECRETARY, SignatureRole.CHAIR)


class SigningFailed(Exception):
    """Ours or the trust service's fault, not the signer's: no time stamp, a broken chain, an unreadable paper."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is embedded so that the signatures can be checked without a network. Shape of `crls`: DER.

    `fetch` lets missing revocation data be fetched from the addresses in the certificates.
    """

    roots: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    fetch: bool = False


async def sign(
    pdf: bytes,
    role: SignatureRole,
    signer: Signer,
    visible: Visible,
    *,
    evidence: Evidence | None = None,
    tsa_url: str | None = None,
    location: str = "",
) -> bytes:
    """The paper with one more signature; `visible.signed_at` is the time it claims.

    Raises: Conflict `signed-already`, `secretary-signs-first`, `certificate-revoked`, `paper-was-changed`;
    SigningFailed.
    """
    loop = asyncio.get_running_loop()

    async def ask(content: bytes) -> bytes:
        # the signer may hold sockets of the caller's loop; the work here runs on a loop of its own
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_call(signer, content), loop))

    stamper = HTTPTimeStamper(tsa_url, timeout=TSA_TIMEOUT_S) if tsa_url else None
    work = _Work(pdf, role, _Relayed(signer, ask), visible, evidence, stamper, location)
    return await asyncio.to_thread(lambda: asyncio.run(work.run()))


async def _call(signer: Signer, content: bytes) -> bytes:
    return await signer.sign(content)


@dataclass(frozen=True, slots=True)
class _Work:
    pdf: bytes
    role: SignatureRole
    signer: _Relayed
    visible: Visible
    evidence: Evidence | None
    stamper: TimeStamper | None
    location: str

    async def run(self) -> bytes:
        try:
            _require_turn(self.pdf, self.role)
            out = await self._sign()
        except TimestampRequestError as error:
            raise SigningFailed("the time stamp authority did not answer") from error
        except (PathError, SigningError) as error:
            raise _refusal(error) from error
        except (PdfError, ValueError) as error:
            raise SigningFailed("the paper cannot be read or signed") from error
        return out

    async def _sign(self) -> bytes:
        first, last = self.role is _ORDER[0], self.role is _ORDER[-1]
        validation = self._validation()
        meta = signers.PdfSignatureMetadata(
            field_name=self.role.value,
            md_algorithm=DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            certify=first,
            docmdp_permissions=MDPPerm.FILL_FORMS,
            embed_validation_info=validation is not None,
            validation_context=validation,
            use_pades_lta=last and validation is not None and self.stamper is not None,
            # the revocation data come in the same revision, so that the last signature covers the whole file
            dss_settings=DSSContentSettings(
                include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
            ),
            name=self.visible.name,
            reason=words.say(self.visible.locale, "reason"),
            location=self.location or None,
        )
        pdf_signer = _SignsAt(meta, self.signer, self.stamper, self.visible)
        writer = IncrementalPdfFileWriter(BytesIO(self.pdf))
        out = BytesIO()
        await pdf_signer.async_sign_pdf(writer, existing_fields_only=True, output=out)
        return out.getvalue()

    def _validation(self) -> ValidationContext | None:
        if self.evidence is None:
            return None
        return ValidationContext(
            trust_roots=[_asn1(c) for c in self.evidence.roots],
            other_certs=[_asn1(c) for c in (*self.evidence.others, *self.signer.chain)],
            crls=list(self.evidence.crls),
            allow_fetching=self.evidence.fetch,
            # "hard-fail" would not look at a list when the certificate names no address for one
            revocation_mode="require",
        )


class _SignsAt(signers.PdfSigner):
    """A signer whose signature claims the very second its stamp shows."""

    def __init__(
        self,
        meta: signers.PdfSignatureMetadata,
        signer: signers.Signer,
        stamper: TimeStamper | None,
        visible: Visible,
    ) -> None:
        super().__init__(meta, signer=signer, timestamper=stamper, stamp_style=style(visible))
        self._at: datetime = visible.signed_at

    def init_signing_session(self, *args: Any, **options: Any) -> PdfSigningSession:
        session = super().init_signing_session(*args, **options)
        session.system_time = self._at
        return session


class _Relayed(signers.Signer):
    """pyHanko's signer over ours."""

    def __init__(self, signer: Signer, ask: Callable[[bytes], Coroutine[Any, Any, bytes]]) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        self.chain = signer.chain
        store.register_multiple([_asn1(c) for c in signer.chain])
        super().__init__(signing_cert=_asn1(signer.certificate), cert_registry=store)
        self._ask = ask
        self._size = _signature_size(signer.certificate)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != DIGEST:
            raise SigningError(f"only {DIGEST} is used")
        return bytes(self._size) if dry_run else await self._ask(data)


def _signature_size(certificate: x509.Certificate) -> int:
    size: int = getattr(certificate.public_key(), "key_size", 4096)
    return max(size // 8, 256)


def _asn1(certificate: x509.Certificate) -> asn1.Certificate:
    loaded: asn1.Certificate = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    return loaded


def _require_turn(pdf: bytes, role: SignatureRole) -> None:
    """Raises: Conflict when it is not this role's turn, or the paper was changed since it was signed."""
    reader = PdfFileReader(BytesIO(pdf))
    filled = {name for name, value, _ in enumerate_sig_fields(reader) if value is not None}
    if role.value in filled:
        raise Conflict("signed-already", "this field is signed already")
    for earlier in _ORDER[: _ORDER.index(role)]:
        if earlier.value not in filled:
            raise Conflict("secretary-signs-first", "the secretary signs before the chair")
    for signature in reader.embedded_regular_signatures:
        signature.compute_integrity_info()
        facts = signature.summarise_integrity_info()
        if not facts.get("docmdp_ok", True) or not _intact(signature):
            raise Conflict("paper-was-changed", "the paper was changed after it was signed")


def _intact(signature: Any) -> bool:
    intact, valid = validate_sig_integrity(
        signature.signer_info,
        signature.signer_cert,
        expected_content_type="data",
        actual_digest=signature.compute_digest(),
    )
    return intact and valid


def _refusal(error: BaseException) -> Exception:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RevokedError):
            return Conflict("certificate-revoked", "the signer's certificate is revoked")
        cause = cause.__cause__
    return SigningFailed(f"the signature could not be made: {error}")

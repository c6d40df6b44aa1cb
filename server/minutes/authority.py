"""The embedded certificate authority: for bodies that have no keys of their own yet.

A root and an issuing CA, made once in the data folder; a key and certificate for each person on demand; fresh
revocation lists. Private keys are encrypted with passphrases derived from the server's secret, which is an
argument and never stored here. It is no public trust service: a verifier must choose to trust its root.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from server.minutes.signer import Pkcs12Signer

ROOT_DAYS, ISSUING_DAYS, PERSON_DAYS = 20 * 365, 10 * 365, 5 * 365
CRL_DAYS = 30
_SECRET_BYTES_MIN = 16
_BACKDATED = timedelta(hours=1)  # other machines' clocks may be slow
_Pair = tuple[x509.Certificate, rsa.RSAPrivateKey]


@dataclass(frozen=True, slots=True)
class Person:
    """`id` is the server's own and stands in no certificate; a new `position` or name makes a new certificate."""

    id: str
    name: str
    organisation: str
    position: str = ""


class LocalAuthority:
    """Files of one folder, safe for several processes that share it. What is slow runs in a thread."""

    def __init__(self, folder: Path, secret: bytes, *, name: str = "Diên Hồng") -> None:
        if len(secret) < _SECRET_BYTES_MIN:
            raise ValueError("the server secret is too short")
        self._folder, self._secret, self._name = folder, secret, name

    async def signer(self, person: Person, now: datetime) -> Pkcs12Signer:
        """This person's key, made on first use and renewed when it has expired or was revoked."""
        return await asyncio.to_thread(self._signer, person, now)

    async def issue(self, person: Person, now: datetime) -> bytes:
        """A new key and certificate as an encrypted PKCS#12 file, for a caller that keeps the keys itself."""
        return await asyncio.to_thread(self._issue, person, now)

    def unlock(self, person_id: str, file: bytes) -> Pkcs12Signer:
        """The signer in a file made by `issue`. Raises: WrongPassphrase."""
        return Pkcs12Signer.load(file, self._passphrase(f"person:{person_id}"))

    async def roots(self, now: datetime) -> tuple[x509.Certificate, ...]:
        """What a verifier is asked to trust."""
        return (await asyncio.to_thread(self._authorities, now))[0][:1]

    async def chain(self, now: datetime) -> tuple[x509.Certificate, ...]:
        """Root and issuing certificate."""
        return (await asyncio.to_thread(self._authorities, now))[0]

    async def crls(self, now: datetime) -> tuple[bytes, ...]:
        """Fresh revocation lists of both authorities, DER."""
        return await asyncio.to_thread(self._crls, now)

    async def revoke(self, certificate: x509.Certificate, now: datetime) -> None:
        """From the next list on, the certificate is revoked as of `now`."""
        await asyncio.to_thread(self._revoke, certificate.serial_number, now)

    # ── what runs in the thread ──

    def _authorities(self, now: datetime) -> tuple[tuple[x509.Certificate, ...], _Pair, _Pair]:
        with self._locked():
            root = self._authority("root", None, ROOT_DAYS, now)
            issuing = self._authority("issuing", root, ISSUING_DAYS, now)
        return (root[0], issuing[0]), root, issuing

    def _authority(self, label: str, issuer: _Pair | None, days: int, now: datetime) -> _Pair:
        file = self._folder / f"{label}.pem"
        if file.exists():
            text = file.read_bytes()
            key = ser.load_pem_private_key(text, self._passphrase(label))
            assert isinstance(key, rsa.RSAPrivateKey)
            return x509.load_pem_x509_certificate(text), key
        key = rsa.generate_private_key(65537, 3072)
        title = {"root": "Root CA", "issuing": "Issuing CA"}[label]
        subject = _name(self._name, f"{self._name} {title}", "")
        builder = _builder(subject, key, issuer, now, days)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0 if issuer else 1), critical=True
        )
        certificate = builder.add_extension(_usage(ca=True), critical=True).sign(
            issuer[1] if issuer else key, hashes.SHA256()
        )
        sealed = key.private_bytes(
            ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.BestAvailableEncryption(self._passphrase(label))
        )
        self._write(file, certificate.public_bytes(ser.Encoding.PEM) + sealed)
        return certificate, key

    def _signer(self, person: Person, now: datetime) -> Pkcs12Signer:
        file = self._file(person.id)
        with self._locked():
            if file.exists():
                signer = self.unlock(person.id, file.read_bytes())
                if self._still_good(signer.certificate, person, now):
                    return signer
        sealed = self._issue(person, now)
        with self._locked():
            self._write(file, sealed)
        return self.unlock(person.id, sealed)

    def _issue(self, person: Person, now: datetime) -> bytes:
        certificates, _, issuing = self._authorities(now)
        key = rsa.generate_private_key(65537, 2048)
        subject = _name(person.organisation, person.name, person.position)
        builder = _builder(subject, key, issuing, now, PERSON_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        certificate = builder.add_extension(_usage(ca=False), critical=True).sign(issuing[1], hashes.SHA256())
        lock = ser.BestAvailableEncryption(self._passphrase(f"person:{person.id}"))
        return pkcs12.serialize_key_and_certificates(b"signing", key, certificate, certificates[::-1], lock)

    def _still_good(self, certificate: x509.Certificate, person: Person, now: datetime) -> bool:
        return (
            certificate.not_valid_after_utc > now
            and certificate.serial_number not in self._revoked()
            and certificate.subject == _name(person.organisation, person.name, person.position)
        )

    def _crls(self, now: datetime) -> tuple[bytes, ...]:
        _, root, issuing = self._authorities(now)
        return (self._crl(root, {}, now), self._crl(issuing, self._revoked(), now))

    def _crl(self, issuer: _Pair, revoked: dict[int, datetime], now: datetime) -> bytes:
        certificate, key = issuer
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(certificate.subject)
            .last_update(now - timedelta(minutes=5))
            .next_update(now + timedelta(days=CRL_DAYS))
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        for serial, at in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(key, hashes.SHA256()).public_bytes(ser.Encoding.DER)

    def _revoke(self, serial: int, now: datetime) -> None:
        with self._locked():
            revoked = self._revoked()
            revoked.setdefault(serial, now)
            listed = {f"{s:x}": at.isoformat() for s, at in revoked.items()}
            self._write(self._folder / "revoked.json", json.dumps(listed, sort_keys=True).encode())

    def _revoked(self) -> dict[int, datetime]:
        file = self._folder / "revoked.json"
        if not file.exists():
            return {}
        return {int(s, 16): datetime.fromisoformat(at) for s, at in json.loads(file.read_text()).items()}

    def _file(self, person_id: str) -> Path:
        # an id from outside never becomes a path
        return self._folder / "people" / f"{hashlib.sha256(person_id.encode()).hexdigest()[:40]}.p12"

    def _passphrase(self, label: str) -> bytes:
        derived = HKDF(hashes.SHA256(), 32, salt=b"dienhong minutes", info=label.encode()).derive(self._secret)
        return derived.hex().encode()

    def _write(self, file: Path, content: bytes) -> None:
        """Whole or not at all, readable by the server alone."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _name(organisation: str, common: str, title: str) -> x509.Name:
    # RFC 5280, appendix A: upper bounds of 64 characters
    parts = [(NameOID.COUNTRY_NAME, "VN"), (NameOID.ORGANIZATION_NAME, organisation[:64])]
    if title:
        parts.append((NameOID.TITLE, title[:64]))
    parts.append((NameOID.COMMON_NAME, common[:64]))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])


def _builder(
    subject: x509.Name, key: rsa.RSAPrivateKey, issuer: _Pair | None, now: datetime, days: int
) -> x509.CertificateBuilder:
    signer_key = issuer[1] if issuer else key
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _BACKDATED)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()), critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=not ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )

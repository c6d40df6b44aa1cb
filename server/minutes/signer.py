"""Whose key signs, wherever it lives.

A `Signer` makes one raw signature over given bytes; it knows nothing of PDF. The PKCS#12 signer is here;
a token (PKCS#11) and remote signing (CSC) are other implementations of the same three members.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

DIGEST = "sha256"
_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Signer(Protocol):
    """`sign` is awaited on the caller's event loop and may take as long as a person needs to confirm."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The issuers' certificates, nearest first."""
        ...

    async def sign(self, content: bytes) -> bytes:
        """The raw signature over SHA-256 of `content`: RSA PKCS #1 v1.5, or ECDSA in DER."""
        ...


class WrongPassphrase(ValueError):
    """The PKCS#12 file does not open with this passphrase, or is none."""


@dataclass(frozen=True, slots=True)
class Pkcs12Signer:
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: _Key

    @classmethod
    def load(cls, file: bytes, passphrase: bytes) -> Pkcs12Signer:
        """Raises: WrongPassphrase; ValueError when the file has no usable key."""
        try:
            key, certificate, others = pkcs12.load_key_and_certificates(file, passphrase)
        except ValueError as error:
            raise WrongPassphrase("the key file does not open") from error
        if certificate is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("the key file has no RSA or EC key with its certificate")
        return cls(certificate, tuple(others), key)

    async def sign(self, content: bytes) -> bytes:
        return await asyncio.to_thread(self._sign, content)

    def _sign(self, content: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(content, ec.ECDSA(hashes.SHA256()))

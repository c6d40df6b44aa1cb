"""A certificate authority, a time stamp authority on loopback, and a paper signed once for all tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from rooms.minutes import Body, Locale, Minutes
from server.minutes.archive import SignatureRole
from server.minutes.authority import LocalAuthority, Person
from server.minutes.pdf import draw
from server.minutes.sign import Evidence, sign
from server.minutes.signer import Pkcs12Signer
from server.minutes.stamp import Visible
from tests.server.minutes.samples import HANOI, sample

SECRET = b"a secret of the server, 32 bytes"
URL = "https://hop.quanglap.example/kiem-tra/0193-7f2a"


@dataclass(frozen=True)
class Desk:
    """Everything needed to sign as the sample's secretary and chair."""

    authority: LocalAuthority
    evidence: Evidence
    signers: dict[SignatureRole, Pkcs12Signer]
    now: datetime
    minutes: Minutes
    blank: bytes
    half: bytes
    signed: bytes

    def visible(self, role: SignatureRole) -> Visible:
        facts = self.minutes.facts
        officer = facts.secretary if role is SignatureRole.SECRETARY else facts.chair
        return Visible(officer.name, officer.title, self.minutes.head.organisation, self.now, Locale.VI)

    async def sign(self, pdf: bytes, role: SignatureRole, tsa_url: str | None = None, **changes: object) -> bytes:
        evidence = replace(self.evidence, **changes)  # type: ignore[arg-type]
        return await sign(
            pdf,
            role,
            self.signers[role],
            self.visible(role),
            evidence=evidence,
            tsa_url=tsa_url,
            location="Quảng Lập",
        )


async def _desk(folder: Path) -> Desk:
    now = datetime.now(UTC).replace(microsecond=0).astimezone(HANOI)
    authority = LocalAuthority(folder, SECRET)
    minutes = sample(Body.STATE)
    signers = {}
    for role, officer in zip(SignatureRole, (minutes.facts.secretary, minutes.facts.chair), strict=True):
        person = Person(role.value, officer.name, minutes.head.organisation, officer.title)
        signers[role] = await authority.signer(person, now)
    roots, others = await authority.roots(now), (await authority.chain(now))[1:]
    evidence = Evidence(roots, others, await authority.crls(now))
    blank = draw(minutes, verify_url=URL)
    desk = Desk(authority, evidence, signers, now, minutes, blank, b"", b"")
    half = await desk.sign(blank, SignatureRole.SECRETARY)
    return replace(desk, half=half, signed=await desk.sign(half, SignatureRole.CHAIR))


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return asyncio.run(_desk(tmp_path_factory.mktemp("authority")))


@dataclass(frozen=True)
class Tsa:
    url: str
    root: x509.Certificate
    crl: bytes


def _tsa_certificate() -> tuple[x509.Certificate, rsa.RSAPrivateKey, x509.Certificate, bytes]:
    """A root and a time stamp authority below it, with the root's revocation list."""
    now = datetime.now(UTC)
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root_name, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("TSA Root", "TSA"))

    def made(
        subject: x509.Name, public: rsa.RSAPublicKey, extensions: list[tuple[x509.ExtensionType, bool]]
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=900))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
            )
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(root_key, hashes.SHA256())

    def usage(ca: bool) -> x509.KeyUsage:
        return x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)

    root = made(
        root_name,
        root_key.public_key(),
        [(x509.BasicConstraints(ca=True, path_length=0), True), (usage(True), True)],
    )
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    tsa = made(name, key.public_key(), [(usage(False), True), (stamping, True)])
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root_name)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=30))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return root, key, tsa, crl.public_bytes(serialization.Encoding.DER)


@pytest.fixture
async def tsa(aiohttp_server: Callable[..., object]) -> Tsa:
    """A real RFC 3161 authority over HTTP on loopback."""
    root, key, certificate, crl = await asyncio.to_thread(_tsa_certificate)
    der, pkcs8 = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    stamper = DummyTimeStamper(
        asn1.Certificate.load(certificate.public_bytes(der)),
        asn1_keys.PrivateKeyInfo.load(key.private_bytes(der, pkcs8, serialization.NoEncryption())),
        certs_to_embed=[asn1.Certificate.load(root.public_bytes(der))],
    )

    async def stamp(request: web.Request) -> web.Response:
        wanted = tsp.TimeStampReq.load(await request.read())
        answer = await stamper.async_request_tsa_response(wanted)
        return web.Response(body=answer.dump(), content_type="application/timestamp-reply")

    app = web.Application()
    app.router.add_post("/", stamp)
    server = await aiohttp_server(app)  # type: ignore[misc]
    return Tsa(str(server.make_url("/")), root, crl)

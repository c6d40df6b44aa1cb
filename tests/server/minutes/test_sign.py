"""Signing, as poppler's pdfsig sees it: trust comes from an NSS database with our root."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from rooms.errors import Conflict
from rooms.minutes import Locale
from server.minutes.archive import SignatureRole
from server.minutes.authority import Person
from server.minutes.sign import Evidence, SigningFailed, sign
from server.minutes.signer import Pkcs12Signer, WrongPassphrase
from server.minutes.stamp import Visible
from server.minutes.stamp import draw as draw_stamp
from tests.server.minutes.conftest import SECRET, Desk, Tsa

needs_pdfsig = pytest.mark.skipif(
    not (shutil.which("pdfsig") and shutil.which("certutil")), reason="needs poppler-utils and libnss3-tools"
)


def pdfsig(pdf: bytes, desk: Desk, folder: Path) -> str:
    nss, root, paper = folder / "nss", folder / "root.pem", folder / "paper.pdf"
    if not nss.exists():
        nss.mkdir()
        root.write_bytes(desk.evidence.roots[0].public_bytes(serialization.Encoding.PEM))
        subprocess.run(["certutil", "-N", "-d", f"sql:{nss}", "--empty-password"], check=True)
        subprocess.run(
            ["certutil", "-A", "-d", f"sql:{nss}", "-n", "root", "-t", "CT,C,C", "-i", str(root)], check=True
        )
    paper.write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nssdir", f"sql:{nss}", str(paper)], capture_output=True, check=False)
    return done.stdout.decode()


@needs_pdfsig
def test_pdfsig_finds_two_valid_trusted_signatures(desk: Desk, tmp_path: Path) -> None:
    said = pdfsig(desk.signed, desk, tmp_path)
    assert said.count("Signature Validation: Signature is Valid.") == 2
    assert said.count("Certificate Validation: Certificate is Trusted.") == 2
    assert said.count("ETSI.CAdES.detached") == 2
    assert said.index("Nguyễn Thị Thư Ký") < said.index("Trần Văn Chủ Tọa")
    # the chair's signature covers every byte: revocation data came in the same revision
    assert said.count("Total document signed") == 1


@needs_pdfsig
def test_pdfsig_refuses_both_after_one_changed_byte(desk: Desk, tmp_path: Path) -> None:
    place = desk.blank.index(b"stream\n", 2000) + 40
    broken = bytearray(desk.signed)
    broken[place] ^= 1
    said = pdfsig(bytes(broken), desk, tmp_path)
    assert said.count("Digest Mismatch") == 2
    assert "Signature is Valid" not in said


@needs_pdfsig
def test_the_stamps_say_who_and_when_in_vietnamese(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "paper.pdf"
    file.write_bytes(desk.signed)
    done = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True)
    words = " ".join(done.stdout.decode().split())
    assert "Người ký: Nguyễn Thị Thư Ký" in words
    assert "Người ký: Trần Văn Chủ Tọa" in words
    assert words.count(f"Thời gian ký: {desk.now:%d/%m/%Y %H:%M:%S} +07:00") == 2
    fonts = subprocess.run(["pdffonts", str(file)], capture_output=True, check=True, text=True).stdout
    assert all("Tinos" in row for row in fonts.splitlines()[2:])


def test_each_signature_is_an_incremental_update(desk: Desk) -> None:
    assert desk.half.startswith(desk.blank)
    assert desk.signed.startswith(desk.half)


async def test_the_chair_does_not_sign_first(desk: Desk) -> None:
    with pytest.raises(Conflict, match="secretary-signs-first"):
        await desk.sign(desk.blank, SignatureRole.CHAIR)


@pytest.mark.parametrize("role", list(SignatureRole))
async def test_nobody_signs_twice(desk: Desk, role: SignatureRole) -> None:
    with pytest.raises(Conflict, match="signed-already"):
        await desk.sign(desk.signed, role)


async def test_a_paper_changed_since_the_secretary_signed_is_not_signed(desk: Desk) -> None:
    place = desk.blank.index(b"stream\n", 2000) + 40
    broken = bytearray(desk.half)
    broken[place] ^= 1
    with pytest.raises((Conflict, SigningFailed)):
        await desk.sign(bytes(broken), SignatureRole.CHAIR)


@pytest.mark.parametrize("paper", [b"", b"%PDF-1.7\n", b"\x00" * 5000])
async def test_what_is_no_paper_is_not_signed(desk: Desk, paper: bytes) -> None:
    with pytest.raises(SigningFailed):
        await desk.sign(paper, SignatureRole.SECRETARY)


async def test_a_revoked_certificate_does_not_sign(desk: Desk) -> None:
    authority, now = desk.authority, desk.now
    signer = await authority.signer(Person("revoked", "Lê Hữu Đỗ", "Xã"), now)
    await authority.revoke(signer.certificate, now - timedelta(minutes=1))
    evidence = Evidence(await authority.roots(now), (await authority.chain(now))[1:], await authority.crls(now))
    visible = desk.visible(SignatureRole.SECRETARY)
    with pytest.raises(Conflict, match="certificate-revoked"):
        await sign(desk.blank, SignatureRole.SECRETARY, signer, visible, evidence=evidence)
    fresh = await authority.signer(Person("revoked", "Lê Hữu Đỗ", "Xã"), now)
    assert fresh.certificate.serial_number != signer.certificate.serial_number


async def test_without_evidence_the_signature_is_still_made(desk: Desk) -> None:
    role = SignatureRole.SECRETARY
    assert (await sign(desk.blank, role, desk.signers[role], desk.visible(role))).startswith(desk.blank)


async def test_a_silent_time_stamp_authority_is_our_failure(desk: Desk, unused_tcp_port: int) -> None:
    with pytest.raises(SigningFailed, match="time stamp"):
        await desk.sign(desk.blank, SignatureRole.SECRETARY, f"http://127.0.0.1:{unused_tcp_port}/")


@needs_pdfsig
async def test_time_stamped_signatures_hold_too(desk: Desk, tsa: Tsa, tmp_path: Path) -> None:
    more = {"roots": (*desk.evidence.roots, tsa.root), "crls": (*desk.evidence.crls, tsa.crl)}
    half = await desk.sign(desk.blank, SignatureRole.SECRETARY, tsa.url, **more)
    signed = await desk.sign(half, SignatureRole.CHAIR, tsa.url, **more)
    assert pdfsig(signed, desk, tmp_path).count("Signature Validation: Signature is Valid.") == 2
    assert b"/DocTimeStamp" in signed


# ── the authority's keys ──


async def test_keys_are_made_once_and_stay(desk: Desk) -> None:
    again = type(desk.authority)(desk.authority._folder, SECRET)
    assert await again.roots(desk.now) == desk.evidence.roots
    folder = desk.authority._folder
    modes = {p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.suffix in (".pem", ".p12")}
    assert modes == {0o600}
    assert not any(b"BEGIN PRIVATE KEY" in p.read_bytes() for p in folder.rglob("*") if p.is_file())


async def test_another_secret_opens_nothing(desk: Desk) -> None:
    stranger = type(desk.authority)(desk.authority._folder, b"another secret, also long enough")
    with pytest.raises(ValueError):
        await stranger.roots(desk.now)


async def test_a_short_secret_is_refused(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(ValueError):
        type(desk.authority)(tmp_path, b"short")


async def test_keys_kept_elsewhere_open_with_the_secret_alone(desk: Desk) -> None:
    file = await desk.authority.issue(Person("7", "Lê Hữu Đỗ", "Xã", "Ủy viên"), desk.now)
    signer = desk.authority.unlock("7", file)
    assert signer.chain[0] == desk.evidence.others[0]
    with pytest.raises(WrongPassphrase):
        desk.authority.unlock("8", file)
    with pytest.raises(WrongPassphrase):
        Pkcs12Signer.load(b"junk", b"x")


async def test_a_new_title_is_a_new_certificate(desk: Desk) -> None:
    first = await desk.authority.signer(Person("9", "Lê Hữu Đỗ", "Xã", "Ủy viên"), desk.now)
    same = await desk.authority.signer(Person("9", "Lê Hữu Đỗ", "Xã", "Ủy viên"), desk.now)
    promoted = await desk.authority.signer(Person("9", "Lê Hữu Đỗ", "Xã", "Chủ tịch"), desk.now)
    renewed = await desk.authority.signer(
        Person("9", "Lê Hữu Đỗ", "Xã", "Chủ tịch"), desk.now + timedelta(days=9999)
    )
    serials = [s.certificate.serial_number for s in (first, same, promoted, renewed)]
    assert serials[0] == serials[1]
    assert len(set(serials)) == 3


def test_a_stamp_fits_long_names_and_pictures(desk: Desk) -> None:
    picture = Path(__file__).with_name("signature.png")
    visible = replace(
        desk.visible(SignatureRole.CHAIR),
        name="Nguyễn Công Tằng Tôn Nữ " * 4,
        image=picture.read_bytes() if picture.exists() else None,
        locale=Locale.EN,
    )
    assert isinstance(visible, Visible)
    assert draw_stamp(visible).startswith(b"%PDF")

"""What an outsider makes of the papers: poppler's pdfsig and pdftotext, and the database file itself."""

from __future__ import annotations

import sqlite3
import subprocess
import unicodedata
from pathlib import Path


def run(*command: str | Path) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def pdfsig(file: Path, data: Path, folder: Path) -> str:
    """What pdfsig says, trusting the installation's own authority."""
    nss = folder / "nss"
    if not nss.exists():
        nss.mkdir()
        run("certutil", "-N", "-d", f"sql:{nss}", "--empty-password")
        for n, certificate in enumerate(sorted(data.rglob("*.pem"))):
            if "CERTIFICATE" in certificate.read_text("utf-8", "replace"):
                run("certutil", "-A", "-d", f"sql:{nss}", "-n", f"ca{n}", "-t", "CT,C,C", "-i", certificate)
    return run("pdfsig", "-nssdir", f"sql:{nss}", file)


def two_valid_signatures(file: Path, data: Path, folder: Path) -> None:
    said = pdfsig(file, data, folder)
    assert said.count("Signature is Valid.") == 2, said
    assert said.count("Certificate is Trusted.") == 2, said


def no_valid_signature(file: Path, data: Path, folder: Path) -> None:
    said = pdfsig(file, data, folder)
    assert "Signature is Valid." not in said, said


def text(file: Path) -> str:
    """As pdftotext gives it back, line breaks as spaces; the text is intact only when it is NFC already."""
    given = run("pdftotext", "-layout", file, "-")
    assert given == unicodedata.normalize("NFC", given)
    return " ".join(given.split())


def one_byte_changed(file: Path, folder: Path) -> Path:
    content = bytearray(file.read_bytes())
    content[len(content) // 10] ^= 1
    spoilt = folder / "spoilt.pdf"
    spoilt.write_bytes(content)
    return spoilt


def alter_journal(data: Path, meeting_id: str) -> int:
    """As somebody with the database in hand would: one row, by SQL. Returns its number."""
    with sqlite3.connect(data / "dienhong.db") as database:
        key = meeting_id.replace("-", "")
        changed = database.execute(
            "update journal set body = replace(body, '\"votes_for\":2', '\"votes_for\":3') "
            "where meeting_id in (?, ?) and kind = 'poll.closed' returning seq",
            (key, meeting_id),
        ).fetchone()
    database.close()
    assert changed is not None
    return int(changed[0])

"""Verification in a process of its own, with bounds on memory and time: for files of strangers.

The parsers bound what they unpack, but not the time that a file made for it can cost them, and a thread cannot be
stopped; here that ends a child, not the server. The child gets the request on its standard input and writes the
report as JSON; it inherits no environment but the path to the code.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import TypeAdapter, ValidationError

from server.minutes.report import Reason, Verdict, VerificationReport
from server.minutes.verify import LIMIT_BYTES, Anchors, check, refused

MEMORY_BYTES = 1024 * 1024 * 1024
TIME_S = 30
_CODE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Request:
    """Shape: certificates and lists are DER, hex."""

    roots: tuple[str, ...]
    others: tuple[str, ...]
    crls: tuple[str, ...]
    now: datetime
    limit_bytes: int


_REQUEST = TypeAdapter(Request)
_REPORT = TypeAdapter(VerificationReport)


async def verify_apart(
    pdf_bytes: bytes,
    trust_roots: Sequence[x509.Certificate],
    *,
    others: Sequence[x509.Certificate] = (),
    crls: Sequence[bytes] = (),
    now: datetime | None = None,
    limit_bytes: int = LIMIT_BYTES,
    time_s: float = TIME_S,
) -> VerificationReport:
    """As `verify`, at the cost of starting a process (about a second). The caller bounds how many run at once."""
    now = now or datetime.now(UTC)
    if len(pdf_bytes) > limit_bytes:
        return refused(pdf_bytes, now, Verdict.INSUFFICIENT, Reason.TOO_LARGE)
    request = Request(
        roots=tuple(c.public_bytes(Encoding.DER).hex() for c in trust_roots),
        others=tuple(c.public_bytes(Encoding.DER).hex() for c in others),
        crls=tuple(crl.hex() for crl in crls),
        now=now,
        limit_bytes=limit_bytes,
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server.minutes.apart",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_CODE,
        env={"PYTHONPATH": str(_CODE), "PATH": os.defpath},
    )
    try:
        out, _ = await asyncio.wait_for(
            child.communicate(_REQUEST.dump_json(request) + b"\n" + pdf_bytes), timeout=time_s
        )
        return _REPORT.validate_json(out)
    except (TimeoutError, ValidationError):
        return refused(pdf_bytes, now, Verdict.INSUFFICIENT, Reason.TOO_LONG)
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def main() -> None:
    """The child: one request, one report."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (TIME_S, TIME_S))
    request = _REQUEST.validate_json(sys.stdin.buffer.readline())
    pdf_bytes = sys.stdin.buffer.read()
    anchors = Anchors(
        tuple(x509.load_der_x509_certificate(bytes.fromhex(c)) for c in request.roots),
        tuple(x509.load_der_x509_certificate(bytes.fromhex(c)) for c in request.others),
        tuple(bytes.fromhex(c) for c in request.crls),
    )
    report = check(pdf_bytes, anchors, request.now, request.limit_bytes)
    sys.stdout.buffer.write(_REPORT.dump_json(report))


if __name__ == "__main__":
    main()

"""The innermost loop in C, over each cipher it can be built with: same bytes as the cryptography package."""

import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from media.transport import sealer, srtp
from media.transport.kernel import ffi
from media.transport.sealer import Numbered, Row, Shift

SOURCE = sealer.PLACE.with_name("sealer.c")
BUILDS = {"IPsec-MB": ("-DIPSEC_MB", "-lIPSec_MB"), "OpenSSL": ("-lcrypto",)}
STRIDE = 8192


@pytest.fixture(scope="module", params=BUILDS)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if request.param == "IPsec-MB" and os.uname().machine != "x86_64":
        pytest.skip("Intel's library is there for x86 alone")
    place = tmp_path_factory.mktemp("sealer") / "libsealer.so"
    before, after = BUILDS[request.param][:-1], BUILDS[request.param][-1]
    words = ["cc", "-O2", "-shared", "-fPIC", "-Wall", "-Werror", *before, "-o", str(place), str(SOURCE), after]
    if shutil.which("cc") is None or subprocess.run(words, capture_output=True).returncode:
        assert os.environ.get("CI") != "true", f"sealer.c was not built for {request.param}"
        pytest.skip(f"sealer.c was not built for {request.param}")
    return sealer.load(place)


PACKETS = st.tuples(st.binary(min_size=12, max_size=28), st.binary(max_size=1400), st.integers(0, 2**40))
SHIFTS = st.tuples(st.integers(0, 2**40), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))


@given(
    keys=st.lists(st.tuples(st.binary(min_size=28, max_size=28), SHIFTS), min_size=1, max_size=5),
    packets=st.lists(PACKETS, min_size=1, max_size=3),
    ssrc=st.integers(0, 2**32 - 1),
    skipped=st.binary(min_size=5, max_size=5),
)
def test_what_is_sealed_in_c_is_what_the_package_seals(
    library: Any, keys: list[tuple[bytes, Any]], packets: list[tuple[bytes, bytes, int]], ssrc: int, skipped: bytes
) -> None:
    starts = [sum(len(h) + len(c) + 16 for h, c, _ in packets[:i]) for i in range(len(packets))]
    cells = ffi.new("unsigned char[]", STRIDE * len(keys))
    sealed = sealer.Sealer(len(packets), library)
    sealed.take([Numbered(header, clear, sequence, 7) for header, clear, sequence in packets], starts)
    shifts = [Shift(*shift) for _, shift in keys]
    held = [sealer.key(key[:16], library) for key, _ in keys]
    sealed.run(Row(held, b"".join(key[16:] for key, _ in keys), shifts), skipped, ssrc, cells, STRIDE)
    written = bytes(ffi.buffer(cells))
    for seat, ((key, _), shift) in enumerate(zip(keys, shifts, strict=True)):
        if skipped[seat]:
            assert not any(written[seat * STRIDE : (seat + 1) * STRIDE])
            continue
        for (header, clear, sequence), start in zip(packets, starts, strict=True):
            number = sequence + shift.packets
            own = header[:2] + struct.pack("!HI", number & 0xFFFF, 7 + shift.ticks & 0xFFFFFFFF) + header[8:]
            iv = srtp.rtp_iv(ssrc, (number >> 16) + shift.turns, number & 0xFFFF)
            nonce = bytes(a ^ b for a, b in zip(key[16:], iv, strict=True))
            assert written[seat * STRIDE + start :].startswith(own + AESGCM(key[:16]).encrypt(nonce, clear, own))


def test_a_library_of_another_version_is_left_alone(tmp_path: Path) -> None:
    source, place = tmp_path / "old.c", tmp_path / "old.so"
    source.write_text("int sealer_version(void) { return 1; }\n")
    if shutil.which("cc") is None:
        pytest.skip("no compiler")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(place), str(source)], check=True)
    assert sealer.load(place) is None
    assert sealer.load(tmp_path / "none.so") is None

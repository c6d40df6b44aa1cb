"""The innermost loop in C, over each cipher it can be built with: same bytes as the cryptography package."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from media.transport import sealer
from media.transport.kernel import ffi

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


PACKETS = st.tuples(st.binary(min_size=12, max_size=28), st.binary(max_size=1400))


@given(
    keys=st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=5),
    clear=st.lists(PACKETS, min_size=1, max_size=3),
    chance=st.randoms(),
)
def test_what_is_sealed_in_c_is_what_the_package_seals(
    library: Any, keys: list[bytes], clear: list[tuple[bytes, bytes]], chance: Any
) -> None:
    held = [sealer.key(key, library) for key in keys]
    nonces = [[chance.randbytes(12) for _ in keys] for _ in clear]
    starts = [sum(len(h) + len(c) + 16 for h, c in clear[:i]) for i in range(len(clear))]
    cells = ffi.new("unsigned char[]", STRIDE * len(keys))
    run = sealer.Sealer(len(clear), library)
    run.lay(starts, clear, len(keys), cells, STRIDE)
    run.run(ffi.new("void *[]", held), len(keys), [b"".join(some) for some in nonces], cells, STRIDE)
    written = bytes(ffi.buffer(cells))
    for seat, key in enumerate(keys):
        for (header, payload), own, start in zip(clear, nonces, starts, strict=True):
            at, sealed = seat * STRIDE + start, AESGCM(key).encrypt(own[seat], payload, header)
            assert written[at:].startswith(header + sealed)


def test_a_library_of_another_version_is_left_alone(tmp_path: Path) -> None:
    source, place = tmp_path / "old.c", tmp_path / "old.so"
    source.write_text("int sealer_version(void) { return 1; }\n")
    if shutil.which("cc") is None:
        pytest.skip("no compiler")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(place), str(source)], check=True)
    assert sealer.load(place) is None
    assert sealer.load(tmp_path / "none.so") is None

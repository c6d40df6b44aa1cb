"""Every kept input of the fuzzer, and changed ones, at its reader. `make fuzz` looks for new ones."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import CORPUS
from tests.fuzz.targets import TARGETS

KEPT = {name: sorted((CORPUS / name).iterdir()) for name in TARGETS}
slow = settings(deadline=None, max_examples=40)


@pytest.mark.parametrize("name", TARGETS)
def test_every_reader_bears_what_was_kept(name: str) -> None:
    assert KEPT[name], "a reader without a corpus"
    for path in KEPT[name]:
        try:
            TARGETS[name](path.read_bytes())
        except BaseException as fault:
            fault.add_note(str(path))
            raise


@st.composite
def changed(draw: st.DrawFn, kept: list[Path]) -> bytes:
    """A kept input with a piece of it cut out, repeated or overwritten."""
    good = draw(st.sampled_from(kept)).read_bytes()
    start = draw(st.integers(0, len(good)))
    end = draw(st.integers(start, min(len(good), start + 64)))
    middle = draw(st.one_of(st.binary(max_size=8), st.just(good[start:end] * 2)))
    return good[:start] + middle + good[end:]


@pytest.mark.parametrize("name", TARGETS)
def test_every_reader_bears_changes_of_it(name: str) -> None:
    @given(st.one_of(changed(KEPT[name]), st.binary(max_size=200)))
    @slow
    def bears(data: bytes) -> None:
        TARGETS[name](data)

    bears()

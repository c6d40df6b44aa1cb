"""Framing on byte streams: whatever the cuts, what was framed comes out; nothing hostile gets far."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.transport.frames import MAX_FRAME, Unframer, frame

datagrams = st.lists(st.binary(max_size=200) | st.integers(MAX_FRAME - 2, MAX_FRAME).map(bytes), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(edges)]


@given(datagrams, st.lists(st.integers(0, 1 << 16), max_size=12))
def test_frames_survive_any_cutting(sent: list[bytes], cuts: list[int]) -> None:
    reader = Unframer()
    stream = b"".join(map(frame, sent))
    got = [datagram for piece in pieces(stream, cuts) for datagram in reader.feed(piece)]
    assert got == [datagram for datagram in sent if datagram]


@given(st.binary(max_size=5000), st.lists(st.integers(0, 5000), max_size=5))
def test_any_bytes_give_frames_or_the_end(hostile: bytes, cuts: list[int]) -> None:
    reader, got = Unframer(), []
    try:
        for piece in pieces(hostile, cuts):
            got += list(reader.feed(piece))
    except ValueError:
        return
    assert sum(len(datagram) + 2 for datagram in got) <= len(hostile)
    assert all(0 < len(datagram) <= MAX_FRAME for datagram in got)


def test_a_frame_too_long_ends_it_at_its_length() -> None:
    reader = Unframer()
    assert list(reader.feed(frame(b"first") + b"\x08")) == [b"first"]
    with pytest.raises(ValueError):
        list(reader.feed(b"\x01"))


def test_reading_on_later_loses_nothing() -> None:
    """Whoever stops in the middle finds the rest the next time."""
    reader = Unframer()
    for datagram in reader.feed(frame(b"one") + frame(b"two")):
        assert datagram == b"one"
        break
    assert list(reader.feed(b"")) == [b"two"]

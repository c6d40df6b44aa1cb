"""A slot's promises, whatever the sources do: nothing leaves twice, nothing runs back, nothing is skipped."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fanout.slot import Slot, unwrap
from media.programme.programme import CUT_ANYWAY_S, Cue, Programme, Staging
from media.wire.rtp import Codec, Packet, vp8_descriptor

KEY, DELTA = 0x10, 0x11


def vp8(picture: int, level: int, tag: int, *, first: bool = True, bits: int = 15) -> bytes:
    number = (picture | 0x8000).to_bytes(2, "big") if bits == 15 else bytes([picture & 0x7F])
    return bytes([0x90 if first else 0x80, 0xC0]) + number + bytes([level, tag, 1, 2, 3])


class Stream:
    """A VP8 source with numbers of its own, near their wrap-arounds if wanted."""

    def __init__(self, peer: str, ssrc: int, sequence: int, timestamp: int, picture: int, bits: int = 15) -> None:
        self.peer, self.ssrc, self.bits = peer, ssrc, bits
        self.sequence, self.timestamp, self.picture = sequence, timestamp, picture

    def frame(self, *, key: bool, packets: int = 2) -> list[Packet]:
        frame = []
        for i in range(packets):
            tag = KEY if key else DELTA
            payload = vp8(
                self.picture & ((1 << self.bits) - 1), self.picture & 0xFF, tag, first=i == 0, bits=self.bits
            )
            last = i == packets - 1
            frame.append(Packet(96, last, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc, payload))
            self.sequence += 1
        self.timestamp += 3000
        self.picture += 1
        return frame


streams = st.builds(
    Stream,
    st.just("?"),
    st.just(0),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0x7FFF),
    st.sampled_from([7, 15]),
)


@given(
    sources=st.lists(streams, min_size=2, max_size=3),
    cuts=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), min_size=1, max_size=12),
    start=st.integers(0, 0xFFFF),
)
def test_cuts_leave_no_seam(sources: list[Stream], cuts: list[tuple[int, int]], start: int) -> None:
    slot = Slot(77, 90_000, start, 0xFFFFF000)
    now, out = 100.0, []
    for choice, frames in cuts:
        source = sources[choice % len(sources)]
        fresh = True
        for number in range(frames):
            for packet in source.frame(key=number == 0):
                if fresh:
                    slot.cut(packet, Codec.VP8, now)
                    fresh = False
                clear = slot.rewrite(packet, Codec.VP8, now)
                assert clear is not None
                out.append((clear, now, source.bits))
            now += 1 / 30
    for (before, earlier, bits_before), (after, later, bits) in itertools.pairwise(out):
        assert after.sequence == before.sequence + 1
        step = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        if before.marker:
            assert 0 < step < 90_000
            assert step == pytest.approx((later - earlier) * 90_000, abs=2)
            one, two = vp8_descriptor(before.payload), vp8_descriptor(after.payload)
            mask = (1 << min(bits, bits_before)) - 1
            assert (two.picture - one.picture) & mask == 1
            levels = after.payload[two.level_at] - before.payload[one.level_at]
            assert levels & 0xFF == 1
        else:
            assert step == 0


@given(st.lists(st.integers(0, 300), min_size=1, max_size=200), st.integers(0, 0xFFFF))
def test_no_number_leaves_twice(offsets: list[int], first: int) -> None:
    slot = Slot(77, 90_000, 5, 0)
    begin = Packet(96, True, first, 0, 1, b"x")
    slot.cut(begin, Codec.H264, 0.0)
    seen = set()
    for offset in [0, *offsets]:
        packet = Packet(96, True, (first + offset) & 0xFFFF, offset, 1, b"x")
        clear = slot.rewrite(packet, Codec.H264, 0.0)
        assert (clear is None) == (offset in seen)
        seen.add(offset)
        if clear is not None:
            assert clear.sequence == 6 + offset


def test_packets_from_before_the_cut_stay_out() -> None:
    slot = Slot(77, 90_000, 5, 0)
    slot.cut(Packet(96, True, 0, 0, 1, b"x"), Codec.H264, 0.0)
    assert slot.rewrite(Packet(96, True, 0xFFFF, 0, 1, b"x"), Codec.H264, 0.0) is None
    assert slot.rewrite(Packet(96, True, 0, 0, 1, b"x"), Codec.H264, 0.0) is not None


def test_a_source_that_jumps_far_leaves_no_hole() -> None:
    slot = Slot(77, 90_000, 5, 0)
    slot.cut(Packet(96, True, 10, 0, 1, b"x"), Codec.H264, 0.0)
    assert slot.rewrite(Packet(96, True, 10, 0, 1, b"x"), Codec.H264, 0.0) is not None
    jumped = slot.rewrite(Packet(96, True, 20_000, 0, 1, b"x"), Codec.H264, 0.0)
    assert jumped is not None
    assert jumped.sequence == 7


@given(st.integers(0, 1 << 40), st.integers(-0x7FFF, 0x7FFF))
def test_unwrapping_finds_the_nearest(near: int, step: int) -> None:
    assert unwrap((near + step) & 0xFFFF, near) == near + step


def feed(cue: Cue, stream: Stream, now: float, *, key: bool) -> list[bool]:
    return [cue.take(stream.peer, packet, Codec.VP8, now) is not None for packet in stream.frame(key=key)]


@pytest.fixture
def cue() -> Cue:
    return Cue(0, 90_000, 1.0)


def test_the_old_source_stays_until_the_key_frame(cue: Cue) -> None:
    old, new = Stream("old", 1, 10, 0, 0), Stream("new", 2, 500, 9, 0)
    cue.stage("old")
    assert feed(cue, old, 0.0, key=False) == [False, False]
    assert feed(cue, old, 0.0, key=True) == [True, True]
    cue.stage("new")
    assert cue.waits
    assert feed(cue, old, 0.1, key=False) == [True, True]
    assert feed(cue, new, 0.1, key=False) == [False, False]
    assert feed(cue, new, 0.2, key=True) == [True, True]
    assert not cue.waits
    assert feed(cue, old, 0.2, key=True) == [False, False]


def test_after_three_seconds_it_is_cut_anyway(cue: Cue) -> None:
    new = Stream("new", 2, 500, 9, 0)
    cue.stage("new")
    assert feed(cue, new, 0.0, key=False) == [False, False]
    assert feed(cue, new, CUT_ANYWAY_S - 0.1, key=False) == [False, False]
    assert feed(cue, new, CUT_ANYWAY_S, key=False) == [True, True]


def test_a_source_that_comes_again_is_cut_in_at_its_key_frame(cue: Cue) -> None:
    cue.stage("a")
    assert feed(cue, Stream("a", 1, 10, 0, 0), 0.0, key=True) == [True, True]
    again = Stream("a", 9, 3, 3, 3)
    assert feed(cue, again, 0.5, key=False) == [False, False]
    assert feed(cue, again, 0.5, key=True) == [True, True]
    cue.stage(None)
    assert feed(cue, again, 0.6, key=True) == [False, False]
    assert cue.live_peer is None


@pytest.fixture
def programme() -> Iterator[Programme]:
    from media.fanout.fanout import Fanout
    from media.transport import kernel

    sock = kernel.open_port("127.0.0.1", 0)
    yield Programme("main", Fanout(sock))
    sock.close()


def test_staging_says_what_is_wanted_and_what_is_on_air(programme: Programme) -> None:
    programme.stage(Staging("a", ("a", None, "b")))
    feed(programme.video, Stream("a", 1, 10, 0, 0), 0.0, key=True)
    programme.audio[2].take("b", Packet(111, False, 1, 1, 4, b"sound"), Codec.OPUS, 0.0)
    assert programme.snapshot() == {
        "wanted": {"video": "a", "audio": ["a", None, "b"]},
        "on_air": {"video": "a", "audio": [None, None, "b"]},
    }
    programme.gone("a")
    assert programme.snapshot()["on_air"] == {"video": None, "audio": [None, None, "b"]}

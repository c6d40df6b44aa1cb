"""A slot's promises, whatever the sources do: nothing leaves twice, nothing runs back, nothing is skipped."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fanout.slot import Clear, Slot, unwrap
from media.programme.programme import CUT_ANYWAY_S, Cue, Programme, Staging
from media.wire.rtp import Codec, Packet, vp8_descriptor

KEY, DELTA = 0x10, 0x11


def vp8(picture: int, level: int, tag: int, *, first: bool = True, bits: int = 15) -> bytes:
    number = (picture | 0x8000).to_bytes(2, "big") if bits == 15 else bytes([picture & 0x7F])
    return bytes([0x90 if first else 0x80, 0xC0]) + number + bytes([level, tag, 1, 2, 3])


class Stream:
    """A VP8 source with numbers of its own, near their wrap-arounds if wanted."""

    codec = Codec.VP8

    def __init__(self, peer: str, ssrc: int, sequence: int, timestamp: int, picture: int, bits: int = 15) -> None:
        self.peer, self.ssrc, self.bits = peer, ssrc, bits
        self.sequence, self.timestamp, self.picture = sequence, timestamp, picture

    def payload(self, key: bool, place: int) -> bytes:
        number = self.picture & ((1 << self.bits) - 1)
        return vp8(number, self.picture & 0xFF, KEY if key else DELTA, first=place == 0, bits=self.bits)

    def frame(self, *, key: bool, packets: int = 2) -> list[Packet]:
        frame = []
        for i in range(packets):
            payload, last = self.payload(key, i), i == packets - 1
            frame.append(Packet(96, last, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc, payload))
            self.sequence += 1
        self.timestamp += 3000
        self.picture += 1
        return frame


class Units(Stream):
    """An H.264 source: a key frame is its parameter sets, each by itself, and the slices of a picture."""

    codec = Codec.H264

    def payload(self, key: bool, place: int) -> bytes:
        return (b"\x67sps", b"\x68pps", b"\x65idr")[min(place, 2)] if key else b"\x41slice"


class Sound(Stream):
    """An Opus source: a packet in 20 ms, silent now and then."""

    codec = Codec.OPUS

    def frame(self, *, key: bool, packets: int = 1) -> list[Packet]:
        del key, packets
        self.sequence += 1
        self.timestamp += 960
        return [Packet(111, False, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc, b"opus")]


def streams(kind: type[Stream]) -> st.SearchStrategy[Stream]:
    return st.builds(
        kind,
        st.just("?"),
        st.just(0),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0x7FFF),
        st.sampled_from([7, 15]),
    )


pictures = st.one_of(streams(Stream), streams(Units))


cuts = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), min_size=1, max_size=12)
Left = tuple[Clear, float, int]


def cut_about(slot: Slot, sources: list[Stream], cuts: list[tuple[int, int]], frame_s: float) -> list[Left]:
    """What leaves, when, and how many bits its source's picture numbers have."""
    now, out = 100.0, []
    for choice, frames in cuts:
        source = sources[choice % len(sources)]
        fresh = True
        for number in range(frames):
            for packet in source.frame(key=number == 0):
                if fresh:
                    slot.cut(packet, source.codec, now)
                    fresh = False
                clear = slot.rewrite(packet, source.codec, now)
                assert clear is not None
                out.append((clear, now, source.bits))
            now += frame_s
    return out


def seams(out: list[Left], clock_hz: int) -> Iterator[tuple[Left, Left]]:
    """The pairs of packets that follow each other in time; held to one row of numbers and one clock."""
    for one, two in itertools.pairwise(out):
        (before, earlier, _), (after, later, _) = one, two
        assert after.sequence == before.sequence + 1
        step = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        assert step == pytest.approx((later - earlier) * clock_hz, abs=2)
        assert (step > 0) == (later > earlier)
        if later > earlier:
            yield one, two


@given(sources=st.lists(pictures, min_size=2, max_size=3), cuts=cuts, start=st.integers(0, 0xFFFF))
def test_cuts_leave_no_seam(sources: list[Stream], cuts: list[tuple[int, int]], start: int) -> None:
    """Between sources of either codec, whose numbers and clocks may turn at any moment, as the slot's own."""
    out = cut_about(Slot(77, 90_000, start, 0xFFFFF000), sources, cuts, 1 / 30)
    for (before, _, bits_before), (after, _, bits) in seams(out, 90_000):
        assert before.marker
        if before.codec is after.codec is Codec.VP8:
            one, two = vp8_descriptor(before.payload), vp8_descriptor(after.payload)
            mask = (1 << min(bits, bits_before)) - 1
            assert (two.picture - one.picture) & mask == 1
            levels = after.payload[two.level_at] - before.payload[one.level_at]
            assert levels & 0xFF == 1


@given(
    sources=st.lists(streams(Sound), min_size=2, max_size=3),
    cuts=cuts,
    start=st.integers(0, 0xFFFF),
    time=st.integers(0, 0xFFFFFFFF),
)
def test_cuts_of_sound_leave_no_seam(
    sources: list[Stream], cuts: list[tuple[int, int]], start: int, time: int
) -> None:
    out = cut_about(Slot(77, 48_000, start, time), sources, cuts, 0.02)
    assert len(list(seams(out, 48_000))) == len(out) - 1


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
    return [cue.take(stream.peer, packet, stream.codec, now) is not None for packet in stream.frame(key=key)]


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


def test_a_cut_begins_with_the_parameters_or_not_at_all(cue: Cue) -> None:
    """Of the wanted source the parameter set is lost: viewers would decode it with those of the old one."""
    old, new = Stream("old", 1, 10, 0, 0), Units("new", 2, 0xFFFE, 9, 0)
    cue.stage("old")
    feed(cue, old, 0.0, key=True)
    cue.stage("new")
    sps, *rest = new.frame(key=True, packets=4)
    assert [cue.take("new", packet, Codec.H264, 0.1) for packet in rest] == [None] * 3
    # It comes again, but what followed it went by: the old picture stays until there is a whole one.
    assert cue.take("new", sps, Codec.H264, 0.2) is None
    assert feed(cue, old, 0.2, key=False) == [True, True]
    assert cue.waits
    first, *others = new.frame(key=True, packets=4)
    begun = cue.take("new", first, Codec.H264, 0.3)
    assert begun is not None
    assert begun.sequence == cue.key_frame
    assert all(cue.take("new", packet, Codec.H264, 0.3) for packet in others)


def test_a_cut_does_not_begin_with_a_repair(cue: Cue) -> None:
    """The first packet of a key frame is lost and comes again after the others, which nobody got."""
    new = Stream("new", 2, 0xFFFF, 9, 0)
    cue.stage("new")
    first, *others = new.frame(key=True, packets=3)
    assert [cue.take("new", packet, Codec.VP8, 0.0) for packet in (*others, first)] == [None] * 3
    assert feed(cue, new, 0.1, key=True) == [True, True]


def test_a_source_that_was_long_away_is_not_late(cue: Cue) -> None:
    one, other = Stream("one", 1, 30_000, 0, 0), Stream("other", 2, 5, 0, 0)
    cue.stage("one")
    feed(cue, one, 0.0, key=False)  # waited for in vain
    cue.stage("other")
    feed(cue, other, 0.1, key=True)
    one.sequence = 29_900  # a turn of the numbers later
    cue.stage("one")
    assert feed(cue, one, 9.0, key=True) == [True, True]


@given(st.data())
def test_whatever_is_lost_before_a_cut_it_begins_whole(data: st.DataObject) -> None:
    """Of key frames some packets come late or never: the slot begins where nothing that follows went by before."""
    cue, stream = Cue(0, 90_000, 1.0), Units("new", 2, data.draw(st.integers(0, 0xFFFF)), 9, 0)
    cue.stage("new")
    seen: list[int] = []
    owed: list[Packet] = []
    for turn in range(4):
        coming = stream.frame(key=True, packets=5)
        lost = data.draw(st.sets(st.integers(0, 4))) if turn < 3 else set()
        owed += [coming.pop(place) for place in sorted(lost, reverse=True)]
        for _ in range(data.draw(st.integers(0, len(owed)))):
            again = owed.pop(data.draw(st.integers(0, len(owed) - 1)))
            coming.insert(data.draw(st.integers(0, len(coming))), again)
        for packet in coming:
            clear = cue.take("new", packet, Codec.H264, turn * 0.1)
            if clear is not None:
                assert clear.payload == b"\x67sps"
                assert not any(unwrap(number, packet.sequence) > packet.sequence for number in seen)
                return
            seen.append(packet.sequence)
    raise AssertionError("never cut")


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

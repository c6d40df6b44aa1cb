"""Pictures come whole out of any split into packets; a lost or hostile packet costs a picture and no more."""

import itertools
from collections.abc import Iterator

import pytest
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from media.programme.reorder import WAIT_S, Reorder, Timeline
from media.recording.intake import _Slot
from media.wire.depacket import MAX_FRAME, Assembler, Frame
from media.wire.rtp import Codec, Packet

SPS, PPS = b"\x67\x42\xc0\x1f\x01", b"\x68\xce\x3c\x80"
Payloads = list[bytes]


@st.composite
def vp8_frames(draw: st.DrawFn) -> tuple[bytes, Payloads]:
    """A VP8 picture, and its payloads with any descriptor that RFC 7741 knows."""
    key = draw(st.booleans())
    data = bytes((0x10 | (not key),)) + draw(st.binary(min_size=1, max_size=300))
    cuts = sorted(draw(st.sets(st.integers(1, len(data) - 1), max_size=6)))
    picture = draw(st.none() | st.integers(0, 0x7FFF))
    level = draw(st.none() | st.integers(0, 255))
    tid = draw(st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)))
    payloads = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        head = VpxPayloadDescriptor(
            partition_start=int(start == 0), partition_id=0, picture_id=picture, tl0picidx=level, tid=tid,
            keyidx=None,
        )  # fmt: skip
        payloads.append(bytes(head) + data[start:end])
    return data, payloads


@st.composite
def units(draw: st.DrawFn, kind: int) -> bytes:
    reference = draw(st.integers(0, 3))
    return bytes((reference << 5 | kind,)) + draw(st.binary(min_size=2, max_size=200))


@st.composite
def h264_frames(draw: st.DrawFn) -> tuple[list[bytes], Payloads]:
    """The units of a key frame, and its payloads: alone, aggregated or in fragments, as it comes."""
    slices = draw(st.lists(units(5), min_size=1, max_size=3))
    whole = [SPS, PPS, *draw(st.lists(units(6), max_size=1)), *slices]
    payloads, at = [], 0
    while at < len(whole):
        how = draw(st.sampled_from(("alone", "fragments", "aggregate")))
        unit = whole[at]
        if how == "aggregate":
            count = draw(st.integers(1, len(whole) - at))
            body = b"".join(len(u).to_bytes(2, "big") + u for u in whole[at : at + count])
            payloads.append(b"\x78" + body)
            at += count
            continue
        if how == "fragments":
            cuts = sorted(draw(st.sets(st.integers(2, len(unit) - 1), min_size=1, max_size=5)))
            payloads += _fragments(unit, cuts)
        else:
            payloads.append(unit)
        at += 1
    return whole, payloads


def _fragments(unit: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = [1, *cuts, len(unit)]
    for i, (start, end) in enumerate(itertools.pairwise(edges)):
        head = unit[0] & 0x1F | (0x80 if i == 0 else 0) | (0x40 if end == len(unit) else 0)
        yield bytes((unit[0] & 0xE0 | 28, head)) + unit[start:end]


def feed(
    assembler: Assembler, codec: Codec, payloads: Payloads, first: int, timestamp: int, marker: bool = True
) -> list[Frame]:
    frames = []
    for i, payload in enumerate(payloads):
        last = marker and i == len(payloads) - 1
        frames += assembler.add(codec, first + i, timestamp, last, payload)
    return frames


@given(st.lists(vp8_frames(), min_size=1, max_size=5), st.booleans())
def test_vp8_comes_whole_out_of_any_split(pictures: list[tuple[bytes, Payloads]], markers: bool) -> None:
    assembler, sequence, frames = Assembler(), 7, []
    for i, (_, payloads) in enumerate(pictures):
        frames += feed(assembler, Codec.VP8, payloads, sequence, i * 3000, markers)
        sequence += len(payloads)
    frames += assembler.add(Codec.VP8, sequence, 10**6, False, b"\x10\x01\x00")  # ends what had no marker
    first = next((i for i, (data, _) in enumerate(pictures) if not data[0] & 1), len(pictures))
    assert [frame.data for frame in frames] == [data for data, _ in pictures[first:]]
    assert [frame.timestamp for frame in frames] == [i * 3000 for i in range(first, len(pictures))]
    assert all(frame.key == (not frame.data[0] & 1) for frame in frames)


@given(st.lists(h264_frames(), min_size=1, max_size=4))
def test_h264_comes_whole_out_of_any_split(pictures: list[tuple[list[bytes], Payloads]]) -> None:
    assembler, sequence = Assembler(), 0
    for i, (whole, payloads) in enumerate(pictures):
        (frame,) = feed(assembler, Codec.H264, payloads, sequence, i)
        sequence += len(payloads)
        assert frame.key
        assert frame.data == b"".join(b"\0\0\0\1" + unit for unit in whole)
        assert frame.parameters == b"\0\0\0\1" + SPS + b"\0\0\0\1" + PPS


@given(st.lists(units(5), min_size=1, max_size=4))
def test_what_another_stack_packs_is_read(slices: list[bytes]) -> None:
    whole = [SPS, PPS, *slices]
    payloads = H264Encoder._packetize(iter(whole))
    (frame,) = feed(Assembler(), Codec.H264, payloads, 0, 5)
    assert frame.data == b"".join(b"\0\0\0\1" + unit for unit in whole)


def test_a_key_frame_always_brings_its_parameter_sets() -> None:
    assembler = Assembler()
    assert not assembler.add(Codec.H264, 0, 0, True, b"\x65\x88\x80")  # nothing could decode it
    assert not assembler.add(Codec.H264, 1, 1, False, SPS)
    assert not assembler.add(Codec.H264, 2, 1, True, PPS)
    (frame,) = assembler.add(Codec.H264, 3, 2, True, b"\x65\x88\x80")
    assert frame.data.startswith(frame.parameters)
    assert SPS in frame.parameters


@given(vp8_frames(), st.data())
def test_a_loss_is_known_and_ends_with_the_next_key_frame(
    picture: tuple[bytes, Payloads], data: st.DataObject
) -> None:
    assembler = Assembler()
    key = b"\x10\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00"
    (first,) = assembler.add(Codec.VP8, 0, 0, True, key)
    assert first.size == (320, 180)
    _, payloads = picture
    gone = data.draw(st.integers(0, len(payloads) - 1))
    for i, payload in enumerate(payloads):
        if i != gone:
            try:
                assert (
                    not assembler.add(Codec.VP8, 1 + i, 10, i == len(payloads) - 1, payload)
                    or gone == len(payloads) - 1
                )
            except ValueError:
                assert i > gone
    after = 1 + len(payloads)
    assert not assembler.add(Codec.VP8, after, 20, True, b"\x10\x01\x07")
    assert assembler.waits
    assert assembler.lost == 1
    (frame,) = assembler.add(Codec.VP8, after + 1, 30, True, key)
    assert frame.key
    assert not assembler.waits


VP8_KEY = [b"\x10\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00"]
H264_KEY = [b"\x78" + b"".join(len(u).to_bytes(2, "big") + u for u in (SPS, PPS, b"\x65\x88\x80"))]


@pytest.mark.parametrize(
    ("codec", "key", "delta"),
    [
        (Codec.VP8, VP8_KEY, [b"\x10\x01\x07", b"\x00\x08", b"\x00\x09"]),
        (Codec.H264, H264_KEY, [b"\x7c\x81\x07", b"\x7c\x01\x08", b"\x7c\x41\x09"]),
    ],
    ids=["VP8", "H.264"],
)
@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_loss_before_padding_is_known(codec: Codec, key: Payloads, delta: Payloads, gone: int) -> None:
    """Padding is passed on under its own number, so that it may be what comes next."""
    assembler = Assembler()
    assert len(feed(assembler, codec, key, 0, 1)) == 1
    number = len(key)
    for i, payload in enumerate(delta):
        put = b"" if i == gone else payload
        number += i == gone  # and is lost
        assert not assembler.add(codec, number, 10, i == 2 and i != gone, put)
        number += 1
    assert assembler.waits
    assert assembler.lost == 1
    assert not feed(assembler, codec, delta, number, 20)
    assert len(feed(assembler, codec, key, number + 3, 30)) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"\x00\x01",  # the middle of a fragment that never began
        b"\x1c\x05\x01",  # FU-A likewise
        b"\x1c\xc5\x01",  # begins and ends at once
        b"\x1c\x85",  # nothing in it
        b"\x1c\x9c\x01",  # a fragment of fragments
        b"\x18",  # STAP-A of nothing
        b"\x18\x00\x00",  # an empty unit
        b"\x18\x00\x09\x65",  # shorter than it says
        b"\x18\x00\x02\x78\x00",  # an aggregate in an aggregate
        b"\x19\x00\x00\x01",  # STAP-B was not agreed
        b"\x1d\x85\x01",  # FU-B neither
        b"\x00\x00",  # no such kind
        b"\xe5\x88",  # says itself that it is wrong
    ],
)
def test_hostile_payloads_are_value_errors(payload: bytes) -> None:
    assembler = Assembler()
    codec = Codec.VP8 if payload == b"\x00\x01" else Codec.H264
    with pytest.raises(ValueError):
        assembler.add(codec, 0, 0, True, payload)
    assert assembler.waits


@given(
    st.lists(st.tuples(st.sampled_from(list(Codec)[:2]), st.integers(0, 3), st.booleans(), st.binary(max_size=40)))
)
def test_any_bytes_are_pictures_or_a_value_error(packets: list[tuple[Codec, int, bool, bytes]]) -> None:
    assembler = Assembler()
    for sequence, (codec, timestamp, marker, payload) in enumerate(packets):
        try:
            frames = assembler.add(codec, sequence, timestamp, marker, payload)
        except ValueError:
            continue
        assert all(frame.data for frame in frames)


def test_a_picture_without_end_is_refused() -> None:
    assembler, payload = Assembler(), bytes(1200)
    fits = MAX_FRAME // 1201
    for sequence in range(fits):
        assembler.add(Codec.VP8, sequence, 1, False, (b"\x00" if sequence else b"\x10") + payload)
    with pytest.raises(ValueError, match="without end"):
        assembler.add(Codec.VP8, fits, 1, False, b"\x00" + payload)


def packet(sequence: int, timestamp: int = 0) -> Packet:
    return Packet(96, True, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 1, b"x")


@given(st.integers(0, 0xFFFF), st.permutations(range(40)), st.integers(0, 0xFFFFFFFF))
def test_packets_come_in_order_over_any_wrap(first: int, order: list[int], timestamp: int) -> None:
    reorder = Reorder()
    order = [0, *(i for i in order if i)]  # what is older than the first that came is not missed
    for i in order:
        arrived = reorder.put(packet(first + i, timestamp + 3000 * i), 0.0)
        assert arrived is not None
        assert reorder.put(packet(first + i, timestamp + 3000 * i), 0.0) is None
    taken = list(reorder.take(0.0))
    assert [a.packet.sequence for a in taken] == [(first + i) & 0xFFFF for i in range(40)]
    steps = {b.timestamp - a.timestamp for a, b in itertools.pairwise(taken)}
    assert steps == {3000}
    assert {b.sequence - a.sequence for a, b in itertools.pairwise(taken)} == {1}


def test_what_is_missing_is_waited_for_but_not_for_ever() -> None:
    reorder = Reorder()
    for sequence in (0, 1, 3, 4):
        reorder.put(packet(sequence), 10.0)
    assert [a.packet.sequence for a in reorder.take(10.0)] == [0, 1]
    assert not list(reorder.take(10.0 + WAIT_S / 2))
    reorder.put(packet(2), 10.0 + WAIT_S / 2)
    assert [a.packet.sequence for a in reorder.take(10.0 + WAIT_S / 2)] == [2, 3, 4]
    reorder.put(packet(6), 11.0)
    assert not list(reorder.take(11.0))
    assert [a.packet.sequence for a in reorder.take(11.0 + WAIT_S)] == [6]
    assert reorder.put(packet(5), 11.5) is None


def test_sender_reports_bind_and_nonsense_does_not() -> None:
    timeline = Timeline(1000)
    for i in range(10):
        timeline.arrived(i * 20, 100.05 + i * 0.02)
    assert timeline.at(0) == pytest.approx(100.05)
    assert not timeline.is_tied
    for i in range(5):
        timeline.reported(200 + 1000 * i, 100.2 + i)
    assert timeline.is_tied
    assert timeline.at(0) == pytest.approx(100.0)
    timeline.reported(5200, 105.9)  # a source that faltered
    timeline.reported(90_000, 106.2)  # a clock that says ninety seconds have passed
    assert timeline.at(0) == pytest.approx(100.0)


def test_packets_that_are_late_move_nothing() -> None:
    timeline = Timeline(1000)
    for i in range(500):
        late = 0.8 if 200 <= i < 260 else 0.0
        timeline.arrived(i * 20, 100.0 + i * 0.02 + late)
        assert timeline.at(i * 20) == pytest.approx(100.0 + i * 0.02)


def test_pictures_stay_in_order_whatever_is_moved() -> None:
    """A slot that is found to stand elsewhere goes on from where it was."""
    slot, reorder = _Slot(-1, Timeline(1000)), Reorder()
    times = []
    for i in range(6):
        now = 10.0 + i * 0.1 - (0.25 if i > 2 else 0)  # from the fourth on, a quicker way
        arrived = reorder.put(packet(i, i * 100), now)
        assert arrived is not None
        slot.timeline.arrived(arrived.timestamp, now)
        times.append(slot.place(arrived, 9.0, 20.0))
    assert times == sorted(times)
    assert times[3] == times[2]

"""Viewers between the rungs of a programme: one row of numbers and one clock, whatever happens; no nonce twice."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from media.programme.rendition import PICTURES, Rendition
from media.transport import srtp
from media.wire import rtcp
from media.wire.rtp import Codec, Packet, vp8_descriptor
from tests.media.hall import KEY, Hall, Screen, count_from, mark_of


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


def in_order(screen: Screen, *, whole: bool = True) -> None:
    """Numbers once each; time never runs back along them. `whole`: the picture was never taken away."""
    got = sorted(screen.read().pictures, key=lambda item: item[0])
    for (number, before), (then, after) in itertools.pairwise(got):
        assert then > number
        step = after.timestamp - before.timestamp & 0xFFFFFFFF
        assert step < 1 << 31, f"time ran back at {then}"
        if then == number + 1 and whole:
            # Not only the packets: libwebrtc shows nothing more when the numbers within VP8 jump back.
            one, two = vp8_descriptor(before.payload), vp8_descriptor(after.payload)
            assert two.picture - one.picture & 0x7FFF == two.starts_frame
            assert after.payload[two.level_at] - before.payload[one.level_at] & 0xFF == two.starts_frame
        assert step > 0 or not before.marker or mark_of(after) == mark_of(before)


def without_gaps(screen: Screen) -> None:
    numbers = [number for number, _ in screen.read().pictures]
    assert not numbers or numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_a_move_is_one_stream_to_the_viewer(hall: Hall, profile: srtp.Profile) -> None:
    hall.camera("a")
    hall.stage("a")
    moved, other = hall.join("moved", profile, send_time_id=3), hall.join("other", profile)
    hall.pass_time(10)
    assert moved.shows == other.shows == b"a0"
    before = b"a0"
    for rendition, layer in ((Rendition.LOW, b"a2"), (Rendition.MEDIUM, b"a1"), (Rendition.FULL, b"a0")):
        hall.give(moved, rendition)
        assert moved.shows == before  # until the key frame the old picture stays
        hall.pass_time(75)
        assert moved.shows == layer
        before = layer
    assert other.shows == b"a0"
    for screen in (moved, other):
        in_order(screen)
        without_gaps(screen)


def test_the_first_packet_on_a_new_rung_is_a_key_frame(hall: Hall) -> None:
    hall.camera("a")
    hall.stage("a")
    moved = hall.join("moved")
    hall.pass_time(10)
    hall.give(moved, Rendition.LOW)
    hall.pass_time(10)
    pictures = [packet for _, packet in moved.read().pictures]
    first = next(packet for packet in pictures if mark_of(packet) == b"a2")
    assert first.payload[:1] + first.payload[5:6] == KEY
    assert pictures[pictures.index(first) - 1].marker


def test_repairs_reach_over_the_move_and_are_the_same_datagrams(hall: Hall) -> None:
    hall.camera("a")
    hall.stage("a")
    moved = hall.join("moved", send_time_id=3)
    hall.pass_time(20)
    for rendition in (Rendition.LOW, Rendition.FULL):
        hall.give(moved, rendition)
        hall.pass_time(18)
    moved.read()
    recent = [number & 0xFFFF for number, _ in moved.pictures[-75:]]
    layers = {mark_of(packet) for _, packet in moved.pictures[-75:]}
    assert layers == {b"a0", b"a2"}
    hall.hear(moved, rtcp.nack(1, hall.programme.video.slot.ssrc, recent))
    moved.read()
    assert len(moved.repaired) == 75
    in_order(moved)


def test_a_repair_by_rtx_names_the_viewers_own_number(hall: Hall) -> None:
    hall.camera("a")
    hall.stage("a")
    moved = hall.join("moved")
    moved.viewer.repairs = {96: 97}
    hall.pass_time(10)
    hall.give(moved, Rendition.LOW)
    hall.pass_time(10)
    number, lost = moved.read().pictures[-4]
    hall.hear(moved, rtcp.nack(1, hall.programme.video.slot.ssrc, [number & 0xFFFF]))
    (again,) = moved.read().sounds
    assert (again.ssrc, again.payload_type) == (hall.programme.repair_ssrc, 97)
    assert again.payload == (number & 0xFFFF).to_bytes(2, "big") + lost.payload
    assert again.timestamp == lost.timestamp


def test_a_late_packet_from_before_the_move_is_not_given(hall: Hall) -> None:
    camera = hall.camera("a")
    hall.stage("a")
    # `there` keeps the low rung going, so that it has packets from before the other one comes.
    there, moved = hall.join("there"), hall.join("moved")
    hall.pass_time(5)
    hall.give(there, Rendition.LOW)
    hall.pass_time(70, withhold=-1)
    hall.pass_time(1, withhold=1)
    hall.give(moved, Rendition.LOW)
    camera.publisher.layers[2].wish.wish()
    hall.pass_time(3)
    assert moved.shows == b"a2"
    before = len(moved.pictures)
    camera.release()
    hall.pass_time(3)
    assert len(moved.read().pictures) == before + 9
    in_order(moved)
    numbers = [number for number, _ in moved.pictures]
    assert numbers[-1] - numbers[0] == len(numbers)  # missing is what was kept back of the rung it left


def test_a_frame_under_way_on_the_old_rung_leaves_before_the_move(hall: Hall) -> None:
    camera = hall.camera("a")
    hall.stage("a")
    moved = hall.join("moved")
    hall.pass_time(20)
    hall.give(moved, Rendition.LOW)
    # The large picture's last packet is still to come when the small one's key frame does.
    camera.frame(key=True, withhold=2)
    camera.release()
    hall.pass_time(5)
    assert moved.shows == b"a2"
    without_gaps(moved)
    in_order(moved)


def test_sender_reports_follow_the_viewers_own_clock(hall: Hall) -> None:
    hall.camera("a")
    hall.stage("a")
    moved, other = hall.join("moved"), hall.join("other")
    hall.pass_time(10)
    hall.give(moved, Rendition.LOW)
    hall.pass_time(20)
    hall.audience.report(hall.studio, hall.programme, hall.now)
    for screen in (moved, other):
        (report,) = screen.read().reports
        newest = max(screen.pictures, key=lambda item: item[0])[1]
        assert report.timestamp - newest.timestamp & 0xFFFFFFFF == pytest.approx(3000, abs=2)


def test_a_layer_that_stops_gives_way_and_comes_back(hall: Hall) -> None:
    camera = hall.camera("a")
    hall.stage("a")
    screen = hall.join("tv")
    hall.pass_time(10)
    camera.layers[0].flows = False
    hall.pass_time(30)
    assert screen.shows == b"a1"  # within a second
    camera.layers[1].flows = False
    hall.pass_time(30)
    assert screen.shows == b"a2"
    camera.layers[0].flows = True
    hall.pass_time(30)
    assert screen.shows == b"a2"  # it may go again at once
    hall.pass_time(60)
    assert screen.shows == b"a0"
    in_order(screen)
    without_gaps(screen)
    assert not screen.viewer.lane.shifted  # the rung was filled by others; the viewer never moved


def test_a_source_with_one_layer_fills_all_rungs(hall: Hall) -> None:
    hall.camera("a")
    hall.camera("b", layers=1)
    hall.stage("a")
    low, full = hall.join("low"), hall.join("full")
    hall.pass_time(10)
    hall.give(low, Rendition.LOW)
    hall.pass_time(10)
    hall.stage("b")
    hall.pass_time(20)
    assert low.shows == full.shows == b"b0"
    hall.stage("a")
    hall.pass_time(20)
    assert (low.shows, full.shows) == (b"a2", b"a0")
    for screen in (low, full):
        in_order(screen)
        without_gaps(screen)


def test_a_rung_that_nobody_is_on_rests(hall: Hall) -> None:
    hall.camera("a")
    hall.stage("a")
    screen = hall.join("tv")
    hall.pass_time(10)
    hall.give(screen, Rendition.LOW)
    hall.pass_time(10)
    low = hall.programme.pictures[2]
    sent = low.slot.packets
    assert sent > 0
    hall.give(screen, Rendition.FULL)
    hall.pass_time(70)
    hall.programme.rest()
    sent = low.slot.packets
    hall.pass_time(10)
    assert low.slot.packets == sent
    assert low.live is None


def live(hall: Hall, screen: Screen, seconds: int, line_kbps: int) -> list[str]:
    """Seconds of a programme to a viewer whose line bears so much, as its browser would report it."""
    seen = []
    needs = (1500.0, 500.0, 150.0)
    for _ in range(seconds):
        hall.pass_time(30)
        for track, kbps in zip(hall.cameras[0].publisher.layers, needs, strict=True):
            track.taken_kbps = kbps
        viewer = screen.viewer
        takes = needs[viewer.lane.rung] if viewer.lane.video else 30.0
        cue = hall.programme.cues[0 if viewer.lane.video else 1]
        loss = max(0, round(256 * (1 - line_kbps / takes)))
        report = rtcp.Report(cue.slot.ssrc, loss, 0, 0, 0, 0, 0)
        told = rtcp.receiver_report(rtcp.ReceiverReport(1, (report,)))
        told += rtcp.remb(1, 1000 * min(line_kbps, round(1.5 * takes)), [cue.slot.ssrc])
        hall.hear(screen, told)
        hall.audience.suit(hall.studio, hall.programme, hall.now)
        rendition = viewer.snapshot()["rendition"]
        if not seen or seen[-1] != rendition:
            seen.append(rendition)
    return seen


def test_a_line_that_narrows_and_widens_takes_the_picture_down_and_up(hall: Hall) -> None:
    hall.camera("a")
    hall.stage("a")
    screen, other = hall.join("narrow"), hall.join("wide")
    assert live(hall, screen, 8, 4000) == ["full"]
    assert live(hall, screen, 6, 250) == ["full", "low"]
    assert screen.shows == b"a2"
    assert live(hall, screen, 12, 50) == ["low", "audio"]
    hall.pass_time(2)
    before = len(screen.read().pictures)
    hall.pass_time(30)
    assert len(screen.read().pictures) == before
    assert live(hall, screen, 80, 5000) == ["audio", "low", "medium", "full"]
    hall.pass_time(75)
    assert screen.shows == other.shows == b"a0"
    for each in (screen, other):
        in_order(each, whole=False)
        without_gaps(each)
    assert other.viewer.snapshot()["rendition"] == "full"
    assert not other.viewer.lane.shifted


def test_a_key_frame_that_comes_in_parts_begins_with_its_first(hall: Hall) -> None:
    cue = hall.programme.video
    cue.stage("a")
    units = [b"\x67sps", b"\x68pps", b"\x65idr"]  # each with the same time: H.264 without aggregation
    for number, unit in enumerate(units, 10):
        clear = cue.take("a", Packet(102, unit == units[-1], number, 3000, 1, unit), Codec.H264, 0.0)
        assert clear is not None
        cue.ring.put(clear)
    assert [packet.payload for packet in cue.since_key_frame()] == units


def test_a_newcomer_never_begins_without_the_parameters(hall: Hall) -> None:
    """They came late: they are kept as the beginning, and while they are missing there is none."""
    cue = hall.programme.video
    cue.stage("a")
    kept: list[bytes] = []
    for number, unit in (
        (9, b"\x67sps"), (10, b"\x65idr"), (13, b"\x65idr"), (12, b"\x68pps"), (11, b"\x67sps"), (14, b"\x41slice")
    ):  # fmt: skip
        time = 3000 if number < 11 else 6000
        clear = cue.take("a", Packet(102, number in (10, 13), number, time, 1, unit), Codec.H264, 0.0)
        assert clear is not None
        cue.ring.put(clear)
        kept = [packet.payload for packet in cue.since_key_frame()]
        assert not kept or kept[0] == b"\x67sps"
    assert kept == [b"\x67sps", b"\x68pps", b"\x65idr", b"\x41slice"]


class Story:
    """A random life of a programme."""

    def __init__(self, hall: Hall, start: int, clock: int) -> None:
        self.hall = hall
        for cue in hall.programme.pictures:
            count_from(cue, start + 1000 * cue.rung & 0xFFFF)
            cue.slot.timestamp = clock
        hall.camera("a", 3, start=65_000)
        hall.camera("b", 2)
        hall.camera("c", 1, start=65_500)
        hall.stage("a")
        self.screens = [
            hall.join("tv0", send_time_id=3),
            hall.join("tv1"),
            hall.join("tv2", srtp.CM),
        ]
        self.silenced: list[Screen] = []
        hall.pass_time(3)

    def do(self, step: tuple[str, int, int]) -> None:
        name, one, two = step
        hall, screen = self.hall, self.screens[one % len(self.screens)]
        match name:
            case "time":
                hall.pass_time(1 + 4 * one + two)
            case "stage":
                hall.stage(("a", "b", "c")[one % 3])
            case "join" if len(self.screens) < 7:
                name = f"tv{len(self.screens)}"
                self.screens.append(hall.join(name, srtp.PROFILES[two % 2], send_time_id=one))
            case "give":
                hall.give(screen, (*PICTURES, Rendition.AUDIO)[two])
                self.silenced += [screen] * (two == 3)
            case "layer":
                layers = hall.cameras[one % 3].layers
                layers[two % len(layers)].flows = not layers[two % len(layers)].flows
            case "late":
                hall.pass_time(1, withhold=two % 3)
            case "release":
                for camera in hall.cameras:
                    camera.release()
            case "nack":
                newest = max((number for number, _ in screen.read().pictures), default=0)
                lost = [newest - 7 * back & 0xFFFF for back in range(two + 8, -1, -1)]
                hall.hear(screen, rtcp.nack(1, hall.programme.video.slot.ssrc, lost))
            case "second":
                hall.audience.suit(hall.studio, hall.programme, hall.now)
                hall.audience.report(hall.studio, hall.programme, hall.now)


steps = st.tuples(
    st.sampled_from(
        ["time", "time", "stage", "give", "give", "give", "join", "layer", "late", "release", "nack", "second"]
    ),
    st.integers(0, 6),
    st.integers(0, 3),
)


# No shrinking: a story has no small version worth five minutes of search.
@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(steps, min_size=4, max_size=40),
    st.integers(64_000, 65_535) | st.integers(0, 0xFFFF),
    st.sampled_from([0, 0xFFFFF000]),
)
def test_whatever_happens_a_viewer_has_one_row_of_numbers(
    story: list[tuple[str, int, int]], start: int, clock: int
) -> None:
    hall = Hall()
    try:
        made = Story(hall, start, clock)
        for step in story:
            made.do(step)
        hall.pass_time(12)
        names = {step[0] for step in story}
        for screen in made.screens:
            whole = all(screen is not silenced for silenced in made.silenced)
            in_order(screen, whole=whole)
            if whole and "late" not in names:
                without_gaps(screen)
        assert not any(screen.viewer.lane.party for screen in hall.screens)
    finally:
        hall.close()

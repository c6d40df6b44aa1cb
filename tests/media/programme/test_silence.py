"""Opus with DTX: a source that is silent sends a packet now and then, and nothing takes it for gone or lossy."""

import itertools
from collections.abc import Iterator

import pytest

from media.programme.rendition import Rendition
from media.transport.peer import SILENCE_LIMIT_S
from media.wire import rtcp
from tests.media.hall import Camera, Hall


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


def talk(hall: Hall, camera: Camera, *gaps_s: float) -> None:
    """A packet, then as many as there are gaps, each so much later."""
    camera.speak()
    for gap_s in gaps_s:
        hall.now += gap_s
        camera.speak()


SPEECH, SILENCE = (0.02,) * 10, (0.4,) * 5


def test_silence_leaves_no_gap_in_the_numbers_and_its_length_in_the_time(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage(None, "a")
    screen = hall.join("tv")
    talk(hall, camera, *SPEECH, *SILENCE, *SPEECH)
    sounds = screen.read().sounds
    numbers = [packet.sequence for packet in sounds]
    assert numbers == [number & 0xFFFF for number in range(numbers[0], numbers[0] + 26)]
    steps = [b.timestamp - a.timestamp & 0xFFFFFFFF for a, b in itertools.pairwise(sounds)]
    assert steps == pytest.approx([960] * 10 + [19_200] * 5 + [960] * 10, abs=1)
    # Nothing is missing, so nothing is asked for, and the source is told of no loss.
    track = camera.publisher.audio
    assert track is not None
    assert track.gaps.due(hall.now + 1) == []
    report = track.reception.report(track.ssrc, hall.now)
    assert report is not None
    assert (report.fraction_lost, report.lost) == (0, 0)


def test_the_sender_report_in_silence_says_the_present(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage(None, "a")
    screen = hall.join("tv")
    talk(hall, camera, *SPEECH, *SILENCE)
    newest = screen.read().sounds[-1].timestamp
    hall.now += 0.3
    slot = hall.programme.audio[0].slot
    assert slot.timestamp_at(hall.now) - newest & 0xFFFFFFFF == pytest.approx(0.3 * 48_000, abs=2)


def test_who_says_nothing_for_long_is_not_gone(hall: Hall) -> None:
    """The few packets of DTX are consent enough (RFC 7675); without them it ends."""
    camera = hall.camera("a", layers=1)
    talk(hall, camera, *(0.4,) * round(2 * SILENCE_LIMIT_S / 0.4))
    assert camera.publisher.over(hall.now + SILENCE_LIMIT_S - 0.1) != "silent"
    assert camera.publisher.over(hall.now + SILENCE_LIMIT_S + 0.1) == "silent"


def test_a_cut_to_one_who_is_silent_takes_over_with_his_first_packet(hall: Hall) -> None:
    one, other = hall.camera("a", layers=1), hall.camera("b", layers=1)
    hall.stage(None, "a")
    screen = hall.join("tv")
    talk(hall, one, *SPEECH, *SILENCE)
    hall.stage(None, "b")
    talk(hall, other, *SILENCE)
    talk(hall, one, *SPEECH)  # off air: heard no more
    sounds = screen.read().sounds
    assert len(sounds) == 16 + 6
    steps = [b.timestamp - a.timestamp & 0xFFFFFFFF for a, b in itertools.pairwise(sounds)]
    assert min(steps) >= 900


def test_silence_is_no_reason_to_keep_the_picture_away(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage("a", "a")
    screen = hall.join("tv")
    hall.pass_time(10)
    hall.give(screen, Rendition.AUDIO)
    ssrc, highest, lost = hall.programme.audio[0].slot.ssrc, 500, 0
    for second in range(12):
        talk(hall, camera, 0.3, 0.3)
        hall.now -= 0.6
        highest, lost = highest + 3, lost + (second == 3)
        report = rtcp.Report(ssrc, 85 if second == 3 else 0, lost, highest, 0, 0, 0)
        hall.hear(screen, rtcp.receiver_report(rtcp.ReceiverReport(1, (report,))))
        hall.pass_time(30)
        for track in camera.publisher.tracks():
            track.measure(1.0)
        hall.audience.suit(hall.studio, hall.programme, hall.now)
    # One packet lost of three in a second was a third of that second; of the last seconds it is little.
    assert screen.viewer.lane.video

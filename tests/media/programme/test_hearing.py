"""What listeners lose is told to the source of the sound and to nobody else, so that its encoder spares for it."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.programme.hearing import MOST, borne
from media.programme.outlet import Outlet
from media.programme.track import Track
from media.wire import rtcp
from tests.media.hall import Camera, Hall, Screen


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


@given(st.lists(st.floats(0, 1), max_size=60))
def test_nine_of_ten_lose_no_more(losses: list[float]) -> None:
    share = borne(losses)
    assert 0 <= share <= MOST
    assert share == MOST or sum(loss > share for loss in losses) * 10 <= len(losses)
    assert not losses or share <= max(losses)


def second(hall: Hall, *losses: tuple[Screen, float]) -> None:
    """Somebody speaks, and viewers report what of the picture was lost on their lines."""
    for camera in hall.cameras:
        camera.frame(key=True)
        camera.speak()
    for screen, loss in losses:
        report = rtcp.Report(hall.programme.video.slot.ssrc, round(256 * loss), 0, 0, 0, 0, 0)
        hall.hear(screen, rtcp.receiver_report(rtcp.ReceiverReport(1, (report,))))
    hall.now += 1
    hall.audience.suit(hall.studio, hall.programme, hall.now)


def sound(camera: Camera) -> Track:
    assert camera.publisher.audio is not None
    return camera.publisher.audio


def test_who_is_heard_learns_what_his_listeners_lose(hall: Hall) -> None:
    heard, other = hall.camera("heard", layers=1), hall.camera("other", layers=1)
    hall.stage("other", "heard")
    second(hall, *((hall.join(f"tv{i}"), 0.0 if i else 0.125) for i in range(9)))  # one bad line of nine
    second(hall)
    report = sound(heard).take_report(hall.now)
    assert report is not None
    assert (report.fraction_lost, report.lost) == (32, 0)  # the bandwidth is estimated by the count
    # A second later, with nothing new from the audience, it is its own again: what is told is told once.
    report = sound(heard).take_report(hall.now)
    assert report is not None
    assert report.fraction_lost == 0
    for track in other.publisher.tracks():
        told = track.take_report(hall.now)
        assert told is not None
        assert told.fraction_lost == 0


def test_what_is_lost_before_us_is_never_told_smaller(hall: Hall) -> None:
    heard = hall.camera("heard", layers=1)
    hall.stage(None, "heard")
    screen = hall.join("tv")
    second(hall, (screen, 0.1))
    heard.spoken += 3
    heard.speak()
    report = sound(heard).take_report(hall.now)
    assert report is not None
    assert (report.fraction_lost, report.lost) == (256 * 3 // 5, 3)


def test_relays_and_workers_speak_for_their_own_viewers(hall: Hall) -> None:
    heard = hall.camera("heard", layers=1)
    hall.stage(None, "heard")
    near, relay = hall.join("tv"), hall.join("relay:edge", is_relay=True)
    second(hall, (near, 0.02))
    assert hall.programme.lost_beyond == pytest.approx(0.02, abs=0.004)
    sounds = [cue.slot.ssrc for cue in hall.programme.audio]
    blocks = tuple(rtcp.Report(ssrc, lost, 0, 0, 0, 0, 0) for ssrc, lost in zip(sounds, (26, 0, 0), strict=True))
    hall.hear(relay, rtcp.receiver_report(rtcp.ReceiverReport(1, blocks)))
    second(hall)
    assert hall.programme.lost_beyond == 26 / 256
    outlet = Outlet(1, lambda rung: None)
    hall.programme.give(outlet)
    outlet.told[Mute()] = 0.15
    second(hall)
    assert hall.programme.lost_beyond == 0.15
    report = sound(heard).take_report(hall.now)
    assert report is not None
    assert report.fraction_lost == round(0.15 * 256)


class Mute:
    """A link that takes everything."""

    def send(self, record: bytes) -> bool:
        return True

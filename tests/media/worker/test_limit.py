"""Who sends more than it may: what viewers get of it is bounded and whole, and the studio's state says so."""

from collections.abc import Iterator

import pytest

from media.answers import read_studio
from media.fanout.slot import unwrap
from media.programme.limit import BURST_S, LEAST_SIZE, PICTURE_FACTOR, SOUND_BPS
from media.programme.rendition import Rendition
from media.wire import rtcp
from media.wire.rtp import Codec, starts_key_frame
from media.worker.worker import ASK_EVERY_S
from tests.media.hall import Camera, Hall, Screen

MAX_BPS = 2_000_000  # as the hall's
FRAMES_PER_S = 30


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


def packets_a_second(bps: float) -> float:
    """A camera's packets are smaller than what they are counted as."""
    return bps / 8 / LEAST_SIZE


ALLOWED = packets_a_second(PICTURE_FACTOR * MAX_BPS)  # 1,875


class Player:
    """Plays cameras as the packet loop does, and counts what comes to a viewer, second by second."""

    def __init__(self, hall: Hall, *cameras: Camera, key_every: int = 0) -> None:
        self.hall, self.cameras, self.key_every = hall, cameras, key_every
        self.screen = hall.join("tv")
        self.shown = 0
        self.asked = 0

    def second(self, packets: int) -> int:
        """So many packets of each layer in a second. How many came to the viewer."""
        before = len(self.screen.read().pictures)
        for _ in range(FRAMES_PER_S):
            self.shown += 1
            key = bool(self.key_every) and self.shown % self.key_every == 0
            for camera in self.cameras:
                camera.frame(key=key, packets=packets // FRAMES_PER_S)
                for layer in camera.layers:
                    layer.clock += 1  # no two frames of one time
            self.hall.now += 1 / FRAMES_PER_S
            self.screen.read()
        for camera in self.cameras:
            for track in camera.publisher.tracks():
                track.measure(1.0)
        return len(self.screen.pictures) - before


def told(hall: Hall, name: str) -> int:
    return next(s.over_limit for s in read_studio(hall.studio.snapshot()).sources if s.peer == name)


def is_whole(screen: Screen) -> None:
    """No number is missing, and after what was left out there is a key frame."""
    got = sorted(screen.read().pictures, key=lambda item: item[0])
    numbers = [number for number, _ in got]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    counts = [int.from_bytes(p.payload[8:12], "big") for _, p in got]
    for (_, packet), before, count in zip(got[1:], counts, counts[1:], strict=False):
        assert count == before + 1 or starts_key_frame(Codec.VP8, packet.payload)


def test_a_source_that_heeds_nothing_is_held_to_its_rate(hall: Hall) -> None:
    """As OBS, which asks for no bit rate: four times what is allowed, a key frame every two seconds."""
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    player = Player(hall, camera, key_every=2 * FRAMES_PER_S)
    camera.frame(key=True)
    came = []
    for _ in range(9):
        came.append(player.second(int(4 * ALLOWED)))
        assert told(hall, "a") > 0
    assert came[0] == pytest.approx(ALLOWED * (BURST_S + 0.5), rel=0.2)
    assert sum(came[1:]) <= 8 * ALLOWED
    assert sum(came[1:]) > 3 * ALLOWED  # and something is seen
    is_whole(player.screen)
    assert hall.ingest.refused > 0


def test_while_it_is_held_it_is_off_air_and_back_when_it_is_modest(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    player = Player(hall, camera)
    camera.frame(key=True)
    player.second(900)
    assert hall.programme.snapshot()["on_air"]["video"] == "a"
    assert told(hall, "a") == 0
    while hall.programme.video.live is not None:
        player.second(6000)
    assert hall.programme.snapshot()["on_air"]["video"] is None
    (track,) = camera.publisher.layers
    asked_after = 0.0
    while not camera.publisher.wished(hall.now):  # a key frame for which there is no room is not asked for
        hall.studio.ask_for_pictures(hall.now)
        hall.now += ASK_EVERY_S
        asked_after += ASK_EVERY_S
    assert 0.3 < asked_after <= 1.1
    camera.frame(key=True)
    assert player.second(900) >= 900
    assert hall.programme.snapshot()["on_air"]["video"] == "a"
    assert not track.wish._open
    player.second(900)
    assert told(hall, "a") == 0
    is_whole(player.screen)


@pytest.mark.parametrize("share", [0.95, 3.0])
def test_the_layers_of_a_simulcast_count_together(hall: Hall, share: float) -> None:
    camera = hall.camera("a")
    hall.stage("a")
    player = Player(hall, camera, key_every=FRAMES_PER_S)
    camera.frame(key=True)
    for _ in range(5):
        player.second(int(share * ALLOWED / 3))
    assert (told(hall, "a") == 0) == (share < 1)
    assert (hall.ingest.refused == 0) == (share < 1)
    is_whole(player.screen)


def test_one_source_is_not_anothers_trouble_nor_is_the_picture_the_sounds(hall: Hall) -> None:
    greedy, modest = hall.camera("g", layers=1), hall.camera("m", layers=1, start=9000)
    hall.stage("m", "g")
    screen = hall.join("tv")
    spoken = 0
    for second in range(3):
        for number in range(FRAMES_PER_S):
            greedy.frame(packets=200)
            modest.frame(key=number == 0, packets=20)
            for _ in range(2):
                greedy.speak()
                spoken += 1
            hall.now += 1 / FRAMES_PER_S
            screen.read()
        assert len(screen.pictures) == (second + 1) * 20 * FRAMES_PER_S
    assert len(screen.sounds) == spoken
    for camera in (greedy, modest):
        for track in camera.publisher.tracks():
            track.measure(3.0)
    assert told(hall, "g") > 0
    assert told(hall, "m") == 0


def test_a_sound_has_a_bound_of_its_own(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage(None, "a")
    screen = hall.join("tv")
    allowed = packets_a_second(SOUND_BPS)
    for tick in range(4000):
        camera.speak()
        if tick % 10 == 9:
            hall.now += 0.01
            screen.read()
    assert allowed * 2 < len(screen.sounds) <= allowed * (4 + BURST_S)
    numbers = [unwrap(p.sequence, screen.sounds[0].sequence) for p in screen.sounds]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert camera.publisher.audio is not None
    camera.publisher.audio.measure(4.0)
    assert told(hall, "a") > 0


def test_the_ladder_goes_by_what_is_passed_on(hall: Hall) -> None:
    """A line that bears what comes to it is not too narrow because the source sends four times that."""
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    player = Player(hall, camera, key_every=FRAMES_PER_S)
    camera.frame(key=True)
    (track,) = camera.publisher.layers
    ssrc = hall.programme.video.slot.ssrc
    for _ in range(12):
        player.second(int(4 * ALLOWED))
        while hall.programme.video.live is None:
            hall.now += 1 / FRAMES_PER_S
            camera.frame(key=True)
        estimate = rtcp.remb(1, round(500 * track.kbps), [ssrc])
        hall.hear(player.screen, rtcp.receiver_report(rtcp.ReceiverReport(1)) + estimate)
        hall.audience.suit(hall.studio, hall.programme, hall.now)
    assert 0 < track.taken_kbps < 0.6 * track.kbps
    assert player.screen.viewer.ladder.rendition is Rendition.FULL

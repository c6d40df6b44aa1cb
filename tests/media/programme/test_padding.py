"""Padding alone, with which senders probe a line or fill it up: it leaves no hole in anybody's numbers."""

from collections.abc import Iterator

import pytest

from media.programme.rendition import Rendition
from media.transport import srtp
from media.wire import rtcp
from media.wire.depacket import Assembler
from media.wire.rtp import Codec
from tests.media.hall import Camera, Hall, Screen

PROFILES = pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


def play(hall: Hall, camera: Camera, frames: int = 30) -> None:
    """Every third picture is followed by padding."""
    for number in range(frames):
        hall.pass_time()
        if number % 3 == 0:
            camera.pad()
            camera.pad(1)
    hall.flow.flush_due(hall.now + 1)


def whole(screen: Screen) -> list[int]:
    """The numbers that came, without one missing."""
    numbers = sorted(number for number, _ in screen.read().pictures)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return numbers


def pictures(screen: Screen) -> int:
    """How many of them the recorder's assembler makes of what came."""
    assembler, made = Assembler(), 0
    for number, packet in sorted(screen.read().pictures, key=lambda item: item[0]):
        made += len(assembler.add(Codec.VP8, number, packet.timestamp, packet.marker, packet.payload))
    assert not assembler.lost
    return made


@PROFILES
@pytest.mark.parametrize("rendition", [Rendition.FULL, Rendition.LOW])
def test_viewers_miss_nothing(hall: Hall, profile: srtp.Profile, rendition: Rendition) -> None:
    camera = hall.camera("a")
    hall.stage("a")
    screen = hall.join("tv", profile)
    hall.pass_time(60)
    hall.give(screen, rendition)  # shifted lanes besides
    hall.pass_time(60)
    before = pictures(screen)
    play(hall, camera)
    assert pictures(screen) - before == 30
    assert len(whole(screen)) >= 30 * 3 + 20


def test_padding_is_repaired_as_all_else(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    screen = hall.join("tv")
    hall.pass_time(3)
    camera.pad()
    hall.flow.flush_due(hall.now + 1)
    number, packet = screen.read().pictures[-1]
    assert not packet.payload
    hall.hear(screen, rtcp.nack(1, hall.programme.video.slot.ssrc, [number & 0xFFFF]))
    assert len(screen.read().repaired) == 1


def test_nothing_begins_with_padding(hall: Hall) -> None:
    """Neither a cut, however long a key frame is waited for, nor the clock of who comes next."""
    camera, other = hall.camera("a", layers=1), hall.camera("b", layers=1, start=9000)
    hall.stage("a")
    screen = hall.join("tv")
    hall.pass_time(3)
    other.layers[0].flows = False
    hall.stage("b")
    other.layers[0].flows = True
    for _ in range(6):
        other.pad()
        hall.now += 1
    assert hall.programme.video.live_peer == "a"
    camera.pad()
    last = screen.read().pictures[-1][1].timestamp
    other.frame(key=True)
    first = next(packet for _, packet in screen.read().pictures if packet.payload[6:8] == b"b0")
    assert first.timestamp - last & 0xFFFFFFFF == pytest.approx(6 * 90_000, abs=9000)


def test_a_silence_of_packets_without_sound_is_passed_on(hall: Hall) -> None:
    """Some send empty packets to keep a NAT open (RFC 6263, 4.1)."""
    camera = hall.camera("a", layers=1)
    hall.stage(None, "a")
    screen = hall.join("tv")
    for payload in (b"opus", b"", b"opus"):
        camera.speak(payload)
        hall.now += 0.02
    numbers = [packet.sequence for packet in screen.read().sounds]
    assert [n - numbers[0] for n in numbers] == [0, 1, 2]
    assert [packet.payload for packet in screen.sounds] == [b"opus", b"", b"opus"]

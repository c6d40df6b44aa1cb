"""A viewer that loses every twelfth packet gets all of them in the end, in either profile, by RTX and without."""

import random
from collections.abc import Iterator

import pytest

from media.fanout.slot import unwrap
from media.programme.rendition import Rendition
from media.transport import srtp
from media.wire import rtcp, rtp
from tests.media.hall import Camera, Hall, Screen, count_from


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


@pytest.mark.parametrize("repairs", [{}, {96: 97}], ids=["again", "rtx"])
@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_what_is_lost_is_repaired(hall: Hall, profile: srtp.Profile, repairs: dict[int, int]) -> None:
    chance = random.Random(3)
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    # Past a turn of the numbers, and the receiver is there well before it.
    count_from(hall.programme.video, 0xFFFF - 600)
    screen = hall.join("tv", profile, repairs=repairs)
    got: dict[int, bytes] = {}
    newest, lost = 0xFFFF - 600, 0
    for number in range(300):
        camera.frame(key=number == 0, packets=5)
        hall.now += 1 / 30
        for datagram in screen.datagrams():
            if rtp.is_rtcp(datagram):
                continue
            if chance.random() < 1 / 12 and number < 290:
                lost += 1
                continue
            packet = rtp.parse(screen._receiver.unprotect(datagram))
            again, payload = packet.sequence, packet.payload
            if packet.ssrc == hall.programme.repair_ssrc:
                again, payload = int.from_bytes(payload[:2], "big"), payload[2:]
            extended = unwrap(again, newest)
            newest = max(newest, extended)
            assert got.setdefault(extended, payload) == payload
        holes = [n & 0xFFFF for n in range(max(0xFFFF - 599, newest - 60), newest) if n not in got]
        if holes:
            hall.hear(screen, rtcp.nack(1, hall.programme.video.slot.ssrc, holes))
    assert lost > 80
    assert screen.viewer.repaired >= 80
    assert sorted(got) == list(range(0xFFFF - 599, 0xFFFF - 599 + 1500))


@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_lost_sound_is_repaired_while_it_is_of_use(hall: Hall, profile: srtp.Profile) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage(None, "a")
    slot = hall.programme.audio[0].slot
    count_from(hall.programme.audio[0], 0xFFFF - 80)  # a turn of the numbers on the way
    screen = hall.join("tv", profile, repairs={96: 97})  # RTX is for the picture
    talk(hall, camera, 120)
    sent = list(screen.datagrams())
    numbers = [int.from_bytes(datagram[2:4], "big") for datagram in sent]
    assert len(sent) == 120
    hall.hear(screen, rtcp.nack(1, slot.ssrc, numbers[-12::4]))
    assert list(screen.datagrams()) == sent[-12::4]  # byte for byte, whatever the profile
    hall.now += 0.5
    hall.hear(screen, rtcp.nack(1, slot.ssrc, numbers[-12::4]))
    assert list(screen.datagrams()) == []
    assert screen.viewer.repaired == 3


def test_nobody_gets_his_own_voice_as_a_repair(hall: Hall) -> None:
    own, other = hall.camera("own"), hall.camera("other")
    speaker, third = hall.join("own"), hall.join("third")
    hall.stage(None, "other")
    talk(hall, other, 3)
    hall.stage(None, "own")
    talk(hall, own, 3)
    own.spoken += 1
    talk(hall, own, 1)
    own.spoken -= 2
    talk(hall, own, 1)  # the last but one comes last
    hall.stage(None, "other")
    talk(hall, other, 2)
    heard, whole = numbers_of(speaker), sorted(numbers_of(third))
    assert heard == whole[:3] + whole[-2:]
    ssrc = hall.programme.audio[0].slot.ssrc
    for screen in (speaker, third):
        hall.hear(screen, rtcp.nack(1, ssrc, whole[3:8]))  # what his browser takes for lost
    assert numbers_of(speaker) == []
    assert numbers_of(third) == whole[3:8]
    hall.hear(speaker, rtcp.nack(1, ssrc, whole[-1:]))
    assert numbers_of(speaker) == whole[-1:]


@pytest.mark.parametrize("every", [5, 1000], ids=["a fifth lost", "clean"])
def test_repaired_sound_does_not_make_a_line_look_clean(hall: Hall, every: int) -> None:
    """Who gets the sound alone is not tried with the picture while his line loses much, though all comes again."""
    camera = hall.camera("a", layers=1)
    hall.stage("a", "a")
    screen = hall.join("tv")
    hall.pass_time(10)
    hall.give(screen, Rendition.AUDIO)
    slot = hall.programme.audio[0].slot
    for second in range(16):
        for packet in range(50):
            talk(hall, camera, 1)
            if packet % every == every - 1:
                for _ in range(2):  # the first repair may be lost too: it is one packet all the same
                    hall.hear(screen, rtcp.nack(1, slot.ssrc, [slot.highest & 0xFFFF]))
        for track in camera.publisher.layers:
            track.taken_kbps = 500.0
        report = rtcp.Report(slot.ssrc, 0, 0, slot.highest, 0, 0, 0)  # what came again counts as received
        hall.hear(screen, rtcp.receiver_report(rtcp.ReceiverReport(1, (report,))))
        if second:  # one report says nothing yet
            hall.audience.suit(hall.studio, hall.programme, hall.now)
    assert screen.viewer.lane.video == (every == 1000)
    if every == 5:
        assert screen.viewer.snapshot()["loss"] == pytest.approx(0.2, abs=0.01)


def talk(hall: Hall, camera: Camera, packets: int) -> None:
    for _ in range(packets):
        camera.speak()
        hall.now += 0.02


def numbers_of(screen: Screen) -> list[int]:
    return [int.from_bytes(datagram[2:4], "big") for datagram in screen.datagrams()]

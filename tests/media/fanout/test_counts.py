"""Numbers that run on while a receiver does not get them, by half a turn or whole ones: all is opened again."""

from collections.abc import Iterator

import pytest

from media.programme.rendition import Rendition
from media.programme.rungs import RUNGS
from media.transport import srtp
from media.wire import rtcp, rtp
from media.wire.rtp import Codec
from tests.media.hall import Camera, Hall, Screen, count_from

STEP = 1500  # a gap that a slot passes on: the numbers run faster than packets
VP8_ONLY, H264_ONLY = ((Codec.VP8, 96), (Codec.OPUS, 111)), ((Codec.H264, 102), (Codec.OPUS, 111))
TURNS = pytest.mark.parametrize("numbers", [40_000, 70_000, 150_000])
PROFILES = pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


def talk(hall: Hall, camera: Camera, numbers: int, step: int = STEP) -> None:
    for _ in range(numbers // step):
        hall.now += 0.02
        camera.spoken += step - 1
        camera.speak()
        for screen in hall.screens:
            screen.read()  # every datagram is opened, or this raises


def show(hall: Hall, camera: Camera, numbers: int, step: int = STEP) -> None:
    for _ in range(numbers // step):
        for layer in camera.layers:
            layer.sequence += step - 1
        hall.pass_time()
        for programme in hall.studio.programmes.values():
            hall.audience.suit(hall.studio, programme, hall.now)
        hall.outbox.flush()
        for screen in hall.screens:
            screen.read()


@PROFILES
@TURNS
@pytest.mark.parametrize("joins_speaking", [False, True])
def test_who_spoke_long_hears_again(hall: Hall, profile: srtp.Profile, numbers: int, joins_speaking: bool) -> None:
    me, other = hall.camera("me", layers=1), hall.camera("other", layers=1)
    me.spoken = other.spoken = 100
    hall.stage(None, "me" if joins_speaking else "other")
    # As near to a turn of the numbers as can be: who first counted after it would be out of step for ever.
    count_from(hall.programme.audio[0], 0xFFFF - 100 if joins_speaking else 1000)
    screen, tv = hall.join("me", profile), hall.join("tv", profile)
    for _ in range(50):
        (me if joins_speaking else other).speak()
    hall.stage(None, "me")
    mine = len(screen.read().sounds)
    theirs = len(tv.read().sounds)
    talk(hall, me, numbers)
    assert len(tv.sounds) - theirs == numbers // STEP
    assert 1 <= len(screen.sounds) - mine <= numbers // 4096 + 1
    hall.stage(None, "other")
    mine = len(screen.sounds)
    talk(hall, other, 100, 1)
    assert len(screen.sounds) - mine == 100


def test_who_speaks_a_moment_hears_nothing_of_it(hall: Hall) -> None:
    me, other = hall.camera("me", layers=1), hall.camera("other", layers=1)
    me.spoken = other.spoken = 100
    hall.stage(None, "other")
    screen = hall.join("me")
    for camera in (other, me, other, me):
        hall.stage(None, camera.name)
        heard = len(screen.read().sounds)
        talk(hall, camera, 4000, 100)
        assert len(screen.sounds) - heard == (40 if camera is other else 0)


@PROFILES
@TURNS
@pytest.mark.parametrize("joins_late", [False, True])
def test_a_codec_that_was_not_taken_for_long(
    hall: Hall, profile: srtp.Profile, numbers: int, joins_late: bool
) -> None:
    vp8, h264 = hall.camera("v", layers=1), hall.camera("h", layers=1)
    h264.publisher.codecs = {96: Codec.H264, 111: Codec.OPUS}
    hall.stage("h" if joins_late else "v")
    hall.pass_time(2)
    hall.now += 4  # it is shown without a key frame
    hall.pass_time(2)
    screen = hall.join("tv", profile)
    hall.pass_time(1)
    before = len(screen.read().pictures)
    vp8.layers[0].flows = False
    hall.stage("h")
    hall.pass_time(1)
    hall.now += 4
    hall.pass_time(1)
    show(hall, h264, numbers)
    fillers = screen.pictures[before:]
    assert 1 <= len(fillers) <= numbers // 4096 + 2
    assert all(packet.payload == b"" for _, packet in fillers)
    vp8.layers[0].flows, h264.layers[0].flows = True, False
    hall.stage("v")
    hall.pass_time(10)
    assert len(screen.read().pictures) - before - len(fillers) == 30


@PROFILES
@TURNS
def test_without_a_picture_for_long(hall: Hall, profile: srtp.Profile, numbers: int) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    screen = hall.join("tv", profile)
    hall.pass_time(3)
    screen.read()
    hall.give(screen, Rendition.AUDIO)
    before = len(screen.pictures)
    show(hall, camera, numbers)
    assert 1 <= len(screen.pictures) - before <= numbers // 4096
    hall.give(screen, Rendition.FULL)
    camera.frame(key=True)
    before = len(screen.read().pictures)
    hall.pass_time(10)
    assert len(screen.read().pictures) - before == 30


@PROFILES
@pytest.mark.parametrize("rungs", [1, RUNGS], ids=["viewer", "relay"])
def test_who_joins_just_before_a_turn_and_gets_nothing_of_it(
    hall: Hall, profile: srtp.Profile, rungs: int
) -> None:
    hall.camera("a")
    hall.stage("a")
    for cue in hall.programme.pictures:
        cue.slot.highest = 0xFFFF - 30
    hall.pass_time()
    screen = hall.join("relay:edge" if rungs > 1 else "tv", profile, is_relay=rungs > 1, rungs=rungs)
    hall.pass_time()
    early = range(0xFFFF - 29, 0xFFFF - 20)
    hall.hear(screen, rtcp.nack(1, hall.programme.video.slot.ssrc, list(early)))
    while min(cue.slot.highest for cue in hall.programme.pictures[:rungs]) < 0x10000:
        hall.pass_time()
    if profile is srtp.CM:  # of what was sealed under such a number libsrtp would go on to count
        assert all(datagram[2] == 0 for datagram in screen.datagrams() if not rtp.is_rtcp(datagram))
    list(screen.datagrams())  # all is lost
    hall.pass_time(10)
    assert layers_of(hall, screen) == set(range(rungs))


@PROFILES
@TURNS
def test_a_rung_that_did_not_differ_for_long_reaches_the_relay_again(
    hall: Hall, profile: srtp.Profile, numbers: int
) -> None:
    many, single = hall.camera("many"), hall.camera("single", layers=1, start=70)
    hall.stage("many")
    relay = hall.join("relay:edge", profile, is_relay=True, rungs=RUNGS)
    hall.pass_time(30)
    assert layers_of(hall, relay) == {0, 1, 2}
    hall.stage("single")
    hall.pass_time(3)
    layers_of(hall, relay)
    for _ in range(numbers // STEP):
        single.layers[0].sequence += STEP - 1
        hall.pass_time()
        layers_of(hall, relay)
    hall.stage("many")
    hall.pass_time(90)
    assert many.publisher.layers[0].flows(hall.now)
    assert layers_of(hall, relay) == {0, 1, 2}


@PROFILES
def test_a_rung_that_did_not_differ_from_the_start(hall: Hall, profile: srtp.Profile) -> None:
    hall.camera("many")
    single = hall.camera("single", layers=1, start=70)
    hall.stage("single")
    relay = hall.join("relay:edge", profile, is_relay=True, rungs=RUNGS)
    for _ in range(70_000 // STEP):
        single.layers[0].sequence += STEP - 1
        hall.pass_time()
        layers_of(hall, relay)
    hall.stage("many")
    hall.pass_time(90)
    assert layers_of(hall, relay) == {0, 1, 2}


def layers_of(hall: Hall, relay: Screen) -> set[int]:
    """Which rungs came since the last look; every datagram is opened, or this raises."""
    found = set()
    for datagram in relay.datagrams():
        if not rtp.is_rtcp(datagram):
            packet = rtp.parse(relay._receiver.unprotect(datagram))
            found.add(packet.ssrc - hall.programme.video.slot.ssrc & 0xFFFFFFFF)
    return found

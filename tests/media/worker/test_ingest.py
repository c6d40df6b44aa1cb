"""What a source is asked for, by a clock of ours: one that reads what the relay sends it."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from media.answers import read_studio
from media.programme.repair import KEY_FRAME_INTERVAL_S
from media.transport import kernel, srtp
from media.wire import rtcp
from media.worker.worker import ASK_EVERY_S
from tests.media.hall import MASTER, Camera, Hall, address_of


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


class Ear:
    """The end of a camera that hears the relay."""

    def __init__(self, hall: Hall, camera: Camera) -> None:
        self.hall, self.publisher = hall, camera.publisher
        self.sock = kernel.open_port("127.0.0.1", 0)
        self.publisher.address = self.publisher.came_from = address_of(self.sock)
        self.publisher.sender = srtp.sender(srtp.GCM, MASTER)
        self.receiver = srtp.Receiver(srtp.GCM, MASTER)
        self.inbox = kernel.Inbox(self.sock)

    def hears(self) -> list[list[rtcp.Part]]:
        """The compound packets that came, after the relay had a look at what is due."""
        self.hall.ingest.ask(self.publisher, self.hall.now)
        self.hall.outbox.flush()
        return [rtcp.parse(self.receiver.unprotect_rtcp(datagram)) for datagram, _ in self.inbox.receive()]

    def asked(self) -> list[set[int]]:
        """The SSRCs of each request for key frames."""
        compounds = [{p.media for p in c if isinstance(p, rtcp.KeyFrameRequest)} for c in self.hears()]
        return [ssrcs for ssrcs in compounds if ssrcs]


@pytest.fixture
def listen(hall: Hall) -> Iterator[Callable[[str], Ear]]:
    """A source of three layers, all of them known, of which nothing is wished."""
    ears = []

    def begin(name: str) -> Ear:
        camera = hall.camera(name)
        camera.frame(key=True)
        ears.append(Ear(hall, camera))
        return ears[-1]

    yield begin
    for ear in ears:
        ear.sock.close()


@pytest.fixture
def ear(hall: Hall, listen: Callable[[str], Ear]) -> Ear:
    """Of the source on air."""
    hall.stage("a")
    return listen("a")


def test_wishes_for_all_layers_are_one_request_in_half_a_second(hall: Hall, ear: Ear) -> None:
    layers = ear.publisher.layers
    wishes = {round(0.16 * number, 2): layers[number % 3] for number in range(13)}
    open_wishes: dict[int, float] = {}
    asked_at = []
    began = hall.now
    for tick in range(150):
        second = round(tick * ASK_EVERY_S, 2)
        hall.now = began + second
        if second in wishes:
            wishes[second].wish.wish()
            open_wishes.setdefault(wishes[second].ssrc, second)
        for ssrcs in ear.asked():
            asked_at.append(second)
            assert ssrcs == set(open_wishes)  # none is forgotten, and none is asked for that nobody wants
            assert second - min(open_wishes.values()) <= KEY_FRAME_INTERVAL_S
            open_wishes.clear()
            for track in layers:
                track.wish.met()
    assert not open_wishes
    assert asked_at == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_what_is_not_answered_is_asked_again_with_what_is_new(hall: Hall, ear: Ear) -> None:
    high, middle, _ = ear.publisher.layers
    high.wish.wish()
    assert ear.asked() == [{high.ssrc}]
    middle.wish.wish()
    assert ear.asked() == []
    hall.now += KEY_FRAME_INTERVAL_S
    assert ear.asked() == [{high.ssrc, middle.ssrc}]


def test_sources_wait_for_themselves_only(ear: Ear, listen: Callable[[str], Ear]) -> None:
    for one in (ear, listen("b")):
        one.publisher.layers[0].wish.wish()
        assert one.asked() == [{one.publisher.layers[0].ssrc}]


PICTURES = 30


def play(
    hall: Hall, camera: Camera, *, lost: int = 0, late_s: float | None = None, jitter_s: float = 0.0
) -> dict[str, Any]:
    """A second over a line that loses one packet in three of so many pictures; what is told of it then.

    `late_s`: until what was lost comes after all.
    """
    for number in range(PICTURES):
        camera.frame(withhold=1 if number < lost else -1)
        if number < lost and late_s is not None:
            hall.now += late_s
            camera.release()
            hall.now -= late_s
        for layer in camera.layers:  # taken so much earlier and later, and here at the same pace
            layer.clock += round(90_000 * (jitter_s if number % 2 else -jitter_s))
        hall.now += 1 / PICTURES
    return judged(camera)


def judged(camera: Camera) -> dict[str, Any]:
    """What is told at the end of a second."""
    for track in camera.publisher.tracks():
        track.measure(1.0)
    return camera.publisher.snapshot()


def test_a_sources_line_is_told(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    assert camera.publisher.snapshot()["loss"] is None
    told = play(hall, camera)
    assert (told["loss"], told["jitter_ms"]) == (0.0, pytest.approx(0.0, abs=0.1))
    assert play(hall, camera, lost=9)["loss"] == 0.1
    assert play(hall, camera)["loss"] == 0.0
    # One step of 10 ms in three packets (RFC 3550, A.8).
    assert 2 < play(hall, camera, lost=3, jitter_s=0.01)["jitter_ms"] < 6
    (source,) = read_studio(hall.studio.snapshot()).sources
    assert source.loss == pytest.approx(1 / 30, abs=0.001)
    assert source.jitter_ms == camera.publisher.snapshot()["jitter_ms"]


def test_what_came_again_was_lost_and_what_was_only_late_was_not(hall: Hall) -> None:
    camera = hall.camera("a", layers=1)
    play(hall, camera)
    assert play(hall, camera, lost=9, late_s=0.02)["loss"] == 0.1
    assert play(hall, camera, lost=9, late_s=0.002)["loss"] == 0.0


def test_the_best_layer_that_comes_speaks_for_the_line(hall: Hall) -> None:
    camera = hall.camera("a")
    play(hall, camera)
    camera.layers[0].flows = False
    assert play(hall, camera, lost=9)["loss"] == 0.1
    for layer in camera.layers:
        layer.flows = False
    told = play(hall, camera)
    assert (told["loss"], told["jitter_ms"]) == (None, None)  # nothing comes: nothing can be said


def test_few_packets_are_a_share_of_nothing(hall: Hall) -> None:
    """A source in silence (DTX) sends three packets a second: one that is lost says nothing yet."""
    camera = hall.camera("a", layers=1)
    told = []
    for second in range(11):
        for part in range(3):
            camera.spoken += second == 2 and part == 1
            camera.speak()
            hall.now += 1 / 3
        told.append(judged(camera)["loss"])
    assert told == [*[None] * 4, *[1 / 16] * 5, 0.0, 0.0]


def full_intra_request(number: int, *media: int) -> bytes:
    """FIR (RFC 5104, 4.3.1): the sources stand in its entries, and its own field for one says nothing."""
    body = struct.pack("!II", 1, 0) + b"".join(struct.pack("!IB3x", ssrc, number) for ssrc in media)
    return struct.pack("!BBH", 0x80 | 4, rtcp.PAYLOAD_FEEDBACK, len(body) // 4) + body


def test_full_intra_requests_are_wishes_as_picture_losses_are(hall: Hall, ear: Ear) -> None:
    screens = [hall.join(name) for name in ("one", "other", "third")]
    on_air = hall.programme.video.slot.ssrc
    hall.now += 1
    hall.audience.latecomers.step(hall.now)
    assert not ear.asked()  # each got the key frame that was kept
    for number, screen in enumerate(screens):
        hall.hear(screen, full_intra_request(number, 9, on_air))
    live = hall.programme.video.live
    assert live is not None
    assert ear.asked() == [{live[1]}]
    hall.hear(screens[0], rtcp.picture_loss(1, on_air))
    assert not ear.asked()  # merged with it
    for track in ear.publisher.layers:
        track.wish.met()
    hall.hear(screens[1], full_intra_request(7, 9, 10))  # of nothing that is sent here
    hall.now += 1
    assert not ear.asked()

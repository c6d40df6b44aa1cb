"""From a publisher's datagram to a viewer's, over real sockets and keys, without processes."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from media.cascade.flow import Flow
from media.cascade.herald import Herald
from media.fanout.fanout import Fanout
from media.fanout.lane import LaneKey
from media.programme.parties import Publisher, Viewer
from media.programme.programme import Programme, Staging
from media.programme.studio import Studio
from media.programme.track import Track
from media.transport import kernel, srtp
from media.wire import rtcp, rtp
from media.wire.fingerprint import Fingerprint
from media.wire.rtp import Codec, Packet
from media.worker.audience import Audience
from media.worker.ingest import Ingest

MASTER = bytes(range(28))
TYPES = ((Codec.VP8, 96), (Codec.OPUS, 111))
KEY, DELTA = b"\x10\x10", b"\x10\x11"


@dataclass
class Screen:
    """A viewer with its own socket."""

    viewer: Viewer
    programme: Programme
    index: int = 0
    receiver: srtp.Receiver = field(default_factory=lambda: srtp.Receiver(srtp.GCM, MASTER))
    sock: socket.socket = field(default_factory=lambda: kernel.open_port("127.0.0.1", 0))
    numbers: list[int] = field(default_factory=list)

    def datagrams(self) -> Iterator[bytes]:
        while True:
            try:
                yield self.sock.recv(2048)
            except BlockingIOError:
                return

    def note(self) -> None:
        """What number each packet has, unopened."""
        self.numbers += [int.from_bytes(datagram[2:4], "big") for datagram in self.datagrams()]

    def packets(self) -> list[Packet]:
        return [rtp.parse(self.receiver.unprotect(d)) for d in self.datagrams() if not rtp.is_rtcp(d)]


class House:
    """One studio with one publisher, `centre`, who is on air."""

    def __init__(self) -> None:
        self.now = 100.0
        self.socket = kernel.open_port("127.0.0.1", 0)
        self.fanout = Fanout(self.socket)
        self.outbox = kernel.Outbox(self.socket)
        self.flow = Flow(self.fanout, Herald("r1", self.fanout, self.outbox))
        self.ingest = Ingest(self.flow, self.fanout, self.outbox, 2_000_000)
        self.audience = Audience(self.fanout, self.outbox)
        self.studio = Studio("s", self.fanout, self.now)
        self.programme = self.studio.programme("main")
        self.programme.stage(Staging("centre", ("centre", None, None)))
        self.screens: list[Screen] = []
        self._sealed = srtp.sender(srtp.GCM, MASTER)
        self._sequence = self._spoken = 500
        self.centre = Publisher(
            number=1, session="p", studio="s", name="centre", fingerprint=Fingerprint("", ""),
            now=self.now, since=0,
            codecs={96: Codec.VP8, 111: Codec.OPUS},
            layers=(Track(rtp.VIDEO_CLOCK_HZ),), audio=Track(rtp.AUDIO_CLOCK_HZ),
        )  # fmt: skip
        self.centre.receiver = srtp.Receiver(srtp.GCM, MASTER)
        self.studio.add_source(self.centre)

    def frame(self, start: bytes = DELTA, packets: int = 5, *, marker: bool = True) -> None:
        """The next picture; without a marker it is not complete."""
        for part in range(packets):
            self._sequence += 1
            last = marker and part == packets - 1
            payload = (start if part == 0 else b"\x00") + bytes(500)
            picture = Packet(96, last, self._sequence & 0xFFFF, round(self.now * 90_000), 7, payload)
            self._packet(picture, self._sequence)
        self.now += 1 / 30
        self.audience.latecomers.step(self.now)

    def sound(self) -> None:
        self._spoken += 1
        sound = Packet(111, False, self._spoken & 0xFFFF, round(self.now * 48_000), 8, b"sound")
        self._packet(sound, self._spoken)

    def _packet(self, packet: Packet, number: int) -> None:
        clear = rtp.build(packet)
        sealed = self._sealed.protect(clear[:12], clear[12:], number >> 16)
        self.ingest.packet(self.studio, self.centre, sealed, self.now)

    def join(self, name: str = "tv", *, video: bool = True) -> Screen:
        viewer = Viewer(
            number=2 + len(self.screens), session=name, studio="s", name=name, fingerprint=Fingerprint("", ""),
            now=self.now, since=0, programme="main", lane=LaneKey("", TYPES, 0, video, 3),
        )  # fmt: skip
        screen = Screen(viewer, self.programme)
        self.screens.append(screen)
        viewer.address = kernel.raw_address(*screen.sock.getsockname())
        viewer.sender, viewer.receiver = srtp.sender(srtp.GCM, MASTER), srtp.Receiver(srtp.GCM, MASTER)
        self.studio.add_viewer(viewer)
        self.audience.welcome(self.studio, self.programme, viewer)
        return screen

    def hear(self, screen: Screen, packet: bytes) -> None:
        """The viewer's RTCP."""
        screen.index += 1
        sealed = srtp.sender(srtp.GCM, MASTER).protect_rtcp(packet, screen.index)
        self.audience.control(self.studio, screen.viewer, sealed, self.now)
        self.outbox.flush()

    def close(self) -> None:
        for screen in self.screens:
            screen.sock.close()
        self.socket.close()


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


@pytest.mark.parametrize("under_way", [0, 3])
def test_a_newcomer_gets_what_was_kept_before_what_is_live(house: House, under_way: int) -> None:
    for start in (KEY, DELTA, DELTA):
        house.frame(start)
    if under_way:
        house.frame(packets=under_way, marker=False)
    screen = house.join()
    if under_way:
        house.now -= 1 / 30
        house.frame(b"\x00", packets=5 - under_way)
    for _ in range(5):
        house.frame()
    got = screen.packets()
    assert got[0].payload[:2] == KEY
    assert len(got) == 40 + (5 if under_way else 0)
    assert in_a_row([p.sequence for p in got])


def in_a_row(numbers: list[int]) -> bool:
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_newcomer_is_brought_up_no_faster_than_a_line_bears(house: House) -> None:
    """A key frame as cameras send them and a second of what followed, while what is live and the sound go on."""
    house.frame(KEY, packets=80)
    for _ in range(28):
        house.frame()
    screen = house.join()
    behind, steps = 80 + 28 * 5, 0
    numbers: list[int] = []
    while behind > 0:
        house.frame()
        house.sound()
        got = screen.packets()
        pictures = [p.sequence for p in got if p.payload_type == 96]
        assert [p.payload_type for p in got].count(111) == 1
        assert len(pictures) <= 2 * 8 + 5  # of two steps, and what was live in a frame's time
        behind, steps, numbers = behind + 5 - len(pictures), steps + 1, numbers + pictures
    assert steps < 30
    assert in_a_row(numbers)
    house.frame()
    assert [p.sequence for p in screen.packets()] == [numbers[-1] + 1 + i for i in range(5)]


def test_what_a_newcomer_loses_of_an_older_picture_comes_again(house: House) -> None:
    house.frame(KEY, packets=60)
    for _ in range(29):
        house.frame()
    screen = house.join()
    for _ in range(12):
        house.frame()
    kept = list(screen.datagrams())
    number = int.from_bytes(kept[3][2:4], "big")
    house.hear(screen, rtcp.nack(1, house.programme.video.slot.ssrc, [number]))
    assert list(screen.datagrams()) == [kept[3]]
    house.now += 1
    house.hear(screen, rtcp.nack(1, house.programme.video.slot.ssrc, [number]))
    assert list(screen.datagrams()) == []


def test_who_comes_while_a_key_frame_does_asks_for_no_other(house: House) -> None:
    assert house.centre.video is not None
    house.frame()
    house.frame(KEY, packets=30, marker=False)
    house.now += 1
    screen = house.join()
    assert not house.centre.video.wish.due(house.now)
    house.flow.flush_due(house.now)
    got = screen.packets()
    assert (len(got), got[0].payload[:2]) == (30, KEY)


def test_a_newcomer_on_his_way_costs_no_key_frame_and_may_leave(house: House) -> None:
    house.frame(KEY, packets=60)
    stays, leaves = house.join("stays"), house.join("leaves")
    assert house.centre.video is not None
    house.frame()
    for screen in (stays, leaves):
        house.hear(screen, rtcp.picture_loss(1, house.programme.video.slot.ssrc))
    assert not house.centre.video.wish.due(house.now)
    house.studio.remove_viewer(leaves.viewer)
    leaves.packets()
    for _ in range(20):
        house.frame()
    assert leaves.packets() == []
    assert in_a_row([p.sequence for p in stays.packets()])
    assert not stays.viewer.lane.party
    assert len(house.programme.lanes) == 1
    house.hear(stays, rtcp.picture_loss(1, house.programme.video.slot.ssrc))
    assert house.centre.video.wish.due(house.now)


def test_a_storm_costs_the_studio_three_key_frames_at_most(house: House) -> None:
    """200 join within two seconds; each key frame has 60 packets."""
    assert house.centre.video is not None
    began, asked, begins = house.now, 0, set()
    for number in range(1, 81):
        due = house.centre.video.wish.due(house.now)
        asked += due
        house.frame(KEY if due else DELTA, packets=60 if due else 5)
        begins.add(house.programme.video.key_frame & 0xFFFF)
        while len(house.screens) < min(200, 200 * number // 60):
            house.join(f"tv{len(house.screens)}")
        for screen in house.screens:
            screen.note()
    assert house.now - began < 2.7
    assert asked <= 3
    assert {screen.numbers[0] for screen in house.screens} <= begins
    assert not any(screen.viewer.lane.party for screen in house.screens)


def test_a_frame_whose_last_packet_does_not_come_leaves_after_two_milliseconds(house: House) -> None:
    screen = house.join()
    began = house.now
    house.frame(KEY, packets=3, marker=False)
    for passed_s, left in ((0.0, 0), (0.0019, 0), (0.0021, 3), (1.0, 0)):
        house.flow.flush_due(began + passed_s)
        assert len(screen.packets()) == left
    assert not house.flow.pending
    house.frame(b"\x00", packets=2)  # what was late of it
    assert len(screen.packets()) == 2


def test_without_a_recent_key_frame_a_newcomer_waits_for_one(house: House) -> None:
    house.frame(KEY)
    for _ in range(31):
        house.frame()
    screen = house.join()
    assert house.centre.video is not None
    assert house.centre.video.wish.due(house.now)
    house.frame(KEY)
    assert screen.packets()[0].payload[:2] == KEY


def test_a_lost_packet_comes_again_as_it_was(house: House) -> None:
    screen = house.join()
    house.frame(KEY)
    first = list(screen.datagrams())
    number = int.from_bytes(first[2][2:4], "big")
    house.hear(screen, rtcp.nack(1, house.programme.video.slot.ssrc, [number]))
    assert list(screen.datagrams()) == [first[2]]
    assert screen.viewer.repaired == 1


def test_a_viewer_with_rtx_gets_repairs_as_a_stream_of_their_own(house: House) -> None:
    screen = house.join()
    screen.viewer.repairs, screen.viewer.repair_sequence = {96: 97}, 0xFFFE
    house.frame(KEY)
    first = screen.packets()
    wish = rtcp.nack(1, house.programme.video.slot.ssrc, [first[1].sequence, first[3].sequence])
    for _ in range(2):
        house.hear(screen, wish)
    again = screen.packets()
    # Each repair has a number of its own, the same packet's too: under GCM none may serve twice.
    assert [p.sequence for p in again] == [0xFFFF, 0, 1, 2]
    assert {(p.payload_type, p.ssrc) for p in again} == {(97, house.programme.repair_ssrc)}
    for packet, lost in zip(again, [first[1], first[3]] * 2, strict=True):
        assert packet.payload == lost.sequence.to_bytes(2, "big") + lost.payload
        assert (packet.timestamp, packet.marker) == (lost.timestamp, lost.marker)


def test_one_viewer_cannot_hold_the_studio_at_key_frames(house: House) -> None:
    screen = house.join("greedy")
    house.frame(KEY)
    assert house.centre.video is not None
    asked, wish = 0, house.centre.video.wish
    for _ in range(20 * 30):
        house.hear(screen, rtcp.picture_loss(1, house.programme.video.slot.ssrc))
        if wish.due(house.now):
            asked += 1
            house.frame(KEY)
        else:
            house.frame()
    assert 10 <= asked <= 13  # three at once, then one in two seconds
    other = house.join("modest")
    other.packets()
    house.hear(other, rtcp.picture_loss(1, house.programme.video.slot.ssrc))
    house.now += 1
    assert wish.due(house.now)


def complain(house: House, screen: Screen, *, loss: int = 0, remb_kbps: int = 4000, seconds: int = 1) -> None:
    """Seconds of a programme whose viewer reports this loss (of 256) and this estimate each second."""
    cue = house.programme.cues[0 if screen.viewer.lane.video else 1]
    for _ in range(seconds):
        for _ in range(15):
            house.frame()
            house.now += 1 / 30
        house.sound()
        assert house.centre.video is not None
        house.centre.video.taken_kbps = 600.0
        report = rtcp.ReceiverReport(1, (rtcp.Report(cue.slot.ssrc, loss, 0, 0, 0, 0, 0),))
        told = rtcp.receiver_report(report) + rtcp.remb(1, remb_kbps * 1000, [cue.slot.ssrc])
        house.hear(screen, told)
        house.audience.suit(house.studio, house.programme, house.now)


def kinds(screen: Screen) -> set[int]:
    return {packet.payload_type for packet in screen.packets()}


def test_a_line_too_narrow_for_the_picture_gets_the_sound_and_the_picture_again_later(house: House) -> None:
    house.frame(KEY)
    screen, other = house.join("narrow"), house.join("wide")
    complain(house, screen, seconds=8)
    assert kinds(screen) == {96, 111}
    complain(house, screen, remb_kbps=200, seconds=6)
    assert screen.viewer.snapshot()["rendition"] == "audio"
    screen.packets()
    complain(house, screen, seconds=3)
    assert kinds(screen) == {111}
    ssrc = house.programme.video.slot.ssrc
    house.hear(
        screen, rtcp.picture_loss(1, ssrc) + rtcp.nack(1, ssrc, [house.programme.video.slot.highest & 0xFFFF])
    )
    assert list(screen.datagrams()) == []
    house.frame(KEY)
    complain(house, screen, seconds=12)
    assert screen.viewer.snapshot()["rendition"] == "full"
    assert kinds(screen) == {96, 111}
    assert house.centre.video is not None
    assert house.centre.video.wish.due(house.now)  # the last key frame is too long ago
    assert other.viewer.snapshot()["rendition"] == "full"
    assert len(other.packets()) > 200


def test_the_picture_can_be_opened_after_a_long_time_without_it(house: House) -> None:
    house.frame(KEY)
    screen = house.join()
    complain(house, screen, loss=128, seconds=14)
    assert not screen.viewer.lane.video
    screen.packets()
    start = house.programme.video.slot.highest
    while house.programme.video.slot.highest - start < 40_000:  # more than half a turn of the numbers
        complain(house, screen, loss=128)
    complain(house, screen, seconds=30)
    assert screen.viewer.lane.video
    assert kinds(screen) == {96, 111}  # every datagram was opened


def test_who_asked_for_sound_only_is_never_given_a_picture(house: House) -> None:
    screen = house.join(video=False)
    complain(house, screen, seconds=30)
    assert kinds(screen) == {111}

"""Every layer of a simulcast reaches the other worker: its viewers go down and up the rungs as at home."""

import itertools
import random
from collections.abc import Iterator

import pytest

from media.cascade.mirror import Place, take
from media.programme import framing
from media.programme.feed import Feed
from media.programme.framing import Clock, KeyFrame, Packets
from media.programme.outlet import Outlet
from media.programme.rendition import Rendition
from media.programme.rungs import RUNGS
from media.transport import srtp
from media.wire import rtcp, rtp
from tests.media.fanout.test_moves import in_order
from tests.media.hall import Hall, Screen, mark_of, master

UNDER_WAY = 18  # packets of six pictures: time for two repairs, of which the first may be lost


class Wire:
    """A link from a hall to its mirror, in memory."""

    def __init__(self, home: Hall, mirror: Hall) -> None:
        self.home, self.mirror = home, mirror
        self.feed = Feed("home/main", 3, mirror.now, RUNGS)
        self.place = Place(mirror.studio, mirror.programme)
        self.records = 0
        mirror.programme.mirror(self.feed)
        outlet = Outlet(1, lambda rung: home.studio.wish_key_frame(home.programme.pictures[rung]))
        outlet.takers.append(self)
        home.programme.give(outlet)

    def send(self, record: bytes) -> bool:
        self.records += 1
        message = framing.decode(record)
        if isinstance(message, Packets):
            track = self.feed.track(message.slot, message.layer)
            assert track is not None
            for codec, packet in message.packets:
                take(self.mirror.flow, self.place, self.feed, track, message.slot, codec, packet, self.mirror.now)
        elif isinstance(message, framing.Air):
            self.feed.tell(message.on_air)
            self.mirror.programme.settle(self.feed)
        else:
            assert isinstance(message, Clock)
        return True

    def pass_time(self, frames: int) -> None:
        """At home and at the mirror, with the mirror's wishes going up."""
        for _ in range(frames):
            self.home.pass_time()
            self.mirror.pass_time()
            for layer, track in enumerate(self.feed.layers):
                if track.wish.due(self.mirror.now):
                    wish = framing.decode(framing.encode(KeyFrame(1, layer)))
                    assert isinstance(wish, KeyFrame)
                    self.home.studio.wish_key_frame(self.home.programme.pictures[wish.layer])


class Line:
    """Another relay as a viewer at home: every rung a stream of its own; some of it lost, and asked for again."""

    def __init__(self, home: Hall, mirror: Hall) -> None:
        self.home, self.mirror = home, mirror
        self.feed = Feed("pull/1", 3, mirror.now, RUNGS)
        self.place = Place(mirror.studio, mirror.programme)
        self.records = self.lost = 0
        self.loses = True
        mirror.programme.mirror(self.feed)
        self.relay: Screen | None = None
        self._seen: set[bytes] = set()
        self._receiver = srtp.Receiver(srtp.GCM, master(srtp.GCM))
        self._chance = random.Random(random.random())  # another one each time, by pytest's seed

    def pass_time(self, frames: int) -> None:
        if self.relay is None:
            self.relay = self.home.join("relay:edge", is_relay=True, rungs=RUNGS)
            self._read()
        for left in reversed(range(frames)):
            self.loses = left > 15  # what is lost last would still be missing at the end
            self.home.pass_time()
            self._read()
            self.mirror.pass_time()
            self._ask()
            self._read()
            for screen in self.mirror.screens:
                ask_for_holes(screen)

    def _read(self) -> None:
        assert self.relay is not None
        for datagram in self.relay.datagrams():
            if rtp.is_rtcp(datagram) or datagram in self._seen:
                continue
            if self._chance.random() < 0.05 and self.loses:
                self.lost += 1
                continue
            self._seen.add(datagram)
            self.records += 1
            packet = rtp.parse(self._receiver.unprotect(datagram))
            layer = packet.ssrc - self.home.programme.video.slot.ssrc & 0xFFFFFFFF
            track = self.feed.track(0, layer)
            assert track is not None
            take(self.mirror.flow, self.place, self.feed, track, 0, rtp.Codec.VP8, packet, self.mirror.now)

    def _ask(self) -> None:
        assert self.relay is not None
        for layer, track in enumerate(self.feed.layers):
            ssrc = self.home.programme.video.slot.ssrc + layer & 0xFFFFFFFF
            if lost := track.gaps.due(self.mirror.now):
                self.home.hear(self.relay, rtcp.nack(1, ssrc, lost))
            if track.wish.due(self.mirror.now):
                self.home.hear(self.relay, rtcp.picture_loss(1, ssrc))


def ask_for_holes(screen: Screen) -> None:
    """As a viewer does: what was under way to the mirror when it moved came too late to be sent to it."""
    got = {number for number, _ in screen.read().pictures[-60:]}
    holes = [number & 0xFFFF for number in range(min(got), max(got)) if number not in got] if got else []
    if holes:
        screen.hall.hear(screen, rtcp.nack(1, screen.hall.programme.video.slot.ssrc, holes))


@pytest.fixture(params=[Wire, Line], ids=["worker", "relay"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire | Line]:
    home, mirror = Hall(), Hall()
    yield request.param(home, mirror)
    home.close()
    mirror.close()


def shows_in_order(wire: Wire | Line, *screens: Screen) -> None:
    """Nothing is missing but, on a line that loses, of a layer at the moment when another takes its place: the
    other's key frame has come, and what is repaired of the old one now is nobody's any more."""
    for screen in screens:
        in_order(screen)
        got = sorted(screen.read().pictures, key=lambda item: item[0])
        for place, ((number, before), (then, _)) in enumerate(itertools.pairwise(got), 1):
            if then != number + 1:
                assert isinstance(wire, Line)
                assert {mark_of(packet) for _, packet in got[place : place + UNDER_WAY]} != {mark_of(before)}


def test_a_viewer_at_the_mirror_gets_the_layer_of_its_rung(wire: Wire | Line) -> None:
    wire.home.camera("a")
    wire.home.stage("a")
    moved, other = wire.mirror.join("moved"), wire.mirror.join("other")
    wire.pass_time(90)
    assert moved.shows == other.shows == b"a0"
    for rendition, layer in ((Rendition.LOW, b"a2"), (Rendition.MEDIUM, b"a1"), (Rendition.FULL, b"a0")):
        wire.mirror.give(moved, rendition)
        wire.pass_time(90)
        assert moved.shows == layer
    assert other.shows == b"a0"
    shows_in_order(wire, moved, other)


def test_a_switch_reaches_every_rung_of_the_mirror(wire: Wire | Line) -> None:
    wire.home.camera("a")
    wire.home.camera("b", start=9000)
    wire.home.stage("a")
    full, low = wire.mirror.join("full"), wire.mirror.join("low")
    wire.pass_time(60)
    wire.mirror.give(low, Rendition.LOW)
    wire.pass_time(90)
    assert (full.shows, low.shows) == (b"a0", b"a2")
    wire.home.stage("b")
    wire.pass_time(60)
    assert (full.shows, low.shows) == (b"b0", b"b2")
    shows_in_order(wire, full, low)


def test_a_source_of_one_layer_is_passed_on_once(wire: Wire | Line) -> None:
    wire.home.camera("a", layers=1)
    wire.home.stage("a")
    screen = wire.mirror.join("tv")
    wire.pass_time(30)
    before = wire.records
    wire.pass_time(30)
    lost = wire.lost if isinstance(wire, Line) else 0
    assert wire.records - before in ((30,) if isinstance(wire, Wire) else range(90 - lost, 91 + lost))
    wire.mirror.give(screen, Rendition.LOW)
    wire.pass_time(60)
    assert screen.shows == b"a0"
    shows_in_order(wire, screen)


def test_a_layer_that_is_suspended_gives_way_at_the_mirror_too(wire: Wire | Line) -> None:
    camera = wire.home.camera("a")
    wire.home.stage("a")
    screen = wire.mirror.join("tv")
    wire.pass_time(60)
    assert screen.shows == b"a0"
    camera.layers[0].flows = False
    wire.pass_time(90)
    assert screen.shows == b"a1"
    shows_in_order(wire, screen)


def test_from_many_layers_to_one_and_back(wire: Wire | Line) -> None:
    wire.home.camera("many")
    wire.home.camera("single", layers=1, start=70)
    wire.home.stage("many")
    full, low = wire.mirror.join("full"), wire.mirror.join("low")
    wire.pass_time(60)
    wire.mirror.give(low, Rendition.LOW)
    wire.pass_time(90)
    for name, shown in (("single", (b"s0", b"s0")), ("many", (b"m0", b"m2"))):
        wire.home.stage(name)
        wire.pass_time(120)
        assert (full.shows, low.shows) == shown
    shows_in_order(wire, full, low)


def test_padding_of_a_source_leaves_no_hole(wire: Wire | Line) -> None:
    camera = wire.home.camera("a")
    wire.home.stage("a")
    screen = wire.mirror.join("tv")
    wire.pass_time(60)
    for _ in range(20):
        camera.pad()
        wire.pass_time(1)
    wire.pass_time(30)
    numbers = sorted(number for number, _ in screen.read().pictures)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert sum(not packet.payload for _, packet in screen.pictures) == 20

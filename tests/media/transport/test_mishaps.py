"""What no receiver can be sealed for, and what nobody foresaw, costs one datagram and never the packet loop."""

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from media.fanout.fanout import Fanout
from media.fanout.lane import Batch, LaneKey, Seat
from media.fanout.slot import Clear
from media.transport import kernel, srtp
from media.transport.mishaps import Mishaps
from media.transport.peer import Peer
from media.transport.port import Handlers, Port
from media.wire import rtcp, rtp
from media.wire.fingerprint import Fingerprint
from media.wire.rtp import Codec
from tests.media.hall import Hall, master
from tests.media.running import RunningRelay, metric
from tests.media.site import DELTA, KEY_FRAME, Site

TYPES = ((Codec.VP8, 96), (Codec.OPUS, 111))


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


def header(number: int) -> bytes:
    return rtp.build(rtp.Packet(96, False, number & 0xFFFF, 0, 7, b""))


def test_aes_cm_seals_again_all_that_is_kept_for_repair() -> None:
    sender, receiver = srtp.CmSender(master(srtp.CM)), srtp.Receiver(srtp.CM, master(srtp.CM))
    sent = [sender.protect(header(number), b"x" * 1400, 0) for number in range(1000, 4000)]
    for back in (1, 129, 2047):
        assert sender.protect(header(3999 - back), b"x" * 1400, 0) == sent[-1 - back]
    assert receiver.unprotect(sent[0])[12:] == b"x" * 1400


@pytest.mark.parametrize("step", [-3000, 40_000])
def test_what_aes_cm_cannot_seal_is_a_value_error(step: int) -> None:
    sender = srtp.CmSender(master(srtp.CM))
    for number in range(36_000, 40_000):
        sender.protect(header(number), b"x", 0)
    with pytest.raises(ValueError, match="too old"):
        sender.protect(header(40_000 + step), b"x", 0)


@pytest.mark.parametrize("repairs", [{}, {96: 97}], ids=["again", "rtx"])
@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_a_packet_long_ago_is_repaired(hall: Hall, profile: srtp.Profile, repairs: dict[int, int]) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    screen = hall.join("tv", profile, repairs=repairs)
    camera.frame(key=True)
    for _ in range(30):
        camera.frame(packets=20)
    pictures = screen.read().pictures
    for lost in (1, 5, 300, 590):
        number = pictures[lost][1].sequence
        hall.hear(screen, rtcp.nack(1, hall.programme.video.slot.ssrc, [number]))
    assert screen.viewer.repaired == 4
    if not repairs:
        assert len(screen.read().repaired) == 4
        return
    again = [rtp.parse(screen._receiver.unprotect(datagram)) for datagram in screen.datagrams()]
    assert [p.payload[2:] for p in again] == [pictures[lost][1].payload for lost in (1, 5, 300, 590)]


class Pipe:
    """In place of the TCP connections."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, address: kernel.Address, datagrams: Any, moment: int = -1) -> bool:
        self.sent += datagrams
        return True


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_who_cannot_be_sealed_for_is_passed_over(stream: bool, shifted: bool) -> None:
    with kernel.open_port("127.0.0.1", 0) as sock, kernel.open_port("127.0.0.1", 0) as sink:
        fanout, pipe = Fanout(sock), Pipe()
        fanout.streams = pipe  # type: ignore[assignment]
        lane = fanout.lane(LaneKey(srtp.CM.name, TYPES, 0, True, 3, stream=stream, shifted=shifted))
        address = kernel.raw_address(*sink.getsockname())
        seats = [Seat(address, srtp.CmSender(bytes([i]) * 30), (0,) * 4) for i in range(3)]
        for seat in seats:
            lane.add(seat)
        # The middle one has come half a turn further by itself: for libsrtp the numbers run back.
        seats[1].sender.protect(rtp.build(rtp.Packet(96, False, 20_000, 0, 7, b"")), b"x", 0)
        clear = Clear(10, 3000, True, Codec.VP8, b"\x10\x11" + b"clear" * 20)
        fanout.prepare([clear], 1.0, 1000.0)
        fanout.send([lane], Batch(0, 7, [clear]))
        got = pipe.sent if stream else [sink.recv(2048) for _ in range(2)]
        assert len(got) == 2
        assert not any(b"clear" in datagram or not any(datagram) for datagram in got)
        with pytest.raises(BlockingIOError):
            sink.recv(2048)
        assert fanout.transmitter.tally.failed == 1


def test_a_single_datagram_that_cannot_be_sealed_is_dropped() -> None:
    with kernel.open_port("127.0.0.1", 0) as sock:
        outbox, sender = kernel.Outbox(sock), srtp.CmSender(master(srtp.CM))
        sender.protect(header(20_000), b"x", 0)
        outbox.add_sealed(kernel.raw_address("127.0.0.1", 9), sender.protect, header(10), b"x", 0)
        assert (len(outbox), outbox.dropped) == (0, 1)


def test_what_nobody_foresaw_costs_one_datagram(caplog: pytest.LogCaptureFixture) -> None:
    def break_down(peer: Any, datagram: bytes) -> None:
        seen.append(datagram)
        if datagram[-1] == 0:
            raise KeyError("nobody thought of this")

    seen: list[bytes] = []
    with kernel.open_port("127.0.0.1", 0) as sock, socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        port = Port(sock, Handlers(break_down, break_down, break_down, lambda peer: None))
        here = kernel.raw_address(*peer.getsockname())
        port._by_address[here] = Peer(
            number=1, session="s7", studio="s", name="p", fingerprint=Fingerprint("", ""), now=0.0, since=0.0
        )
        for last in (0, 0, 1):
            peer.sendto(bytes([128, 96, last]), sock.getsockname())
        with caplog.at_level(logging.ERROR, "media.mishaps"):
            port.read(1.0)
        assert [datagram[-1] for datagram in seen] == [0, 0, 1]
        assert (port.mishaps.count, port.counts.malformed) == (2, 0)
        (record,) = caplog.records  # the second within a second is only counted
        assert "s7" in record.getMessage()
        assert record.exc_info is not None


def test_a_frame_that_cannot_be_sent_is_given_up(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    screen = hall.join("tv")
    hall.pass_time(2)
    camera.frame(withhold=2)  # its last packet does not come
    hall.now += 1
    with monkeypatch.context() as patched:
        patched.setattr(hall.fanout, "send", lambda *_: [][0])
        hall.flow.flush_due(hall.now)
    assert hall.flow.mishaps.count == 1
    before = len(screen.read().pictures)
    hall.pass_time(2)
    assert len(screen.read().pictures) == before + 6


def test_latecomers_who_cannot_be_brought_up_sit_down_all_the_same(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.camera("a", layers=1)
    hall.stage("a")
    hall.pass_time(12)
    screen = hall.join("tv")
    with monkeypatch.context() as patched:
        patched.setattr(hall.fanout, "send", lambda *_: [][0])
        hall.audience.latecomers.step(hall.now + 1)
    assert hall.audience.latecomers.mishaps.count == 1
    hall.pass_time(2)
    assert len(screen.read().pictures) == 6


def test_faults_are_counted_one_by_one() -> None:
    mishaps = Mishaps()
    for _ in range(3):
        try:
            raise IndexError
        except IndexError:
            mishaps.note("a test")
    assert mishaps.count == 3


async def test_a_late_repair_for_aes_cm_leaves_the_worker_alive(relay: RunningRelay) -> None:
    viewer, source = Site(relay, "viewer"), Site(relay, "source")
    try:
        await relay.stage("source")
        viewer.identity.context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_80")
        await viewer.join()
        await source.join(publish=True)
        assert viewer.ssl.get_selected_srtp_profile() == b"SRTP_AES128_CM_SHA1_80"
        numbers = []
        for n in range(200):
            source.send_rtp(rtp.Packet(96, True, 100 + n, 9000 + 300 * n, 5, DELTA if n else KEY_FRAME))
            numbers.append((await viewer.next_rtp()).sequence)
        report = rtcp.receiver_report(rtcp.ReceiverReport(1))
        viewer.send_rtcp(report + rtcp.nack(1, viewer.ssrcs[0], [numbers[5], numbers[199]]), 1)
        for expected in (numbers[5], numbers[199]):
            while True:
                datagram = await viewer.receive()
                if 128 <= datagram[0] < 192 and not rtp.is_rtcp(datagram):
                    break
            assert rtp.parse(datagram).sequence == expected
        assert await metric(relay, 'media_faults{worker="0"}') == 0
    finally:
        viewer.close()
        source.close()

"""The hot path over a real loopback socket: every receiver opens what it gets, and one's trouble is its own."""

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fanout.fanout import MAX_PADDING, Fanout, in_runs
from media.fanout.lane import Batch, Lane, LaneKey, Seat
from media.fanout.slot import Clear
from media.fanout.transmit import MAX_SEGMENT, Mode
from media.programme.repair import Ring
from media.transport import kernel, sealer, srtp
from media.wire import rtcp, rtp
from media.wire.rtp import Codec

TYPES = ((Codec.VP8, 96), (Codec.H264, 102), (Codec.OPUS, 111))
SSRC = 0xDECAFBAD
# An address of this process's own: on 127.0.0.1 comes what others still send to a port that was theirs before.
HOST = f"127.1.{os.getpid() >> 8 & 0xFF}.{os.getpid() % 254 + 1}"


class Listener:
    """A receiver with its own socket and keys."""

    def __init__(self, profile: srtp.Profile, number: int, first: int = 0) -> None:
        self.socket = kernel.open_port(HOST, 0)
        master = bytes([number % 251] * (profile.key_size + profile.salt_size))
        self.receiver = srtp.Receiver(profile, master)
        address = kernel.raw_address(*self.socket.getsockname())
        self.seat = Seat(address, srtp.sender(profile, master), (first,) * 4)

    def datagrams(self) -> Iterator[bytes]:
        while True:
            try:
                yield self.socket.recv(4096)
            except BlockingIOError:
                return

    def packets(self) -> list[rtp.Packet]:
        return [rtp.parse(self.receiver.unprotect(d)) for d in self.datagrams()]


@pytest.fixture(params=[True, False], ids=["c", "python"])
def native(request: pytest.FixtureRequest) -> bool:
    """Both ways to seal, where both are there (`make media/libsealer.so`)."""
    if request.param and sealer.library is None:
        pytest.skip("media/libsealer.so was not built")
    return bool(request.param)


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with kernel.open_port("127.0.0.1", 0) as sock:
        yield sock


@pytest.fixture
def crowd() -> Iterator[list[Listener]]:
    listeners: list[Listener] = []
    yield listeners
    for listener in listeners:
        listener.socket.close()


def key(profile: srtp.Profile, **changes: int) -> LaneKey:
    return LaneKey(profile.name, TYPES, changes.get("send_time_id", 0), True, 3)


def fill(lane: Lane, crowd: list[Listener], profile: srtp.Profile, count: int, first: int = 0) -> None:
    for _ in range(count):
        listener = Listener(profile, len(crowd), first)
        crowd.append(listener)
        lane.add(listener.seat)


def frame(sequence: int, sizes: list[int], codec: Codec = Codec.VP8) -> list[Clear]:
    last = len(sizes) - 1
    return [
        Clear(sequence + i, 3000, i == last, codec, bytes([(sequence + i) & 0xFF]) * size)
        for i, size in enumerate(sizes)
    ]


def send(fanout: Fanout, lanes: list[Lane], packets: list[Clear], skip: tuple[Seat, ...] = ()) -> None:
    for run in fanout.prepare(packets, 1.0, 1000.0):
        fanout.send(lanes, Batch(0, SSRC, run, skip))


SIZES = [1100, 1099, 1100, 1098, 400]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_every_receiver_gets_every_packet(
    sender: socket.socket, crowd: list[Listener], profile: srtp.Profile, mode: Mode, native: bool
) -> None:
    fanout = Fanout(sender, mode, native=native)
    lane = fanout.lane(key(profile))
    fill(lane, crowd, profile, 70)  # more than one chunk
    send(fanout, [lane], frame(65533, SIZES))
    send(fanout, [lane], frame(65538, [80]))
    for listener in crowd:
        packets = listener.packets()
        assert [p.sequence for p in packets] == [65533, 65534, 65535, 0, 1, 2]
        assert [len(p.payload) for p in packets] == [*SIZES, 80]
        assert [p.marker for p in packets] == [False] * 4 + [True] * 2
        assert {(p.ssrc, p.payload_type) for p in packets} == {(SSRC, 96)}
        assert packets[2].payload == b"\xff" * 1100
    assert fanout.transmitter.tally.packets == 70 * 6
    assert fanout.transmitter.tally.failed == fanout.transmitter.tally.dropped == 0
    if mode is Mode.SEGMENTED and kernel.segmentation_works():
        assert fanout.transmitter.mode is Mode.SEGMENTED
        assert fanout.transmitter.tally.calls == 4


@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_every_shape_of_a_frame_arrives_as_it_was(
    sender: socket.socket, crowd: list[Listener], profile: srtp.Profile, native: bool
) -> None:
    """From one byte to a full datagram, from one packet to more than a run holds, shapes by turns."""
    fanout = Fanout(sender, native=native)
    lane = fanout.lane(key(profile))
    fill(lane, crowd, profile, 66)
    longest = 1500 - 12 - srtp.TAG_SIZE  # libsrtp's wrapper opens no more
    shapes = [[1], [longest] * 6 + [1], [700] * 19, [60], [longest, 3, longest], [700] * 8, [1]] * 2
    sent: list[bytes] = []
    for shape in shapes:
        packets = frame(len(sent), shape)
        sent += [packet.payload for packet in packets]
        send(fanout, [lane], packets)
    for listener in (crowd[0], crowd[63], crowd[64], crowd[65]):
        whole = {p.sequence: p.payload for d in listener.datagrams() for p in [opened(listener, d)]}
        assert [whole[i] for i in range(len(sent))] == sent


def opened(listener: Listener, datagram: bytes) -> rtp.Packet:
    return rtp.parse(listener.receiver.unprotect(datagram))


def test_lanes_get_their_own_numbers_and_extensions(sender: socket.socket, crowd: list[Listener]) -> None:
    fanout = Fanout(sender)
    plain = fanout.lane(key(srtp.GCM))
    other = fanout.lane(LaneKey(srtp.GCM.name, ((Codec.OPUS, 96), (Codec.VP8, 97)), 3, True, 1))
    fill(plain, crowd, srtp.GCM, 1)
    fill(other, crowd, srtp.GCM, 1)
    send(fanout, [plain, other], frame(7, [100, 100]))
    send(fanout, [plain, other], frame(9, [100, 100], Codec.H264))  # which the second one cannot take
    first, second = crowd
    assert [p.payload_type for p in first.packets()] == [96, 96, 102, 102]
    clear = [second.receiver.unprotect(d) for d in second.datagrams()]
    assert [c[1] & 0x7F for c in clear] == [97, 97]
    # abs-send-time: 1,000 s in 6.18 fixed point, modulo 64 s.
    assert clear[0][12:20] == bytes.fromhex("bede000132a00000")


def test_a_skipped_seat_gets_nothing(sender: socket.socket, crowd: list[Listener]) -> None:
    fanout = Fanout(sender)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 5)
    send(fanout, [lane], frame(7, [100]), skip=(crowd[0].seat, crowd[3].seat))
    assert [len(listener.packets()) for listener in crowd] == [0, 1, 1, 0, 1]


@pytest.mark.parametrize("mode", list(Mode))
def test_one_unreachable_receiver_hurts_nobody(sender: socket.socket, crowd: list[Listener], mode: Mode) -> None:
    fanout = Fanout(sender, mode)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 6)
    lost = crowd[2].seat
    # Port 0 cannot be sent to: the kernel answers EINVAL for this message alone.
    lost.address = kernel.raw_address("127.0.0.1", 0)
    assert lost.chunk is not None
    lost.chunk.move(lost)
    for sequence in range(0, 50, 5):
        send(fanout, [lane], frame(sequence, SIZES))
    assert [len(listener.packets()) for listener in crowd] == [50, 50, 0, 50, 50, 50]
    assert lost.failures > 0
    assert sum(listener.seat.failures for listener in crowd) == lost.failures
    assert fanout.transmitter.mode is mode


def test_a_kernel_that_refuses_segments_is_noticed(sender: socket.socket, crowd: list[Listener]) -> None:
    fanout = Fanout(sender, Mode.SEGMENTED)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 10)
    # More than 128 segments in one message: refused by every kernel.
    fanout.arena.set_segment = lambda size: type(fanout.arena).set_segment(fanout.arena, 8)  # type: ignore[method-assign]
    send(fanout, [lane], frame(0, SIZES))
    assert [len(listener.packets()) for listener in crowd] == [5] * 10
    assert fanout.transmitter.mode is Mode.BATCHED
    send(fanout, [lane], frame(5, SIZES))
    assert [len(listener.packets()) for listener in crowd] == [5] * 10


def test_packets_too_large_for_a_line_do_not_end_segmentation(
    sender: socket.socket, crowd: list[Listener]
) -> None:
    fanout = Fanout(sender, Mode.SEGMENTED)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 10)
    fanout.arena.set_segment = lambda size: type(fanout.arena).set_segment(fanout.arena, 8)  # type: ignore[method-assign]
    send(fanout, [lane], frame(0, [MAX_SEGMENT + 20, MAX_SEGMENT + 20]))
    assert fanout.transmitter._segmented_refused == 0
    assert fanout.transmitter.mode is Mode.SEGMENTED
    assert [len(listener.packets()) for listener in crowd] == [2] * 10  # singly


def test_receivers_of_different_ages_count_their_own_turns(
    sender: socket.socket, crowd: list[Listener], native: bool
) -> None:
    fanout = Fanout(sender, native=native)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 2, first=10)
    send(fanout, [lane], frame(65530, [90]))
    for sequence in range(65536 + 100, 3 * 65536, 30_000):
        send(fanout, [lane], frame(sequence, [90, 90]))
    assert [len(listener.packets()) for listener in crowd[:2]] == [11, 11]
    fill(lane, crowd, srtp.GCM, 2, first=3 * 65536 + 9)
    # One that joins shortly before the end of a turn begins with the next turn.
    fill(lane, crowd, srtp.GCM, 1, first=3 * 65536 - 20)
    send(fanout, [lane], frame(3 * 65536 + 10, [90, 90]))
    assert [len(listener.packets()) for listener in crowd] == [2] * 5


def test_seats_come_and_go(sender: socket.socket, crowd: list[Listener], native: bool) -> None:
    fanout = Fanout(sender, native=native)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 130)
    for gone in (0, 63, 64, 129, 128, 5):
        lane.remove(crowd[gone].seat)
    assert len(lane) == 124
    send(fanout, [lane], frame(7, [100, 90]))
    assert [i for i, listener in enumerate(crowd) if not listener.packets()] == [0, 5, 63, 64, 128, 129]
    for listener in crowd:
        if listener.seat.chunk is not None:
            lane.remove(listener.seat)
    assert not lane.chunks


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_control_packets_reach_all(
    sender: socket.socket, crowd: list[Listener], profile: srtp.Profile, mode: Mode
) -> None:
    fanout = Fanout(sender, mode)
    lane = fanout.lane(key(profile))
    fill(lane, crowd, profile, 70)
    report = rtcp.SenderReport(SSRC, 1 << 40, 3, 4, 5)
    for _ in range(3):
        fanout.send_control([lane], rtcp.sender_report(report))
    for listener in crowd:
        got = [rtcp.parse(listener.receiver.unprotect_rtcp(d)) for d in listener.datagrams()]
        assert got == [[report]] * 3


def test_a_repair_is_the_same_datagram(sender: socket.socket, crowd: list[Listener], native: bool) -> None:
    # AES-GCM is broken by two different packets under one number.
    fanout = Fanout(sender, native=native)
    lane = fanout.lane(key(srtp.GCM, send_time_id=3))
    fill(lane, crowd, srtp.GCM, 1)
    (listener,) = crowd
    packets = frame(65534, SIZES)
    ring = Ring(1.0)
    send(fanout, [lane], packets)
    for packet in packets:
        ring.put(packet)
    for datagram in listener.datagrams():
        kept = ring.get(int.from_bytes(datagram[2:4], "big"), 1.5)
        assert kept is not None
        seat = listener.seat
        header = lane.header(SSRC, kept)
        assert seat.sender.protect(header, kept.payload, seat.rollover(0, kept.sequence)) == datagram
    assert ring.get(65534, 3.0) is None
    assert ring.get(77, 1.5) is None


@given(st.lists(st.integers(1, 1200), min_size=1, max_size=60))
def test_runs_are_what_the_kernel_can_cut(sizes: list[int]) -> None:
    packets = frame(0, sizes)
    runs = in_runs(packets)
    assert [p.sequence for run in runs for p in run] == list(range(len(sizes)))
    for run in runs:
        lengths = [len(p.payload) for p in run]
        assert len(set(lengths[:-1])) <= 1
        assert lengths[-1] <= lengths[0]
        assert len(run) <= 16
    for packet, size in zip(packets, sizes, strict=True):
        assert 0 <= len(packet.payload) - size <= MAX_PADDING
        assert packet.padded == (len(packet.payload) > size)
        head = b"\xa0" if packet.padded else b"\x80"
        read = rtp.parse(head + bytes(11) + packet.payload)
        assert len(read.payload) == size


def test_single_datagrams_leave_together(sender: socket.socket, crowd: list[Listener]) -> None:
    crowd += [Listener(srtp.GCM, i) for i in range(3)]
    outbox = kernel.Outbox(sender, limit=300)
    unreachable = kernel.raw_address("127.0.0.1", 0)
    for i in range(300):
        outbox.add(b"%d" % i, unreachable if i == 7 else crowd[i % 3].seat.address)
    outbox.add(b"one too many", unreachable)
    outbox.flush()
    got = sorted(int(d) for listener in crowd for d in listener.datagrams())
    assert got == [i for i in range(300) if i != 7]
    assert outbox.dropped == 2
    assert not len(outbox)


def test_datagrams_come_in_batches(sender: socket.socket, crowd: list[Listener]) -> None:
    crowd.append(Listener(srtp.GCM, 1))
    inbox = kernel.Inbox(crowd[0].socket)
    here = kernel.raw_address(*sender.getsockname())
    target = crowd[0].socket.getsockname()
    for i in range(200):
        sender.sendto(b"%d" % i, target)
    sender.sendto(bytes(4000), target)  # longer than anything we take
    got = [*inbox.receive(), *inbox.receive(), *inbox.receive()]
    assert got == [(b"%d" % i, here) for i in range(200)]

"""The hot path over a real loopback socket: every receiver opens what it gets."""

import socket
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fanout.fanout import MAX_PADDING, Fanout, in_runs
from media.fanout.lane import LaneKey
from media.fanout.transmit import Mode
from media.programme.repair import Ring
from media.transport import kernel, sealer, srtp
from media.wire import rtcp, rtp
from media.wire.rtp import Codec
from tests.media.fanout.crowd import SIZES, SSRC, Listener, fill, frame, key, send


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


class Lines:
    """In place of the TCP connections: what goes to each address."""

    def __init__(self) -> None:
        self.sent: dict[kernel.Address, list[bytes]] = {}

    def send(self, address: kernel.Address, datagrams: Iterable[bytes], moment: int = -1) -> bool:
        self.sent.setdefault(address, []).extend(datagrams)
        return True


@pytest.mark.parametrize("way", ["plain", "shifted", "stream", "shifted stream"])
@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_who_comes_just_before_a_turn_and_loses_the_rest_of_it_is_in_step(
    sender: socket.socket, crowd: list[Listener], profile: srtp.Profile, way: str
) -> None:
    """A receiver counts from the first packet that it gets, and nobody knows which that is."""
    fanout, lines, turn = Fanout(sender), Lines(), 65536
    fanout.streams = lines  # type: ignore[assignment]
    lane = fanout.lane(replace(key(profile), stream="stream" in way, shifted="shifted" in way))
    fill(lane, crowd, profile, 1, first=turn - 500)
    for first in (turn - 20, turn, turn + 3):
        fill(lane, crowd, profile, 2, first=first)

    def come() -> Iterator[tuple[Listener, bytes]]:
        for listener in crowd:
            yield from ((listener, datagram) for datagram in listener.datagrams())
            yield from ((listener, datagram) for datagram in lines.sent.pop(listener.seat.address, []))

    send(fanout, [lane], frame(turn - 500, [90, 90]))
    for sequence in (turn - 20, turn - 7, turn - 2):  # the last one is of both turns
        send(fanout, [lane], frame(sequence, [90] * 5))
    before = list(come())
    assert all(opened(listener, datagram) for listener, datagram in before if listener is crowd[0])
    for sequence in (turn + 3, turn - 11, turn + 8, turn + 2000):  # a late one too, which the first one takes
        send(fanout, [lane], frame(sequence, [90] * 2))
    got: dict[Listener, list[int]] = {listener: [] for listener in crowd}
    for listener, datagram in come():
        late = profile is srtp.GCM and datagram[2] == 0xFF and listener is not crowd[0]
        if not late:  # of a turn that is not its own: it cannot open that, and does without
            got[listener].append(opened(listener, datagram).sequence)
    after = [number + i for number in (3, 8, 2000) for i in range(2)]
    for listener in crowd:
        assert [number for number in got[listener] if number < 0x8000] == after
    assert fanout.transmitter.tally.failed == 0


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


@given(st.lists(st.integers(1, 1200) | st.just(0) | st.integers(0, 120), min_size=1, max_size=60))
def test_runs_are_what_the_kernel_can_cut(sizes: list[int]) -> None:
    packets = frame(0, sizes)
    for packet in packets:
        if not packet.payload:
            packet.pad(1)  # as `prepare` does with padding that was a source's
    runs = in_runs(packets)
    assert [p.sequence for run in runs for p in run] == list(range(len(sizes)))
    for run in runs:
        lengths = [len(p.payload) for p in run]
        assert len(set(lengths[:-1])) <= 1
        assert lengths[-1] <= lengths[0]
        assert len(run) <= 16
    for packet, size in zip(packets, sizes, strict=True):
        assert 0 <= len(packet.payload) - size <= MAX_PADDING + (not size)
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


def test_frames_of_new_sizes_ask_nothing_for_each_receiver(sender: socket.socket, crowd: list[Listener]) -> None:
    """An encoder's frames have other sizes nearly every time: no views are made for C, which needs none."""
    if sealer.library is None:
        pytest.skip("sealer.c was not built")
    fanout = Fanout(sender)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 3)
    for size in range(1000, 1040):
        send(fanout, [lane], frame(5 * size, [size] * 5))
    assert not any(layout._bodies for layout in fanout.arena._kept.values())
    assert [len(listener.packets()) for listener in crowd] == [200] * 3

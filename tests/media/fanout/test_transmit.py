"""What the kernel refuses: one receiver's trouble is its own, and where a call is not to be had another serves."""

import errno
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from media.fanout.fanout import Fanout
from media.fanout.transmit import MAX_SEGMENT, Mode, Transmitter
from media.transport import kernel, srtp
from media.transport.kernel import ffi, libc
from tests.media.fanout.crowd import SIZES, Listener, fill, frame, key, send


class System:
    """The kernel's two sending calls, but for what they refuse."""

    def __init__(self, refuse: Callable[[str, Any], int]) -> None:
        """`refuse`: by the call and its first message's address the error number; 0: it goes through."""
        self._refuse = refuse
        self.calls: list[str] = []

    def sendmmsg(self, fd: int, vector: Any, count: int, flags: int) -> int:
        self.calls.append("sendmmsg")
        for good in range(count):
            if trouble := self._refuse("sendmmsg", address_of(vector[good].msg_hdr)):
                ffi.errno = trouble
                return int(libc.sendmmsg(fd, vector, good, flags)) if good else -1
        return int(libc.sendmmsg(fd, vector, count, flags))

    def sendmsg(self, fd: int, message: Any, flags: int) -> int:
        self.calls.append("sendmsg")
        if trouble := self._refuse("sendmsg", address_of(message)):
            ffi.errno = trouble
            return -1
        return int(libc.sendmsg(fd, message, flags))


def address_of(header: Any) -> bytes:
    return bytes(ffi.buffer(header.msg_name, header.msg_namelen))


def fanout_over(sender: socket.socket, system: System, mode: Mode | None = None) -> Fanout:
    fanout = Fanout(sender, mode)
    fanout.transmitter = Transmitter(sender, fanout.arena, mode, system=system)
    return fanout


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
    assert fanout.transmitter.tally.failed > 0
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


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("trouble", [errno.ENOBUFS, errno.EHOSTUNREACH, errno.EPERM])
def test_what_the_kernel_refuses_for_one_receiver_is_that_receivers_alone(
    sender: socket.socket, crowd: list[Listener], mode: Mode, trouble: int
) -> None:
    system = System(lambda _, address: trouble if address == crowd[1].seat.address else 0)
    fanout = fanout_over(sender, system, mode)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 10)
    send(fanout, [lane], frame(0, SIZES))
    assert [len(listener.packets()) for listener in crowd] == [5, 0, *[5] * 8]
    tally = fanout.transmitter.tally
    assert (tally.packets, tally.dropped) == (45, 0)
    assert tally.failed > 0
    assert fanout.transmitter.mode is mode


@pytest.mark.parametrize("trouble", [errno.ENOSYS, errno.EPERM])
def test_where_there_are_no_vectors_each_datagram_leaves_by_itself(
    sender: socket.socket, crowd: list[Listener], trouble: int
) -> None:
    system = System(lambda call, _: trouble if call == "sendmmsg" else 0)
    fanout = fanout_over(sender, system)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 10)
    send(fanout, [lane], frame(0, SIZES))
    send(fanout, [lane], frame(5, SIZES))
    assert [len(listener.packets()) for listener in crowd] == [10] * 10
    assert fanout.transmitter.mode is Mode.SINGLE
    assert system.calls.count("sendmmsg") == 1  # it is not asked for again
    assert fanout.transmitter.tally.packets == 100
    assert fanout.transmitter.tally.failed == fanout.transmitter.tally.dropped == 0


@pytest.mark.parametrize("mode", list(Mode))
def test_a_full_socket_is_waited_for_once_a_frame(
    sender: socket.socket, crowd: list[Listener], mode: Mode
) -> None:
    full = True
    system = System(lambda *_: errno.EAGAIN if full else 0)
    fanout = fanout_over(sender, system, mode)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 130)  # three chunks
    packets = frame(0, [1100] * 20)  # two runs, where runs are made
    patience: list[float] = []
    fanout.transmitter._poll = Deaf(patience)  # type: ignore[assignment]
    send(fanout, [lane], packets)
    assert patience == [pytest.approx(5.0)]  # ms: nobody waits again for the rest of the frame
    assert (fanout.transmitter.tally.packets, fanout.transmitter.tally.dropped) == (0, 130 * 20)
    full = False
    send(fanout, [lane], frame(20, SIZES))
    assert {len(listener.packets()) for listener in crowd} == {5}


class Deaf:
    """A poll that waits in vain. Takes the time that it is given."""

    def __init__(self, asked: list[float]) -> None:
        self._asked = asked

    def poll(self, timeout_ms: float) -> list[tuple[int, int]]:
        self._asked.append(timeout_ms)
        until = time.monotonic() + timeout_ms / 1e3
        while time.monotonic() < until:
            pass
        return []


def test_a_socket_that_becomes_free_in_time_loses_nothing(sender: socket.socket, crowd: list[Listener]) -> None:
    refusals = iter([errno.EAGAIN] * 3)
    system = System(lambda call, _: next(refusals, 0))
    fanout = fanout_over(sender, system)
    lane = fanout.lane(key(srtp.GCM))
    fill(lane, crowd, srtp.GCM, 10)
    send(fanout, [lane], frame(0, SIZES))
    assert [len(listener.packets()) for listener in crowd] == [5] * 10
    assert fanout.transmitter.tally.dropped == 0

"""Receivers that count by themselves: in C they get the very bytes that they get in Python."""

import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.fanout.fanout import Fanout
from media.fanout.lane import Batch, LaneKey, Seat
from media.fanout.slot import Clear
from media.fanout.span import Span
from media.transport import kernel, sealer, srtp
from media.wire.rtp import Codec
from tests.media.fanout.crowd import SSRC, TYPES, Listener

NUMBERS = st.integers(0, 3 * 65536)
SPANS = st.builds(
    lambda shift, ticks, pictures, levels: Span(0, 0, shift, ticks, pictures, levels),
    NUMBERS, st.integers(0, 2**32 - 1), st.integers(-40_000, 70_000), st.integers(-300, 300),
)  # fmt: skip
DESCRIPTORS = st.sampled_from([
    b"\x90\xe0\x92\x34\x56\x20",  # 15 bits of picture number, TL0PICIDX, TID
    b"\x90\x80\x7f",  # 7 bits of picture number
    b"\x90\x40\x11\x20",  # TL0PICIDX alone
    b"\x10",
    b"\x90\xa0\xff\xff\x20",  # the number's last
    b"\x90",  # cut off: no numbers are read
])  # fmt: skip
PAYLOADS = st.lists(st.tuples(DESCRIPTORS, st.binary(max_size=40)), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spans=st.lists(SPANS, min_size=1, max_size=5),
    payloads=PAYLOADS,
    sequence=NUMBERS,
    timestamp=st.integers(0, 2**32 - 1),
    passed_over=st.sets(st.integers(0, 4)),
    codec=st.sampled_from([Codec.VP8, Codec.H264]),
)
def test_c_and_python_send_the_same_bytes(
    sender: socket.socket, spans: list[Span], payloads: list[tuple[bytes, bytes]], sequence: int, timestamp: int,
    passed_over: set[int], codec: Codec,
) -> None:  # fmt: skip
    if sealer.library is None:
        pytest.skip("sealer.c was not built")
    sent = []
    for native in (True, False):
        listeners = [Listener(srtp.GCM, i) for i in range(len(spans))]
        fanout = Fanout(sender, native=native)
        lane = fanout.lane(LaneKey(srtp.GCM.name, TYPES, 3, True, 3, shifted=True))
        for listener, span in zip(listeners, spans, strict=True):
            listener.seat.follow(span)
            lane.add(listener.seat)
        packets = [
            Clear(sequence + i, timestamp, False, codec, head + rest) for i, (head, rest) in enumerate(payloads)
        ]
        skip: list[Seat] = [one.seat for i, one in enumerate(listeners) if i in passed_over]
        for run in fanout.prepare(packets, 1.0, 1000.0):
            fanout.send([lane], Batch(0, SSRC, run, skip))
        sent.append([list(listener.datagrams()) for listener in listeners])
        for listener in listeners:
            listener.socket.close()
    assert sent[0] == sent[1]
    for i, datagrams in enumerate(sent[0]):
        assert len(datagrams) == (0 if i in passed_over else len(payloads))


def test_nothing_is_sealed_for_whom_it_is_not_meant(sender: socket.socket, crowd: list[Any]) -> None:
    """Its number may mean another packet: sealed under one nonce, the two together would give the key away."""
    if sealer.library is None:
        pytest.skip("sealer.c was not built")
    crowd += [Listener(srtp.GCM, i) for i in range(3)]
    fanout = Fanout(sender)
    lane = fanout.lane(LaneKey(srtp.GCM.name, TYPES, 0, True, 3, shifted=True))
    for listener, floor in zip(crowd, (0, 12, 0), strict=True):
        listener.seat.follow(Span(0, floor, 100))
        lane.add(listener.seat)
    kernel.ffi.memmove(fanout.arena.cells, bytes(4096 * 3), 4096 * 3)
    packets = [Clear(10 + i, 3000, i == 3, Codec.H264, b"\x41" * 200) for i in range(4)]
    for run in fanout.prepare(packets, 1.0, 1000.0):
        fanout.send([lane], Batch(0, SSRC, run))
    assert [[p.sequence for p in listener.packets()] for listener in crowd] == [
        [110, 111, 112, 113], [112, 113], [110, 111, 112, 113],
    ]  # fmt: skip
    # The arena holds the last packet: with the second seat's own, since that one it gets.
    last = [Clear(9, 2000, True, Codec.H264, b"\x41" * 200)]
    kernel.ffi.memmove(fanout.arena.cells, bytes(4096 * 3), 4096 * 3)
    for run in fanout.prepare(last, 1.0, 1000.0):
        fanout.send([lane], Batch(0, SSRC, run))
    cell = bytes(kernel.ffi.buffer(fanout.arena.cell(0, 1), 228))
    assert not any(cell)

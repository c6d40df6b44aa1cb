"""Receivers on loopback that open what the fan-out sends them, and frames for them."""

import os
from collections.abc import Iterator

from media.fanout.fanout import Fanout
from media.fanout.lane import Batch, Lane, LaneKey, Seat
from media.fanout.slot import Clear
from media.transport import kernel, srtp
from media.wire import rtp
from media.wire.rtp import Codec

TYPES = ((Codec.VP8, 96), (Codec.H264, 102), (Codec.OPUS, 111))
SSRC = 0xDECAFBAD
SIZES = [1100, 1099, 1100, 1098, 400]
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

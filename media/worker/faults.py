"""Faults on purpose, for drills: datagrams of a peer, or of all, lost or late. Only in a relay in test mode.

While there is none, nothing of this is on a packet's way: the first fault exchanges functions of the port, its
outbox and the transmitter, the last one puts them back. Lines over TCP are left alone. A peer is known by the
addresses that it proved.
"""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from media.fanout.lane import Chunk, Seat
from media.fanout.transmit import Transmitter
from media.transport.channel import Message
from media.transport.kernel import Address, ffi
from media.transport.port import Port

MAX_FAULTS: Final = 64
MAX_HELD: Final = 16_384
HELD_PAUSE_S: Final = 0.002


class Way(StrEnum):
    """Seen from the relay."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Fault:
    """`peer` is empty for everybody, also for strangers; `drop` a share of one."""

    peer: str
    way: Way
    drop: float
    delay_ms: float


class Faults:
    """The faults of one worker."""

    def __init__(self, port: Port, transmitter: Transmitter) -> None:
        self._port = port
        self._transmitter = transmitter
        self._faults: dict[tuple[Way, str], Fault] = {}
        self._chance = random.Random()  # noqa: S311 (not a secret: which datagrams a drill loses)
        self._held: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = itertools.count()
        self._now = 0.0
        # What stands in the classes: the exchanged functions go on to it.
        self._handle: Callable[[bytes, Address, float], None] = Port._handle.__get__(port)
        self._add: Callable[[bytes, Address], None] = type(port.outbox).add.__get__(port.outbox)
        self._vector: Callable[[Chunk, int, int, int], None] = Transmitter.vector.__get__(transmitter)
        self._alone: Callable[[Seat, bytes], None] = Transmitter.alone.__get__(transmitter)

    # Operations

    def set(self, peer: str, ways: list[str], drop: float, delay_ms: float) -> Message:
        """The same peer and way again replaces; without drop and delay there is no fault any more."""
        for way in map(Way, ways):
            if drop or delay_ms:
                if len(self._faults) >= MAX_FAULTS and (way, peer) not in self._faults:
                    return {"refused": "too-many", "detail": "faults"}
                self._faults[way, peer] = Fault(peer, way, drop, delay_ms)
            else:
                self._faults.pop((way, peer), None)
        self._exchange()
        return self.told()

    def clear(self) -> Message:
        self._faults.clear()
        self._exchange()
        return self.told()

    def told(self) -> Message:
        return {"faults": [asdict(fault) for fault in self._faults.values()]}

    def _exchange(self) -> None:
        wanted: dict[tuple[Any, str], Any] = {
            (self._port, "_handle"): self._on_datagram,
            (self._port.outbox, "add"): self._on_single,
            (self._transmitter, "vector"): self._on_vector,
            (self._transmitter, "alone"): self._on_alone,
        }
        for (owner, name), function in wanted.items():
            if self._faults:
                vars(owner)[name] = function
            else:
                vars(owner).pop(name, None)

    # What waits

    @property
    def holds(self) -> bool:
        return bool(self._held)

    def work(self, now: float) -> None:
        """Let go what waited long enough."""
        self._now = now
        while self._held and self._held[0][0] <= now:
            heapq.heappop(self._held)[2](now)

    def _hold(self, delay_s: float, go_on: Callable[[float], None]) -> None:
        if len(self._held) < MAX_HELD:
            heapq.heappush(self._held, (self._now + delay_s, next(self._count), go_on))

    def _of(self, way: Way, address: Address) -> list[Fault]:
        peer = self._port.who(address)
        names = ("", peer.name) if peer is not None else ("",)
        return [found for name in names if (found := self._faults.get((way, name))) is not None]

    def _suffer(self, faults: list[Fault], go_on: Callable[[float], None]) -> None:
        if any(self._chance.random() < fault.drop for fault in faults):
            return
        delay_s = sum(fault.delay_ms for fault in faults) / 1000
        if delay_s:
            self._hold(delay_s, go_on)
        else:
            go_on(self._now)

    # In their places

    def _on_datagram(self, datagram: bytes, source: Address, now: float) -> None:
        self._now = now

        def go_on(then: float) -> None:
            try:
                self._handle(datagram, source, then)
            except ValueError:
                self._port.counts.malformed += 1

        self._suffer(self._of(Way.IN, source), go_on)

    def _on_single(self, datagram: bytes, address: Address) -> None:
        self._suffer(self._of(Way.OUT, address), lambda _: self._add(datagram, address))

    def _on_alone(self, seat: Seat, datagram: bytes) -> None:
        self._suffer(self._of(Way.OUT, seat.address), lambda _: self._alone(seat, datagram))

    def _on_vector(self, chunk: Chunk, packets: int, start: int, end: int) -> None:
        """Seats with a fault one datagram at a time, the others between them as ever."""
        for position in range(start, end):
            seat = chunk.seats[position]
            if self._of(Way.OUT, seat.address):
                self._vector(chunk, packets, start, position)
                start = position + 1
                for datagram in self._datagrams(packets, position):
                    self._on_alone(seat, datagram)
        self._vector(chunk, packets, start, end)

    def _datagrams(self, packets: int, position: int) -> Iterator[bytes]:
        arena = self._transmitter.arena
        sizes = [size for _, size in arena.cuts]
        for part, size in enumerate([sum(sizes)] if packets == 1 else sizes):
            yield bytes(ffi.buffer(arena.cell(part, position), size))

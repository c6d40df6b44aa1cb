"""A programme's way to the other workers that mirror it: every frame once for each, who is on air, the time.

Knows links by what they can do; not what a mirror makes of the records.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from media.fanout.slot import Clear
from media.programme import framing
from media.programme.framing import Air, Clock
from media.wire import rtcp
from media.wire.onair import OnAir


class Taker(Protocol):
    """The near end of a link."""

    def send(self, record: bytes) -> bool:
        """Whether there was room for it."""
        ...


class Outlet:
    """`lost` is called with the rung of the picture that a link had no room for: its mirror needs a key frame.

    `told`: what the viewers of each mirror lose, as a share.
    """

    def __init__(self, stream: int, lost: Callable[[int], None]) -> None:
        self.stream = stream
        self.takers: list[Taker] = []
        self.told: dict[Taker, float] = {}
        self._lost = lost

    def pass_on(self, slot: int, rung: int, ssrc: int, packets: Sequence[Clear]) -> None:
        """The packets of a frame, in one record for all mirrors."""
        for record in self.records(slot, rung, ssrc, packets):
            missed = [taker for taker in self.takers if not taker.send(record)]
            if missed and slot == 0:
                self._lost(rung)

    def records(self, slot: int, rung: int, ssrc: int, packets: Sequence[Clear]) -> Iterator[bytes]:
        # All rungs have one SSRC here; to a mirror they are layers, each with its own.
        return framing.encode_packets(self.stream, slot, rung, ssrc + rung & 0xFFFFFFFF, packets)

    def tell(self, on_air: OnAir) -> None:
        self._send(framing.encode(Air(self.stream, on_air)))

    def tell_time(self, slot: int, rung: int, report: rtcp.SenderReport) -> None:
        self._send(framing.encode(Clock(self.stream, slot, rung, report.ntp, report.timestamp)))

    def _send(self, record: bytes) -> None:
        for taker in self.takers:
            taker.send(record)

"""What rehearsals and the bench rest on: counted is what came, and the sample speaks for the whole crowd."""

import socket
import struct
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from media.endpoint.lite import Slot
from media.rehearsal.inbox import HeaderInbox, LossyLink
from media.rehearsal.virtual import is_sampled
from media.transport import kernel


@dataclass(eq=False)
class Ear:
    sock: socket.socket | None
    first_packet_at: float = 0.0
    slots: dict[int, Slot] = field(default_factory=lambda: {7: Slot("video", 7), 8: Slot("audio", 8)})


STREAM = st.tuples(st.sampled_from([7, 8, 9]), st.integers(-2, 3))


@given(st.lists(STREAM, max_size=150), st.integers(65_500, 65_540))
def test_counting_headers_is_counting_packets(steps: list[tuple[int, int]], first: int) -> None:
    """In order, with gaps, late, twice, over the wrap-around, of strange streams, mixed with control packets."""
    expected = {7: Slot("video", 7), 8: Slot("audio", 8)}
    at = {7: first, 8: first, 9: first}
    with kernel.open_port("127.0.0.1", 0) as sock, kernel.open_port("127.0.0.1", 0) as source:
        ear, inbox = Ear(sock), HeaderInbox(LossyLink(0.0))
        for turn, (ssrc, step) in enumerate(steps):
            at[ssrc] += step
            sequence = at[ssrc] & 0xFFFF
            source.sendto(struct.pack("!BBHII", 0x80, 96, sequence, 0, ssrc) + bytes(50), sock.getsockname())
            if ssrc in expected:
                expected[ssrc].add(sequence)
            if turn % 10 == 0:
                source.sendto(struct.pack("!BBHII", 0x80, 200, sequence, 0, ssrc), sock.getsockname())
                inbox.read(ear)
        inbox.read(ear)
    assert ear.slots == expected
    assert bool(ear.first_packet_at) == any(ssrc in expected for ssrc, _ in steps)


@given(st.integers(1, 3000), st.integers(0, 20))
def test_the_sample_is_spread_over_the_crowd(size: int, wanted: int) -> None:
    places = [place for place in range(size) if is_sampled(place, size, wanted)]
    assert len(places) == min(size, wanted)
    if places:
        assert places[-1] == size - 1
        gaps = {later - place for place, later in zip([-1, *places], places, strict=False)}
        assert max(gaps) - min(gaps) <= 1

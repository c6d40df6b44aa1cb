"""What workers tell each other comes out as it went in; anything else is refused as bad input."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from media.fanout.slot import Clear
from media.programme import framing
from media.programme.framing import MAX_MESSAGE, Air, Clock, KeyFrame, Leave, Loss, Opened, Packets, Want
from media.wire import onair
from media.wire.onair import OnAir
from media.wire.rtp import Codec

numbers = st.integers(0, 0xFFFFFFFF)
small = st.integers(0, 255)
names = st.from_regex(r"[A-Za-z0-9._~:@-]{1,128}", fullmatch=True)
on_airs = st.builds(
    OnAir,
    numbers,
    st.lists(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True), max_size=8).map(tuple),
    st.lists(st.none() | names, max_size=8).map(tuple),
)
messages = st.one_of(
    st.builds(Want, names, names),
    st.builds(Leave, numbers),
    st.builds(KeyFrame, numbers, small),
    st.builds(Loss, numbers, small),
    st.builds(Opened, numbers, names, names),
    st.builds(Air, numbers, on_airs),
    st.builds(Clock, numbers, small, small, st.integers(0, 2**64 - 1), numbers),
)
clears = st.builds(
    Clear,
    sequence=st.integers(0, 2**40),
    timestamp=numbers,
    marker=st.booleans(),
    codec=st.sampled_from(Codec),
    payload=st.binary(min_size=1, max_size=1400),
)


@given(messages)
def test_a_message_comes_out_as_it_went_in(message: Want) -> None:
    assert framing.decode(framing.encode(message)) == message


@given(st.text(max_size=200), st.text(max_size=200), st.lists(st.none() | st.text(max_size=300), max_size=12))
def test_no_name_whatever_ends_a_worker_or_a_mirror(studio: str, relay: str, speakers: list[str | None]) -> None:
    """The door lets plain and short names in alone; this is what holds if it ever fails."""
    on_air = OnAir(1, (relay,), tuple(speakers))
    assert isinstance(framing.decode(framing.encode(Air(3, on_air))), Air)
    for made in (Want(studio or "s", relay or "r"), Opened(1, studio or "s", relay or "r")):
        assert type(framing.decode(framing.encode(made))) is type(made)


@given(numbers, small, small, numbers, st.lists(st.tuples(clears, st.integers(0, 255)), max_size=80))
def test_packets_come_out_as_they_went_in(
    stream: int, slot: int, layer: int, ssrc: int, packets: list[tuple[Clear, int]]
) -> None:
    """Also those that were padded for the fan-out meanwhile: a mirror pads for itself."""
    plain = [packet.payload for packet, _ in packets]
    for packet, padding in packets:
        if padding:
            packet.pad(padding)
    records = list(framing.encode_packets(stream, slot, layer, ssrc, [packet for packet, _ in packets]))
    assert all(len(record) <= MAX_MESSAGE for record in records)
    came = [framing.decode(record) for record in records]
    assert all(isinstance(c, Packets) and (c.stream, c.slot, c.layer) == (stream, slot, layer) for c in came)
    again = [pair for c in came if isinstance(c, Packets) for pair in c.packets]
    assert [(codec, p.sequence, p.timestamp, p.marker, p.payload, p.ssrc) for codec, p in again] == [
        (c.codec, c.sequence & 0xFFFF, c.timestamp, c.marker, payload, ssrc)
        for (c, _), payload in zip(packets, plain, strict=True)
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_value_error(record: bytes) -> None:
    with contextlib.suppress(ValueError):
        framing.decode(record)
    with contextlib.suppress(ValueError):
        onair.decode(record)


@given(messages, st.data())
def test_a_message_cut_off_is_never_taken_for_another(message: Want, data: st.DataObject) -> None:
    record = framing.encode(message)
    cut = record[: data.draw(st.integers(0, len(record) - 1))]
    try:
        found = framing.decode(cut)
    except ValueError:
        return
    assert found != message


@given(on_airs, st.binary(max_size=3))
def test_who_is_on_air_survives_padding(on_air: OnAir, padding: bytes) -> None:
    assert onair.decode(on_air.encode() + padding) == on_air

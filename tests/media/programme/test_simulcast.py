"""Simulcast in: what is offered, what we answer, which stream is which layer, and how large its picture is."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from media.face.negotiation import chosen_to_receive, simulcast
from media.programme.rungs import choose, filling
from media.programme.track import PAUSE_S, STEADY_S, Track
from media.wire import picture_size, rtp, sdp
from media.wire.answer import Accepted, Transport, _format, write_answer
from media.wire.rtp import Codec
from tests.media.hall import Hall

OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE v
a=fingerprint:sha-256 {digest}
a=ice-ufrag:site
a=ice-pwd:0123456789012345678901
m=video 9 UDP/TLS/RTP/SAVPF 96
a=mid:v
a=setup:actpass
a=rtcp-mux
a=sendonly
a=rtpmap:96 VP8/90000
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
{lines}
""".replace("{digest}", ":".join(["AB"] * 32))


def section(*lines: str, without: str = "") -> sdp.Section:
    text = "\n".join(
        line for line in OFFER.replace("{lines}", "\n".join(lines)).split("\n") if without not in line
    )
    (read,) = sdp.parse_offer(text if without else OFFER.replace("{lines}", "\n".join(lines))).sections
    return read


THREE = ("a=rid:h send", "a=rid:m send", "a=rid:l send", "a=simulcast:send h;m;l")


def test_three_layers_are_answered_as_they_were_offered() -> None:
    offer = sdp.parse_offer(OFFER.replace("{lines}", "\n".join(THREE)))
    ((chosen, codec, found),) = chosen_to_receive(offer)
    assert codec is Codec.VP8
    assert simulcast([(chosen, codec, found)]) == {"layers": ["h", "m", "l"], "rid_id": 10}
    transport = Transport("u", "p", offer.fingerprint, ("127.0.0.1",), 5000)
    accepted = {"v": Accepted((found,), sending=False, layers=chosen.layers)}
    lines = write_answer(offer, accepted, transport).split("\r\n")
    for line in ("a=rid:h recv", "a=rid:m recv", "a=rid:l recv", "a=simulcast:recv h;m;l"):
        assert line in lines
    for number, uri in ((4, sdp.MID), (10, sdp.STREAM_ID), (11, sdp.REPAIRED_STREAM_ID)):
        assert f"a=extmap:{number} {uri}" in lines


@pytest.mark.parametrize(
    ("lines", "layers"),
    [
        ((), ()),
        (("a=rid:h send", "a=rid:l send", "a=simulcast:send l;h"), ("l", "h")),
        (("a=rid:1 send pt=96;max-width=1280", "a=rid:2 send", "a=simulcast:send 1,3;~2 recv 4"), ("1", "2")),
        (("a=rid:1 send", "a=rid:4 recv", "a=simulcast:recv 4 send 1"), ("1",)),
        (("a=rid:h send", "a=simulcast:send h;m"), ("h",)),  # m was never declared
        (("a=rid:h recv", "a=simulcast:send h"), ()),
        (("a=rid:h send", "a=simulcast:send"), ()),
        (("a=rid:h send", "a=simulcast:send h;h;h"), ("h",)),
        ((*(f"a=rid:{i} send" for i in range(5)), "a=simulcast:send 0;1;2;3;4"), ("0", "1", "2")),
        (("a=rid:" + "x" * 17 + " send", "a=simulcast:send " + "x" * 17), ()),
    ],
)
def test_what_counts_as_a_layer(lines: tuple[str, ...], layers: tuple[str, ...]) -> None:
    assert section(*lines).layers == layers


def test_layers_that_could_not_be_told_apart_are_none() -> None:
    assert section(*THREE, without="sdes:rtp-stream-id").layers == ()


def test_a_publisher_may_be_silent_in_silence_when_it_offers_to() -> None:
    for parameters, told in (({"usedtx": "1"}, True), ({}, False)):
        opus = sdp.Format(111, "opus", 48_000, parameters)
        lines = _format(sdp.Section("audio"), opus, False)
        assert ("a=fmtp:111 minptime=10;useinbandfec=1" + (";usedtx=1" if told else "")) in lines
        assert "usedtx" not in "".join(_format(sdp.Section("audio"), opus, True))


def with_extension(profile: int, body: bytes) -> bytes:
    plain = rtp.build(rtp.Packet(96, True, 1, 2, 3, b""))
    padded = body.ljust(-(-len(body) // 4) * 4, b"\0")
    words = len(padded) // 4
    return (
        bytes([plain[0] | rtp.EXTENSION])
        + plain[1:]
        + profile.to_bytes(2, "big")
        + words.to_bytes(2, "big")
        + padded
    )


elements = st.lists(st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=6)


@given(elements, st.integers(1, 14), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_extensions_are_found_in_both_forms(
    listed: list[tuple[int, bytes]], wanted: int, padding: list[int]
) -> None:
    first = next((value for number, value in listed if number == wanted), None)
    short = b"".join(
        bytes(gap) + bytes([number << 4 | len(value) - 1]) + value
        for (number, value), gap in zip(listed, padding, strict=False)
    )
    long = b"".join(
        bytes(gap) + bytes([number, len(value)]) + value
        for (number, value), gap in zip(listed, padding, strict=False)
    )
    assert rtp.extension(with_extension(0xBEDE, short), wanted) == first
    for bits in (0x1000, 0x100F):
        assert rtp.extension(with_extension(bits, long), wanted) == first
    assert rtp.extension(with_extension(0x1234, long), wanted) is None
    assert rtp.extension(rtp.build(rtp.Packet(96, True, 1, 2, 3, b"x")), wanted) is None


def test_extension_elements_that_run_over_are_refused() -> None:
    with pytest.raises(ValueError, match="run over"):
        rtp.extension(with_extension(0xBEDE, b"\x1f\0\0\0"), 1)
    with pytest.raises(ValueError, match="run over"):
        rtp.extension(with_extension(0x1000, b"\x01\x09\0\0"), 1)
    # 15 ends the list (RFC 8285, 4.2).
    assert rtp.extension(with_extension(0xBEDE, b"\xf0\0\x10\x07"), 1) is None


def key_frame(codec: str, size: tuple[int, int], **options: str) -> bytes:
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base, context.options = Fraction(1, 30), options
    frame = VideoFrame(*size, "yuv420p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (320, 180), (178, 98), (1920, 1080)])
def test_the_size_of_a_picture_is_read_from_its_key_frame(size: tuple[int, int]) -> None:
    vp8 = b"\x10" + key_frame("libvpx", size)
    assert picture_size.of_key_frame(Codec.VP8, vp8) == size
    for profile in ("baseline", "high"):
        stream = key_frame("libx264", size, profile=profile, tune="zerolatency")
        units = [unit for part in stream.split(b"\0\0\1") if (unit := part.rstrip(b"\0"))]
        parameters = next(unit for unit in units if unit[0] & 0x1F == 7)
        assert picture_size.of_key_frame(Codec.H264, parameters) == size
        together = b"\x18" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in (b"\x09\xf0", parameters))
        assert picture_size.of_key_frame(Codec.H264, together) == size


@given(st.binary(max_size=200), st.sampled_from(list(Codec)))
def test_nonsense_has_no_size_or_some(hostile: bytes, codec: Codec) -> None:
    for head in (b"", b"\x67", b"\x18\0\x20\x67", b"\x10"):
        size = picture_size.of_key_frame(codec, head + hostile)
        assert size is None or min(size) > 0


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


def test_a_stream_is_known_by_its_name_once_and_then_by_its_ssrc(hall: Hall) -> None:
    camera = hall.camera("a")
    hall.stage("a")
    hall.pass_time(2)
    assert [track.ssrc for track in camera.publisher.layers] == [layer.ssrc for layer in camera.layers]
    for layer in camera.layers:
        layer.rid = ""  # a browser leaves the name out once we confirmed the SSRC
    before = [track.reception.received for track in camera.publisher.layers]
    hall.pass_time(2)
    assert [t.reception.received - b for t, b in zip(camera.publisher.layers, before, strict=True)] == [6, 6, 6]
    camera.layers[1].ssrc = 4711  # unknown, and nameless: nobody's
    hall.pass_time(1)
    assert camera.publisher.layers[1].ssrc != 4711
    camera.layers[1].rid = "m"  # named again: the encoder began anew
    hall.pass_time(1)
    assert camera.publisher.layers[1].ssrc == 4711
    camera.layers[1].ssrc, camera.layers[1].rid = 4712, "x"
    hall.pass_time(1)
    assert camera.publisher.layers[1].ssrc == 4711


def test_the_state_names_every_layer_the_best_first(hall: Hall) -> None:
    camera = hall.camera("a")
    hall.stage("a")
    hall.pass_time(30)
    layers = camera.publisher.layers
    for track, size in zip(layers, ((320, 180), (1280, 720), (640, 360)), strict=True):
        track.size = size
        track.measure(1.0)
    told = camera.publisher.snapshot()
    assert [layer["rid"] for layer in told["layers"]] == ["m", "l", "h"]
    assert told["layers"][0]["size"] == [1280, 720]
    assert told["video_kbps"] == pytest.approx(sum(track.kbps for track in layers))
    assert told["fps"] == 30.0
    assert camera.publisher.video is layers[1]


def tracks(*flowing: float) -> list[Track]:
    """Layers h, m, l, by the time at which each was last heard; 0 for never."""
    made = [Track(90_000, rid) for rid in ("h", "m", "l")[: len(flowing)]]
    for number, (track, at) in enumerate(zip(made, flowing, strict=True), 1):
        if at:
            track.arrived(rtp.Packet(96, True, 1, 2, number, b"x"), at)
    return made


NOW = 50.0


@pytest.mark.parametrize(
    ("heard", "filled"),
    [
        ((NOW, NOW, NOW), "hml"),
        ((1.0, NOW, NOW), "mml"),  # the upper layer is suspended
        ((0, 1.0, NOW), "lll"),
        ((NOW, 1.0, NOW), "hll"),
        ((NOW, NOW, 1.0), "hmm"),  # a picture too large beats none
        ((NOW, NOW), "hmm"),
        ((NOW,), "hhh"),
    ],
)
def test_each_rung_gets_the_nearest_layer_that_comes(heard: tuple[float, ...], filled: str) -> None:
    assert "".join(track.rid for track in filling(tracks(*heard), NOW)) == filled


def test_a_layer_that_comes_and_goes_is_not_followed_at_once() -> None:
    layers = tracks(NOW, NOW, NOW)
    assert choose(layers, 0, 1, NOW + PAUSE_S + 0.01) == 1  # nothing comes: stay
    at = NOW + 2.0
    for track in layers[1:]:
        for step in range(30):
            track.arrived(rtp.Packet(96, True, 2 + step, 2, track.ssrc, b"x"), NOW + step * 0.1)
    assert choose(layers, 0, 1, at) == 2
    layers[0].arrived(rtp.Packet(96, True, 9, 2, 1, b"x"), at)
    for track in layers:
        track.arrived(rtp.Packet(96, True, 40, 2, track.ssrc, b"x"), at + STEADY_S - 0.1)
    assert choose(layers, 0, 2, at + STEADY_S - 0.1) == 2

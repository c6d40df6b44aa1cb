"""Payload types that read as RTCP where both share a port (RFC 5761, 4)."""

import re

import pytest

from media.wire import rtp, sdp
from media.wire.rtp import Codec
from tests.media.wire.test_parsers import OFFER


def renumbered(**numbers: int) -> str:
    """The offer with other payload types for VP8, RTX, two H.264 and Opus."""
    before = {"vp8": 96, "rtx": 97, "high": 98, "baseline": 102, "opus": 111}
    after = {str(before[name]): str(number) for name, number in numbers.items()}
    text = OFFER.replace("a=rtpmap:97 rtx/90000", "a=rtpmap:97 rtx/90000\na=fmtp:97 apt=96")
    places = re.compile(r"(?<=SAVPF )[\d ]+|(?<=rtpmap:)\d+|(?<=fmtp:)\d+|(?<=apt=)\d+")
    return places.sub(lambda found: " ".join(after.get(n, n) for n in found[0].split(" ")), text)


def test_which_would_be_taken_for_control() -> None:
    for number in range(128):
        read_so = any(rtp.is_rtcp(bytes([128, marked | number])) for marked in (0, 128))
        assert read_so == (number in sdp.LIKE_RTCP)


@pytest.mark.parametrize("number", [35, 63, 96, 127])
def test_what_browsers_offer_is_taken(number: int) -> None:
    video, audio, _ = sdp.parse_offer(renumbered(vp8=number)).sections
    assert video.choose(Codec.VP8) is video.formats[number]
    assert video.repair_of(number) is video.formats[97]
    assert audio.choose(Codec.OPUS) is audio.formats[111]


@pytest.mark.parametrize("number", [64, 72, 95])
def test_what_would_be_taken_for_control_is_passed_over(number: int) -> None:
    video, *_ = sdp.parse_offer(renumbered(vp8=number)).sections
    assert video.choose(Codec.VP8) is None
    assert video.choose(Codec.H264) is video.formats[102]
    video, *_ = sdp.parse_offer(renumbered(rtx=number)).sections
    assert video.choose(Codec.VP8) is video.formats[96]
    assert video.repair_of(96) is None  # repairs come as they were
    video, *_ = sdp.parse_offer(renumbered(baseline=number)).sections
    assert video.choose(Codec.H264) is video.formats[98]


@pytest.mark.parametrize("numbers", [{"opus": 64}, {"vp8": 95, "high": 94, "baseline": 72}, {"opus": 95}])
def test_a_section_with_nothing_else_is_refused_with_the_reason(numbers: dict[str, int]) -> None:
    with pytest.raises(sdp.Unacceptable, match=f"payload type {next(iter(numbers.values()))} .*RFC 5761"):
        sdp.parse_offer(renumbered(**numbers))


def test_codecs_that_the_relay_does_not_take_may_have_any_number() -> None:
    offer = OFFER.replace("SAVPF 96", "SAVPF 66 96").replace("a=rtpmap:96", "a=rtpmap:66 AV1/90000\na=rtpmap:96")
    video, *_ = sdp.parse_offer(offer).sections
    assert video.choose(Codec.VP8) is video.formats[96]

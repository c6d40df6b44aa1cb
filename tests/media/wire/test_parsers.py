"""Hostile bytes at every parser: a ValueError or a value, never anything else, and quickly."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from media.transport import dtls, kernel, stun
from media.wire import rtcp, rtp, sdp
from media.wire.answer import Accepted, Transport, write_answer

PASSWORD = b"a password of some length"
V4 = kernel.raw_address("192.0.2.1", 32853)
V6 = kernel.raw_address("2001:db8:1234:5678:11:2233:4455:6677", 32853)


def survives(parse: Callable[[Any], object], hostile: bytes | str) -> None:
    try:
        parse(hostile)
    except ValueError:
        return


CHECK = stun.request(b"123456789012", "ours:theirs", PASSWORD, nominate=True)
COMPOUND = (
    rtcp.receiver_report(rtcp.ReceiverReport(1, (rtcp.Report(2, 3, -4, 5, 6, 7, 8),)))
    + rtcp.source_description(1, "name")
    + rtcp.nack(1, 2, [3, 4, 30])
    + rtcp.picture_loss(1, 2)
    + rtcp.remb(1, 2_500_000, [2])
)


def mutated(good: bytes) -> st.SearchStrategy[bytes]:
    """Valid bytes with some of them changed or cut off."""
    changes = st.dictionaries(st.integers(0, len(good) - 1), st.integers(0, 255), max_size=6)
    sizes = st.integers(0, len(good))

    def apply(changes: dict[int, int], size: int) -> bytes:
        changed = bytearray(good)
        for at, value in changes.items():
            changed[at] = value
        return bytes(changed[:size])

    return st.builds(apply, changes, st.one_of(st.just(len(good)), sizes))


def extended(form: int, elements: bytes) -> bytes:
    """An RTP packet with this for its header extension."""
    words = len(elements) // 4
    return b"\x90" + bytes(11) + form.to_bytes(2, "big") + words.to_bytes(2, "big") + elements[: 4 * words]


@given(st.one_of(st.binary(max_size=1500), mutated(CHECK), mutated(COMPOUND)))
@example(b"")
def test_no_bytes_break_a_parser(hostile: bytes) -> None:
    for parse in (stun.parse, rtp.parse, rtcp.parse, rtp.vp8_descriptor):
        survives(parse, hostile)
    for form in (rtp.ONE_BYTE, rtp.TWO_BYTE):
        survives(lambda body, form=form: rtp.extension(extended(form, body), 5), hostile[:1000])
    for codec in rtp.Codec:
        rtp.starts_key_frame(codec, hostile)
        rtp.can_begin(codec, hostile)
    assert b"".join(dtls.pack_records(hostile)) == hostile[: sum(map(len, dtls.pack_records(hostile)))]


@given(mutated(CHECK))
def test_a_changed_check_proves_nothing(changed: bytes) -> None:
    try:
        request = stun.parse(changed)
    except ValueError:
        return
    if stun.proves(request, PASSWORD):
        # Only what stands after the integrity code may differ, and nothing is read there but the fingerprint.
        assert request == stun.parse(CHECK)


def test_nothing_behind_the_integrity_code_is_believed() -> None:
    plain = stun.request(bytes(12), "ours:theirs", PASSWORD)
    behind = plain[:-8] + b"\x00\x25\x00\x00" + b"\x80\x29\x00\x08" + bytes(8)  # USE-CANDIDATE, ICE-CONTROLLED
    behind = behind[:2] + (len(behind) - 20).to_bytes(2, "big") + behind[4:]
    request = stun.parse(behind)
    assert stun.proves(request, PASSWORD)
    assert not request.nominates
    assert not request.controlled


def test_stun_is_proved_by_the_password_only() -> None:
    request = stun.parse(CHECK)
    assert request.local_ufrag == "ours"
    assert request.nominates
    assert not request.controlled
    assert stun.proves(request, PASSWORD)
    assert not stun.proves(request, b"another")
    assert not stun.proves(stun.parse(b"\x00\x01\x00\x00" + CHECK[4:20]), PASSWORD)


def test_stun_answers_with_the_address_it_saw() -> None:
    # The xored addresses of the samples in RFC 5769, 2.2 and 2.3.
    transaction = bytes.fromhex("b7e7a701bc34d686fa87dfae")
    request = stun.Request(1, transaction, "", False, False, b"", b"")
    assert bytes.fromhex("a147e112a643") in stun.response(request, V4, PASSWORD)
    expected = "a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    assert bytes.fromhex(expected) in stun.response(request, V6, PASSWORD)
    answer = stun.parse(stun.response(request, V4, PASSWORD))
    assert answer.kind == stun.BINDING_RESPONSE
    assert stun.proves(answer, PASSWORD)
    assert stun.parse(stun.role_conflict(request, PASSWORD)).kind == stun.BINDING_ERROR


def test_stun_reads_the_sample_of_the_standard() -> None:
    # RFC 5769, 2.1: sample request with MESSAGE-INTEGRITY and FINGERPRINT.
    sample = bytes.fromhex(
        "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
        "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
        "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
    )
    request = stun.parse(sample)
    assert request.username == "evtj:h6vY"
    assert stun.proves(request, b"VOkJxbRl1RmTxUk/WvJxBt")


def test_rtcp_comes_back_as_it_was_built() -> None:
    parts = rtcp.parse(COMPOUND)
    assert parts == [
        rtcp.ReceiverReport(1, (rtcp.Report(2, 3, -4, 5, 6, 7, 8),)),
        rtcp.Nack(1, 2, (3, 4, 30)),
        rtcp.KeyFrameRequest(1, 2),
        rtcp.Remb(1, 2_500_000 >> 4 << 4, (2,)),
    ]
    report = rtcp.SenderReport(9, rtcp.ntp(1_700_000_000.5), 7, 8, 9)
    assert rtcp.parse(rtcp.sender_report(report)) == [report]
    assert rtcp.unix_time(report.ntp) == pytest.approx(1_700_000_000.5)


@given(st.sets(st.integers(0, 400), min_size=1, max_size=60), st.integers(0, 0xFFFF))
def test_nack_names_each_lost_packet_once(offsets: set[int], start: int) -> None:
    lost = [(start + offset) & 0xFFFF for offset in sorted(offsets)]
    (nack,) = rtcp.parse(rtcp.nack(1, 2, lost))
    assert isinstance(nack, rtcp.Nack)
    assert list(nack.lost) == lost


def test_rtp_leaves_padding_and_extensions_behind() -> None:
    packet = rtp.Packet(96, True, 65535, 4_000_000_000, 7, b"payload")
    assert rtp.parse(rtp.build(packet)) == packet
    extended = b"\xb0\xe0" + rtp.build(packet)[2:12] + b"\xbe\xde\x00\x01\x10\xff\x00\x00payload\x00\x02"
    assert rtp.parse(extended) == packet


def test_key_frames_are_told_apart() -> None:
    vp8 = rtp.Codec.VP8
    assert rtp.starts_key_frame(vp8, b"\x90\x80\x81\x02\x10\x00\x00\x9d")
    assert not rtp.starts_key_frame(vp8, b"\x90\x80\x81\x02\x11\x00\x00\x9d")  # a delta frame
    assert not rtp.starts_key_frame(vp8, b"\x80\x80\x81\x02\x10\x00\x00\x9d")  # not its first packet
    h264 = rtp.Codec.H264
    assert rtp.starts_key_frame(h264, b"\x67\x42")
    assert rtp.starts_key_frame(h264, b"\x78\x00\x02\x67\x42\x00\x02\x68\xce")
    assert rtp.starts_key_frame(h264, b"\x7c\x85\x88")
    assert not rtp.starts_key_frame(h264, b"\x7c\x05\x88")  # the middle of one
    assert not rtp.starts_key_frame(h264, b"\x41\x9a")


def test_a_decoder_begins_with_the_parameters() -> None:
    h264 = rtp.Codec.H264
    for begins in (b"\x67\x42", b"\x78\x00\x02\x09\x10\x00\x02\x67\x42\x00\x02\x68\xce", b"\x7c\x87\x42"):
        assert rtp.can_begin(h264, begins)
    for does_not in (b"", b"\x68\xce", b"\x65\x88", b"\x78\x00\x02\x65\x88", b"\x7c\x85\x88", b"\x7c\x07\x42"):
        assert not rtp.can_begin(h264, does_not)
    for payload in (b"\x90\x80\x81\x02\x10\x00\x00\x9d", b"\x90\x80\x81\x02\x11\x00\x00\x9d"):
        assert rtp.can_begin(rtp.Codec.VP8, payload) == rtp.starts_key_frame(rtp.Codec.VP8, payload)
    assert rtp.can_begin(rtp.Codec.OPUS, b"\x78")


OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE v a
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 102
c=IN IP4 0.0.0.0
a=mid:v
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {print}
a=setup:actpass
a=rtcp-mux
a=recvonly
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=rtpmap:98 H264/90000
a=fmtp:98 profile-level-id=640c1f;packetization-mode=1
a=rtpmap:102 H264/90000
a=fmtp:102 profile-level-id=42e01f;packetization-mode=1
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:a
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {print}
a=setup:actpass
a=rtcp-mux
a=recvonly
a=rtpmap:111 opus/48000/2
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=mid:d
""".replace("{print}", ":".join(["AB"] * 32))


@given(st.one_of(st.text(max_size=2000), mutated(OFFER.encode()).map(lambda b: b.decode("latin-1"))))
def test_no_text_breaks_the_offer_parser(text: str) -> None:
    survives(sdp.parse_offer, text)
    survives(sdp.parse_fragment, text)


@pytest.mark.parametrize("group", ["", "a=group:LS v a\n", "a=group:BUNDLE v\n"])
def test_media_that_would_not_share_a_transport_are_refused(group: str) -> None:
    """RFC 9725, 4.4.1. The answer to the first would name a group that was not offered (RFC 9143, 7.3)."""
    with pytest.raises(sdp.Unacceptable, match="BUNDLE"):
        sdp.parse_offer(OFFER.replace("a=group:BUNDLE v a\n", group))


def test_one_section_alone_needs_no_group() -> None:
    text = OFFER.replace("a=group:BUNDLE v a\n", "")
    offer = sdp.parse_offer(text[: text.index("m=audio")])
    transport = Transport("uuuu", "p" * 22, offer.fingerprint, ["192.0.2.1"], 50000)
    (video,) = offer.sections
    assert "a=group" not in write_answer(offer, {"v": Accepted((video.formats[96],), False)}, transport)


def test_an_offer_is_answered_section_by_section() -> None:
    offer = sdp.parse_offer(OFFER.replace("\n", "\r\n"))
    video, audio, data = offer.sections
    assert video.choose(rtp.Codec.VP8) is video.formats[96]
    assert video.choose(rtp.Codec.H264) is video.formats[102]  # baseline before high
    assert audio.choose(rtp.Codec.VP8) is None
    transport = Transport("uuuu", "p" * 22, offer.fingerprint, ["192.0.2.1", "2001:db8::1"], 50000)
    chosen = {"v": Accepted((video.formats[96],), True, ssrc=5, cname="c", stream="main", send_time_id=3)}
    answer = write_answer(offer, chosen, transport)
    again = sdp.parse_offer(answer.replace("setup:passive", "setup:active"))
    assert [s.disabled for s in again.sections] == [False, True, True]
    assert [s.mid for s in again.sections] == ["v", "a", "d"]
    assert "a=group:BUNDLE v\r\n" in answer
    assert again.sections[0].direction == "sendonly"
    assert again.sections[0].extensions == {sdp.ABS_SEND_TIME: 3}
    assert "a=candidate:2 1 udp 2130706175 2001:db8::1 50000 typ host" in answer
    assert data.kind == "other"


@pytest.mark.parametrize("sending", [True, False])
@pytest.mark.parametrize(
    ("lines", "repaired"),
    [
        ("", False),
        ("a=rtcp-fb:111 nack\n", True),
        ("a=rtcp-fb:* nack\n", True),
        ("a=rtcp-fb:96 nack\na=rtcp-fb:111 nack pli\na=rtcp-fb:1111 nack\na=rtcp-fb: nack\n", False),
    ],
)
def test_sound_is_repaired_for_who_offers_it(lines: str, repaired: bool, sending: bool) -> None:
    opus = "a=rtpmap:111 opus/48000/2\n"
    for text in (OFFER.replace(opus, lines + opus), OFFER.replace(opus, opus + lines)):
        offer = sdp.parse_offer(text)
        audio = offer.sections[1]
        transport = Transport("uuuu", "p" * 22, offer.fingerprint, ["192.0.2.1"], 50000)
        answer = write_answer(offer, {"a": Accepted((audio.formats[111],), sending)}, transport)
        assert ("a=rtcp-fb:111 nack\r\n" in answer) == repaired


@pytest.mark.parametrize("line", ["a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n", "a=x\n", "m=audio 9 x 0\n"])
def test_ten_thousand_lines_are_refused_before_one_is_read(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    for name in ("_attribute", "_media_line"):
        monkeypatch.setattr(sdp, name, lambda *words: read.append(words[-1]))
    with pytest.raises(ValueError, match=r"too many|too long|longer"):
        sdp.parse_offer(OFFER + line * 10_000)
    assert not read


def test_dtls_records_stay_whole() -> None:
    def record(size: int) -> bytes:
        return bytes(11) + struct.pack("!H", size) + bytes(size)

    records = [record(size) for size in (500, 600, 300, 1187, 10)]
    datagrams = list(dtls.pack_records(b"".join(records)))
    assert [len(d) for d in datagrams] == [513 + 613, 313, 1200, 23]


def test_addresses_read_back() -> None:
    for host, port in (("127.0.0.1", 1), ("2001:db8::7", 65535)):
        assert kernel.host_and_port(kernel.raw_address(host, port)) == (host, port)
    mapped = kernel.raw_address("::ffff:192.0.2.9", 80)
    assert kernel.host_and_port(mapped) == ("192.0.2.9", 80)

"""One function for each reader of strangers' bytes: it returns, or something is wrong with the reader.

What a reader may raise is named where it is called; anything else is a finding. Run by `make fuzz` with random
bytes and by the ordinary tests with the corpora.
"""

import contextlib
import functools
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

from media import tokens
from media.face import negotiation
from media.fanout.lane import LaneKey
from media.fanout.slot import Slot
from media.programme import framing
from media.programme.parties import Publisher, Viewer
from media.programme.programme import Staging
from media.programme.studio import Studio
from media.programme.track import Track
from media.relay.problems import Refusal
from media.transport import dtls, kernel, srtp, stun
from media.transport.call import read_answer
from media.transport.channel import WorkerEnd
from media.transport.frames import MAX_FRAME, Unframer
from media.transport.peer import Peer
from media.transport.port import Handlers, Port
from media.wire import picture_size, rtcp, rtp, sdp
from media.wire.answer import Accepted, Transport, write_answer
from media.wire.depacket import Assembler
from media.wire.rtp import Codec
from tests.media.programme.test_flow import MASTER, TYPES, House

Target = Callable[[bytes], None]
PASSWORD = b"0123456789abcdef0123456789abcdef"
STRANGER = kernel.raw_address("192.0.2.1", 1)
MAX_DATAGRAMS = 64
SSRC = 0x01020304
RID_ID = 5


def datagrams(data: bytes) -> Iterator[bytes]:
    """A session in a file: each datagram with its length before it."""
    for _ in range(MAX_DATAGRAMS):
        if len(data) < 2:
            return
        (size,) = struct.unpack_from("!H", data)
        yield data[2 : 2 + size]
        data = data[2 + size :]


def one_stun(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        request = stun.parse(data)
        stun.proves(request, PASSWORD)
        answer = stun.parse(stun.response(request, STRANGER, PASSWORD))
        assert answer.transaction == request.transaction
        assert stun.proves(answer, PASSWORD)
        stun.parse(stun.role_conflict(request, PASSWORD))


def one_rtp(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        packet = rtp.parse(data)
        assert rtp.parse(rtp.build(packet)) == packet
        for codec in Codec:
            rtp.starts_key_frame(codec, packet.payload)
            size = picture_size.of_key_frame(codec, packet.payload)
            assert size is None or min(size) > 0
        for number in (1, 5, 14, 255):
            with contextlib.suppress(ValueError):
                rtp.extension(data, number)
        described = rtp.vp8_descriptor(packet.payload)
        assert described.size < len(packet.payload)


def one_rtcp(data: bytes) -> None:
    rtp.is_rtcp(data)
    with contextlib.suppress(ValueError):
        assert len(rtcp.parse(data)) <= rtcp.MAX_PARTS * 32


def one_records(data: bytes) -> None:
    packed = list(dtls.pack_records(data))
    assert data.startswith(b"".join(packed))


@functools.cache
def _identities() -> tuple[dtls.Identity, dtls.Fingerprint]:
    return dtls.Identity(), dtls.Fingerprint("sha-256", ":".join(["AB"] * 32))


def one_handshake(data: bytes) -> None:
    """What a client sends to the handshake, datagram by datagram."""
    identity, expected = _identities()
    shake = dtls.Handshake(identity, expected, lambda: 0.0)
    for datagram in datagrams(data):
        if not datagram:
            continue  # the port gives none to the handshake
        try:
            shake.receive(datagram)
        except dtls.Refused:
            shake.close()
            break
        shake.timer_s()
        assert all(0 < len(out) <= dtls.MTU for out in shake.outgoing())
    assert shake.keys is None  # nobody has the certificate of our fingerprint


def one_offer(data: bytes) -> None:
    """An offer, the choice of what to carry, and an answer that can be read back."""
    with contextlib.suppress(ValueError, Refusal):
        offer = sdp.parse_offer(data.decode("utf-8", "replace"))
        with contextlib.suppress(Refusal):
            chosen = negotiation.chosen_to_receive(offer)
            _answers(offer, {s.mid: Accepted((f,), sending=False) for s, _, f in chosen})
        video, audio = negotiation.chosen_to_send(offer)
        repairs = negotiation.repairs(video)
        names: dict[str, Any] = {"ssrcs": [1, 2, 3, 4], "repair_ssrc": 5, "cname": "c"}
        _answers(offer, negotiation.sending(video, audio, repairs, names))


def _answers(offer: sdp.Offer, accepted: dict[str, Accepted]) -> None:
    identity, _ = _identities()
    transport = Transport("u" * 8, "p" * 32, identity.fingerprint, ["192.0.2.1", "2001:db8::1"], 50000)
    answer = write_answer(offer, accepted, transport)
    read = _sections(answer)
    assert [mid for mid, _ in read] == [s.mid for s in offer.sections]
    assert [mid for mid, live in read if live] == [s.mid for s in offer.sections if s.mid in accepted]


def _sections(answer: str) -> list[tuple[str, bool]]:
    sections = answer.split("\r\nm=")[1:]
    return [(s.split("\r\na=mid:")[1].split("\r\n")[0], s.split(" ")[1] != "0") for s in sections]


def one_fragment(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        sdp.parse_fragment(data.decode("utf-8", "replace"))


def one_token(data: bytes) -> None:
    with contextlib.suppress(tokens.BadToken):
        tokens.read(data.decode("utf-8", "replace"), b"k" * 32)


def one_channel(data: bytes) -> None:
    """The line between our own processes: broken messages are errors, never a wait for ever."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.setblocking(False)
        theirs.send(data[: 1 << 16])
        theirs.close()
        end = WorkerEnd(ours)
        with contextlib.suppress(ValueError, RecursionError):
            while not end.closed:
                end.read()


def one_link(data: bytes) -> None:
    """What workers tell each other."""
    with contextlib.suppress(ValueError):
        message = framing.decode(data)
        if isinstance(message, framing.Packets):
            assert all(len(packet.payload) <= rtp.MAX_SIZE for _, packet in message.packets)
        else:
            assert framing.decode(framing.encode(message)) == message


def one_answer(data: bytes) -> None:
    """The answer of a relay that we call."""
    with contextlib.suppress(ValueError):
        answer = read_answer(data.decode("utf-8", "replace"))
        assert answer.hosts


def one_stream(data: bytes) -> None:
    """A TCP connection that carries datagrams, in pieces of any size."""
    unframer = Unframer()
    with contextlib.suppress(ValueError):
        for piece in datagrams(data):
            assert all(0 < len(datagram) <= MAX_FRAME for datagram in unframer.feed(piece))
            assert len(unframer._kept) <= MAX_FRAME + 1


def one_pictures(data: bytes) -> None:
    """Payloads in order, some missing, to whoever puts pictures together; the first byte says what each is."""
    assembler, sequence = Assembler(), 0
    for piece in datagrams(data):
        head, payload = (piece[0], piece[1:]) if piece else (0, b"")
        sequence += 1 + (head >> 6 & 1)
        codec = Codec.H264 if head & 1 else Codec.VP8
        with contextlib.suppress(ValueError):
            for frame in assembler.add(codec, sequence, head >> 2 & 7, bool(head & 2), payload):
                assert frame.data
                assert frame.size is None or min(frame.size) > 0


class _Open:
    """Instead of SRTP: whoever has the keys may send anything."""

    def unprotect(self, datagram: bytes) -> bytes:
        return datagram

    unprotect_rtcp = unprotect


@functools.cache
def _house() -> House:
    return House()


def _about(number: int, name: str) -> dict[str, Any]:
    mark = dtls.Fingerprint("", "")
    return {
        "number": number, "session": name, "studio": "s", "name": name, "fingerprint": mark,
        "now": 100.0, "since": 0.0,
    }  # fmt: skip


def _stage(rids: tuple[str, ...] = ("",)) -> tuple[House, Studio, Publisher, Viewer]:
    """A studio with a publisher on air and a viewer, both with open keys."""
    house = _house()
    house.flow.pending.clear()
    studio = Studio("s", house.fanout, 100.0)
    programme = studio.programme("main")
    for cue in programme.cues:  # by chance elsewhere: here the same bytes must do the same again
        cue.slot = Slot(SSRC + cue.index, cue.slot.clock_hz, 100, 1000)
    programme.stage(Staging("centre", ("centre", None, None)))
    codecs = {96: Codec.VP8, 97: Codec.H264, 111: Codec.OPUS}
    publisher = Publisher(
        **_about(1, "centre"),
        codecs=codecs,
        layers=tuple(Track(rtp.VIDEO_CLOCK_HZ, rid) for rid in rids),
        rid_id=RID_ID if rids[0] else 0,
        audio=Track(rtp.AUDIO_CLOCK_HZ),
    )
    studio.add_source(publisher)
    viewer = Viewer(**_about(2, "tv"), programme="main", lane=LaneKey("", (*TYPES, (Codec.H264, 97)), 3, True, 3))
    viewer.address = publisher.address = kernel.raw_address("127.0.0.1", 9)
    for peer in (publisher, viewer):
        peer.agree(srtp.Keys(srtp.GCM, MASTER, MASTER))
        peer.receiver = _Open()  # type: ignore[assignment]
    studio.add_viewer(viewer)
    house.audience.welcome(studio, programme, viewer)
    return house, studio, publisher, viewer


def one_publisher(data: bytes) -> None:
    """A publisher who sends what it likes, to a programme that somebody watches."""
    _publish(data, ("",))


def one_simulcast(data: bytes) -> None:
    """The same in three layers."""
    _publish(data, ("h", "m", "l"))


def _publish(data: bytes, rids: tuple[str, ...]) -> None:
    house, studio, publisher, _ = _stage(rids)
    now = 100.0
    for datagram in datagrams(data):
        now += 0.004
        with contextlib.suppress(ValueError):
            if rtp.is_rtcp(datagram):
                house.ingest.control(publisher, datagram, now)
            else:
                house.ingest.packet(studio, publisher, datagram, now)
        house.ingest.ask(publisher, now)
        house.flow.flush_due(now)
        house.audience.latecomers.step(now)
    for programme in studio.programmes.values():
        house.audience.report(studio, programme, now)
        house.audience.suit(studio, programme, now)
    house.ingest.report_to(publisher, now)
    house.outbox.flush()


def one_viewer(data: bytes) -> None:
    """A viewer who reports what it likes, while a picture is on air."""
    house, studio, publisher, viewer = _stage()
    now = 100.0
    for number in range(4):
        packet = rtp.Packet(96, True, 500 + number, 3000 * number, 7, b"\x10\x10" + bytes(40))
        house.ingest.packet(studio, publisher, rtp.build(packet), now)
    for datagram in datagrams(data):
        now += 0.3
        with contextlib.suppress(ValueError):
            house.audience.control(studio, viewer, datagram, now)
        house.audience.suit(studio, studio.programme("main"), now)
    viewer.snapshot()
    house.outbox.flush()


class _Silence(Peer):
    """A peer whose address is known."""


@functools.cache
def _socket() -> socket.socket:
    return kernel.open_port("127.0.0.1", 0)


def one_port(data: bytes) -> None:
    """Datagrams at the port, in turns from a stranger and from a known address."""

    def ignore(*_: object) -> None:
        pass

    port = Port(_socket(), Handlers(ignore, ignore, ignore, ignore))
    peer = _Silence(**_about(1, "known"))
    peer.ufrag, peer.password = "ours", PASSWORD
    port.add(peer)
    known = kernel.raw_address("127.0.0.1", 9)
    port._handle(stun.request(b"t" * 12, "ours:theirs", PASSWORD, nominate=True), known, 0.0)
    for number, datagram in enumerate(datagrams(data)):
        with contextlib.suppress(ValueError):
            port._handle(datagram, known if number % 2 else STRANGER, 0.0)
    assert set(port._by_address) == {known}  # a stranger proves nothing
    port.remove(peer)
    assert not port._by_address


TARGETS: dict[str, Target] = {
    "stun": one_stun,
    "rtp": one_rtp,
    "rtcp": one_rtcp,
    "records": one_records,
    "handshake": one_handshake,
    "offer": one_offer,
    "fragment": one_fragment,
    "token": one_token,
    "stream": one_stream,
    "pictures": one_pictures,
    "channel": one_channel,
    "link": one_link,
    "answer": one_answer,
    "publisher": one_publisher,
    "simulcast": one_simulcast,
    "viewer": one_viewer,
    "port": one_port,
}

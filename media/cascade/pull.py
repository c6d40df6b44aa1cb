"""One programme from another relay, as its viewer: ICE, DTLS, SRTP on a socket of its own, NACK and PLI upwards.

The socket is its own because two relays may pull from each other, and one may pull several programmes of another:
an address pair cannot tell them apart. The handshake is done in the packet loop: 1 ms, once for a pull.
"""

import socket
import time
from typing import Final

from media.cascade.flow import Flow
from media.cascade.mirror import Place, take
from media.programme.feed import Feed
from media.programme.programme import Programme
from media.programme.rungs import RUNGS
from media.transport import kernel, srtp
from media.transport.call import Answer, Call, Host, State
from media.transport.dtls import Identity
from media.transport.kernel import RECEIVE_BATCH, Address, Inbox, Outbox
from media.transport.peer import random_ssrc
from media.wire import onair, rtcp, rtp
from media.wire.rtp import Codec, Packet

VP8_TYPE: Final = 96
H264_TYPE: Final = 97
REPAIRS: Final = {98: VP8_TYPE, 99: H264_TYPE}  # the types for RTX, and what they repair
OPUS_TYPE: Final = 111
CODECS: Final = {VP8_TYPE: Codec.VP8, H264_TYPE: Codec.H264, OPUS_TYPE: Codec.OPUS}
JOIN_LIMIT_S: Final = 3.0
SILENT_S: Final = 0.5  # a relay says who is on air several times in that
CHECK_EVERY_S: Final = 2.5
ROUNDS: Final = 8


class Pull:
    """From the offer's names to the last packet. `number` and `careful` are the owner's."""

    def __init__(
        self, number: int, place: Place, identity: Identity, flow: Flow, careful: bool, now: float
    ) -> None:
        self.number = number
        self.place = place
        self.careful = careful
        self.feed = Feed(f"pull/{number}", len(place.programme.audio), now, RUNGS)
        self.sock = _open()
        self.call = Call(identity, self._put, JOIN_LIMIT_S)
        self.opened_at = now
        self.live_at: float | None = None
        self.leaving_at: float | None = None  # another one has taken over
        self.malformed = 0
        self._flow = flow
        self._inbox, self._outbox = Inbox(self.sock), Outbox(self.sock)
        self._address: Address | None = None
        self._ssrc = random_ssrc()
        self._slots: dict[int, tuple[int, int]] = {}  # and the layer, by SSRC
        self._repair_ssrc = 0
        self._receiver: srtp.Receiver | None = None
        self._sender: srtp.Sender | None = None
        self._rtcp_index = 0
        self._checked_at = now

    @property
    def programme(self) -> Programme:
        return self.place.programme

    @property
    def is_told(self) -> bool:
        """Whether the parent has said who is on air: from then on its packets can be taken."""
        return bool(self.feed.on_air.speakers)

    def accept(self, answer: Answer, now: float) -> None:
        """The parent's answer. Raises: ValueError when it sends nothing that we asked for."""
        videos = [s for s in answer.streams if s.kind == "video" and s.ssrc][: len(self.feed.layers)]
        audios = [stream for stream in answer.streams if stream.kind == "audio" and stream.ssrc]
        if not videos and not audios:
            raise ValueError("the answer has no streams")
        self._slots = {s.ssrc: (i + 1, 0) for i, s in enumerate(audios[: len(self.feed.audio)])}
        self._slots |= {s.ssrc: (0, layer) for layer, s in enumerate(videos)}
        self._repair_ssrc = videos[0].repair_ssrc if videos else 0
        self.call.accept(answer, now)
        self._outbox.flush()

    def trouble(self, now: float) -> str:
        """Why it is over; empty while it is not."""
        if self.call.state is State.FAILED:
            return self.call.reason
        if self.call.closed:
            return "closed by the parent"
        waits = self.call.state is State.NEW and now - self.opened_at > JOIN_LIMIT_S
        heard = self.feed.heard_at if self._receiver is not None else now
        return "silent" if waits or now - heard > SILENT_S else ""

    # What comes

    def read(self, now: float) -> None:
        """All that waits on the socket, up to a bounded number of batches."""
        for _ in range(ROUNDS):
            count = 0
            for datagram, source in self._inbox.receive():
                count += 1
                try:
                    self._handle(datagram, source, now)
                except ValueError:
                    self.malformed += 1
                except Exception:
                    self._flow.mishaps.note(f"datagram of {len(datagram)} bytes, pull {self.number}")
            if count < RECEIVE_BATCH // 2:
                break
        self._outbox.flush()

    def _handle(self, datagram: bytes, source: Address, now: float) -> None:
        first = datagram[0] if datagram else 255
        if first < 64:
            if first < 4 or source == self._address:
                self._join(datagram, now)
        elif 128 <= first < 192 and source == self._address and self._receiver is not None:
            if rtp.is_rtcp(datagram):
                self._control(self._receiver.unprotect_rtcp(datagram), now)
            else:
                self._packet(rtp.parse(self._receiver.unprotect(datagram)), now)

    def _join(self, datagram: bytes, now: float) -> None:
        self.call.receive(datagram, now)
        if self._address is None and self.call.host is not None:
            self._address = self._reach(self.call.host)
        keys = self.call.keys
        if self._receiver is None and keys is not None:
            self._receiver = srtp.Receiver(keys.profile, keys.server)
            self._sender = srtp.sender(keys.profile, keys.client)
            self.feed.heard_at = now

    def _packet(self, packet: Packet, now: float) -> None:
        self.feed.heard_at = now
        original = REPAIRS.get(packet.payload_type)
        if original is not None:
            if packet.ssrc != self._repair_ssrc or len(packet.payload) < 2:
                return
            number, ssrc = int.from_bytes(packet.payload[:2], "big"), self._ssrc_of(0)
            packet = Packet(original, packet.marker, number, packet.timestamp, ssrc, packet.payload[2:])
        codec = CODECS.get(packet.payload_type)
        slot, layer = self._slots.get(packet.ssrc, (-1, 0))
        if codec is None or slot < 0 or (slot > 0) != (codec is Codec.OPUS):
            return
        track = self.feed.track(slot, layer)
        if track is not None:
            take(self._flow, self.place, self.feed, track, slot, codec, packet, now)

    def _control(self, clear: bytes, now: float) -> None:
        parts = rtcp.parse(clear)
        self.feed.heard_at = now
        for part in parts:
            if isinstance(part, rtcp.SenderReport):
                self.feed.read_report(part, now, time.time())
            elif isinstance(part, rtcp.Application) and part.name == onair.APP_NAME:
                self.feed.tell(onair.decode(part.body))
                self.programme.settle(self.feed)

    # What goes

    def tick(self, now: float) -> None:
        """What is due of joining, checks, NACK and PLI."""
        self.call.tick(now)
        if self._sender is not None:
            if now - self._checked_at >= CHECK_EVERY_S:
                self._checked_at = now
                self.call.check()
            for track in self.feed.tracks():
                if track.ssrc and (lost := track.gaps.due(now)):
                    self._tell(rtcp.nack(self._ssrc, track.ssrc, lost))
            for layer, track in enumerate(self.feed.layers):
                ssrc = self._ssrc_of(layer)
                if ssrc and self.feed.shows(0) and track.wish.due(now):
                    self._tell(rtcp.picture_loss(self._ssrc, ssrc))
        self._outbox.flush()

    def report(self, now: float) -> None:
        """The receiver report of one second, so that the parent sees how the link does."""
        blocks = [t.take_report(now) for t in self.feed.tracks() if t.ssrc]
        reports = tuple(block for block in blocks if block is not None)
        if reports:
            self._tell(rtcp.source_description(self._ssrc, "relay"), reports)
            self._outbox.flush()

    def _ssrc_of(self, layer: int) -> int:
        return next((ssrc for ssrc, place in self._slots.items() if place == (0, layer)), 0)

    def _tell(self, packet: bytes, reports: tuple[rtcp.Report, ...] = ()) -> None:
        if self._sender is None or self._address is None:
            return
        self._rtcp_index += 1
        compound = rtcp.receiver_report(rtcp.ReceiverReport(self._ssrc, reports)) + packet
        self._outbox.add_sealed(self._address, self._sender.protect_rtcp, compound, self._rtcp_index)

    def _put(self, datagram: bytes, host: Host) -> None:
        address = self._reach(host)
        if address is not None:
            self._outbox.add(datagram, address)

    def _reach(self, host: Host) -> Address | None:
        """The address in the form of our socket; None for what it cannot reach, or what is none."""
        name, port = host
        try:
            if self.sock.family == socket.AF_INET6 and ":" not in name:
                name = "::ffff:" + name
            if self.sock.family == socket.AF_INET and ":" in name:
                return None
            return kernel.raw_address(name, port)
        except OSError:
            return None

    def close(self) -> None:
        self.call.close()
        self._outbox.flush()
        self.sock.close()


def _open() -> socket.socket:
    try:
        return kernel.open_port("::", 0)
    except OSError:  # a machine without IPv6
        return kernel.open_port("0.0.0.0", 0)  # noqa: S104 (any of our addresses may reach the parent)

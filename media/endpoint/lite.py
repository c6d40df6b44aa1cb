"""A peer as light as can be, for rehearsals: real ICE, DTLS and SRTP on a socket of its own, and nothing decoded.

It is the full agent and the DTLS client towards an ICE-lite relay. No HTTP here: the owner carries the SDP.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from dataclasses import dataclass
from typing import Final

from media.programme.repair import PICTURE, SOUND, Gaps
from media.transport import call, srtp
from media.transport.call import Call, State
from media.transport.dtls import Identity
from media.wire import rtcp

VIDEO_TYPE: Final = 96
H264_TYPE: Final = 97
AUDIO_TYPE: Final = 111
JOIN_LIMIT_S: Final = 30.0
REMB_BPS: Final = 4_000_000
_RCVBUFFORCE: Final = 33
_RECEIVE_BUFFER: Final = 1 << 20


@dataclass(slots=True)
class Slot:
    """What came of one SSRC. `gaps`: numbers that were jumped over; `late`: that came after later ones.

    `missing` is kept where lost packets are asked for again.
    """

    kind: str
    ssrc: int
    count: int = 0
    expected: int = 0
    gaps: int = 0
    late: int = 0
    next: int = -1
    missing: Gaps | None = None

    def add(self, sequence: int) -> bool:
        """Whether it is newer than all before."""
        self.count += 1
        if self.next < 0:
            self.expected, self.next = 1, (sequence + 1) & 0xFFFF
            return True
        jump = (sequence - self.next) & 0xFFFF
        if jump < 0x8000:
            self.gaps += jump
            self.expected += jump + 1
            self.next = (sequence + 1) & 0xFFFF
            return True
        self.late += 1
        return False


class LitePeer:
    """One peer. `ready` resolves when its keys are agreed; from then on the owner reads `sock`."""

    def __init__(
        self,
        identity: Identity,
        *,
        sends: bool,
        audio: int = 1,
        video: bool = True,
        h264: bool = False,
        via: str = "",
    ) -> None:
        """`h264`: takes that besides VP8. `via`: the relay's address, when not the first it announces."""
        self._identity = identity
        self._h264 = h264
        self._via = via
        self._sends = sends
        self._kinds = ["video"] * video + ["audio"] * audio
        self._call = Call(identity, self._put_to, JOIN_LIMIT_S)
        self._timer: asyncio.TimerHandle | None = None
        self._rtcp_index = 0
        self.sock: socket.socket | None = None
        self.ssrcs = [secrets.randbits(32) for _ in self._kinds]
        self.slots: dict[int, Slot] = {}
        self.sender: srtp.Sender | None = None
        self.asked_at = 0.0
        self.first_packet_at = 0.0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def state(self) -> State:
        return self._call.state

    @property
    def reason(self) -> str:
        return self._call.reason

    @property
    def keys(self) -> srtp.Keys | None:
        return self._call.keys

    # ── SDP ──

    def offer(self) -> str:
        mids = " ".join(str(i) for i in range(len(self._kinds)))
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
        for mid, (kind, ssrc) in enumerate(zip(self._kinds, self.ssrcs, strict=True)):
            lines += self._section(mid, kind, ssrc)
        return "\r\n".join(lines) + "\r\n"

    def _section(self, mid: int, kind: str, ssrc: int) -> list[str]:
        formats = {AUDIO_TYPE: "opus/48000/2"}
        if kind == "video":
            formats = {VIDEO_TYPE: "VP8/90000"} | ({H264_TYPE: "H264/90000"} if self._h264 else {})
        print_ = self._identity.fingerprint
        lines = [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, formats))}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{mid}",
            "a=sendonly" if self._sends else "a=recvonly",
            f"a=ice-ufrag:{self._call.ufrag}",
            f"a=ice-pwd:{self._call.password}",
            f"a=fingerprint:{print_.algorithm} {print_.value}",
            "a=setup:active",
            "a=rtcp-mux",
            *(f"a=rtpmap:{number} {name}" for number, name in formats.items()),
        ]
        feedback = ("nack", "nack pli", "goog-remb") if kind == "video" else () if self._sends else ("nack",)
        lines += [f"a=rtcp-fb:{n} {fb}" for n in formats for fb in feedback]
        if H264_TYPE in formats:
            lines.append(
                f"a=fmtp:{H264_TYPE} packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1"
            )
        if self._sends:
            lines.append(f"a=ssrc:{ssrc} cname:rehearsal")
        return lines

    def accept(self, answer: str) -> None:
        """Opens the socket and begins to check. Raises: ValueError for an answer that cannot be used."""
        read = call.read_answer(answer)
        if not self._sends:
            self.slots = {stream.ssrc: Slot(stream.kind, stream.ssrc) for stream in read.streams if stream.ssrc}
        host, port = read.hosts[0]
        self._open(self._via or host, port)
        self.asked_at = time.monotonic()
        self._call.accept(read, self.asked_at)
        self._look()

    def _open(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with contextlib.suppress(OSError):  # where we may; else the system's bound holds
            self.sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _RECEIVE_BUFFER)
        self.sock.connect((host, port))
        asyncio.get_running_loop().add_reader(self.sock.fileno(), self._readable)

    # ── joining ──

    def check(self) -> None:
        """An ICE check, which is also the sign of life."""
        self._call.check()

    def _readable(self) -> None:
        assert self.sock is not None
        for _ in range(32):
            try:
                datagram = self.sock.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                break
            self._call.receive(datagram, time.monotonic())
            if self.state is State.READY:
                break  # the rest is the owner's
        self._look()

    def _look(self) -> None:
        """What became of the call, and when it must be looked at again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        if self.state in (State.READY, State.FAILED):
            assert self.sock is not None
            loop.remove_reader(self.sock.fileno())
            if self.keys is not None:
                self.sender = srtp.sender(self.keys.profile, self.keys.client)
            if not self.ready.done():
                self.ready.set_result(None)
        elif (due_at := self._call.due_at) is not None:
            self._timer = loop.call_later(max(0.0, due_at - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._call.tick(time.monotonic())
        self._look()

    def _put_to(self, datagram: bytes, _: call.Host) -> None:
        self._put(datagram)

    def _put(self, datagram: bytes) -> None:
        assert self.sock is not None
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self.sock.send(datagram)

    # ── when ready ──

    def receiver(self) -> srtp.Receiver:
        """Opens what the relay sends."""
        assert self.keys is not None
        return srtp.Receiver(self.keys.profile, self.keys.server)

    def hear(self, datagram: bytes, now: float) -> None:
        """STUN or DTLS that came after the keys: signs of life, and the end."""
        self._call.receive(datagram, now)

    @property
    def proved_at(self) -> float:
        """When the relay last answered a check."""
        return self._call.proved_at

    @property
    def closed(self) -> bool:
        """Whether the relay ended the connection."""
        return self._call.closed

    def report(self) -> None:
        """A receiver report on every slot and REMB, as a browser sends about once a second."""
        reports = tuple(
            rtcp.Report(s.ssrc, 0, max(0, s.gaps - s.late), max(0, s.next - 1), 0, 0, 0)
            for s in self.slots.values()
            if s.count
        )
        own = self.ssrcs[0]
        if reports:
            bits = rtcp.remb(own, REMB_BPS, [r.ssrc for r in reports])
            self.put_rtcp(rtcp.receiver_report(rtcp.ReceiverReport(own, reports)) + bits)

    def repair(self) -> None:
        """From now on what is lost is noted, so that it can be asked for again."""
        for slot in self.slots.values():
            slot.missing = Gaps(PICTURE if slot.kind == "video" else SOUND)

    def ask_again(self, now: float) -> None:
        """NACK what is missing and due."""
        for slot in self.slots.values():
            if slot.missing is not None and (lost := slot.missing.due(now)):
                own = rtcp.receiver_report(rtcp.ReceiverReport(self.ssrcs[0]))
                self.put_rtcp(own + rtcp.nack(self.ssrcs[0], slot.ssrc, lost))

    def put_rtcp(self, packet: bytes) -> None:
        if self.sender is not None:
            self._rtcp_index += 1
            self._put(self.sender.protect_rtcp(packet, self._rtcp_index))

    def put_rtp(self, header: bytes, payload: bytes, rollover: int) -> None:
        assert self.sender is not None
        self._put(self.sender.protect(header, payload, rollover))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.sock is not None:
            asyncio.get_running_loop().remove_reader(self.sock.fileno())
            self._call.close()
            self.sock.close()
            self.sock = None
        if not self.ready.done():
            self.ready.set_result(None)

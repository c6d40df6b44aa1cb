"""A peer as light as can be, for rehearsals: real ICE, DTLS and SRTP on a socket of its own, and nothing decoded.

It is the full agent and the DTLS client towards an ICE-lite relay. No HTTP here: the owner carries the SDP.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from OpenSSL import SSL

from media import rtcp, srtp, stun
from media.dtls import Fingerprint, Handshake, Identity, Refused
from media.repair import Gaps

VIDEO_TYPE: Final = 96
AUDIO_TYPE: Final = 111
CHECK_AGAIN_S: Final = 0.25
JOIN_LIMIT_S: Final = 30.0
REMB_BPS: Final = 4_000_000
_RCVBUFFORCE: Final = 33
_RECEIVE_BUFFER: Final = 1 << 20
_CANDIDATE: Final = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host")


class State(StrEnum):
    NEW = "new"
    CHECKING = "checking"
    SHAKING = "shaking hands"
    READY = "ready"
    FAILED = "failed"


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


class Caller(Handshake):
    """The active side of DTLS."""

    def __init__(
        self, identity: Identity, expected: Fingerprint, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(identity, expected, clock)
        self._ssl.set_connect_state()

    def begin(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            self._ssl.do_handshake()


class LitePeer:
    """One peer. `ready` resolves when its keys are agreed; from then on the owner reads `sock`."""

    def __init__(self, identity: Identity, *, sends: bool, audio: int = 1, video: bool = True) -> None:
        self._identity = identity
        self._sends = sends
        self._kinds = ["video"] * video + ["audio"] * audio
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)
        self._their_ufrag, self._their_password = "", b""
        self._fingerprint = Fingerprint("", "")
        self._shake: Caller | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rtcp_index = 0
        self.sock: socket.socket | None = None
        self.ssrcs = [secrets.randbits(32) for _ in self._kinds]
        self.slots: dict[int, Slot] = {}
        self.state = State.NEW
        self.reason = ""
        self.keys: srtp.Keys | None = None
        self.sender: srtp.Sender | None = None
        self.asked_at = 0.0
        self.first_packet_at = 0.0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # ── SDP ──

    def offer(self) -> str:
        mids = " ".join(str(i) for i in range(len(self._kinds)))
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
        for mid, (kind, ssrc) in enumerate(zip(self._kinds, self.ssrcs, strict=True)):
            lines += self._section(mid, kind, ssrc)
        return "\r\n".join(lines) + "\r\n"

    def _section(self, mid: int, kind: str, ssrc: int) -> list[str]:
        number = VIDEO_TYPE if kind == "video" else AUDIO_TYPE
        print_ = self._identity.fingerprint
        lines = [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{mid}",
            "a=sendonly" if self._sends else "a=recvonly",
            f"a=ice-ufrag:{self._ufrag}",
            f"a=ice-pwd:{self._password}",
            f"a=fingerprint:{print_.algorithm} {print_.value}",
            "a=setup:active",
            "a=rtcp-mux",
            f"a=rtpmap:{number} " + ("VP8/90000" if kind == "video" else "opus/48000/2"),
        ]
        if kind == "video":
            lines += [f"a=rtcp-fb:{number} {feedback}" for feedback in ("nack", "nack pli", "goog-remb")]
        if self._sends:
            lines.append(f"a=ssrc:{ssrc} cname:rehearsal")
        return lines

    def accept(self, answer: str) -> None:
        """Opens the socket and begins to check. Raises: ValueError for an answer that cannot be used."""
        sections = re.split(r"^m=", answer, flags=re.MULTILINE)[1:]
        live = [s for s in sections if s.split(" ", 2)[1] != "0"]
        if not live:
            raise ValueError("the relay took nothing of the offer")
        self._their_ufrag = _attribute(live[0], "ice-ufrag")
        self._their_password = _attribute(live[0], "ice-pwd").encode()
        algorithm, _, value = _attribute(live[0], "fingerprint").partition(" ")
        self._fingerprint = Fingerprint(algorithm, value)
        for section in live:
            if (found := re.search(r"^a=ssrc:(\d+) ", section, re.MULTILINE)) and not self._sends:
                ssrc = int(found[1])
                self.slots[ssrc] = Slot(section.split(" ", 1)[0], ssrc)
        candidate = _CANDIDATE.search(live[0])
        if candidate is None:
            raise ValueError("the answer has no address")
        self._open(candidate[1], int(candidate[2]))

    def _open(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with contextlib.suppress(OSError):  # where we may; else the system's bound holds
            self.sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _RECEIVE_BUFFER)
        self.sock.connect((host, port))
        asyncio.get_running_loop().add_reader(self.sock.fileno(), self._readable)
        self.state = State.CHECKING
        self.asked_at = time.monotonic()
        self._check_again()

    # ── joining ──

    def check(self) -> None:
        """An ICE check, which is also the sign of life."""
        name = f"{self._their_ufrag}:{self._ufrag}"
        self._put(stun.request(os.urandom(12), name, self._their_password, nominate=True))

    def _check_again(self) -> None:
        self._timer = None
        if self.state is not State.CHECKING:
            return
        if time.monotonic() - self.asked_at > JOIN_LIMIT_S:
            self._fail("no answer to the checks")
            return
        self.check()
        self._timer = asyncio.get_running_loop().call_later(CHECK_AGAIN_S, self._check_again)

    def _readable(self) -> None:
        assert self.sock is not None
        for _ in range(32):
            try:
                datagram = self.sock.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if self.state is State.CHECKING and stun.is_stun(datagram):
                self._begin()
            elif self.state is State.SHAKING and datagram and 20 <= datagram[0] < 64:
                self._shaken(datagram)
            if self.state is State.READY:
                return  # the rest is the owner's

    def _begin(self) -> None:
        self.state = State.SHAKING
        self._shake = Caller(self._identity, self._fingerprint)
        self._shake.begin()
        self._flush()

    def _shaken(self, datagram: bytes) -> None:
        assert self._shake is not None
        try:
            self._shake.receive(datagram)
        except Refused as refusal:
            self._fail(str(refusal))
            return
        self._flush()
        if self._shake.keys is not None:
            self.keys = self._shake.keys
            self.sender = srtp.sender(self.keys.profile, self.keys.client)
            self._become(State.READY)

    def _flush(self) -> None:
        """Sends the flight and sets the timer for sending it again."""
        if self._shake is None or self.state is not State.SHAKING:
            return
        for datagram in self._shake.outgoing():
            self._put(datagram)
        if self._timer is not None:
            self._timer.cancel()
        if time.monotonic() - self.asked_at > JOIN_LIMIT_S:
            self._fail("the handshake took too long")
        elif (left_s := self._shake.timer_s()) is not None and self._shake.keys is None:
            self._timer = asyncio.get_running_loop().call_later(max(0.01, left_s), self._again)

    def _again(self) -> None:
        self._timer = None
        if self._shake is not None and self.state is State.SHAKING:
            self._shake.retransmit()
            self._flush()

    def _fail(self, reason: str) -> None:
        self.reason = reason
        self._become(State.FAILED)

    def _become(self, state: State) -> None:
        self.state = state
        if self._timer is not None:
            self._timer.cancel()
        if self.sock is not None:
            asyncio.get_running_loop().remove_reader(self.sock.fileno())
        if not self.ready.done():
            self.ready.set_result(None)

    def _put(self, datagram: bytes) -> None:
        assert self.sock is not None
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self.sock.send(datagram)

    # ── when ready ──

    def receiver(self) -> srtp.Receiver:
        """Opens what the relay sends."""
        assert self.keys is not None
        return srtp.Receiver(self.keys.profile, self.keys.server)

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
            if self._shake is not None:
                self._shake.close()
                for datagram in self._shake.outgoing():
                    self._put(datagram)
            self.sock.close()
            self.sock = None
        if not self.ready.done():
            self.ready.set_result(None)


def _attribute(section: str, name: str) -> str:
    found = re.search(rf"^a={name}:(.*?)\r?$", section, re.MULTILINE)
    if found is None:
        raise ValueError(f"the answer has no {name}")
    return found[1]

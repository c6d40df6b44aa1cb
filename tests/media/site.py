"""A peer made by hand: its own socket, STUN, DTLS and SRTP, so that each step can be done wrong or left out."""

import asyncio
import contextlib
import os
import re
import socket
from collections import deque
from typing import Any

from OpenSSL import SSL

from media.transport import dtls, kernel, srtp, stun
from media.transport.frames import Unframer, frame
from media.wire import rtcp, rtp, sdp
from tests.media.running import RunningRelay

OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE v a
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:v
a=ice-ufrag:site
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {print}
a=setup:actpass
a=rtcp-mux
a={direction}
a=rtpmap:96 VP8/90000
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:a
a=setup:actpass
a=rtcp-mux
a={direction}
a=rtpmap:111 opus/48000/2
"""
H264 = "H264/90000\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f"

KEY_FRAME = b"\x90\x80\x80\x01" + b"\x10\x00\x00\x9d\x01\x2a" + bytes(60)
DELTA = b"\x90\x80\x80\x02" + b"\x11\x00\x00" + bytes(60)


class Site:
    """One peer, step by step: `offer`, `check`, `shake_hands`, then media."""

    patience_s = 1.0  # how long an answer to a check may take

    def __init__(self, relay: RunningRelay, peer: str, host: str = "127.0.0.1") -> None:
        self.relay, self.peer, self.host = relay, peer, host
        self.identity = dtls.Identity()
        self.socket = self._open()
        self.remote: tuple[str, int] = ("", 0)
        self.ufrag = self.password = self.answer = self.location = ""
        self.sender: srtp.Sender | None = None
        self.receiver: srtp.Receiver | None = None
        self.ssl: Any = None
        self.own_password = "0123456789012345678901"
        self.answers = True  # the relay's own checks
        self.is_doubted = False  # it sends from where the relay has not yet seen it answer

    def _open(self) -> socket.socket:
        sock = kernel.open_port(self.host, 0)
        sock.setblocking(False)
        return sock

    async def offer(
        self,
        *,
        publish: bool = False,
        fingerprint: str = "",
        host: str = "",
        more: str = "",
        h264: bool = False,
    ) -> "Site":
        """`more`: lines besides, of the sound."""
        text = OFFER.replace("{print}", fingerprint or self.identity.fingerprint.value)
        text = text.replace("{direction}", "sendonly" if publish else "recvonly") + more
        if h264:
            text = text.replace("VP8/90000", H264)
        studio = self.relay.studio
        path = f"/whip/{studio}" if publish else f"/whep/{studio}/main"
        scope = ("publish", self.peer) if publish else ("watch", self.peer, "main")
        status, self.answer, headers = await self.relay.post_offer(path, text, self.relay.headers(*scope))
        assert status == 201, self.answer
        read = sdp.parse_offer(self.answer.replace("setup:passive", "setup:active"))
        self.ufrag, self.password = read.ufrag, read.password
        self.location = headers["Location"]
        found = re.search(r"^a=candidate:\S+ 1 udp \d+ \S+ (\d+) ", self.answer, re.MULTILINE)
        assert found is not None
        self.remote = (host or self.host, int(found[1]))
        return self

    @property
    def ssrcs(self) -> list[int]:
        lines = [line for line in self.answer.splitlines() if line.startswith("a=ssrc:") and "cname" in line]
        return [int(line[7:].split(" ")[0]) for line in lines]

    def send(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, self.remote)

    async def receive(self, seconds: float = 5.0) -> bytes:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            datagram, _ = await loop.sock_recvfrom(self.socket, 2048)
        return datagram

    async def silent(self, seconds: float = 0.4) -> bool:
        """Whether nothing comes for a while."""
        try:
            await self.receive(seconds)
        except TimeoutError:
            return True
        return False

    async def check(self, *, password: str = "", nominate: bool = True, controlled: bool = False) -> stun.Request:
        """A connectivity check and its answer; media that comes meanwhile is thrown away."""
        request = stun.request(
            os.urandom(12),
            f"{self.ufrag}:site",
            (password or self.password).encode(),
            nominate=nominate,
            controlled=controlled,
        )
        self.send(request)
        while True:
            datagram = await self.receive(self.patience_s)
            if datagram[0] < 4 and (answer := stun.parse(datagram)).kind != stun.BINDING_REQUEST:
                break
        if self.is_doubted and self.answers and nominate:
            self.is_doubted = False
            await self.answer_check()
            await self.check()  # what it answered has been read by now
        return answer

    async def answer_check(self) -> None:
        """The relay asks whether we are there."""
        while True:
            datagram = await self.receive(self.patience_s)
            if datagram[0] < 4 and (asked := stun.parse(datagram)).kind == stun.BINDING_REQUEST:
                assert stun.proves(asked, self.own_password.encode())
                assert asked.controlled
                assert asked.username == f"site:{self.ufrag}"
                here = kernel.raw_address(*self.socket.getsockname()[:2])
                self.send(stun.response(asked, here, self.own_password.encode()))
                return

    def client_hello(self) -> bytes:
        """The first flight; begins a handshake."""
        self.ssl = SSL.Connection(self.identity.context, None)
        self.ssl.set_connect_state()
        self.ssl.set_ciphertext_mtu(1200)
        with contextlib.suppress(SSL.WantReadError):
            self.ssl.do_handshake()
        hello: bytes = self.ssl.bio_read(2048)
        return hello

    async def shake_hands(self) -> "Site":
        """The whole handshake. Raises: SSL.Error when the relay refuses us."""
        self.send(self.client_hello())
        while True:
            datagram = await self.receive()
            if not 20 <= datagram[0] < 64:
                continue
            self.ssl.bio_write(datagram)
            try:
                self.ssl.do_handshake()
                break
            except SSL.WantReadError:
                self._flush()
        self._flush()
        profile = next(p for p in srtp.PROFILES if p.openssl.encode() == self.ssl.get_selected_srtp_profile())
        material = self.ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", profile.material_size, None)
        keys = srtp.split_material(profile, material)
        self.sender, self.receiver = srtp.sender(profile, keys.client), srtp.Receiver(profile, keys.server)
        return self

    def _flush(self) -> None:
        try:
            for datagram in dtls.pack_records(self.ssl.bio_read(65536)):
                self.send(datagram)
        except SSL.Error:
            return

    async def join(self, **offer: Any) -> "Site":
        await self.offer(**offer)
        await self.check()
        return await self.shake_hands()

    def send_rtp(self, packet: rtp.Packet) -> None:
        assert self.sender is not None
        clear = rtp.build(packet)
        self.send(self.sender.protect(clear[:12], clear[12:], 0))

    async def next_rtp(self, seconds: float = 5.0) -> rtp.Packet:
        """The next media packet."""
        assert self.receiver is not None
        async with asyncio.timeout(seconds):
            while True:
                datagram = await self.receive(seconds)
                if 128 <= datagram[0] < 192 and not rtp.is_rtcp(datagram):
                    return rtp.parse(self.receiver.unprotect(datagram))

    async def next_rtcp(self, kind: type[Any], seconds: float = 5.0) -> Any:
        """The next RTCP part of this kind."""
        assert self.receiver is not None
        async with asyncio.timeout(seconds):
            while True:
                datagram = await self.receive(seconds)
                if 128 <= datagram[0] < 192 and rtp.is_rtcp(datagram):
                    for part in rtcp.parse(self.receiver.unprotect_rtcp(datagram)):
                        if isinstance(part, kind):
                            return part

    async def told_lost(self, ssrc: int) -> rtcp.Report:
        """The first report on this stream of ours that says that any of it was lost."""
        async with asyncio.timeout(10):
            while True:
                report = await self.next_rtcp(rtcp.ReceiverReport)
                for block in report.reports:
                    if block.ssrc == ssrc and block.fraction_lost:
                        return block

    def send_rtcp(self, packet: bytes, index: int) -> None:
        assert self.sender is not None
        self.send(self.sender.protect_rtcp(packet, index))

    def move(self) -> None:
        """Another address, as when a site changes its line."""
        self.socket.close()
        self.socket = self._open()
        self.is_doubted = True

    def close(self) -> None:
        self.socket.close()


class TcpSite(Site):
    """The same over a TCP connection: a full agent whose candidate is active (RFC 6544)."""

    def _open(self) -> socket.socket:
        self._frames, self._waiting = Unframer(), deque[bytes]()
        return socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)

    async def offer(self, **more: Any) -> "Site":
        await super().offer(**more)
        self.remote = (self.remote[0], self.relay.tcp[0])
        self.connect()
        return self

    def connect(self) -> None:
        self.socket.connect(self.remote)
        self.socket.setblocking(False)

    def move(self) -> None:
        super().move()
        self.is_doubted = False
        self.connect()

    def send(self, datagram: bytes) -> None:
        self.socket.sendall(frame(datagram))

    async def receive(self, seconds: float = 5.0) -> bytes:
        """Raises: TimeoutError; ConnectionError when the relay closed."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            while not self._waiting:
                received = await loop.sock_recv(self.socket, 1 << 16)
                if not received:
                    raise ConnectionResetError("the relay closed")
                self._waiting += self._frames.feed(received)
        return self._waiting.popleft()

"""A studio without processes: cameras of one to three layers, viewers with sockets and keys, and our own clock.

Every sealing is watched: one nonce may never serve two different packets.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from media.cascade.flow import Flow
from media.cascade.herald import Herald
from media.fanout.fanout import Fanout
from media.fanout.lane import ROLLOVER_AHEAD, LaneKey
from media.fanout.slot import unwrap
from media.programme.parties import Publisher, Viewer
from media.programme.programme import Cue, Programme, Staging
from media.programme.rendition import Rendition
from media.programme.repair import KeyFrameWish
from media.programme.studio import Studio
from media.programme.track import Track
from media.transport import kernel, srtp
from media.wire import rtcp, rtp
from media.wire.fingerprint import Fingerprint
from media.wire.rtp import Codec, Packet
from media.worker.audience import Audience
from media.worker.ingest import Ingest

MASTER = bytes(range(28))
TYPES = ((Codec.VP8, 96), (Codec.OPUS, 111))
RIDS = ("h", "m", "l")
RID_ID = 5
KEY, DELTA, REST = b"\x90\x10", b"\x90\x11", b"\x80\x00"  # of the descriptor, and the frame's first byte


def address_of(sock: socket.socket) -> kernel.Address:
    return kernel.raw_address(*sock.getsockname())


class Layer:
    """One stream of a camera, with numbers and a clock of its own."""

    def __init__(self, mark: bytes, rid: str, ssrc: int, sequence: int, clock: int) -> None:
        self.mark, self.rid, self.ssrc, self.sequence, self.clock = mark, rid, ssrc, sequence, clock
        self.picture = clock & 0x7FFF
        self.flows = True

    def packet(self, start: bytes, last: bool, now: float) -> tuple[bytes, bytes]:
        """Header and payload of the next packet; it names its layer by its extension."""
        self.sequence += 1
        timestamp = round(now * 90_000) + self.clock & 0xFFFFFFFF
        numbers = b"\xc0" + (self.picture & 0x7FFF | 0x8000).to_bytes(2, "big") + bytes([self.picture & 0xFF])
        payload = start[:1] + numbers + start[1:] + self.mark + self.sequence.to_bytes(4, "big") + bytes(60)
        plain = rtp.build(Packet(96, last, self.sequence & 0xFFFF, timestamp, self.ssrc, b""))
        name = self.rid.encode()
        if not name:
            return plain, payload
        element = bytes([RID_ID << 4 | len(name) - 1]) + name
        extension = b"\xbe\xde\0\1" + element.ljust(4, b"\0")
        return bytes([plain[0] | 0x10]) + plain[1:] + extension, payload


class Camera:
    """A publisher that answers the wish for a key frame on all its layers, as browsers do."""

    def __init__(self, hall: "Hall", name: str, rids: tuple[str, ...], start: int = 500) -> None:
        self.hall, self.name = hall, name
        number = len(hall.cameras)
        self.layers = [
            Layer(name[:1].encode() + str(i).encode(), rid, 1000 * (number + 1) + i, start + 7 * i, 77_777 * i)
            for i, rid in enumerate(rids)
        ]
        self._sealed = srtp.sender(srtp.GCM, MASTER)
        self.publisher = Publisher(
            number=100 + number, session=f"p{number}", studio="s", name=name, fingerprint=Fingerprint("", ""),
            now=hall.now, since=0, codecs={96: Codec.VP8, 111: Codec.OPUS},
            layers=tuple(Track(rtp.VIDEO_CLOCK_HZ, rid) for rid in rids),
            audio=Track(rtp.AUDIO_CLOCK_HZ), rid_id=RID_ID if rids[0] else 0,
        )  # fmt: skip
        self.publisher.receiver = srtp.Receiver(srtp.GCM, MASTER)
        self.withheld: list[bytes] = []
        self.spoken = 0xFFF0
        hall.studio.add_source(self.publisher)

    def frame(self, *, key: bool = False, packets: int = 3, withhold: int = -1) -> None:
        """One picture on each layer that flows; one packet may be kept back for `release`."""
        asked = KeyFrameWish.due_together([track.wish for track in self.publisher.layers], self.hall.now)
        for layer in self.layers:
            if not layer.flows:
                continue
            layer.picture += 1
            for part in range(packets):
                start = REST if part else KEY if key or asked else DELTA
                header, payload = layer.packet(start, part == packets - 1, self.hall.now)
                sealed = self._sealed.protect(header, payload, layer.sequence >> 16)
                if part == withhold:
                    self.withheld.append(sealed)
                else:
                    self._arrive(sealed)

    def pad(self, size: int = 224) -> None:
        """A packet of nothing but padding on each layer that flows, as senders probe the line with."""
        for layer in self.layers:
            if layer.flows:
                header, _ = layer.packet(REST, False, self.hall.now)
                header = bytes([header[0] | rtp.PADDING]) + header[1:]
                padding = bytes(size - 1) + bytes([size])
                self._arrive(self._sealed.protect(header, padding, layer.sequence >> 16))

    def speak(self, payload: bytes = b"opus") -> None:
        """One packet of sound. Its clock runs on in silence, its numbers do not (DTX)."""
        self.spoken += 1
        timestamp = round(self.hall.now * 48_000) + 12_345 & 0xFFFFFFFF
        clear = rtp.build(
            Packet(111, False, self.spoken & 0xFFFF, timestamp, 9000 + self.publisher.number, payload)
        )
        self._arrive(self._sealed.protect(clear[:12], clear[12:], self.spoken >> 16))

    def release(self) -> None:
        """What was kept back comes late."""
        late, self.withheld = self.withheld, []
        for sealed in late:
            self._arrive(sealed)

    def _arrive(self, sealed: bytes) -> None:
        self.hall.ingest.packet(self.hall.studio, self.publisher, sealed, self.hall.now)


@dataclass
class Screen:
    """A viewer with its own socket; it opens and keeps every datagram once."""

    hall: "Hall"
    viewer: Viewer
    profile: srtp.Profile
    sock: socket.socket
    index: int = 0
    pictures: list[tuple[int, Packet]] = field(default_factory=list)  # by extended number
    sounds: list[Packet] = field(default_factory=list)
    reports: list[rtcp.SenderReport] = field(default_factory=list)
    repaired: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sealer = srtp.sender(self.profile, master(self.profile))
        self._receiver = srtp.Receiver(self.profile, master(self.profile))
        self._seen: set[bytes] = set()

    def datagrams(self) -> Iterator[bytes]:
        while True:
            try:
                yield self.sock.recv(2048)
            except BlockingIOError:
                return

    def read(self) -> "Screen":
        """Open what came. Raises: ValueError for a datagram that cannot be opened."""
        ssrc = self.hall.programme.video.slot.ssrc
        for datagram in self.datagrams():
            if rtp.is_rtcp(datagram):
                parts = rtcp.parse(self._receiver.unprotect_rtcp(datagram))
                self.reports += [p for p in parts if isinstance(p, rtcp.SenderReport) and p.ssrc == ssrc]
            elif datagram in self._seen:
                self.repaired.append(datagram)
            else:
                self._seen.add(datagram)
                number = int.from_bytes(datagram[2:4], "big")
                early = number - 0x10000 if number >= 0x10000 - ROLLOVER_AHEAD else number
                near = self.pictures[-1][0] if self.pictures else early
                if self.profile is srtp.GCM and near < 0x8000 and unwrap(number, near) < 0:
                    continue  # a newcomer just before a turn of the numbers opens nothing from before the turn
                packet = rtp.parse(self._receiver.unprotect(datagram))
                if packet.ssrc != ssrc:
                    self.sounds.append(packet)
                    continue
                near = self.pictures[-1][0] if self.pictures else packet.sequence
                self.pictures.append((unwrap(packet.sequence, near), packet))
        return self

    @property
    def shows(self) -> bytes:
        """Camera and layer of the newest picture."""
        return mark_of(max(self.read().pictures, key=lambda item: item[0])[1])


def count_from(cue: Cue, number: int) -> None:
    """The slot's next packet has the number after this one."""
    cue.slot.highest = cue.left = number


def mark_of(packet: Packet) -> bytes:
    """Which camera and layer a packet is of."""
    return packet.payload[6:8]


def master(profile: srtp.Profile) -> bytes:
    return bytes(range(profile.key_size + profile.salt_size))


class Hall:
    """One studio, one programme, one clock."""

    def __init__(self, mode: str | None = None) -> None:
        self.now = 100.0
        self.socket = kernel.open_port("127.0.0.1", 0)
        self.fanout = Fanout(self.socket, native=False)  # `_watch` sees what Python seals
        self.outbox = kernel.Outbox(self.socket)
        self.flow = Flow(self.fanout, Herald("here", self.fanout, self.outbox))
        self.ingest = Ingest(self.flow, self.fanout, self.outbox, 2_000_000)
        self.audience = Audience(self.fanout, self.outbox)
        self.studio = Studio("s", self.fanout, self.now)
        self.programme: Programme = self.studio.programme("main")
        self.cameras: list[Camera] = []
        self.screens: list[Screen] = []
        self.nonces: dict[tuple[str, bytes], tuple[bytes, bytes]] = {}

    def camera(self, name: str, layers: int = 3, start: int = 500) -> Camera:
        made = Camera(self, name, RIDS[:layers] if layers > 1 else ("",), start)
        self.cameras.append(made)
        return made

    def stage(self, name: str | None, *sounds: str | None) -> None:
        self.programme.stage(Staging(name, (*sounds, None, None, None)[:3]))
        self.studio.choose_layers(self.now)
        self.studio.wish_key_frame(self.programme.video)

    def join(self, name: str, profile: srtp.Profile = srtp.GCM, send_time_id: int = 0, **more: Any) -> Screen:
        sock = kernel.open_port("127.0.0.1", 0)
        viewer = Viewer(
            number=2 + len(self.screens), session=name, studio="s", name=name, fingerprint=Fingerprint("", ""),
            now=self.now, since=0, programme="main", lane=LaneKey("", TYPES, send_time_id, True, 3),
            **more,
        )  # fmt: skip
        screen = Screen(self, viewer, profile, sock)
        self.screens.append(screen)
        viewer.address = address_of(sock)
        viewer.sender, viewer.receiver = (
            srtp.sender(profile, master(profile)),
            srtp.Receiver(profile, master(profile)),
        )
        if isinstance(viewer.sender, srtp.GcmSender):
            self._watch(name, viewer.sender)
        self.studio.add_viewer(viewer)
        self.audience.welcome(self.studio, self.programme, viewer)
        return screen

    def _watch(self, name: str, sender: srtp.GcmSender) -> None:
        encrypt = sender.encrypt_rtp

        def watched(nonce: bytes, data: bytes, covered: bytes, into: memoryview) -> int:
            before = self.nonces.setdefault((name, bytes(nonce)), (bytes(data), bytes(covered)))
            assert before == (bytes(data), bytes(covered)), "one nonce for two packets"
            return encrypt(nonce, data, covered, into)

        sender.encrypt_rtp = watched

    def pass_time(self, frames: int = 1, *, withhold: int = -1) -> None:
        """So many pictures of every camera, as the packet loop would carry them."""
        for _ in range(frames):
            for camera in self.cameras:
                camera.frame(withhold=withhold)
            self.now += 1 / 30
            self.flow.flush_due(self.now)
            self.audience.latecomers.step(self.now)
            self.studio.choose_layers(self.now)
            self.studio.ask_for_pictures(self.now)
            self.outbox.flush()

    def give(self, screen: Screen, rendition: Rendition) -> None:
        """As if the viewer's ladder had decided so."""
        screen.viewer.ladder.rendition = rendition
        self.audience.follow_ladder(self.studio, self.programme, screen.viewer, self.now)
        self.outbox.flush()

    def hear(self, screen: Screen, packet: bytes) -> None:
        """The viewer's RTCP."""
        screen.index += 1
        sealed = screen.sealer.protect_rtcp(packet, screen.index)
        self.audience.control(self.studio, screen.viewer, sealed, self.now)
        self.outbox.flush()

    def close(self) -> None:
        for screen in self.screens:
            screen.sock.close()
        self.socket.close()

"""Many virtual bridges in one process: what rehearsals and the bench are made of.

All count the packets that come; a sample of the bridges opens (and so authenticates) what it gets, and reads the
time at which the publisher sent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import math
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from media.client import RelayClient
from media.endpoint.joining import JoinFailed, join
from media.endpoint.lite import AUDIO_TYPE, H264_TYPE, VIDEO_TYPE, LitePeer
from media.rehearsal.eye import SYNTHETIC, Eye
from media.rehearsal.inbox import HEADER, HEADERS, HeaderInbox, LossyLink
from media.tokens import Scope
from media.transport.dtls import Identity
from media.wire import rtcp, rtp
from media.wire.rtp import Codec

VIRTUAL: Final = "virtual:"  # and its number: the name of a bridge as a peer
SWEEP_S: Final = 0.02
REPORT_S: Final = 1.0
CHECK_S: Final = 5.0
TIME_AT: Final = 16  # where in a payload the publisher's clock stands
CODECS: Final = {VIDEO_TYPE: Codec.VP8, H264_TYPE: Codec.H264, AUDIO_TYPE: Codec.OPUS}
QUIET_LOOKS: Final = 2  # once a second: a bridge that got nothing in between has nothing
_OWN_LIMITS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_SO_TIMESTAMPNS: Final = 35


@dataclass(slots=True)
class Sample:
    """What the bridges that open their packets saw. `delays_ms`: from the publisher's clock to the kernel's.

    `pictures`: for each such bridge the kernel's time and the mark of the source of each packet, while `noting`.
    """

    opened: int = 0
    forged: int = 0
    delays_ms: list[float] = field(default_factory=list)
    noting: bool = False
    pictures: dict[LitePeer, list[tuple[int, int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    received: int
    expected: int
    gaps: int
    late: int

    @property
    def delivered(self) -> float | None:
        """The share that came, in order or late."""
        return 1 - max(0, self.gaps - self.late) / self.expected if self.expected else None


@dataclass(frozen=True, slots=True)
class Door:
    """A relay's HTTP face, and the token of the bridge of each number there."""

    base_url: str
    token: Callable[[int], str]


def door(relay: RelayClient, studio: str, programme: str) -> Door:
    return Door(relay.base_url, lambda i: relay.token(Scope.WATCH, studio, f"{VIRTUAL}{i}", programme))


@dataclass(slots=True)
class Heard:
    """How many packets a bridge had when last looked at, and how many looks ago it had fewer."""

    count: int = 0
    looks: int = 0


@dataclass(slots=True)
class Crowd:
    """Those who join together at one door: how many of them are in, of how many."""

    size: int
    joined: int = 0


class Fleet:
    """Virtual bridges of one studio's programme, spread over the doors.

    `failures`: why some did not get in; `own_limits`: how many this machine had no room for.
    """

    def __init__(
        self,
        relay: RelayClient | Sequence[Door],
        studio: str,
        programme: str = "main",
        *,
        sampled: int = 4,
        loss: float = 0.0,
        repairs: bool = False,
        eyes: int = 0,
        first: int = 0,
    ) -> None:
        """`sampled`: how many of each joining crowd open what they get, spread over its order (at each door), the
        last included.

        `repairs`: lost packets are asked for, as our web client does. `eyes`: how many of the sample decode
        it too. `first`: the number of the first bridge, where other machines have others. `loss`: the share of
        what arrives that every bridge throws away, to see what repair is worth.
        """
        self._doors = [door(relay, studio, programme)] if isinstance(relay, RelayClient) else list(relay)
        self._repairs = repairs or loss > 0
        self._wanted_eyes = eyes
        self._first = first
        self._eyes: dict[LitePeer, Eye] = {}
        self._studio = studio
        self._programme = programme
        self._sampled = sampled
        self._identity = Identity()
        self._link = LossyLink(loss)
        self._inbox = HeaderInbox(self._link)
        self._crowds: list[Crowd] = []  # by door
        self._heard: dict[LitePeer, Heard] = {}
        self._at: dict[LitePeer, int] = {}  # its door
        self._reading: list[LitePeer] = []
        self._opening: list[tuple[LitePeer, object]] = []
        self.peers: list[LitePeer] = []
        self.failures: list[str] = []
        self.own_limits = 0
        self.sample = Sample()

    async def join(self, count: int, *, at_once: int = 200) -> None:
        """All ask as soon as `at_once` others are not still waiting for an answer."""
        gate = asyncio.Semaphore(at_once)
        first, doors = len(self.peers), len(self._doors)
        self._crowds = [Crowd(len(range((at - first) % doors, count, doors))) for at in range(doors)]
        connector = aiohttp.TCPConnector(limit=100)
        async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as group:
            for index in range(count):
                group.create_task(self._join_one(http, gate, len(self.peers) + index))

    async def _join_one(self, http: aiohttp.ClientSession, gate: asyncio.Semaphore, index: int) -> None:
        number = index % len(self._doors)
        at, crowd = self._doors[number], self._crowds[number]
        url = f"{at.base_url}/whep/{self._studio}/{self._programme}"
        peer = LitePeer(self._identity, sends=False)
        async with gate:
            try:
                await join(http, url, at.token(self._first + index), peer)
            except (JoinFailed, aiohttp.ClientError, TimeoutError, OSError) as error:
                peer.close()
                if is_own_limit(error):
                    self.own_limits += 1
                else:
                    self.failures.append(_why(error))
                return
            except asyncio.CancelledError:
                peer.close()
                raise
        self.peers.append(peer)
        self._heard[peer], self._at[peer] = Heard(), number
        if self._repairs:
            peer.repair()
        assert peer.sock is not None
        place, crowd.joined = crowd.joined, crowd.joined + 1
        if is_sampled(place, crowd.size, math.ceil(self._sampled / len(self._doors))):
            peer.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._opening.append((peer, peer.receiver()))
            looking = sum(self._at[one] == number for one in self._eyes)
            if len(self._eyes) < self._wanted_eyes and looking < math.ceil(self._wanted_eyes / len(self._doors)):
                self._watch(peer)
        else:
            self._reading.append(peer)

    def _watch(self, peer: LitePeer) -> None:
        """This one decodes: what it lacks is asked for again, on every line."""
        self._eyes[peer] = Eye()
        peer.repair()

    def opened(self) -> list[LitePeer]:
        """Who opens what it gets: the sample."""
        return [peer for peer, _ in self._opening]

    def eyes(self) -> list[Eye]:
        return list(self._eyes.values())

    async def run(self) -> None:
        """Reads, reports and checks until cancelled."""
        turn = 0
        while True:
            began = time.monotonic()
            self.sweep()
            self._ask_again()
            self._signs_of_life(turn)
            turn += 1
            await asyncio.sleep(max(0.001, SWEEP_S - (time.monotonic() - began)))

    def sweep(self) -> None:
        """Reads all that waits."""
        for peer in self._reading:
            self._inbox.read(peer)
        for peer, receiver in self._opening:
            self._open(peer, receiver)

    def _ask_again(self) -> None:
        now = time.monotonic()
        for peer in list(self._link.holes):
            peer.ask_again(now)
            if not any(slot.missing is not None and slot.missing.waits for slot in peer.slots.values()):
                self._link.holes.discard(peer)
        for peer, eye in self._eyes.items():
            picture = next((slot for slot in peer.slots.values() if slot.kind == "video"), None)
            if picture is not None and picture.count and eye.asks(now):
                own = rtcp.receiver_report(rtcp.ReceiverReport(peer.ssrcs[0]))
                peer.put_rtcp(own + rtcp.picture_loss(peer.ssrcs[0], picture.ssrc))

    def heal(self) -> int:
        """From now on nothing is thrown away; how much was."""
        self._link.loss = 0.0
        return self._link.dropped

    def _signs_of_life(self, turn: int) -> None:
        """Every peer reports once a second and checks every five, spread over the turns; and is looked at."""
        per_report, per_check = round(REPORT_S / SWEEP_S), round(CHECK_S / SWEEP_S)
        for peer in self.peers[turn % per_report :: per_report]:
            peer.report()
            self._look(peer)
        for peer in self.peers[turn % per_check :: per_check]:
            peer.check()

    def _look(self, peer: LitePeer) -> None:
        """Whether it got something since. Looks are counted, not seconds: when we falter, no time passes."""
        heard, count = self._heard[peer], sum(slot.count for slot in peer.slots.values())
        heard.looks = heard.looks + 1 if count == heard.count else 0
        heard.count = count

    def unheard(self, patience_s: float = 0.0) -> list[LitePeer]:
        """Those who are in, asked at least so long ago, and never had a packet."""
        until = time.monotonic() - patience_s
        return [peer for peer in self.peers if not peer.first_packet_at and peer.asked_at <= until]

    def silent(self) -> list[LitePeer]:
        """Those who had packets, and have had none for some two seconds."""
        return [p for p in self.peers if p.first_packet_at and self._heard[p].looks >= QUIET_LOOKS]

    def relays_of(self, peers: Iterable[LitePeer]) -> list[str]:
        """The relays that these are at, in order."""
        return sorted({self._doors[self._at[peer]].base_url for peer in peers})

    def _open(self, peer: LitePeer, receiver: object) -> None:
        assert peer.sock is not None
        while True:
            try:
                datagram, control, _, _ = peer.sock.recvmsg(2048, 64)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if len(datagram) < 12 or datagram[0] < 128 or 192 <= datagram[1] <= 223:
                continue
            _, _, sequence, _, ssrc = HEADERS.unpack_from(datagram.ljust(HEADER, b"\0"))
            thrown_away = self._link.dropped
            newer, eye = self._link.note(peer, ssrc, sequence), self._eyes.get(peer)
            if not newer and (eye is None or self._link.dropped > thrown_away):
                continue  # a repair may come twice: the replay window would call it forged
            try:
                clear = receiver.unprotect(datagram)  # type: ignore[attr-defined]
            except ValueError:
                self.sample.forged += newer
                continue
            self.sample.opened += 1
            came_ns = _came_ns(control)
            if newer and came_ns:
                self._note_delay(peer, clear, came_ns)
            if eye is not None:
                self._see(peer, eye, clear, _arrived(came_ns))

    def _see(self, peer: LitePeer, eye: Eye, clear: bytes, at: float) -> None:
        with contextlib.suppress(ValueError):
            packet = rtp.parse(clear)
            codec = CODECS.get(packet.payload_type)
            slot = peer.slots.get(packet.ssrc)
            if codec is not None and slot is not None:
                eye.take(slot.kind, codec, packet, at)

    def _note_delay(self, peer: LitePeer, clear: bytes, came_ns: int) -> None:
        extension = 0
        if clear[0] & 0x10:
            (words,) = struct.unpack_from("!H", clear, 14)
            extension = 4 + 4 * words
        start = 12 + extension + TIME_AT
        timed = clear[start - TIME_AT + 2 : start - 1] == SYNTHETIC
        if timed and len(clear) >= start + 8:
            (sent_ns,) = struct.unpack_from("!Q", clear, start)
            self.sample.delays_ms.append((came_ns - sent_ns) / 1e6)
            if self.sample.noting and clear[1] & 0x7F == VIDEO_TYPE:
                self.sample.pictures.setdefault(peer, []).append((came_ns, clear[start - 1]))

    def counted(self, kind: str = "") -> Counted:
        """Of all slots, or of those of one kind."""
        slots = [s for p in self.peers for s in p.slots.values() if not kind or s.kind == kind]
        return Counted(*(sum(getattr(s, name) for s in slots) for name in ("count", "expected", "gaps", "late")))

    def first_packets_s(self) -> list[float]:
        """From each peer's question to its first packet; only of those that have one."""
        return sorted(p.first_packet_at - p.asked_at for p in self.peers if p.first_packet_at)

    def dropped(self) -> int:
        """What our own sockets had no room for: then the figures say nothing of the relay."""
        ports = {p.sock.getsockname()[1] for p in self.peers if p.sock is not None}
        return socket_drops(ports)

    def close(self) -> None:
        for peer in self.peers:
            peer.close()


def is_own_limit(error: BaseException | None) -> bool:
    """Whether it says that this machine can hold no more files, sockets or buffers."""
    return isinstance(error, OSError) and error.errno in _OWN_LIMITS


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host}:{error.port}"
    return str(error) or type(error).__name__


def _came_ns(control: Sequence[tuple[int, int, bytes]]) -> int:
    """When the kernel had the datagram, by the wall clock; 0 when it did not say."""
    told = next((part for _, kind, part in control if kind == _SO_TIMESTAMPNS), None)
    if told is None:
        return 0
    seconds, nanos = struct.unpack("=qq", told[:16])
    return int(seconds * 1_000_000_000 + nanos)


def _arrived(came_ns: int) -> float:
    """That by our own clock: when we are late to read, a picture has not stood still."""
    return time.monotonic() - (max(0, time.time_ns() - came_ns) / 1e9 if came_ns else 0.0)


def is_sampled(place: int, size: int, wanted: int) -> bool:
    """Whether one place of a crowd belongs to the sample: who joins first is also sent to first, so a sample of
    the first would flatter the delay. The last place always belongs to it."""
    return (place + 1) * wanted // size > place * wanted // size


def socket_drops(ports: set[int]) -> int:
    """The kernel's count of datagrams that found these ports' buffers full."""
    total = 0
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) in ports:
                total += int(fields[-1])
    return total


def percentile(values: Sequence[float], share: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

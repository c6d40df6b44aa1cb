"""`make bench-tree`: 10,000 virtual receivers over a tree of relays with a full programme, and what each costs.

In one process and by a clock of its own, so that a machine of two cores is enough: the relays are the real ones
below HTTP (ingest, slots, herald, fan-out, repair rings, sealing with a key for each receiver, UDP), their links
real sockets with SRTP; ICE and DTLS are left out, and receivers share sixteen sockets, which are read and
counted. CPU is counted of the relays only, user and system. `make bench-cascade` has real joins.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from media.cascade.flow import Flow
from media.cascade.herald import Herald
from media.cascade.mirror import Place, take
from media.fanout.fanout import Fanout
from media.fanout.lane import LaneKey
from media.programme.feed import Feed
from media.programme.parties import Publisher, Viewer
from media.programme.programme import Staging
from media.programme.studio import Studio
from media.programme.track import Track
from media.transport import kernel, srtp
from media.transport.kernel import Inbox
from media.wire import onair, rtcp, rtp
from media.wire.fingerprint import Fingerprint
from media.wire.rtp import Codec, Packet
from media.worker.audience import Audience
from media.worker.ingest import Ingest

FRAMES_PER_S = 30
PACKETS_PER_FRAME = 5
SOUNDS_PER_S = 50
SIZE = 1150
TYPES = ((Codec.VP8, 96), (Codec.OPUS, 111))
SINKS = 16
KEY, DELTA, REST = b"\x10\x10", b"\x10\x11", b"\x00\x00"


class Node:
    """One relay, below HTTP. `cpu_s`: what it used; `sent`: packets that went to each child."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cpu_s = 0.0
        self.sock = kernel.open_port("127.0.0.1", 0)
        self.fanout, self.outbox = Fanout(self.sock), kernel.Outbox(self.sock)
        self.flow = Flow(self.fanout, Herald(name, self.fanout, self.outbox))
        self.ingest = Ingest(self.flow, self.fanout, self.outbox, 2_500_000)
        self.audience = Audience(self.fanout, self.outbox)
        self.studio = Studio("s", self.fanout, 0.0)
        self.programme = self.studio.programme("main")
        self.receivers = 0
        self.line: Line | None = None

    def seat(self, address: kernel.Address, master: bytes, now: float, *, relay: str = "") -> None:
        """A viewer whose handshake is done."""
        self.receivers += not relay
        number = self.receivers + 1
        viewer = Viewer(
            number=number, session=f"{self.name}-{number}-{relay}", studio="s", name=relay or f"v{number}",
            fingerprint=Fingerprint("", ""), now=now, since=0, programme="main",
            lane=LaneKey("", TYPES, 0, True, 1), is_relay=bool(relay),
        )  # fmt: skip
        viewer.address, viewer.sender = address, srtp.sender(srtp.GCM, master)
        self.studio.add_viewer(viewer)
        if relay:
            self.flow._herald.greet(self.programme, viewer)
        self.audience.welcome(self.studio, self.programme, viewer)
        self.outbox.flush()

    def work(self, now: float) -> None:
        """What the packet loop does between datagrams."""
        self.flow.flush_due(now)
        self.audience.latecomers.step(now)
        self.studio.choose_layers(now)
        self.outbox.flush()


class Line:
    """From a parent to a child: the child's socket, its keys, and what came."""

    def __init__(self, parent: Node, child: Node, now: float) -> None:
        self.child = child
        self.sock = kernel.open_port("127.0.0.1", 0)
        self.inbox = Inbox(self.sock)
        self.feed = Feed(f"pull/{parent.name}", 3, now)
        self.place = Place(child.studio, child.programme)
        self.packets = 0
        master = secrets.token_bytes(28)
        self.receiver = srtp.Receiver(srtp.GCM, master)
        self.slots = {cue.slot.ssrc: cue.index for cue in parent.programme.cues}
        child.programme.mirror(self.feed)
        child.line = self
        parent.seat(kernel.raw_address(*self.sock.getsockname()), master, now, relay=f"relay:{child.name}")

    def pump(self, now: float) -> None:
        """All that waits, into the child's slots."""
        waits = True
        while waits:
            waits = False
            for datagram, _ in self.inbox.receive():
                waits = True
                if rtp.is_rtcp(datagram):
                    for part in rtcp.parse(self.receiver.unprotect_rtcp(datagram)):
                        if isinstance(part, rtcp.Application):
                            self.feed.tell(onair.decode(part.body))
                    continue
                self.packets += 1
                packet = rtp.parse(self.receiver.unprotect(datagram))
                slot = self.slots[packet.ssrc]
                track = self.feed.track(slot, 0)
                assert track is not None
                codec = Codec.OPUS if slot else Codec.VP8
                take(self.child.flow, self.place, self.feed, track, slot, codec, packet, now)


class Source:
    """A full programme: thirty frames and fifty sounds a second, sealed as a publisher seals them."""

    def __init__(self, origin: Node) -> None:
        self.origin = origin
        master = secrets.token_bytes(28)
        self._sender = srtp.sender(srtp.GCM, master)
        self._numbers = [0, 0]
        self.sent = 0
        self.publisher = Publisher(
            number=1, session="p", studio="s", name="source", fingerprint=Fingerprint("", ""), now=0.0, since=0,
            codecs={96: Codec.VP8, 111: Codec.OPUS}, layers=(Track(rtp.VIDEO_CLOCK_HZ),),
            audio=Track(rtp.AUDIO_CLOCK_HZ),
        )  # fmt: skip
        self.publisher.receiver = srtp.Receiver(srtp.GCM, master)
        origin.studio.add_source(self.publisher)
        origin.programme.stage(Staging("source", ("source", None, None)))

    def frame(self, now: float, *, key: bool) -> list[bytes]:
        payloads = [KEY if key else DELTA, *[REST] * (PACKETS_PER_FRAME - 1)]
        return [
            self._packet(0, 96, part == PACKETS_PER_FRAME - 1, round(now * 90_000), head + bytes(SIZE))
            for part, head in enumerate(payloads)
        ]

    def sound(self, now: float) -> list[bytes]:
        return [self._packet(1, 111, False, round(now * 48_000), bytes(160))]

    def _packet(self, stream: int, kind: int, marker: bool, timestamp: int, payload: bytes) -> bytes:
        number = self._numbers[stream]
        self._numbers[stream] = number + 1
        self.sent += 1
        clear = rtp.build(Packet(kind, marker, number & 0xFFFF, timestamp & 0xFFFFFFFF, 70 + stream, payload))
        return self._sender.protect(clear[:12], clear[12:], number >> 16)


@dataclass
class Tree:
    """Origin, relays between, edges; and the sockets that the receivers share."""

    origin: Node
    between: list[Node]
    edges: list[Node]
    source: Source
    now: float = 100.0
    sinks: list[tuple[Any, Inbox]] = field(default_factory=list)
    received: int = 0

    @property
    def nodes(self) -> list[Node]:
        """Parents before children."""
        return [self.origin, *self.between, *self.edges]

    def grow(self, receivers: int) -> None:
        """Until so many are in, evenly over the edges."""
        while sum(edge.receivers for edge in self.edges) < receivers:
            edge = min(self.edges, key=lambda e: e.receivers)
            sock, _ = self.sinks[edge.receivers % SINKS]
            edge.seat(kernel.raw_address(*sock.getsockname()), secrets.token_bytes(28), self.now)

    def run(self, seconds: float) -> None:
        """So much of the programme, by our own clock."""
        moments = [(n / FRAMES_PER_S, True, n) for n in range(round(seconds * FRAMES_PER_S))]
        moments += [(n / SOUNDS_PER_S, False, n) for n in range(round(seconds * SOUNDS_PER_S))]
        start = self.now
        for at, is_frame, turn in sorted(moments):
            self.now = start + at
            made = self.source.frame(self.now, key=turn % 60 == 0) if is_frame else self.source.sound(self.now)
            for node in self.nodes:
                began = time.process_time()
                if node is self.origin:
                    for datagram in made:
                        node.ingest.packet(node.studio, self.source.publisher, datagram, self.now)
                elif node.line is not None:
                    node.line.pump(self.now)
                node.work(self.now)
                node.cpu_s += time.process_time() - began
                if node in self.edges:
                    self._read()
        self.now = start + seconds

    def close(self) -> None:
        lines = [node.line for node in self.nodes if node.line is not None]
        for sock in (*(n.sock for n in self.nodes), *(line.sock for line in lines), *(s for s, _ in self.sinks)):
            sock.close()

    def _read(self) -> None:
        """The receivers' side: counted, and no cost of the relays."""
        for _, inbox in self.sinks:
            while count := sum(not rtp.is_rtcp(datagram) for datagram, _ in inbox.receive()):
                self.received += count


def plant(between: int, edges: int) -> Tree:
    origin = Node("origin")
    middle = [Node(f"between-{i}") for i in range(between)]
    leaves = [Node(f"edge-{i}") for i in range(edges)]
    tree = Tree(origin, middle, leaves, Source(origin))
    for child in middle:
        Line(origin, child, tree.now)
    for i, leaf in enumerate(leaves):
        Line(middle[i % between] if between else origin, leaf, tree.now)
    for _ in range(SINKS):
        sock = kernel.open_port("127.0.0.1", 0, buffer_size=64 << 20)
        tree.sinks.append((sock, Inbox(sock)))
    return tree


def measure(tree: Tree, receivers: int, seconds: float) -> dict[str, Any]:
    tree.grow(receivers)
    tree.run(0.8)  # every receiver has come up to what is live
    for node in tree.nodes:
        node.cpu_s = 0.0
    received, sent = tree.received, tree.source.sent
    lines = [node.line for node in tree.nodes if node.line is not None]
    before = [line.packets for line in lines]
    tree.run(seconds)
    came, made = tree.received - received, tree.source.sent - sent
    above = tree.origin.cpu_s + sum(node.cpu_s for node in tree.between)
    cpu_s = above + sum(edge.cpu_s for edge in tree.edges)
    return {
        "receivers": receivers,
        "us_per_packet_receiver": round(cpu_s * 1e6 / (made * receivers), 2),
        "us_above_the_edges": round(above * 1e6 / made, 1),
        "cores": round(cpu_s / seconds, 2),
        "delivered": round(came / (made * receivers), 5),
        "copies_per_link": [
            round((line.packets - then) / made, 3) for line, then in zip(lines, before, strict=True)
        ],
    }


def run(counts: list[int], between: int, edges: int, seconds: float) -> dict[str, Any]:
    sys.stdout.write(
        f"1 origin, {between} between, {edges} edges; {FRAMES_PER_S} frames/s of {PACKETS_PER_FRAME} packets of "
        f"1,200 B, {SOUNDS_PER_S} sounds/s; load {os.getloadavg()[0]:.1f}\n"
        " receivers  µs/packet·receiver   cores needed   µs/packet above edges   delivered   copies per link\n"
    )
    tree, rows = plant(between, edges), []
    for count in counts:  # the same receivers stay, and more come
        told = measure(tree, count, seconds)
        rows.append(told)
        copies = sorted(set(told["copies_per_link"]))
        sys.stdout.write(
            f"{count:>10}{told['us_per_packet_receiver']:>21}{told['cores']:>15}{told['us_above_the_edges']:>24}"
            f"{told['delivered']:>12}   {', '.join(map(str, copies))}\n"
        )
        sys.stdout.flush()
    tree.close()
    flat = rows[-1]["us_per_packet_receiver"] / rows[0]["us_per_packet_receiver"]
    return {"bench": "tree", "rows": rows, "last_to_first": round(flat, 2)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-tree", description=__doc__)
    parser.add_argument("--receivers", default="1000,2500,5000,10000", help="counts with commas, growing")
    parser.add_argument("--between", type=int, default=2)
    parser.add_argument("--edges", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="of the programme, for each count")
    parsed = parser.parse_args()
    counts = [int(c) for c in parsed.receivers.split(",")]
    summary = run(counts, parsed.between, parsed.edges, parsed.seconds)
    sys.stdout.write(json.dumps(summary) + "\n")
    whole = all(row["delivered"] == 1 and set(row["copies_per_link"]) == {1.0} for row in summary["rows"])
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())

"""One worker process: one UDP port, its peers and studios, one packet loop. Told what to do over a channel.

The loop owns all state and takes no lock. Handshakes run on the desk's thread and come back as news; HTTP, tokens
and SDP live in another process, so that neither can hold a packet up. Here is only what ties the parts together.
"""

import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.cascade.exchange import Exchange
from media.cascade.flow import FLUSH_AFTER_S, Flow
from media.cascade.herald import Herald
from media.cascade.link import Door, Link
from media.cascade.pulls import Pulls
from media.fanout.fanout import Fanout
from media.fanout.transmit import Mode
from media.programme import framing
from media.programme.parties import Publisher, Viewer
from media.transport import descriptors, kernel
from media.transport.channel import WorkerEnd
from media.transport.dtls import Desk, Identity
from media.transport.inlet import Inlets
from media.transport.mishaps import Mishaps
from media.transport.peer import Peer
from media.transport.port import Handlers, Port
from media.transport.streams import Streams, open_listener
from media.worker import pace
from media.worker.audience import Audience
from media.worker.chores import ASK_EVERY_S, REPORT_EVERY_S, Chores
from media.worker.eyes import Eyes
from media.worker.faults import HELD_PAUSE_S, Faults
from media.worker.ingest import Ingest
from media.worker.newcomers import Newcomers
from media.worker.operations import Operations
from media.worker.parts import Parts
from media.worker.roster import Roster
from media.worker.telling import Telling

NEWS_S: Final = 0.005
SWITCH_INTERVAL_S: Final = 0.0005  # how long the handshake thread's Python may keep the packet loop waiting


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker is started with."""

    host: str
    port: int
    max_kbps: int
    mode: Mode | None = None
    index: int = 0
    relay: str = ""  # the relay's id
    faults: bool = False  # test mode
    links: str = ""  # the directory of the workers' sockets; empty for a worker alone
    tcp: tuple[str, int] | None = None  # where peers whose firewall eats UDP may connect


class Worker:
    """The packet loop, and the way of datagrams to the parts. `now`: its time (Unit: s, monotonic)."""

    def __init__(self, settings: WorkerSettings, channel: socket.socket) -> None:
        self.channel = WorkerEnd(channel)
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.identity = Identity()
        self.now = time.monotonic()
        self._mishaps = Mishaps()
        self.eyes = Eyes(self._mishaps)
        self.parts = self._make(settings)
        telling = Telling(self.parts.roster.studios.get, self.channel.write_ready)
        self._telling = telling
        self.operations = Operations(self.parts, self.channel, settings.index, telling)
        self.newcomers = Newcomers(self.parts, self._wake)
        self.chores = Chores(self.parts, telling, self.now)
        self._stopping = False

    def _make(self, settings: WorkerSettings) -> Parts:
        mishaps, watch = self._mishaps, self.eyes.watch
        desk = Desk(self.identity, self._wake)
        sock = kernel.open_port(settings.host, settings.port)
        handlers = Handlers(self._on_dtls, self._on_rtp, self._on_rtcp, self._on_moved)
        port = Port(sock, handlers, mishaps, batches=settings.mode is not Mode.SINGLE)
        fanout = Fanout(sock, settings.mode)
        herald = Herald(settings.relay, fanout, port.outbox)
        flow = Flow(fanout, herald, mishaps)
        roster = Roster(port, desk, fanout, self._on_gone)
        find = roster.studio_of
        exchange = None
        if settings.links:
            door = Door(Path(settings.links), settings.index, watch, self._on_link)
            exchange = Exchange(door, flow, herald, find, lambda: self.now)
        return Parts(
            port=port,
            desk=desk,
            fanout=fanout,
            herald=herald,
            flow=flow,
            ingest=Ingest(flow, fanout, port.outbox, settings.max_kbps * 1000),
            audience=Audience(fanout, port.outbox, mishaps),
            roster=roster,
            inlets=Inlets(sock, watch, lambda fd: port.read(self.now, fd)),
            pulls=Pulls(settings.relay, self.identity, flow, find, watch, self.channel.write, lambda: self.now),
            mishaps=mishaps,
            exchange=exchange,
            streams=self._open_streams(settings.tcp, port, fanout) if settings.tcp else None,
            faults=Faults(port, fanout.transmitter) if settings.faults else None,
        )

    def _open_streams(self, tcp: tuple[str, int], port: Port, fanout: Fanout) -> Streams:
        streams = Streams(open_listener(*tcp), port.take, port.knows, port.forget, self._mishaps)
        port.outbox.streams = fanout.streams = streams
        self.eyes.look_at(streams.fileno(), lambda: streams.work(self.now))
        return streams

    def _wake(self) -> None:
        os.eventfd_write(self.wake_fd, 1)

    def run(self) -> None:
        """Work until the channel closes or a signal comes."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the relay process decides
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        parts = self.parts
        udp, wake, channel = parts.port.sock.fileno(), self.wake_fd, self.channel.sock.fileno()
        self.eyes.own(udp, wake, channel)
        ready = {
            "news": "ready",
            "port": parts.port.sock.getsockname()[1],
            "tcp_port": parts.streams.port if parts.streams else 0,
            "fingerprint": self.identity.fingerprint.value,
        }
        self.channel.write(ready)
        while not (self._stopping or self.channel.closed):
            waiting = self.eyes.wait(self._pause_s())
            self.now = parts.roster.now = time.monotonic()
            for fd in waiting:
                if fd == udp:
                    parts.port.read(self.now)
                elif fd == wake:
                    os.eventfd_read(wake)
                    self.newcomers.read(time.monotonic() + NEWS_S)
                elif fd == channel:
                    self.operations.serve()
                else:
                    self.eyes.look(fd)
            self._work()
        self.end_all()

    def _pause_s(self) -> float:
        parts = self.parts
        if self._telling:
            return 0.0
        if parts.flow.pending:
            return FLUSH_AFTER_S / 2
        if parts.faults is not None and parts.faults.holds:
            return HELD_PAUSE_S
        return ASK_EVERY_S if parts.roster.peers or parts.pulls else REPORT_EVERY_S / 2

    def _stop(self) -> None:
        self._stopping = True

    def _work(self) -> None:
        parts, now = self.parts, self.now
        if parts.faults is not None:
            parts.faults.work(now)
        parts.flow.flush_due(now)
        parts.audience.latecomers.step(now)
        self.chores.work(now)
        parts.port.outbox.flush()
        if self.channel.has_output:
            self.channel.flush()

    def end_all(self) -> None:
        """Everybody is told that it is over."""
        parts = self.parts
        parts.pulls.stop_all()
        for peer in list(parts.roster.peers.values()):
            parts.roster.remove(peer, "relay stops")
        parts.desk.stop()
        self.newcomers.read()
        parts.port.outbox.flush()
        if parts.streams is not None:
            parts.streams.close()

    # What the port and its neighbours say

    def _on_dtls(self, peer: Peer, datagram: bytes) -> None:
        self.parts.desk.hand_in(peer.number, datagram, peer.fingerprint)

    def _on_rtp(self, peer: Peer, datagram: bytes) -> None:
        if isinstance(peer, Publisher):
            self.parts.ingest.packet(self.parts.roster.studios[peer.studio], peer, datagram, self.now)

    def _on_rtcp(self, peer: Peer, datagram: bytes) -> None:
        studio = self.parts.roster.studios[peer.studio]
        if isinstance(peer, Publisher):
            self.parts.ingest.control(peer, datagram, self.now)
        elif isinstance(peer, Viewer):
            self.parts.audience.control(studio, peer, datagram, self.now)

    def _on_moved(self, peer: Peer) -> None:
        if isinstance(peer, Viewer):
            self.parts.audience.moved(self.parts.roster.studios[peer.studio], peer)
        elif isinstance(peer, Publisher) and peer.sender is not None:
            self.parts.inlets.follow(peer)

    def _on_gone(self, session: str, reason: str) -> None:
        self.parts.inlets.close(session)
        self.channel.write({"news": "gone", "session": session, "reason": reason})

    def _on_link(self, link: Link, message: framing.Message) -> None:
        if self.parts.exchange is None:
            return
        try:
            self.parts.exchange.received(link, message)
        except Exception:
            self._mishaps.note(f"a {type(message).__name__} from another worker")


def main(channel_fd: int, settings: WorkerSettings) -> None:
    """Run a worker whose channel is this inherited file descriptor."""
    pace.keep_time()
    descriptors.ask_for_all()
    try:
        worker = Worker(settings, socket.socket(fileno=channel_fd))
    except OSError as trouble:
        sys.exit(f"UDP {settings.host}:{settings.port}, TCP {settings.tcp}: {trouble}")
    worker.run()

"""One worker process: one UDP port, its peers and studios, one packet loop. Told what to do over a channel.

The loop owns all state and takes no lock. Handshakes run on the desk's thread and come back as news; HTTP, tokens
and SDP live in another process, so that neither can hold a packet up.
"""

import logging
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from media.cascade.exchange import Exchange
from media.cascade.flow import FLUSH_AFTER_S, Flow
from media.cascade.herald import Herald
from media.cascade.link import Door, Link
from media.cascade.pulls import Pulls
from media.fanout.fanout import Fanout
from media.fanout.transmit import Mode
from media.programme import framing
from media.programme.parties import Publisher, Viewer
from media.programme.studio import Studio, TooMany
from media.transport import descriptors, dtls, kernel, sealer
from media.transport.channel import Message, WorkerEnd
from media.transport.dtls import Desk, Identity
from media.transport.inlet import Inlets
from media.transport.mishaps import Mishaps
from media.transport.peer import Peer
from media.transport.port import Handlers, Port
from media.transport.streams import Streams, open_listener
from media.transport.watch import Watch
from media.worker import pace
from media.worker.audience import Audience
from media.worker.faults import HELD_PAUSE_S, Faults
from media.worker.ingest import Ingest
from media.worker.roster import Loop, Roster, Unknown
from media.worker.telling import Telling

ASK_EVERY_S: Final = 0.02
REPORT_EVERY_S: Final = 1.0
CHORES_S: Final = 0.002
NEWS_S: Final = 0.005
MAX_STUCK: Final = 100  # faults in a row of a descriptor that is ready again each time
SWITCH_INTERVAL_S: Final = 0.0005  # how long the handshake thread's Python may keep the packet loop waiting

log = logging.getLogger("media.worker")


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
    """The packet loop and the operations that the channel may ask for."""

    def __init__(self, settings: WorkerSettings, channel: socket.socket) -> None:
        self._channel = WorkerEnd(channel)
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._identity = Identity()
        self._desk = Desk(self._identity, lambda: os.eventfd_write(self._wake_fd, 1))
        sock = kernel.open_port(settings.host, settings.port)
        self._mishaps = Mishaps()
        handlers = Handlers(self._on_dtls, self._on_rtp, self._on_rtcp, self._on_moved)
        self._port = Port(sock, handlers, self._mishaps, batches=settings.mode is not Mode.SINGLE)
        self._fanout = Fanout(sock, settings.mode)
        self._herald = Herald(settings.relay, self._fanout, self._port.outbox)
        self._flow = Flow(self._fanout, self._herald, self._mishaps)
        self._ingest = Ingest(self._flow, self._fanout, self._port.outbox, settings.max_kbps * 1000)
        self._audience = Audience(self._fanout, self._port.outbox, self._mishaps)
        self._roster = Roster(self._port, self._desk, self._fanout, self._on_gone)
        self._index = settings.index
        self._poll = select.epoll()
        self._readable: dict[int, Callable[[], None]] = {}
        self._stuck: dict[int, int] = {}  # by descriptor, how often in a row its handler failed
        self._now = time.monotonic()
        self._inlets = Inlets(sock, self._eyes(), lambda fd: self._port.read(self._now, fd))
        self._exchange = self._open_door(settings.links)
        self._streams = self._open_streams(settings.tcp) if settings.tcp else None
        self._pulls = Pulls(
            settings.relay,
            self._identity,
            self._flow,
            self._roster.studio_of,
            self._eyes(),
            self._channel.write,
            lambda: self._now,
        )
        self._telling = Telling(self._roster.studios.get, self._channel.write_ready)
        self._stopping = False
        self._reported_at = self._asked_at = self._now
        self._chores: Iterator[None] = iter(())
        self._operations: dict[str, Callable[..., Message]] = {
            "publish": self._roster.publish,
            "watch": self._watch,
            "close": self._roster.close,
            "restart": self._roster.restart,
            "stage": self._roster.stage,
            "programme": self._roster.programme,
            "kick": self._roster.kick,
            "pull": self._pulls.open,
            "pull_start": self._pulls.start,
            "pull_end": self._pulls.end,
            "pull_stop": self._pulls.stop,
            "metrics": self._metrics,
            "ping": dict,
        }
        self._faults = Faults(self._port, self._fanout.transmitter) if settings.faults else None
        if self._faults is not None:
            self._operations |= {
                "fault": self._faults.set,
                "faults": self._faults.told,
                "faults_clear": self._faults.clear,
            }

    def _open_streams(self, tcp: tuple[str, int]) -> Streams:
        port = self._port
        streams = Streams(open_listener(*tcp), port.take, port.knows, port.forget, self._mishaps)
        port.outbox.streams = self._fanout.streams = streams
        self._look_at(streams.fileno(), lambda: streams.work(self._now))
        return streams

    def run(self) -> None:
        """Work until the channel closes or a signal comes."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the relay process decides
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        udp, wake, channel = self._port.sock.fileno(), self._wake_fd, self._channel.sock.fileno()
        for fd in (udp, wake, channel):
            self._poll.register(fd, select.EPOLLIN)
        ready = {
            "news": "ready",
            "port": self._port.sock.getsockname()[1],
            "tcp_port": self._streams.port if self._streams else 0,
            "fingerprint": self._identity.fingerprint.value,
        }
        self._channel.write(ready)
        while not self._stopping:
            events = self._poll.poll(self._pause_s())
            self._now = self._roster.now = time.monotonic()
            for fd, _ in events:
                if fd == udp:
                    self._port.read(self._now)
                elif fd == wake:
                    os.eventfd_read(wake)
                    self._read_news(time.monotonic() + NEWS_S)
                elif fd == channel:
                    self._serve()
                else:
                    self._look(fd)
            self._work()
        self._end_all()

    def _look_at(self, fd: int, handler: Callable[[], None]) -> None:
        self._poll.register(fd, select.EPOLLIN)
        self._readable[fd] = handler

    def _look_away(self, fd: int) -> None:
        self._stuck.pop(fd, None)
        if self._readable.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def _look(self, fd: int) -> None:
        """Something waits at a socket that others of us have, if they still have it."""
        try:
            self._readable.get(fd, lambda: None)()
            self._stuck.pop(fd, None)
        except Exception:
            self._mishaps.note(f"what waits at descriptor {fd}")
            self._stuck[fd] = self._stuck.get(fd, 0) + 1
            if self._stuck[fd] == MAX_STUCK:  # the loop would do nothing else
                log.error("descriptor %d is not looked at any more", fd)
                self._look_away(fd)

    def _eyes(self) -> Watch:
        return Watch(self._look_at, self._look_away)

    def _open_door(self, links: str) -> Exchange | None:
        """To the other workers, where there are any."""
        if not links:
            return None
        door = Door(Path(links), self._index, self._eyes(), self._on_link)
        return Exchange(door, self._flow, self._herald, self._roster.studio_of, lambda: self._now)

    def _on_link(self, link: Link, message: framing.Message) -> None:
        if self._exchange is None:
            return
        try:
            self._exchange.received(link, message)
        except Exception:
            self._mishaps.note(f"a {type(message).__name__} from another worker")

    def _pause_s(self) -> float:
        if self._telling:
            return 0.0
        if self._flow.pending:
            return FLUSH_AFTER_S / 2
        if self._faults is not None and self._faults.holds:
            return HELD_PAUSE_S
        return ASK_EVERY_S if self._roster.peers or self._pulls else REPORT_EVERY_S / 2

    def _stop(self) -> None:
        self._stopping = True

    def _work(self) -> None:
        now = self._now
        if self._faults is not None:
            self._faults.work(now)
        self._flow.flush_due(now)
        self._audience.latecomers.step(now)
        if now - self._asked_at >= ASK_EVERY_S:
            self._asked_at = now
            self._ask()
        if now - self._reported_at >= REPORT_EVERY_S:
            self._chores = self._report(now - self._reported_at)
            self._reported_at = now
        self._do_chores()
        self._port.outbox.flush()
        if self._channel.has_output:
            self._channel.flush()

    def _ask(self) -> None:
        beat = self._herald.is_due(self._now)
        self._pulls.tick(self._now)
        for studio in self._roster.studios.values():
            try:
                self._ask_in(studio, beat)
            except Exception:
                self._mishaps.note(f"what is due in studio {studio.name}")
            for publisher in studio.sources.values():
                try:
                    self._ingest.ask(publisher, self._now)
                except Exception:
                    self._mishaps.note(f"what is asked of session {publisher.session}")
        if self._exchange is not None:
            try:
                self._exchange.mirrors.ask(self._now)
            except Exception:
                self._mishaps.note("what is asked of other workers")

    def _ask_in(self, studio: Studio, beat: bool) -> None:
        for programme in studio.programmes.values():
            if beat:
                self._herald.beat(programme)
            elif programme.outlet is not None or programme.relays:
                self._herald.look(programme)
        studio.choose_layers(self._now)
        studio.ask_for_pictures(self._now)

    def _do_chores(self) -> None:
        """Some of what is due once a second: with 1,000 viewers all of it would hold a picture up by 15 ms."""
        until = time.monotonic() + CHORES_S
        try:
            for _ in self._chores:
                if time.monotonic() >= until:
                    return
            while self._telling.step() and time.monotonic() < until:
                pass
        except Exception:  # the rest of them is left to the next second
            self._mishaps.note("what is due once a second")

    def _report(self, passed_s: float) -> Iterator[None]:
        for studio in list(self._roster.studios.values()):
            try:
                yield from self._report_in(studio, passed_s)
            except Exception:
                self._mishaps.note(f"what is due once a second in studio {studio.name}")
        chores = [self._pulls.report, self._remove_lost, *([self._streams.sweep] if self._streams else [])]
        for chore in chores:
            try:
                chore(self._now)
            except Exception:
                self._mishaps.note(f"what is due once a second: {chore.__qualname__}")

    def _report_in(self, studio: Studio, passed_s: float) -> Iterator[None]:
        for publisher in studio.sources.values():
            for track in publisher.tracks():
                track.measure(passed_s)
            self._ingest.report_to(publisher, self._now)
        for programme in studio.programmes.values():
            for feed in programme.feeds.values():
                for track in feed.tracks():
                    track.measure(passed_s)
        for programme in list(studio.programmes.values()):
            self._herald.repeat(programme)
            self._audience.report(studio, programme, self._now)
            yield
            self._audience.suit(studio, programme, self._now)
            yield
        if studio.is_idle(self._now):
            self._roster.studios.pop(studio.name, None)

    def _remove_lost(self, now: float) -> None:
        for peer, reason in [(p, why) for p in self._roster.peers.values() if (why := p.over(now))]:
            try:
                self._roster.remove(peer, reason)
            except Exception:
                self._mishaps.note(f"the end of session {peer.session}")

    # Datagrams

    def _on_dtls(self, peer: Peer, datagram: bytes) -> None:
        self._desk.hand_in(peer.number, datagram, peer.fingerprint)

    def _on_rtp(self, peer: Peer, datagram: bytes) -> None:
        if isinstance(peer, Publisher):
            self._ingest.packet(self._roster.studios[peer.studio], peer, datagram, self._now)

    def _on_rtcp(self, peer: Peer, datagram: bytes) -> None:
        studio = self._roster.studios[peer.studio]
        if isinstance(peer, Publisher):
            self._ingest.control(peer, datagram, self._now)
        elif isinstance(peer, Viewer):
            self._audience.control(studio, peer, datagram, self._now)

    def _on_moved(self, peer: Peer) -> None:
        if isinstance(peer, Viewer):
            self._audience.moved(self._roster.studios[peer.studio], peer)
        elif isinstance(peer, Publisher) and peer.sender is not None:
            self._inlets.follow(peer)

    def _read_news(self, until: float = math.inf) -> None:
        """What the desk has to say, as far as time permits: 100 who come at once hold no picture up."""
        if self._desk.failed:
            raise RuntimeError("nobody can shake hands any more")  # the crew starts another worker
        while self._desk.news:
            if time.monotonic() >= until:
                os.eventfd_write(self._wake_fd, 1)
                return
            news = self._desk.news.popleft()
            try:
                self._heed(news)
            except Exception:
                self._mishaps.note(f"{type(news).__name__} of a handshake")
                if not isinstance(news, dtls.Ended):
                    self._desk.forget(news.peer)  # half joined it would stay for ever: its end is the next news

    def _heed(self, news: dtls.News) -> None:
        peer = self._roster.peers.get(news.peer)
        if peer is None:
            self._part(news)
            return
        match news:
            case dtls.Outgoing():
                for datagram in news.datagrams:
                    self._port.send(peer, datagram)
            case dtls.Agreed():
                self._agreed(peer, news)
            case dtls.Ended():
                self._roster.remove(peer, news.reason)

    def _part(self, news: dtls.News) -> None:
        """The last datagrams to a peer that was removed: what was under way, and the alert that tells it so."""
        if isinstance(news, dtls.Ended):
            self._roster.leaving.pop(news.peer, None)
            return
        address = self._roster.leaving.get(news.peer)
        if address is not None:
            for datagram in news.datagrams:
                self._port.outbox.add(datagram, address)

    def _agreed(self, peer: Peer, news: dtls.Agreed) -> None:
        peer.agree(news.keys)
        for datagram in news.datagrams:
            self._port.send(peer, datagram)
        peer.heard_at = self._now
        studio = self._roster.studios[peer.studio]
        if isinstance(peer, Viewer) and peer.is_relay:
            self._herald.greet(studio.programme(peer.programme), peer)
        if isinstance(peer, Viewer):
            self._audience.welcome(studio, studio.programme(peer.programme), peer)
        elif isinstance(peer, Publisher):
            self._inlets.follow(peer)
            for track in peer.layers:
                track.wish.wish()

    def _on_gone(self, session: str, reason: str) -> None:
        self._inlets.close(session)
        self._channel.write({"news": "gone", "session": session, "reason": reason})

    # Operations

    def _serve(self) -> None:
        for message in self._channel.read():
            try:
                self._do(message)
            except Exception:
                self._mishaps.note(f"operation {message.get('do')}")
                fault = {"refused": "unavailable", "detail": "the relay has made a mistake"}
                self._channel.write({"call": message.get("call", 0), **fault})
        if self._channel.closed:
            self._stopping = True

    def _do(self, message: Message) -> None:
        if message["do"] == "studio":
            self._telling.ask(message["call"], message["studio"])
            return
        arguments = {k: v for k, v in message.items() if k not in ("call", "do")}
        try:
            answer = self._operations[message["do"]](**arguments)
        except TooMany as trouble:
            answer = {"refused": "too-many", "detail": str(trouble)}
        except Unknown as trouble:
            answer = {"refused": "not-found", "detail": str(trouble)}
        except Loop as trouble:
            answer = {"refused": "loop", "detail": str(trouble)}
        except OSError as trouble:  # no descriptor or memory left: one's trouble, not the others'
            log.error("%s cannot be done: %s", message["do"], trouble)
            answer = {"refused": "unavailable", "detail": "the relay has no room for it now"}
        self._channel.write({"call": message["call"], **answer})

    def _watch(self, studio: str, programme: str, home: int, **arguments: Any) -> Message:
        """A viewer; `home` is the worker that has the programme."""
        answer = self._roster.watch(studio=studio, programme=programme, **arguments)
        if home != self._index and self._exchange is not None:
            self._exchange.mirrors.want(self._roster.studios[studio], programme, home, self._now)
        return answer

    def _end_all(self) -> None:
        self._pulls.stop_all()
        for peer in list(self._roster.peers.values()):
            self._roster.remove(peer, "relay stops")
        self._desk.stop()
        self._read_news()
        self._port.outbox.flush()
        if self._streams is not None:
            self._streams.close()

    def _metrics(self) -> Message:
        counts, tally = self._port.counts, self._fanout.transmitter.tally
        peers = self._roster.peers.values()
        return {
            "metrics": {
                "studios": len(self._roster.studios),
                "publishers": sum(isinstance(p, Publisher) for p in peers),
                "viewers": sum(isinstance(p, Viewer) for p in peers),
                "seated": sum(isinstance(p, Viewer) and p.seat is not None for p in peers),
                "mode": self._fanout.transmitter.mode.value,
                "received": {
                    k: getattr(counts, k) for k in ("stun", "dtls", "rtp", "rtcp", "unknown", "malformed")
                },
                "sent_packets": tally.packets,
                "send_calls": tally.calls,
                "sealed_in_c": int(sealer.library is not None),
                "send_dropped": tally.dropped + self._port.outbox.dropped,
                "send_failed": tally.failed,
                "pulls": len(self._pulls),
                "over_limit": self._ingest.refused,
                "faults": self._mishaps.count,
                **self._linked(),
                **(self._streams.figures() if self._streams else {}),
            }
        }

    def _linked(self) -> dict[str, int]:
        exchange = self._exchange
        if exchange is None:
            return {}
        return {
            "mirrored": len(exchange.mirrors),
            "passed_on": exchange.given,
            "link_dropped": exchange.door.dropped,
        }


def main(channel_fd: int, settings: WorkerSettings) -> None:
    """Run a worker whose channel is this inherited file descriptor."""
    pace.keep_time()
    descriptors.ask_for_all()
    try:
        worker = Worker(settings, socket.socket(fileno=channel_fd))
    except OSError as trouble:
        sys.exit(f"UDP {settings.host}:{settings.port}, TCP {settings.tcp}: {trouble}")
    worker.run()

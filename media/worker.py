"""One worker process: one UDP port, its peers and studios, one packet loop. Told what to do over a channel.

The loop owns all state and takes no lock. Handshakes run on the desk's thread and come back as news; HTTP, tokens
and SDP live in another process, so that neither can hold a packet up.
"""

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from media import dtls, kernel
from media.channel import Message, WorkerEnd
from media.dtls import Desk, Fingerprint, Identity
from media.fanout import Fanout
from media.flow import FLUSH_AFTER_S, Flow, wish_key_frame
from media.lane import LaneKey
from media.peer import Peer, Publisher, Track, Viewer
from media.port import Handlers, Port
from media.programme import AUDIO_SLOTS, Staging
from media.rtp import AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ, Codec
from media.studio import MAX_STUDIOS, Studio, TooMany
from media.transmit import Mode

MAX_PEERS: Final = 8192
VIEWERS_PER_PEER: Final = 4  # of one programme: a tablet that comes back before its old place is silent
MAX_LEAVING: Final = 1024
ASK_EVERY_S: Final = 0.02
REPORT_EVERY_S: Final = 1.0
SWITCH_INTERVAL_S: Final = 0.0005  # how long the handshake thread's Python may keep the packet loop waiting

log = logging.getLogger("media.worker")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker is started with."""

    host: str
    port: int
    max_kbps: int
    mode: Mode | None = None


class Unknown(Exception):
    """No such session, studio or peer."""


class Worker:
    """The packet loop and the operations that the channel may ask for."""

    def __init__(self, settings: WorkerSettings, channel: socket.socket) -> None:
        self._channel = WorkerEnd(channel)
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._identity = Identity()
        self._desk = Desk(self._identity, lambda: os.eventfd_write(self._wake_fd, 1))
        sock = kernel.open_port(settings.host, settings.port)
        self._port = Port(sock, Handlers(self._on_dtls, self._on_rtp, self._on_rtcp, self._on_moved))
        self._fanout = Fanout(sock, settings.mode)
        self._flow = Flow(self._fanout, self._port.outbox, settings.max_kbps * 1000)
        self._studios: dict[str, Studio] = {}
        self._peers: dict[int, Peer] = {}
        self._sessions: dict[str, Peer] = {}
        self._leaving: dict[int, kernel.Address] = {}
        self._last_number = 0
        self._now = time.monotonic()
        self._stopping = False
        self._reported_at = self._asked_at = self._now
        self._operations: dict[str, Callable[..., Message]] = {
            "publish": self._publish,
            "watch": self._watch,
            "close": self._close,
            "restart": self._restart,
            "stage": self._stage,
            "studio": self._studio,
            "kick": self._kick,
            "metrics": self._metrics,
        }

    def run(self) -> None:
        """Work until the channel closes or a signal comes."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the relay process decides
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        udp, wake, channel = self._port.sock.fileno(), self._wake_fd, self._channel.sock.fileno()
        poll = select.epoll()
        for fd in (udp, wake, channel):
            poll.register(fd, select.EPOLLIN)
        port = self._port.sock.getsockname()[1]
        self._channel.write({"news": "ready", "port": port, "fingerprint": self._identity.fingerprint.value})
        while not self._stopping:
            events = poll.poll(self._pause_s())
            self._now = time.monotonic()
            for fd, _ in events:
                if fd == udp:
                    self._port.read(self._now)
                elif fd == wake:
                    os.eventfd_read(wake)
                    self._read_news()
                else:
                    self._serve()
            self._work()
        self._end_all()

    def _pause_s(self) -> float:
        if self._flow.pending:
            return FLUSH_AFTER_S / 2
        return ASK_EVERY_S if self._peers else REPORT_EVERY_S / 2

    def _stop(self) -> None:
        self._stopping = True

    def _work(self) -> None:
        now = self._now
        self._flow.flush_due(now)
        if now - self._asked_at >= ASK_EVERY_S:
            self._asked_at = now
            self._ask()
        if now - self._reported_at >= REPORT_EVERY_S:
            self._report(now - self._reported_at)
            self._reported_at = now
        self._port.outbox.flush()
        if self._channel.has_output:
            self._channel.flush()

    def _ask(self) -> None:
        for studio in self._studios.values():
            for programme in studio.programmes.values():
                if programme.video.waits:
                    wish_key_frame(studio, programme.video)
            for publisher in studio.sources.values():
                self._flow.ask(publisher, self._now)

    def _report(self, passed_s: float) -> None:
        now = self._now
        for studio in list(self._studios.values()):
            for publisher in studio.sources.values():
                for track in publisher.tracks():
                    track.measure(passed_s)
                self._flow.report_to(publisher, now)
            for programme in studio.programmes.values():
                self._flow.report_to_viewers(studio, programme, now)
                self._flow.suit(studio, programme, now)
            if studio.is_idle(now):
                del self._studios[studio.name]
        for peer in [p for p in self._peers.values() if p.is_silent(now)]:
            self._remove(peer, "silent")

    # Datagrams

    def _on_dtls(self, peer: Peer, datagram: bytes) -> None:
        self._desk.hand_in(peer.number, datagram, peer.fingerprint)

    def _on_rtp(self, peer: Peer, datagram: bytes) -> None:
        if isinstance(peer, Publisher):
            self._flow.packet(self._studios[peer.studio], peer, datagram, self._now)

    def _on_rtcp(self, peer: Peer, datagram: bytes) -> None:
        studio = self._studios[peer.studio]
        if isinstance(peer, Publisher):
            self._flow.publisher_control(peer, datagram, self._now)
        elif isinstance(peer, Viewer):
            self._flow.viewer_control(studio, peer, datagram, self._now)

    def _on_moved(self, peer: Peer) -> None:
        if isinstance(peer, Viewer) and peer.seat is not None and peer.address is not None:
            peer.seat.address = peer.address
            if peer.seat.chunk is not None:
                peer.seat.chunk.move(peer.seat)

    def _read_news(self) -> None:
        while self._desk.news:
            news = self._desk.news.popleft()
            peer = self._peers.get(news.peer)
            if peer is None:
                self._part(news)
                continue
            match news:
                case dtls.Outgoing():
                    for datagram in news.datagrams:
                        self._port.send(peer, datagram)
                case dtls.Agreed():
                    self._agreed(peer, news)
                case dtls.Ended():
                    self._remove(peer, news.reason)

    def _part(self, news: dtls.News) -> None:
        """The last datagram to a peer that was removed: the DTLS alert that tells it so."""
        address = self._leaving.pop(news.peer, None)
        if address is not None and isinstance(news, dtls.Outgoing):
            for datagram in news.datagrams:
                self._port.outbox.add(datagram, address)

    def _agreed(self, peer: Peer, news: dtls.Agreed) -> None:
        peer.agree(news.keys)
        for datagram in news.datagrams:
            self._port.send(peer, datagram)
        peer.heard_at = self._now
        studio = self._studios[peer.studio]
        if isinstance(peer, Viewer):
            self._flow.welcome(studio, studio.programme(peer.programme), peer)
        elif isinstance(peer, Publisher) and peer.video is not None:
            peer.video.wish.wish()

    # Operations

    def _serve(self) -> None:
        for message in self._channel.read():
            arguments = {k: v for k, v in message.items() if k not in ("call", "do")}
            try:
                answer = self._operations[message["do"]](**arguments)
            except TooMany as trouble:
                answer = {"refused": "too-many", "detail": str(trouble)}
            except Unknown as trouble:
                answer = {"refused": "not-found", "detail": str(trouble)}
            self._channel.write({"call": message["call"], **answer})
        if self._channel.closed:
            self._stopping = True

    def _find_studio(self, name: str) -> Studio:
        studio = self._studios.get(name)
        if studio is None:
            if len(self._studios) >= MAX_STUDIOS:
                raise TooMany("studios")
            studio = self._studios[name] = Studio(name, self._fanout, self._now)
        return studio

    def _common(self, session: str, studio: str, peer: str, fingerprint: list[str]) -> dict[str, Any]:
        if len(self._peers) >= MAX_PEERS:
            raise TooMany("peers")
        self._last_number += 1
        return {
            "number": self._last_number,
            "session": session,
            "studio": studio,
            "name": peer,
            "fingerprint": Fingerprint(*fingerprint),
            "now": self._now,
            "since": time.time(),
        }

    def _enter(self, peer: Peer) -> Message:
        self._peers[peer.number] = self._sessions[peer.session] = peer
        self._port.add(peer)
        return {"ufrag": peer.ufrag, "password": peer.password.decode()}

    def _publish(
        self, session: str, studio: str, peer: str, fingerprint: list[str], codecs: dict[str, str]
    ) -> Message:
        by_type = {int(number): Codec(name) for number, name in codecs.items()}
        publisher = Publisher(
            **self._common(session, studio, peer, fingerprint),
            codecs=by_type,
            video=Track(VIDEO_CLOCK_HZ) if set(by_type.values()) - {Codec.OPUS} else None,
            audio=Track(AUDIO_CLOCK_HZ) if Codec.OPUS in by_type.values() else None,
        )
        home = self._find_studio(studio)
        before = home.sources.get(peer)
        if before is not None:
            self._remove(before, "replaced")
        home.add_source(publisher)
        return self._enter(publisher)

    def _watch(
        self,
        session: str,
        studio: str,
        programme: str,
        peer: str,
        fingerprint: list[str],
        types: dict[str, int],
        repairs: dict[str, int],
        send_time_id: int,
        video: bool,
        audio: int,
    ) -> Message:
        payload_types = tuple(sorted((Codec(name), number) for name, number in types.items()))
        home = self._find_studio(studio)
        self._make_room(home, programme, peer)
        viewer = Viewer(
            **self._common(session, studio, peer, fingerprint),
            programme=programme,
            lane=LaneKey("", payload_types, send_time_id, video, min(audio, AUDIO_SLOTS)),
            repairs={int(number): again for number, again in repairs.items()},
        )
        home.add_viewer(viewer)
        shown = home.programme(programme)
        ssrcs = [cue.slot.ssrc for cue in shown.cues]
        told = {"cname": shown.cname, "ssrcs": ssrcs, "repair_ssrc": shown.repair_ssrc}
        return {**self._enter(viewer), **told}

    def _make_room(self, home: Studio, programme: str, peer: str) -> None:
        """One peer's newest place replaces its oldest: a token must not fill the hall."""
        own = [v for v in home.viewers.values() if v.name == peer and v.programme == programme]
        for oldest in own[: max(0, len(own) + 1 - VIEWERS_PER_PEER)]:
            self._remove(oldest, "replaced")

    def _session(self, session: str) -> Peer:
        peer = self._sessions.get(session)
        if peer is None:
            raise Unknown("session")
        return peer

    def _close(self, session: str) -> Message:
        self._remove(self._session(session), "ended")
        return {}

    def _restart(self, session: str) -> Message:
        peer = self._session(session)
        self._port.rename(peer)
        return {"ufrag": peer.ufrag, "password": peer.password.decode()}

    def _stage(self, studio: str, programme: str, video: str | None, audio: list[str | None]) -> Message:
        home = self._find_studio(studio)
        home.used_at = self._now
        staged = home.programme(programme)
        filled = (*audio, *(None,) * (AUDIO_SLOTS - len(audio)))
        staged.stage(Staging(video, filled))
        wish_key_frame(home, staged.video)
        return {"programme": staged.snapshot()}

    def _studio(self, studio: str) -> Message:
        home = self._studios.get(studio)
        return {"studio": home.snapshot() if home else {"programmes": {}, "sources": [], "viewers": []}}

    def _kick(self, studio: str, peer: str) -> Message:
        kicked = [p for p in self._peers.values() if p.studio == studio and p.name == peer]
        if not kicked:
            raise Unknown("peer")
        for one in kicked:
            self._remove(one, "kicked")
        return {"kicked": len(kicked)}

    def _remove(self, peer: Peer, reason: str) -> None:
        if self._peers.pop(peer.number, None) is None:
            return
        self._sessions.pop(peer.session, None)
        self._port.remove(peer)
        if peer.address is not None:
            self._leaving[peer.number] = peer.address
            while len(self._leaving) > MAX_LEAVING:
                del self._leaving[next(iter(self._leaving))]
        self._desk.forget(peer.number)
        studio = self._studios.get(peer.studio)
        if studio is not None:
            studio.used_at = self._now
            if isinstance(peer, Publisher):
                studio.remove_source(peer)
            elif isinstance(peer, Viewer):
                studio.remove_viewer(peer)
        self._channel.write({"news": "gone", "session": peer.session, "reason": reason})
        log.info("peer is gone: session=%s reason=%s", peer.session, reason)

    def _end_all(self) -> None:
        for peer in list(self._peers.values()):
            self._remove(peer, "relay stops")
        self._desk.stop()
        self._read_news()
        self._port.outbox.flush()

    def _metrics(self) -> Message:
        counts, tally = self._port.counts, self._fanout.transmitter.tally
        peers = self._peers.values()
        return {
            "metrics": {
                "studios": len(self._studios),
                "publishers": sum(isinstance(p, Publisher) for p in peers),
                "viewers": sum(isinstance(p, Viewer) for p in peers),
                "seated": sum(isinstance(p, Viewer) and p.seat is not None for p in peers),
                "mode": self._fanout.transmitter.mode.value,
                "received": {
                    k: getattr(counts, k) for k in ("stun", "dtls", "rtp", "rtcp", "unknown", "malformed")
                },
                "sent_packets": tally.packets,
                "send_calls": tally.calls,
                "send_dropped": tally.dropped + self._port.outbox.dropped,
                "send_failed": tally.failed,
            }
        }


def main(channel_fd: int, settings: WorkerSettings) -> None:
    """Run a worker whose channel is this inherited file descriptor."""
    try:
        worker = Worker(settings, socket.socket(fileno=channel_fd))
    except OSError as trouble:
        sys.exit(f"UDP {settings.host}:{settings.port}: {trouble}")
    worker.run()

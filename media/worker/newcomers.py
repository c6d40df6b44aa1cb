"""From the handshake thread's news to a place in the programme: who has keys is seated, who ended goes."""

import math
import time
from collections.abc import Callable

from media.programme.parties import Publisher, Viewer
from media.transport import dtls
from media.transport.peer import Peer
from media.worker.parts import Parts


class Newcomers:
    """Of one worker. `again` wakes the loop for the news that are left."""

    def __init__(self, parts: Parts, again: Callable[[], None]) -> None:
        self._parts = parts
        self._again = again

    def read(self, until: float = math.inf) -> None:
        """What the desk has to say, as far as time permits: 100 who come at once hold no picture up."""
        desk = self._parts.desk
        if desk.failed:
            raise RuntimeError("nobody can shake hands any more")  # the crew starts another worker
        while desk.news:
            if time.monotonic() >= until:
                self._again()
                return
            news = desk.news.popleft()
            try:
                self._heed(news)
            except Exception:
                self._parts.mishaps.note(f"{type(news).__name__} of a handshake")
                if not isinstance(news, dtls.Ended):
                    desk.forget(news.peer)  # half joined it would stay for ever: its end is the next news

    def _heed(self, news: dtls.News) -> None:
        peer = self._parts.roster.peers.get(news.peer)
        if peer is None:
            self._part(news)
            return
        match news:
            case dtls.Outgoing():
                for datagram in news.datagrams:
                    self._parts.port.send(peer, datagram)
            case dtls.Agreed():
                self.agreed(peer, news)
            case dtls.Ended():
                self._parts.roster.remove(peer, news.reason)

    def _part(self, news: dtls.News) -> None:
        """The last datagrams to a peer that was removed: what was under way, and the alert that tells it so."""
        leaving = self._parts.roster.leaving
        if isinstance(news, dtls.Ended):
            leaving.pop(news.peer, None)
            return
        address = leaving.get(news.peer)
        if address is not None:
            for datagram in news.datagrams:
                self._parts.port.outbox.add(datagram, address)

    def agreed(self, peer: Peer, news: dtls.Agreed) -> None:
        """There are keys: a viewer gets its seat, a source is listened to."""
        parts = self._parts
        peer.agree(news.keys)
        for datagram in news.datagrams:
            parts.port.send(peer, datagram)
        peer.heard_at = parts.roster.now
        studio = parts.roster.studios[peer.studio]
        if isinstance(peer, Viewer):
            programme = studio.programme(peer.programme)
            if peer.is_relay:
                parts.herald.greet(programme, peer)
            parts.audience.welcome(studio, programme, peer)
        elif isinstance(peer, Publisher):
            parts.inlets.follow(peer)
            for track in peer.layers:
                track.wish.wish()

"""Who is here: the studios, peers and sessions of one worker, within bounds, and what may be done with them.

The operations that the relay process asks for; each answers with plain values.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from media.fanout.fanout import Fanout
from media.fanout.lane import LaneKey
from media.programme.parties import Publisher, Viewer
from media.programme.programme import AUDIO_SLOTS, Staging
from media.programme.repair import NEVER, SOUND
from media.programme.studio import MAX_STUDIOS, Studio, TooMany
from media.programme.track import Track
from media.tokens import RELAY_PEER
from media.transport.channel import Message
from media.transport.dtls import Desk
from media.transport.kernel import Address
from media.transport.peer import Peer
from media.transport.port import Port
from media.wire.fingerprint import Fingerprint
from media.wire.rtp import AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ, Codec

MAX_PEERS: Final = 8192
VIEWERS_PER_PEER: Final = 4  # of one programme: a tablet that comes back before its old place is silent
MAX_LEAVING: Final = 1024

log = logging.getLogger("media.roster")


class Unknown(Exception):
    """No such session, studio or peer."""


class Loop(Exception):
    """A relay would feed itself."""


class Roster:
    """`now` is the packet loop's time; `gone` is told the session of every peer that ended, and why."""

    def __init__(self, port: Port, desk: Desk, fanout: Fanout, gone: Callable[[str, str], None]) -> None:
        self._port = port
        self._desk = desk
        self._fanout = fanout
        self._gone = gone
        self._sessions: dict[str, Peer] = {}
        self._last_number = 0
        self.studios: dict[str, Studio] = {}
        self.peers: dict[int, Peer] = {}
        self.leaving: dict[int, Address] = {}  # to whom the desk has something to say still
        self.now = time.monotonic()

    def studio_of(self, name: str) -> Studio:
        """The studio of this name. Raises: TooMany."""
        studio = self.studios.get(name)
        if studio is None:
            if len(self.studios) >= MAX_STUDIOS:
                raise TooMany("studios")
            studio = self.studios[name] = Studio(name, self._fanout, self.now)
        return studio

    def _common(
        self, session: str, studio: str, peer: str, fingerprint: list[str], ice: Sequence[str]
    ) -> dict[str, Any]:
        if len(self.peers) >= MAX_PEERS:
            raise TooMany("peers")
        self._last_number += 1
        return {
            "number": self._last_number,
            "session": session,
            "studio": studio,
            "name": peer,
            "fingerprint": Fingerprint(*fingerprint),
            "remote": (ice[0], ice[1].encode()),
            "now": self.now,
            "since": time.time(),
        }

    def _enter(self, peer: Peer) -> Message:
        self.peers[peer.number] = self._sessions[peer.session] = peer
        self._port.add(peer)
        return {"ufrag": peer.ufrag, "password": peer.password.decode()}

    def publish(
        self,
        session: str,
        studio: str,
        peer: str,
        fingerprint: list[str],
        codecs: dict[str, str],
        layers: Sequence[str] = (),
        rid_id: int = 0,
        sound_again: bool = False,
        ice: Sequence[str] = ("", ""),
    ) -> Message:
        """`ice`: the peer's own name and password. `sound_again`: it sends lost sound again when it is asked."""
        by_type = {int(number): Codec(name) for number, name in codecs.items()}
        names = (layers or [""]) if set(by_type.values()) - {Codec.OPUS} else []
        patience = SOUND if sound_again else NEVER
        publisher = Publisher(
            **self._common(session, studio, peer, fingerprint, ice),
            codecs=by_type,
            layers=tuple(Track(VIDEO_CLOCK_HZ, name) for name in names),
            rid_id=rid_id,
            audio=Track(AUDIO_CLOCK_HZ, patience=patience) if Codec.OPUS in by_type.values() else None,
        )
        home = self.studio_of(studio)
        before = home.sources.get(peer)
        if before is not None:
            self.remove(before, "replaced")
        home.add_source(publisher)
        return self._enter(publisher)

    def watch(
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
        relay: bool = False,
        rungs: int = 1,
        ice: Sequence[str] = ("", ""),
    ) -> Message:
        payload_types = tuple(sorted((Codec(name), number) for name, number in types.items()))
        home = self.studio_of(studio)
        if relay and peer.removeprefix(RELAY_PEER) in home.programme(programme).air.path:
            raise Loop("this relay has the programme from you")
        self._make_room(home, programme, peer)
        viewer = Viewer(
            **self._common(session, studio, peer, fingerprint, ice),
            programme=programme,
            lane=LaneKey("", payload_types, send_time_id, video, min(audio, AUDIO_SLOTS)),
            repairs={int(number): again for number, again in repairs.items()},
            is_relay=relay,
            rungs=rungs if relay else 1,
        )
        home.add_viewer(viewer)
        shown = home.programme(programme)
        ssrcs = [cue.slot.ssrc for cue in shown.cues]
        told = {"cname": shown.cname, "ssrcs": ssrcs, "repair_ssrc": shown.repair_ssrc}
        return {**self._enter(viewer), **told}

    def _make_room(self, home: Studio, programme: str, peer: str) -> None:
        """One peer's newest place replaces its oldest: a token must not fill the hall."""
        own = list(home.programme(programme).viewers.get(peer, ()))
        for oldest in own[: max(0, len(own) + 1 - VIEWERS_PER_PEER)]:
            self.remove(oldest, "replaced")

    def _peer_of(self, session: str) -> Peer:
        peer = self._sessions.get(session)
        if peer is None:
            raise Unknown("session")
        return peer

    def close(self, session: str) -> Message:
        self.remove(self._peer_of(session), "ended")
        return {}

    def restart(self, session: str, ice: Sequence[str] = ("", "")) -> Message:
        peer = self._peer_of(session)
        self._port.rename(peer, (ice[0], ice[1].encode()))
        return {"ufrag": peer.ufrag, "password": peer.password.decode()}

    def stage(self, studio: str, programme: str, video: str | None, audio: list[str | None]) -> Message:
        home = self.studio_of(studio)
        home.used_at = self.now
        staged = home.programme(programme)
        filled = (*audio, *(None,) * (AUDIO_SLOTS - len(audio)))
        staged.stage(Staging(video, filled))
        home.choose_layers(self.now)
        home.wish_key_frame(staged.video)
        return {"programme": staged.snapshot()}

    def programme(self, studio: str, programme: str) -> Message:
        home = self.studios.get(studio)
        shown = home.programmes.get(programme) if home else None
        return {"programme": shown.snapshot() if shown else None}

    def kick(self, studio: str, peer: str) -> Message:
        kicked = [p for p in self.peers.values() if p.studio == studio and p.name == peer]
        if not kicked:
            raise Unknown("peer")
        for one in kicked:
            self.remove(one, "kicked")
        return {"kicked": len(kicked)}

    def remove(self, peer: Peer, reason: str) -> None:
        """End a peer: its place, its keys, and a word to it and to the other process."""
        if self.peers.pop(peer.number, None) is None:
            return
        self._sessions.pop(peer.session, None)
        self._port.remove(peer)
        if peer.address is not None:
            self.leaving[peer.number] = peer.address
            while len(self.leaving) > MAX_LEAVING:
                del self.leaving[next(iter(self.leaving))]
        self._desk.forget(peer.number)
        studio = self.studios.get(peer.studio)
        if studio is not None:
            studio.used_at = self.now
            if isinstance(peer, Publisher):
                studio.remove_source(peer)
            elif isinstance(peer, Viewer):
                studio.remove_viewer(peer)
        self._gone(peer.session, reason)
        log.info("peer is gone: session=%s reason=%s", peer.session, reason)

"""Programmes whose home is another worker of this relay: their frames come over a link, wishes go back.

A programme is mirrored as long as somebody here watches it and a little longer. When its home dies, the link is
made again as soon as it is back; when this worker dies, its viewers come back and with them its mirrors.
"""

from dataclasses import dataclass, field
from typing import Final

from media.cascade.flow import Flow
from media.cascade.link import Door, Link
from media.programme import framing
from media.programme.feed import Feed
from media.programme.framing import Air, Clock, KeyFrame, Leave, Loss, Opened, Packets, Want
from media.programme.programme import Programme
from media.programme.rungs import RUNGS
from media.programme.studio import Studio
from media.programme.track import Track
from media.wire import rtcp, rtp
from media.wire.onair import OnAir
from media.wire.rtp import Codec

TRY_AGAIN_S: Final = 0.1
ASK_AGAIN_S: Final = 1.0  # a link that is full loses words
TELL_EVERY_S: Final = 1.0
KEEP_S: Final = 30.0  # without a viewer


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parent's packets go."""

    studio: Studio
    programme: Programme


def take(
    flow: Flow, place: Place, feed: Feed, track: Track, slot: int, codec: Codec, packet: rtp.Packet, now: float
) -> None:
    """A packet of a parent, into the slot that it is for."""
    is_new = track.ssrc != packet.ssrc
    track.arrived(packet, now)
    feed.heard_at = now
    if is_new and slot == 0:
        place.studio.choose_layers(now)
    if codec is not Codec.OPUS and rtp.starts_key_frame(codec, packet.payload):
        track.wish.met()
    programme = place.programme
    for cue in (programme.cues[slot],) if slot else programme.pictures:
        if feed.name in (cue.wanted, cue.live_peer):
            clear = cue.take(feed.name, packet, codec, now)
            if clear is not None:
                flow.gather(programme, cue, clear, now)


@dataclass(slots=True, eq=False)
class Mirror:
    """One programme here, and its feed from home."""

    place: Place
    home: int
    feed: Feed
    used_at: float
    link: Link | None = None
    stream: int | None = None
    tried_at: float = field(default=float("-inf"))
    told_at: float = field(default=float("-inf"))

    @property
    def programme(self) -> Programme:
        return self.place.programme


class Mirrors:
    """All programmes that this worker has from others."""

    def __init__(self, door: Door, flow: Flow) -> None:
        self._door = door
        self._flow = flow
        self._mirrors: dict[tuple[str, str], Mirror] = {}
        self._by_stream: dict[tuple[Link, int], Mirror] = {}
        self._links: dict[int, Link] = {}  # by home

    def __len__(self) -> int:
        return len(self._mirrors)

    def want(self, studio: Studio, name: str, home: int, now: float) -> None:
        """Somebody here watches this programme of another worker."""
        key = (studio.name, name)
        mirror = self._mirrors.get(key)
        if mirror is None:
            programme = studio.programme(name)
            feed = Feed(f"home/{name}", len(programme.audio), now, RUNGS)
            programme.mirror(feed)
            mirror = self._mirrors[key] = Mirror(Place(studio, programme), home, feed, now)
        mirror.used_at = now
        self._connect(mirror, now)

    def _connect(self, mirror: Mirror, now: float) -> None:
        """Ask the home for the programme until it is open."""
        if mirror.stream is not None:
            return
        if now - mirror.tried_at < (TRY_AGAIN_S if mirror.link is None else ASK_AGAIN_S):
            return
        mirror.tried_at = now
        link = mirror.link or self._links.get(mirror.home) or self._door.open(mirror.home)
        if link is not None:
            self._links[mirror.home] = mirror.link = link
            link.send(framing.encode(Want(mirror.place.studio.name, mirror.programme.name)))

    def ask(self, now: float) -> None:
        """Send what is due of wishes; make links again; give up what nobody watches."""
        for mirror in list(self._mirrors.values()):
            self._connect(mirror, now)
            if mirror.programme.is_watched:
                mirror.used_at = now
            elif now - mirror.used_at > KEEP_S:
                self._drop(mirror)
                continue
            if mirror.link is None or mirror.stream is None:
                continue
            if now - mirror.told_at >= TELL_EVERY_S:
                mirror.told_at = now
                lost = min(255, round(256 * mirror.programme.lost_beyond))
                mirror.link.send(framing.encode(Loss(mirror.stream, lost)))
            for layer, track in enumerate(mirror.feed.layers):
                if mirror.feed.shows(0) and track.wish.due(now):
                    mirror.link.send(framing.encode(KeyFrame(mirror.stream, layer)))

    def _drop(self, mirror: Mirror) -> None:
        del self._mirrors[mirror.place.studio.name, mirror.programme.name]
        if mirror.link is not None and mirror.stream is not None:
            self._by_stream.pop((mirror.link, mirror.stream), None)
            mirror.link.send(framing.encode(Leave(mirror.stream)))
        mirror.programme.mirror(None)

    def ended(self, link: Link) -> None:
        """The other worker is gone."""
        self._links = {home: other for home, other in self._links.items() if other is not link}
        self._by_stream = {key: mirror for key, mirror in self._by_stream.items() if key[0] is not link}
        for mirror in self._mirrors.values():
            if mirror.link is link:
                mirror.link = mirror.stream = None

    # What comes

    def opened(self, link: Link, message: Opened) -> None:
        mirror = self._mirrors.get((message.studio, message.programme))
        if mirror is None or mirror.link is not link:
            link.send(framing.encode(Leave(message.stream)))
            return
        mirror.stream = message.stream
        mirror.feed.on_air = OnAir()  # another process may count from the beginning
        self._by_stream[link, message.stream] = mirror

    def read(self, link: Link, message: Packets | Air | Clock, now: float) -> None:
        """What a home says of one programme."""
        mirror = self._by_stream.get((link, message.stream))
        if mirror is None:
            return
        feed = mirror.feed
        match message:
            case Packets():
                track = feed.track(message.slot, message.layer)
                if track is not None:
                    for codec, packet in message.packets:
                        take(self._flow, mirror.place, feed, track, message.slot, codec, packet, now)
            case Air():
                feed.tell(message.on_air)
                mirror.programme.settle(feed)
            case Clock():
                track = feed.track(message.slot, message.layer)
                if track is not None and track.ssrc:
                    report = rtcp.SenderReport(track.ssrc, message.ntp, message.timestamp, 0, 0)
                    feed.read_report(report, now, rtcp.unix_time(message.ntp))  # one clock for all workers

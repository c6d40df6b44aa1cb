"""A studio: its sources and its programmes, under opaque names. It exists from its first mention."""

from dataclasses import dataclass, field
from typing import Any, Final

from media.fanout.fanout import Fanout
from media.programme import rungs
from media.programme.feed import Feed
from media.programme.parties import Publisher, Viewer
from media.programme.programme import Cue, Programme

MAX_STUDIOS: Final = 256
MAX_PROGRAMMES: Final = 8
MAX_SOURCES: Final = 256
MAX_VIEWERS: Final = 4096
IDLE_LIMIT_S: Final = 600.0
MOVE_PAUSE_S: Final = 2.0  # a crowd whose lines come and go must not cost everybody a key frame each second


class TooMany(Exception):
    """A bound was reached."""


@dataclass(slots=True)
class Studio:
    """One conference's sources and programmes. `used_at` is when it last held somebody."""

    name: str
    fanout: Fanout
    used_at: float
    sources: dict[str, Publisher] = field(default_factory=dict)
    programmes: dict[str, Programme] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)  # by session

    def programme(self, name: str) -> Programme:
        """The programme of this name. Raises: TooMany."""
        found = self.programmes.get(name)
        if found is None:
            if len(self.programmes) >= MAX_PROGRAMMES:
                raise TooMany("programmes in this studio")
            found = self.programmes[name] = Programme(name, self.fanout)
        return found

    def add_source(self, publisher: Publisher) -> Publisher | None:
        """Take the source in; the one it replaces, if any. Raises: TooMany."""
        before = self.sources.get(publisher.name)
        if before is None and len(self.sources) >= MAX_SOURCES:
            raise TooMany("sources in this studio")
        self.sources[publisher.name] = publisher
        return before

    def remove_source(self, publisher: Publisher) -> None:
        if self.sources.get(publisher.name) is publisher:
            del self.sources[publisher.name]
            for programme in self.programmes.values():
                programme.gone(publisher.name)

    def add_viewer(self, viewer: Viewer) -> None:
        """Raises: TooMany."""
        if len(self.viewers) >= MAX_VIEWERS:
            raise TooMany("viewers in this studio")
        self.programme(viewer.programme).admit(viewer)
        self.viewers[viewer.session] = viewer

    def remove_viewer(self, viewer: Viewer) -> None:
        if self.viewers.pop(viewer.session, None) is not None:
            self.programme(viewer.programme).dismiss(viewer)

    def source(self, name: str | None) -> Publisher | Feed | None:
        """What sends under this name: a source of ours, or a parent that a programme is mirrored from."""
        if name is None:
            return None
        found = self.sources.get(name)
        return found or next((p.feeds[name] for p in self.programmes.values() if name in p.feeds), None)

    def take_off(self, source: str, ssrc: int) -> None:
        """A stream is not passed on for now. It is cut in again where it goes on."""
        for programme in self.programmes.values():
            for cue in (*programme.pictures, *programme.audio):
                if cue.live == (source, ssrc):
                    cue.live = None

    def wish_key_frame(self, cue: Cue) -> None:
        """Some receiver, or the switch itself, wants a key frame in this slot."""
        source = self.source(cue.wanted if cue.waits else cue.live_peer)
        if source is None or cue.index:
            return
        ssrc = cue.live[1] if cue.live and not cue.waits else cue.layer
        for track in source.layers:
            if not ssrc or track.ssrc == ssrc:
                track.wish.wish()

    def choose_layers(self, now: float) -> None:
        """Which layers of the wanted sources fill the rungs of the programmes, by what comes now."""
        for programme in self.programmes.values():
            source = self.source(programme.video.wanted)
            if source is None:
                continue
            for cue in programme.pictures:
                if cue.wanted is not None:
                    live = cue.live[1] if cue.live and cue.live[0] == source.name else 0
                    cue.layer = rungs.choose(source.layers, cue.rung, live, now)

    def ask_for_pictures(self, now: float) -> None:
        """Wish for the key frames that switches and moves wait for."""
        for programme in self.programmes.values():
            for cue in programme.pictures:
                if cue.waits or (cue.movers and now - cue.moved_at >= MOVE_PAUSE_S):
                    self.wish_key_frame(cue)

    def is_idle(self, now: float) -> bool:
        passed_on = any(p.outlet is not None for p in self.programmes.values())
        if self.sources or self.viewers or passed_on:
            self.used_at = now
        return now - self.used_at > IDLE_LIMIT_S

    def snapshot(self) -> dict[str, Any]:
        return {
            "programmes": {name: p.snapshot() for name, p in self.programmes.items()},
            "sources": [source.snapshot() for source in self.sources.values()],
            "viewers": [viewer.snapshot() for viewer in self.viewers.values() if not viewer.is_relay],
            "relays": [viewer.snapshot() for viewer in self.viewers.values() if viewer.is_relay],
        }

"""What is on air: a picture on three rungs, three audio slots, the sources wanted in them, and who watches.

Rules of switching only; time is an argument and nothing is sent here. Knows peers by their opaque names.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from media.fanout.fanout import Fanout
from media.fanout.lane import Lane, LaneKey
from media.fanout.slot import WINDOW, Clear, Slot
from media.programme.feed import Feed
from media.programme.outlet import Outlet
from media.programme.parties import Viewer
from media.programme.repair import AUDIO_RING_S, VIDEO_RING_S, Ring
from media.programme.rungs import FULL, RUNGS
from media.transport.peer import random_ssrc
from media.wire import rtp
from media.wire.onair import OnAir
from media.wire.rtp import Codec

AUDIO_SLOTS: Final = 3
CUT_ANYWAY_S: Final = 3.0
KEPT_S: Final = 1.0  # who joins gets the last key frame and what followed, as long as that is no more than this
KEPT_PACKETS: Final = 384  # a key frame of 720p takes 40 to 100, a second of 2.5 Mbit/s 260
FRAME_LIMIT: Final = 256


@dataclass(frozen=True, slots=True)
class Staging:
    """Which peer is to be seen, and which are to be heard."""

    video: str | None = None
    audio: tuple[str | None, ...] = (None,) * AUDIO_SLOTS

    def names(self) -> list[str | None]:
        return [self.video, *self.audio]


class Cue:
    """One slot with its switch: the source on air, the one that is wanted, and the frame in the making.

    The picture has a cue for each rung, all under one SSRC: a receiver knows only one stream.
    """

    def __init__(self, index: int, clock_hz: int, keep_s: float, *, rung: int = FULL, ssrc: int = 0) -> None:
        self.index = index
        self.rung = rung
        first = secrets.randbelow(1 << 15)
        self.slot = Slot(ssrc or random_ssrc(), clock_hz, first, secrets.randbelow(1 << 31))
        self.ring = Ring(keep_s)
        self.wanted: str | None = None
        self.layer = 0  # the SSRC that is wanted of that source; 0: whatever it sends
        self.movers: list[Viewer] = []  # who comes to this rung at its next key frame
        self.moved_at = float("-inf")
        self.live: tuple[str, int] | None = None  # peer and its SSRC
        self.frame: list[Clear] = []
        self.frame_at = 0.0
        self.left = first  # the highest number that left
        self.key_frame = -1  # extended number of the first packet of the last key frame
        self._key_time = -1
        self._waiting_since: float | None = None
        self._gone_by: tuple[tuple[str, int], int] | None = None  # the newest packet of the stream that waits

    @property
    def live_peer(self) -> str | None:
        return self.live[0] if self.live else None

    @property
    def waits(self) -> bool:
        """Whether the wanted source, or the wanted layer of it, is not on air yet."""
        if self.wanted is None:
            return False
        return self.live is None or self.wanted != self.live[0] or self.layer not in (0, self.live[1])

    def stage(self, peer: str | None) -> None:
        """The peer that shall be on air from its next key frame on; None takes the slot off air at once."""
        if peer != self.wanted:
            self.wanted, self._waiting_since, self._gone_by, self.layer = peer, None, None, 0
        if peer is None:
            self.live = None

    def gone(self, peer: str) -> None:
        """The source ended; if it comes again while still wanted, it is cut in again."""
        if self.live_peer == peer:
            self.live = None

    def take(self, peer: str, packet: rtp.Packet, codec: Codec, now: float) -> Clear | None:
        """What the slot sends for this packet of this source, if anything."""
        stream = (peer, packet.ssrc)
        begins = rtp.can_begin(codec, packet.payload)
        if stream != self.live:
            if not packet.payload or peer != self.wanted or self.layer not in (0, packet.ssrc):
                return None
            late = self._is_late(stream, packet.sequence)
            if (late or not begins) and not self._waited_enough(now):
                self._gone_by = self._gone_by if late else (stream, packet.sequence)
                return None
            self.live, self._waiting_since, self._gone_by = stream, None, None
            self.slot.cut(packet, codec, now)
        clear = self.slot.rewrite(packet, codec, now)
        if clear is not None and begins and codec is not Codec.OPUS and clear.timestamp != self._key_time:
            # Not at each packet that a decoder could begin with: parameters may come twice.
            self.key_frame, self._key_time = clear.sequence, clear.timestamp
        return clear

    def _is_late(self, stream: tuple[str, int], sequence: int) -> bool:
        """Whether what comes after it went by already: a beginning that was repaired has lost its rest."""
        if self._gone_by is None or self._gone_by[0] != stream:
            return False
        return (self._gone_by[1] - sequence) & 0xFFFF < WINDOW

    def _waited_enough(self, now: float) -> bool:
        # A source that sends but never a key frame is shown all the same: a late picture beats none. Not a layer
        # of the source that is on air already: there is a picture.
        if self.live_peer == self.wanted:
            return False
        if self._waiting_since is None:
            self._waiting_since = now
        return now - self._waiting_since >= CUT_ANYWAY_S

    def gather(self, clear: Clear, now: float) -> bool:
        """Add to the frame; whether it is complete."""
        if not self.frame:
            self.frame_at = now
        self.frame.append(clear)
        return clear.marker or clear.codec is Codec.OPUS or len(self.frame) >= FRAME_LIMIT

    def since_key_frame(self) -> list[Clear]:
        """What a joiner needs to see a picture at once; empty when that is no longer kept or too much."""
        packets = self.slot.highest - self.key_frame + 1
        passed = (self.slot.timestamp - self._key_time & 0xFFFFFFFF) / self.slot.clock_hz
        if self.key_frame < 0 or self.live is None or packets > KEPT_PACKETS or passed > KEPT_S:
            return []
        kept = list(self.ring.since(self.key_frame, self.slot.highest))
        return kept if len(kept) == packets - len(self.frame) else []


class Programme:
    """Slots, staging, and the lanes of viewers."""

    def __init__(self, name: str, fanout: Fanout) -> None:
        self.name = name
        self.cname = secrets.token_hex(8)
        self.repair_ssrc = random_ssrc()  # of the picture, for receivers that take RTX
        self.staging = Staging()
        ssrc = random_ssrc()
        self.pictures = [Cue(0, rtp.VIDEO_CLOCK_HZ, VIDEO_RING_S, rung=rung, ssrc=ssrc) for rung in range(RUNGS)]
        self.video = self.pictures[FULL]
        self.audio = [Cue(i + 1, rtp.AUDIO_CLOCK_HZ, AUDIO_RING_S) for i in range(AUDIO_SLOTS)]
        self.cues = [self.video, *self.audio]  # one for each stream that a receiver knows
        self.lanes: dict[LaneKey, Lane] = {}
        self.viewers: dict[str, list[Viewer]] = {}  # by the peer's name
        self.feeds: dict[str, Feed] = {}  # of parents, by name, where this is a mirror
        self.parent: Feed | None = None  # the one that is wanted in every slot
        self.relays: list[Viewer] = []  # of the viewers
        self.outlet: Outlet | None = None  # to the workers that mirror this
        self.air = OnAir()
        self.lost_beyond = 0.0  # the share that is lost on the way to its viewers (hearing.py)
        self._fanout = fanout

    def stage(self, staging: Staging) -> None:
        """Who shall be on air. At a mirror the parent is, until there is none."""
        self.staging = staging
        self._cue_sources()

    def mirror(self, feed: Feed | None) -> None:
        """Take every slot from this parent, from its next key frame on; None: from our own sources again."""
        self.parent = feed
        if feed is None:
            self.feeds.clear()
        else:
            self.feeds[feed.name] = feed
        self._cue_sources()

    def differs(self, cue: Cue) -> bool:
        """Whether a rung of the picture carries another layer than those above it; a sound always does."""
        return cue.index > 0 or all(cue.live != upper.live for upper in self.pictures[: cue.rung])

    def give(self, outlet: Outlet) -> None:
        """Other workers mirror this."""
        self.outlet = outlet
        self.carry()

    def carry(self) -> None:
        """Somebody carries this further: every rung is passed on, for any of them may have viewers there."""
        self._cue_sources()

    def _cue_sources(self) -> None:
        names = self.staging.names() if self.parent is None else [self.parent.name] * len(self.cues)
        for cue, peer in zip(self.cues, names, strict=True):
            cue.stage(peer)
        for lower in self.pictures[1:]:
            if self._is_used(lower):
                lower.stage(names[0])

    def speaker(self, cue: Cue) -> str | None:
        """The peer that is seen or heard in a slot, here or where a parent has it from."""
        if cue.live is None:
            return None
        feed = self.feeds.get(cue.live[0])
        return cue.live[0] if feed is None else feed.speaker(cue.index)

    def part(self, feed: Feed) -> None:
        """Nothing comes of this parent any more; who wants what is left as it is."""
        self.feeds.pop(feed.name, None)
        self.gone(feed.name)

    def settle(self, feed: Feed) -> None:
        """What went off air at the parent is off air here, and comes again with its next key frame."""
        for cue in (*self.pictures, *self.audio):
            if cue.live_peer == feed.name and not feed.shows(cue.index):
                cue.live = None

    @property
    def is_watched(self) -> bool:
        return bool(self.viewers)

    def look(self) -> bool:
        """Note who is on air now, and by which relays it came; whether that is news."""
        speakers = tuple(self.speaker(cue) for cue in self.cues)
        path = self.parent.on_air.path if self.parent is not None else ()
        if (speakers, path) == (self.air.speakers, self.air.path):
            return False
        self.air = OnAir(self.air.count + 1, path, speakers)
        return True

    def gone(self, peer: str) -> None:
        for cue in (*self.pictures, *self.audio):
            cue.gone(peer)

    def aim(self, viewer: Viewer, rung: int) -> None:
        """The viewer shall get this rung from its next key frame on."""
        self.stay(viewer)
        cue = self.pictures[rung]
        cue.movers.append(viewer)
        if cue.wanted is None:
            cue.stage(self.video.wanted)

    def stay(self, viewer: Viewer) -> None:
        """The viewer stays where it is."""
        for cue in self.pictures:
            if viewer in cue.movers:
                cue.movers.remove(viewer)

    def rest(self) -> None:
        """Rungs that nobody is on cost nothing."""
        for lower in self.pictures[1:]:
            if lower.wanted is not None and not self._is_used(lower):
                lower.stage(None)
                lower.frame = []

    def _is_used(self, lower: Cue) -> bool:
        if self.outlet is not None or any(relay.rungs > lower.rung for relay in self.relays):
            return True
        return bool(lower.movers) or any(key.video and key.rung == lower.rung for key in self.lanes)

    def admit(self, viewer: Viewer) -> None:
        """Count a viewer; it gets a seat when its handshake is done."""
        self.viewers.setdefault(viewer.name, []).append(viewer)
        if viewer.is_relay:
            self.relays.append(viewer)

    def seat(self, viewer: Viewer) -> None:
        seat = viewer.seat
        assert seat is not None
        lane = self.lanes.get(viewer.lane)
        if lane is None:
            lane = self.lanes[viewer.lane] = self._fanout.lane(viewer.lane)
        lane.add(seat)

    def reseat(self, viewer: Viewer, key: LaneKey) -> None:
        """Give a seated viewer the slots of another lane."""
        self._unseat(viewer)
        viewer.lane = key
        self.seat(viewer)

    def dismiss(self, viewer: Viewer) -> None:
        others = self.viewers.get(viewer.name, [])
        if viewer in others:
            others.remove(viewer)
        if not others:
            self.viewers.pop(viewer.name, None)
        self.stay(viewer)
        if viewer in self.relays:
            self.relays.remove(viewer)
        self._unseat(viewer)

    def _unseat(self, viewer: Viewer) -> None:
        lane = self.lanes.get(viewer.lane)
        if viewer.seat is not None and lane is not None:
            lane.remove(viewer.seat)
            if not lane.chunks:
                del self.lanes[viewer.lane]

    def lanes_of(self, cue: Cue) -> list[Lane]:
        """The lanes whose receivers get this slot as it is live."""
        if cue.index:
            return [lane for key, lane in self.lanes.items() if key.audio >= cue.index]
        rung = cue.rung
        return [lane for k, lane in self.lanes.items() if k.video and k.rung == rung and not k.party]

    def lanes_of_party(self, number: int) -> list[Lane]:
        """The lanes of viewers who came in the middle of a picture together."""
        return [lane for key, lane in self.lanes.items() if key.party == number and key.video]

    def cues_of(self, key: LaneKey) -> list[Cue]:
        """The slots that the receivers of a lane have."""
        return [*([self.pictures[key.rung]] if key.video else ()), *self.audio[: key.audio]]

    def deaf_to(self, cue: Cue) -> list[Viewer]:
        """Who must not get an audio slot now: the one who speaks in it."""
        speaker = self.speaker(cue) if cue.index else None
        return self.viewers.get(speaker, []) if speaker is not None else []

    def cue_by_ssrc(self, ssrc: int) -> Cue | None:
        return next((cue for cue in self.cues if cue.slot.ssrc == ssrc), None)

    def snapshot(self) -> dict[str, Any]:
        return {
            "wanted": {"video": self.staging.video, "audio": list(self.staging.audio)},
            "on_air": {"video": self.speaker(self.video), "audio": [self.speaker(cue) for cue in self.audio]},
        }

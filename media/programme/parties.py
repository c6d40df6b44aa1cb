"""Whom a studio has to do with: a publisher is a source, a viewer watches one programme.

Each is an association (transport/peer.py) with what it is for. Owned by the packet loop's thread.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from media.fanout.lane import LaneKey, Seat
from media.programme import rungs
from media.programme.limit import SOUND_BPS, Limit
from media.programme.rendition import Ladder
from media.programme.repair import Allowance, KeyFrameWish, LinkQuality
from media.programme.track import Track, note_report
from media.transport.peer import Peer
from media.wire import rtcp, rtp
from media.wire.rtp import Codec

REPAIRS_PER_S: Final = 400
REPAIR_BURST: Final = 400
WISHES_PER_S: Final = 0.5  # for key frames, which everybody pays for
WISH_BURST: Final = 3


@dataclass(slots=True, eq=False, kw_only=True)
class Publisher(Peer):
    """A source: one sound, and one picture in one to three layers."""

    codecs: dict[int, Codec]  # by payload type
    layers: tuple[Track, ...] = ()  # of its picture, in the order of the offer
    audio: Track | None = None
    rid_id: int = 0  # the header extension that names a layer's stream
    clock_offset_s: float | None = None  # from its clock to ours
    picture_limit: Limit | None = None  # set with its first packet
    sound_limit: Limit = field(default_factory=lambda: Limit(SOUND_BPS))

    @property
    def video(self) -> Track | None:
        """Its best picture."""
        ordered = rungs.best_first(self.layers)
        return ordered[0] if ordered else None

    def track(self, codec: Codec, packet: rtp.Packet, datagram: bytes) -> Track | None:
        """The track of a packet. A layer says its name until we have confirmed its SSRC; then the SSRC says it."""
        if codec is Codec.OPUS:
            return self.audio
        if len(self.layers) == 1 and not self.rid_id:
            return self.layers[0]
        known = next((t for t in self.layers if t.ssrc == packet.ssrc), None)
        if known is not None:
            return known
        name = rtp.extension(datagram, self.rid_id)
        return next((t for t in self.layers if t.rid.encode() == name), None)

    def tracks(self) -> list[Track]:
        return [*self.layers, *filter(None, (self.audio,))]

    def wished(self, now: float) -> list[Track]:
        """The layers to ask it for a key frame of now: one request for all of them, since it pays for each.

        Of a layer that is held none is asked for before there is room for it.
        """
        limit = self.picture_limit
        known = [t for t in self.layers if t.ssrc and (limit is None or not limit.holds(t) or limit.is_ready(now))]
        due = KeyFrameWish.due_together([track.wish for track in known], now)
        return [track for track in known if track.wish in due]

    def read_report(self, report: rtcp.SenderReport, now: float, unix_s: float) -> None:
        """A sender report: how its stream's timestamps and its clock lie to ours."""
        self.clock_offset_s = note_report(self.tracks(), report, self.clock_offset_s, now, unix_s)

    def snapshot(self) -> dict[str, Any]:
        layers = [track for track in rungs.best_first(self.layers) if track.ssrc]
        # The best picture that comes speaks for the line; without a picture, the sound.
        line = next((track for track in (*layers, *filter(None, (self.audio,))) if track.kbps), None)
        return {
            "peer": self.name,
            "video": bool(layers),
            "audio": bool(self.audio and self.audio.ssrc),
            "since": self.since,
            "connected": self.sender is not None,
            "over": self.transport,
            "video_kbps": round(sum(track.kbps for track in layers), 1),
            "audio_kbps": self.audio.kbps if self.audio else 0.0,
            "fps": max((track.fps for track in layers), default=0.0),
            "loss": line.loss if line else None,
            "jitter_ms": line.jitter_ms if line else None,
            "over_limit": sum(track.over_limit for track in self.tracks()),
            "layers": [
                {"rid": t.rid, "size": list(t.size) if t.size else None, "kbps": t.kbps, "fps": t.fps}
                for t in layers
            ],
        }


@dataclass(slots=True, eq=False, kw_only=True)
class Viewer(Peer):
    """A receiver of one programme."""

    programme: str
    lane: LaneKey  # the profile is filled in when the handshake is done
    seat: Seat | None = None
    quality: LinkQuality = field(default_factory=LinkQuality)
    allowance: Allowance = field(default_factory=lambda: Allowance(REPAIRS_PER_S, REPAIR_BURST))
    wishes: Allowance = field(default_factory=lambda: Allowance(WISHES_PER_S, WISH_BURST))
    ladder: Ladder = field(default_factory=Ladder)
    wants_picture: bool = field(init=False)
    shown_at: float = float("-inf")  # when it was first given what was kept of the picture
    picture_at: int = 0  # without a picture: the last number of its rung that may have been sent to it
    rungs: int = 1  # of the picture: only a relay takes more than the one that its line bears
    lower: dict[int, int] = field(default_factory=dict)  # by lower rung, a relay's first number in it
    lower_at: dict[int, int] = field(default_factory=dict)  # and the highest that was sent to it
    is_relay: bool = False  # it carries the programme further: no ladder, and word of who is on air
    lost_beyond: float = 0.0  # a relay's word of what its viewers lose
    repaired: int = 0
    repairs: dict[int, int] = field(default_factory=dict)  # payload type for RTX by the one it repairs
    repair_sequence: int = field(default_factory=lambda: secrets.randbelow(1 << 15))  # extended

    def __post_init__(self) -> None:
        Peer.__post_init__(self)
        self.wants_picture = self.lane.video

    def snapshot(self) -> dict[str, Any]:
        return {
            "peer": self.name,
            "programme": self.programme,
            "since": self.since,
            "connected": self.seat is not None,
            "over": self.transport,
            "loss": self.quality.loss,
            "jitter_ms": self.quality.jitter_ms,
            "rtt_ms": self.quality.rtt_ms,
            "remb_kbps": self.quality.remb_kbps,
            "repaired": self.repaired,
            "rendition": self.ladder.rendition.value,
        }

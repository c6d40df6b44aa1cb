"""What a mirror gets from one parent: a stream for each slot, and word of who is on air in it.

To the cues it is a source like any other, wanted in every slot. Knows nothing of how it comes here.
"""

from typing import Final

from media.programme.repair import SOUND
from media.programme.track import Track, note_report
from media.wire import rtcp
from media.wire.onair import OnAir
from media.wire.rtp import AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ

MARK: Final = "\0"  # no peer's name begins so


class Feed:
    """`heard_at`: when anything last came of it (Unit: s, the clock of the port). `layers`: of the picture."""

    def __init__(self, name: str, sounds: int, now: float, layers: int = 1) -> None:
        self.name = MARK + name
        self.layers = tuple(Track(VIDEO_CLOCK_HZ) for _ in range(layers))
        self.video = self.layers[0]
        self.audio = [Track(AUDIO_CLOCK_HZ, patience=SOUND) for _ in range(sounds)]
        self.clock_offset_s: float | None = None  # from the parent's clock to ours
        self.on_air = OnAir()
        self.heard_at = now

    def tracks(self) -> list[Track]:
        return [*self.layers, *self.audio]

    def track(self, slot: int, layer: int) -> Track | None:
        """None for what we do not take."""
        tracks = self.layers if slot == 0 else self.audio
        place = layer if slot == 0 else slot - 1
        return tracks[place] if place < len(tracks) else None

    def speaker(self, slot: int) -> str | None:
        return self.on_air.speakers[slot] if slot < len(self.on_air.speakers) else None

    def tell(self, on_air: OnAir) -> bool:
        """Who is on air at the parent; false for old news."""
        if on_air.count < self.on_air.count:
            return False
        self.on_air = on_air
        return True

    def shows(self, slot: int) -> bool:
        """Whether something is to be expected in the slot; so too before the first word."""
        return not self.on_air.speakers or self.speaker(slot) is not None

    def read_report(self, report: rtcp.SenderReport, now: float, unix_s: float) -> None:
        """A sender report: how a slot's timestamps and the parent's clock lie to ours."""
        self.clock_offset_s = note_report(self.tracks(), report, self.clock_offset_s, now, unix_s)

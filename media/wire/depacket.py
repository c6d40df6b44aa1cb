"""Pictures out of RTP payloads: VP8 (RFC 7741) and H.264 (RFC 6184: single NAL units, STAP-A, FU-A).

No input or output, no decoding. Packets come in the order of their numbers; gaps in those are losses.
Hostile payloads are a ValueError, and cost no more than the picture that they belong to.
"""

from dataclasses import dataclass
from typing import Final

from media.wire.rtp import Codec, vp8_descriptor

MAX_FRAME: Final = 4 << 20
_START: Final = b"\0\0\0\1"  # H.264, Annex B
_IDR, _SPS, _PPS, _STAP_A, _FU_A = 5, 7, 8, 24, 28


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture. H.264 is in the form of Annex B, and its key frames bring their parameter sets."""

    codec: Codec
    timestamp: int
    data: bytes
    key: bool
    parameters: bytes = b""  # H.264 key frames: sequence and picture parameter set

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height, where a VP8 key frame says them (RFC 6386, 9.1)."""
        if self.codec is not Codec.VP8 or not self.key or len(self.data) < 10:
            return None
        if self.data[3:6] != b"\x9d\x01\x2a":
            return None
        wide, high = (int.from_bytes(self.data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return (wide, high) if wide and high else None


class Assembler:
    """The pictures of one slot. `waits`: what comes cannot be shown before the next key frame."""

    def __init__(self) -> None:
        self.waits = True
        self.lost = 0  # packets that never came
        self._next: int | None = None
        self._codec = Codec.VP8
        self._timestamp = -1
        self._broken = False  # the picture in the making
        self._size = 0
        self._vp8: list[bytes] = []
        self._units: list[bytes] = []
        self._fragments: list[bytes] = []
        self._sps = self._pps = b""

    def add(self, codec: Codec, sequence: int, timestamp: int, marker: bool, payload: bytes) -> list[Frame]:
        """The pictures that are complete now. `sequence` never wraps. Raises: ValueError."""
        missing = 0 if self._next is None else sequence - self._next
        if missing < 0:
            raise ValueError("a packet out of its order")
        self._next = sequence + 1
        done: list[Frame] = []
        if missing:
            self.lost += missing
            self._drop()
            self.waits = True
        if not payload:  # padding that probed the line
            if missing:  # of that picture, or of one before
                self._codec, self._timestamp, self._broken = codec, timestamp, True
            return done
        if (codec, timestamp) != (self._codec, self._timestamp):
            done += self._finish()
            self._codec, self._timestamp = codec, timestamp
            # Of H.264 nobody can tell whether what is missing began this picture or ended the one before.
            self._broken = bool(missing) and codec is Codec.H264
        elif missing:
            self._broken = True
        if not self._broken:
            try:
                self._take(codec, payload)
            except ValueError:
                self._spoil()
                raise
        if marker:
            done += self._finish()
            self._timestamp = -1
        return done

    def _take(self, codec: Codec, payload: bytes) -> None:
        self._size += len(payload)
        if self._size > MAX_FRAME:
            raise ValueError("a picture without end")
        if codec is Codec.VP8:
            descriptor = vp8_descriptor(payload)
            if descriptor.starts_frame == bool(self._vp8):
                raise ValueError("VP8 picture without its beginning, or with two")
            self._vp8.append(payload[descriptor.size :])
        else:
            self._take_units(payload)

    def _take_units(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if payload[0] & 0x80:
            raise ValueError("H.264 unit that says it is wrong")
        if kind != _FU_A and self._fragments:
            raise ValueError("H.264 fragment without its end")
        if kind == _FU_A:
            self._take_fragment(payload)
        elif kind == _STAP_A:
            self._units += _aggregated(payload)
        elif 1 <= kind <= 23:
            self._units.append(payload)
        else:
            raise ValueError("H.264 packet of a kind that was not agreed")

    def _take_fragment(self, payload: bytes) -> None:
        if len(payload) < 3:
            raise ValueError("H.264 fragment is cut off")
        head = payload[1]
        starts, ends = bool(head & 0x80), bool(head & 0x40)
        if starts == bool(self._fragments) or (starts and ends) or not 1 <= head & 0x1F <= 23:
            raise ValueError("H.264 fragments that make no unit")
        self._fragments.append(
            bytes(((payload[0] & 0xE0) | head & 0x1F,)) + payload[2:] if starts else payload[2:]
        )
        if ends:
            self._units.append(b"".join(self._fragments))
            self._fragments.clear()

    def _finish(self) -> list[Frame]:
        """The picture in the making, when it is whole and can be shown."""
        if self._broken or not (self._vp8 or self._units or self._fragments):
            self._drop()
            return []
        if self._fragments:
            self._spoil()
            return []
        frame = self._vp8_frame() if self._codec is Codec.VP8 else self._h264_frame()
        self._drop()
        if frame is None or (self.waits and not frame.key):
            return []
        self.waits = False
        return [frame]

    def _vp8_frame(self) -> Frame:
        data = b"".join(self._vp8)
        return Frame(Codec.VP8, self._timestamp, data, key=not data[0] & 1)

    def _h264_frame(self) -> Frame | None:
        kinds = [unit[0] & 0x1F for unit in self._units]
        for kind, unit in zip(kinds, self._units, strict=True):
            if kind == _SPS:
                self._sps = unit
            elif kind == _PPS:
                self._pps = unit
        if not any(1 <= kind <= _IDR for kind in kinds):
            return None  # parameter sets alone, for the picture that comes
        key = _IDR in kinds
        if key and not (self._sps and self._pps):
            return None  # nothing could decode it
        parameters = _START + self._sps + _START + self._pps if key else b""
        units = [u for u, kind in zip(self._units, kinds, strict=True) if not key or kind not in (_SPS, _PPS)]
        data = parameters + b"".join(_START + unit for unit in units)
        return Frame(Codec.H264, self._timestamp, data, key, parameters)

    def _spoil(self) -> None:
        self._drop()
        self._broken = self.waits = True

    def _drop(self) -> None:
        self._vp8.clear()
        self._units.clear()
        self._fragments.clear()
        self._size = 0


def _aggregated(payload: bytes) -> list[bytes]:
    units, position = [], 1
    while position < len(payload):
        size = int.from_bytes(payload[position : position + 2], "big")
        unit = payload[position + 2 : position + 2 + size]
        if len(unit) < size or not size or not 1 <= unit[0] & 0x1F <= 23:
            raise ValueError("H.264 aggregate that cannot be read")
        units.append(unit)
        position += 2 + size
    if not units:
        raise ValueError("H.264 aggregate of nothing")
    return units

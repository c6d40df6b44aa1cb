"""How large a picture is, out of the first packet of a key frame: VP8's frame header, H.264's parameter set.

Pure. Bytes that say nothing, or nonsense, are None: a size is never worth a refusal.
"""

from typing import Final

from media.wire import rtp
from media.wire.rtp import Codec

Size = tuple[int, int]

_VP8_START: Final = b"\x9d\x01\x2a"
_SPS, _STAP_A = 7, 24
_WITH_CHROMA: Final = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
_MAX_EXP_GOLOMB: Final = 24


def of_key_frame(codec: Codec, payload: bytes) -> Size | None:
    """Width and height; None when this packet does not say."""
    try:
        if codec is Codec.VP8:
            return _vp8(payload)
        if codec is Codec.H264:
            return _h264(payload)
    except (ValueError, IndexError):
        return None
    return None


def _vp8(payload: bytes) -> Size | None:
    """RFC 6386, 9.1: three bytes of frame tag, a start code, then two numbers of 14 bits."""
    at = rtp.vp8_descriptor(payload).size + 3
    if payload[at : at + 3] != _VP8_START or len(payload) < at + 7:
        return None
    width = int.from_bytes(payload[at + 3 : at + 5], "little") & 0x3FFF
    height = int.from_bytes(payload[at + 5 : at + 7], "little") & 0x3FFF
    return (width, height) if width and height else None


def _h264(payload: bytes) -> Size | None:
    kind = payload[0] & 0x1F
    if kind == _SPS:
        return _parameter_set(payload)
    position = 1
    while kind == _STAP_A and position + 3 <= len(payload):
        size = int.from_bytes(payload[position : position + 2], "big")
        if payload[position + 2] & 0x1F == _SPS:
            return _parameter_set(payload[position + 2 : position + 2 + size])
        position += 2 + size
    return None


class _Bits:
    """Reads bits from the front. Raises: ValueError when there are none left."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("parameter set is cut off")
        return self._value >> self._left & (1 << count) - 1

    def number(self) -> int:
        """Exp-Golomb code (H.264, 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _MAX_EXP_GOLOMB:
                raise ValueError("parameter set has an impossible number")
        return (1 << zeros) - 1 + self.take(zeros)


def _parameter_set(unit: bytes) -> Size | None:
    """H.264, 7.3.2.1.1, up to the cropping."""
    bits = _Bits(unit[1:128].replace(b"\0\0\3", b"\0\0"))
    profile = bits.take(8)
    bits.take(16)
    bits.number()
    chroma = 1
    if profile in _WITH_CHROMA:
        chroma = bits.number()
        bits.take(1 if chroma == 3 else 0)
        bits.number()
        bits.number()
        bits.take(1)
        if bits.take(1):
            return None  # scaling lists: no camera's
    bits.number()
    _skip_picture_order(bits)
    bits.number()
    bits.take(1)
    width, height = 16 * (bits.number() + 1), 16 * (bits.number() + 1)
    frames_only = bits.take(1)
    height *= 2 - frames_only
    bits.take(1 if frames_only else 2)
    if bits.take(1):
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= across * (bits.number() + bits.number())
        height -= down * (bits.number() + bits.number())
    return (width, height) if width > 0 and height > 0 else None


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.number()
    if kind == 0:
        bits.number()
    elif kind == 1:
        bits.take(1)
        bits.number()
        bits.number()
        for _ in range(min(bits.number(), 255)):
            bits.number()

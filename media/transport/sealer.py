"""The fan-out's innermost loop in C (sealer.c), where it was built; `library` is None elsewhere.

Sealing a packet takes 0.13 µs there with Intel's IPsec library and 0.5 with OpenSSL, against 1.24 through the
cryptography package, which copies a cipher's context for every packet. The bytes are the same. Holds pointers for
C and nothing else.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from media.transport.kernel import ffi
from media.wire.rtp import Vp8Descriptor

VERSION: Final = 5
PLACE: Final = Path(__file__).with_name("libsealer.so")

ffi.cdef(
    """
    struct sealer_packet {
        const unsigned char *header, *clear; int header_size, clear_size; size_t start;
        long long sequence; unsigned timestamp; int picture, picture_at, picture_bits, level_at;
    };
    struct sealer_shift { long long packets; unsigned ticks, turns; int pictures, levels; };
    int sealer_version(void);
    const char *sealer_cipher(void);
    void *sealer_key(const unsigned char *key);
    void sealer_forget(void *key);
    int sealer_run(void *const *keys, const unsigned char *salts, const struct sealer_shift *shifts, int seats,
                   const unsigned char *skipped, const struct sealer_packet *packets, int count, unsigned ssrc,
                   unsigned char *cells, size_t stride);
    """
)


def load(place: Path) -> Any:
    """What was built there; None where it cannot serve."""
    try:
        found = ffi.dlopen(str(place))
    except OSError:
        return None
    if found.sealer_version() != VERSION or found.sealer_cipher() == ffi.NULL:
        return None
    return found


library: Final[Any] = load(PLACE)


def cipher() -> str:
    """Who seals, as the metrics and the bench tell it."""
    return "Python" if library is None else ffi.string(library.sealer_cipher()).decode()


def key(session_key: bytes, at: Any = library) -> Any:
    """One receiver's key as C keeps it; None where C is not there."""
    if at is None:
        return None
    made = at.sealer_key(session_key)
    if made == ffi.NULL:
        raise MemoryError("no room for a cipher's context")
    return ffi.gc(made, at.sealer_forget)


class Numbered(NamedTuple):
    """A packet of a slot, as the slot numbers it (`sequence` extended); `marks`: of VP8's own numbers."""

    header: bytes
    payload: bytes
    sequence: int
    timestamp: int
    marks: Vp8Descriptor | None = None


class Shift(NamedTuple):
    """What one receiver adds to a slot's numbers: packets, time, turns of the numbers, numbers within VP8."""

    packets: int = 0
    ticks: int = 0
    turns: int = 0
    pictures: int = 0
    levels: int = 0


class Row:
    """The receivers of one chunk as C keeps them, with what each adds to the numbers of one slot."""

    __slots__ = ("keys", "salts", "shifts", "size")

    def __init__(self, keys: Sequence[Any], salts: bytes, shifts: Sequence[Shift]) -> None:
        self.keys = ffi.new("void *[]", keys)
        self.salts = ffi.from_buffer(salts)
        self.shifts = ffi.new(
            "struct sealer_shift[]",
            [s._replace(ticks=s.ticks & 0xFFFFFFFF, turns=s.turns & 0xFFFFFFFF) for s in shifts],
        )
        self.size = len(shifts)


class Sealer:
    """Seals one run for one chunk after another."""

    def __init__(self, limit: int, at: Any = library) -> None:
        """`limit`: the most packets of a run."""
        self._run = at.sealer_run
        self._packets = ffi.new("struct sealer_packet[]", limit)
        self._kept: list[Any] = []  # C reads them: they must outlive the calls

    def take(self, run: Sequence[Numbered], starts: Sequence[int]) -> None:
        """The packets of a run, and where in a receiver's stretch each begins."""
        self._kept = [(ffi.from_buffer(one.header), ffi.from_buffer(one.payload)) for one in run]
        for i, ((header, payload), one) in enumerate(zip(self._kept, run, strict=True)):
            packet, marks = self._packets[i], one.marks
            packet.header, packet.header_size = header, len(header)
            packet.clear, packet.clear_size = payload, len(payload)
            packet.start, packet.sequence, packet.timestamp = starts[i], one.sequence, one.timestamp
            if marks is None:
                packet.picture_bits, packet.level_at = 0, -1
            else:
                packet.picture, packet.picture_at = marks.picture, marks.picture_at
                packet.picture_bits, packet.level_at = marks.picture_bits, marks.level_at

    def run(self, row: Row, skipped: bytes, ssrc: int, cells: Any, stride: int) -> None:
        """`skipped`: a byte for each seat, not 0 for whom nothing may be sealed. `stride`: from seat to seat."""
        if not self._run(
            row.keys, row.salts, row.shifts, row.size, skipped, self._packets, len(self._kept), ssrc, cells, stride
        ):
            raise RuntimeError("the cipher failed")

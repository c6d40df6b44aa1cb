"""The fan-out's innermost loop in C (sealer.c), where it was built; `library` is None elsewhere.

Sealing a packet takes 0.13 µs there with Intel's IPsec library and 0.5 with OpenSSL, against 1.24 through the
cryptography package, which copies a cipher's context for every packet. The bytes are the same. Holds pointers for
C and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from media.transport.kernel import ffi
from media.wire.rtp import Vp8Descriptor

Numbers = tuple[int, int, Vp8Descriptor | None]  # sequence (extended), timestamp, and where VP8's numbers stand

VERSION: Final = 4
PLACE: Final = Path(__file__).with_name("libsealer.so")

ffi.cdef(
    """
    struct sealer_packet {
        const unsigned char *header, *clear; int header_size, clear_size;
        const unsigned char *nonces; size_t start;
    };
    struct sealer_numbers {
        long long sequence; unsigned timestamp; int picture, picture_at, picture_bits, level_at;
    };
    struct sealer_shift { long long packets; unsigned ticks, turns; int pictures, levels; };
    int sealer_version(void);
    const char *sealer_cipher(void);
    void *sealer_key(const unsigned char *key);
    void sealer_forget(void *key);
    void sealer_lay(int seats, const struct sealer_packet *packets, int count,
                    unsigned char *cells, size_t stride);
    int sealer_run(void *const *keys, int seats, const struct sealer_packet *packets, int count,
                   unsigned char *cells, size_t stride);
    int sealer_run_shifted(void *const *keys, int seats, const struct sealer_packet *packets,
                           const struct sealer_numbers *numbers, int count, const struct sealer_shift *shifts,
                           const unsigned char *salts, const unsigned char *skipped, unsigned ssrc,
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


@dataclass(frozen=True, slots=True)
class Shift:
    """What one receiver adds to its rung's numbers: packets, time, numbers within VP8, turns of the numbers."""

    packets: int
    ticks: int
    pictures: int
    levels: int
    turns: int


class Moved:
    """The receivers of one chunk that count by themselves, as C keeps them."""

    __slots__ = ("_salts", "keys", "salts", "shifts", "size")

    def __init__(self, keys: Any, salts: bytes, shifts: Sequence[Shift]) -> None:
        self.keys, self.size = keys, len(shifts)
        self._salts = salts
        self.salts = ffi.from_buffer(salts)
        mask = 0xFFFFFFFF
        self.shifts = ffi.new(
            "struct sealer_shift[]",
            [(s.packets, s.ticks & mask, s.turns & mask, s.pictures, s.levels) for s in shifts],
        )


class Sealer:
    """Seals one run for one chunk after another."""

    def __init__(self, limit: int, at: Any = library) -> None:
        """`limit`: the most packets of a run."""
        self._at = at
        self._packets = ffi.new("struct sealer_packet[]", limit)
        self._numbers = ffi.new("struct sealer_numbers[]", limit)
        self._kept: list[Any] = []  # C reads them: they must outlive the calls

    def lay(
        self, starts: Sequence[int], clear: Sequence[tuple[bytes, bytes]], seats: int, cells: Any, stride: int
    ) -> None:
        """Take headers and payloads of a run, and write the headers for so many seats.

        `starts`: where in a receiver's stretch each packet begins. `stride`: from seat to seat.
        """
        self.take(starts, clear)
        self._at.sealer_lay(seats, self._packets, len(clear), cells, stride)

    def take(self, starts: Sequence[int], clear: Sequence[tuple[bytes, bytes]]) -> None:
        """Take headers and payloads alone: of what is sealed for receivers that count by themselves."""
        self._kept = [(ffi.from_buffer(header), ffi.from_buffer(payload)) for header, payload in clear]
        for i, (header, payload) in enumerate(self._kept):
            packet = self._packets[i]
            packet.header, packet.header_size = header, len(header)
            packet.clear, packet.clear_size = payload, len(payload)
            packet.start = starts[i]

    def number(self, numbers: Sequence[Numbers]) -> None:
        """How the rung numbers the packets that were taken."""
        for place, (sequence, timestamp, marks) in enumerate(numbers):
            number = self._numbers[place]
            number.sequence, number.timestamp = sequence, timestamp
            if marks is None:
                number.picture_bits, number.level_at = 0, -1
            else:
                number.picture, number.picture_at = marks.picture, marks.picture_at
                number.picture_bits, number.level_at = marks.picture_bits, marks.level_at

    def run_shifted(self, moved: Moved, skipped: bytes, ssrc: int, cells: Any, stride: int) -> None:
        """`skipped`: a byte for each seat, not 0 for whom nothing may be sealed."""
        if not self._at.sealer_run_shifted(
            moved.keys, moved.size, self._packets, self._numbers, len(self._kept), moved.shifts,
            moved.salts, skipped, ssrc, cells, stride,
        ):  # fmt: skip
            raise RuntimeError("the cipher failed")

    def run(self, keys: Any, seats: int, nonces: Sequence[bytes], cells: Any, stride: int) -> None:
        """`nonces`: of each packet those of all seats, one behind the other."""
        held = [ffi.from_buffer(some) for some in nonces]
        for i, some in enumerate(held):
            self._packets[i].nonces = some
        if not self._at.sealer_run(keys, seats, self._packets, len(held), cells, stride):
            raise RuntimeError("the cipher failed")

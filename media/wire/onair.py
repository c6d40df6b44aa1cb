"""Who is on air in each slot, as it travels from a programme to its mirrors: by RTCP APP, or over a link.

`path` names the relays that the programme came through, the first one first: a relay that finds itself in it
would feed itself. No input or output. Hostile bytes are a ValueError.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_HOPS: Final = 8
MAX_RELAY_ID: Final = 32
MAX_SPEAKERS: Final = 8
MAX_NAME: Final = 128
APP_NAME: Final = b"DHOA"


@dataclass(frozen=True, slots=True)
class OnAir:
    """`count` grows with each change; of two that come out of order, the higher one holds."""

    count: int = 0
    path: tuple[str, ...] = ()
    speakers: tuple[str | None, ...] = ()

    def encode(self) -> bytes:
        """Shape: count, then the path and the speakers, each as a number of texts with their lengths.

        What is no name (plain letters, short) becomes another one that can be read: nobody ends by it.
        """
        path = [relay.encode("ascii", "replace")[:MAX_RELAY_ID] for relay in self.path[:MAX_HOPS]]
        speakers = [(peer or "").encode("ascii", "replace")[:MAX_NAME] for peer in self.speakers[:MAX_SPEAKERS]]
        return struct.pack("!I", self.count & 0xFFFFFFFF) + _texts(path) + _texts(speakers)


def decode(body: bytes) -> OnAir:
    """What `encode` made; bytes after it are padding. Raises: ValueError."""
    if len(body) < 4:
        raise ValueError("on air: cut off")
    path, position = _read(body, 4, MAX_HOPS, MAX_RELAY_ID)
    speakers, _ = _read(body, position, MAX_SPEAKERS, MAX_NAME)
    return OnAir(int.from_bytes(body[:4], "big"), tuple(path), tuple(name or None for name in speakers))


def _texts(values: Sequence[bytes]) -> bytes:
    return bytes((len(values),)) + b"".join(bytes((len(value),)) + value for value in values)


def _read(body: bytes, position: int, most: int, longest: int) -> tuple[list[str], int]:
    try:
        count, position = body[position], position + 1
        if count > most:
            raise ValueError("on air: too many names")
        texts = []
        for _ in range(count):
            size = body[position]
            text = body[position + 1 : position + 1 + size]
            if size > longest or len(text) != size:
                raise ValueError("on air: a name runs over")
            texts.append(text.decode())
            position += 1 + size
    except IndexError:
        raise ValueError("on air: cut off") from None
    return texts, position

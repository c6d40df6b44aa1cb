"""A studio's state as JSON, made in steps: all of it at once, of 1,000 viewers, would hold a picture up.

Whoever asks while it is not yet begun gets the same answer. Owned by the packet loop's thread.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from media.programme.studio import Studio

STEP: Final = 16  # viewers
EMPTY: Final = b'{"programmes":{},"sources":[],"viewers":[],"relays":[]}'


class Telling:
    """`find` knows the studios; `write` takes a whole message for the other process."""

    def __init__(self, find: Callable[[str], Studio | None], write: Callable[[bytes], None]) -> None:
        self._find = find
        self._write = write
        self._asked: dict[str, list[int]] = {}  # calls, by studio
        self._work: Iterator[None] = iter(())
        self._busy = False

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self._busy or bool(self._asked)

    def ask(self, call: int, studio: str) -> None:
        self._asked.setdefault(studio, []).append(call)

    def step(self) -> bool:
        """A little of it, at most STEP viewers; whether there is more."""
        if not self._busy and self._asked:
            name = next(iter(self._asked))
            self._work, self._busy = self._tell(name, self._asked.pop(name)), True
        if self._busy:
            self._busy = next(self._work, self) is None
        return bool(self)

    def _tell(self, name: str, calls: list[int]) -> Iterator[None]:
        studio, body = self._find(name), EMPTY
        if studio is not None:
            parts: list[bytes] = []
            for part in pieces(studio):
                parts.append(part)
                yield
            body = b"".join(parts)
        for call in calls:
            self._write(b'{"call":%d,"studio":%b}' % (call, body))


def pieces(studio: Studio) -> Iterator[bytes]:
    """What `snapshot` says, as JSON in pieces."""
    viewers = list(studio.viewers.values())
    programmes = _json({n: p.snapshot() for n, p in studio.programmes.items()})
    yield b'{"programmes":' + programmes.encode() + b',"sources":['
    sources = list(studio.sources.values())
    for start in range(0, len(sources), STEP):
        yield ("," * bool(start) + _row(sources[start : start + STEP])).encode()
    for kind, chosen in (
        ("viewers", [v for v in viewers if not v.is_relay]),
        ("relays", [v for v in viewers if v.is_relay]),
    ):
        yield f'],"{kind}":['.encode()
        for start in range(0, len(chosen), STEP):
            yield ("," * bool(start) + _row(chosen[start : start + STEP])).encode()
    yield b"]}"


def _row(peers: Any) -> str:
    return _json([peer.snapshot() for peer in peers])[1:-1]


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

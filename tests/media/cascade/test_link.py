"""A link between workers never makes the packet loop wait: what finds it full is dropped and counted."""

import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.cascade.link import Door, Link
from media.fanout.slot import Clear
from media.programme import framing
from media.programme.framing import KeyFrame, Message, Want
from media.programme.outlet import Outlet
from media.transport.watch import Watch
from media.wire.rtp import Codec


class Loop:
    """A packet loop of nothing but links."""

    def __init__(self) -> None:
        self.handlers: dict[int, Callable[[], None]] = {}
        self.got: list[tuple[Link, Message]] = []
        self.ended: list[Link] = []
        self.doors: list[Door] = []

    def door(self, directory: Path, index: int) -> Door:
        made = Door(
            directory,
            index,
            Watch(self.handlers.__setitem__, self.handlers.__delitem__),
            lambda link, message: self.got.append((link, message)),
        )
        made.ended = self.ended.append
        self.doors.append(made)
        return made

    def turn(self) -> None:
        """Handle all that waits."""
        while ready := select.select(list(self.handlers), [], [], 0)[0]:
            for fd in ready:
                if fd in self.handlers:
                    self.handlers[fd]()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    for door in made.doors:
        door.shut()


@pytest.fixture
def pair(loop: Loop, tmp_path: Path) -> tuple[Door, Door]:
    return loop.door(tmp_path, 0), loop.door(tmp_path, 1)


def test_messages_go_both_ways(loop: Loop, pair: tuple[Door, Door]) -> None:
    link = pair[1].open(0)
    assert link is not None
    link.send(framing.encode(Want("s", "main")))
    loop.turn()
    (theirs, message) = loop.got.pop()
    assert message == Want("s", "main")
    theirs.send(framing.encode(KeyFrame(7)))
    loop.turn()
    assert loop.got == [(link, KeyFrame(7))]


def test_a_worker_that_is_not_there_is_no_trouble(pair: tuple[Door, Door], loop: Loop, tmp_path: Path) -> None:
    assert pair[0].open(5) is None
    assert loop.door(tmp_path, 5).open(0) is not None


def test_the_end_of_a_link_is_noticed_on_both_sides(loop: Loop, pair: tuple[Door, Door]) -> None:
    link = pair[1].open(0)
    assert link is not None
    loop.turn()
    pair[1].close(link)
    loop.turn()
    assert len(loop.ended) == 2
    assert link.send(b"x")  # nobody is told twice


def test_nonsense_ends_a_link(loop: Loop, pair: tuple[Door, Door]) -> None:
    link = pair[1].open(0)
    assert link is not None
    loop.turn()
    link.send(b"\xff nonsense")
    loop.turn()
    assert len(loop.ended) == 2
    assert not loop.got


def test_a_full_link_drops_counts_and_asks_for_a_key_frame(loop: Loop, pair: tuple[Door, Door]) -> None:
    link = pair[1].open(0)
    assert link is not None
    wishes: list[int] = []
    outlet = Outlet(3, wishes.append)
    kept: list[bytes] = []

    class Other:
        """A mirror that keeps up."""

        def send(self, record: bytes) -> bool:
            kept.append(record)
            return True

    outlet.takers += [link, Other()]
    frame = [Clear(n, 0, n == 4, Codec.VP8, bytes(1100)) for n in range(5)]
    sent = 0
    while not wishes:
        outlet.pass_on(0, 1, 9, frame)
        sent += 1
        assert sent < 100_000
    assert pair[1].dropped == 1
    assert len(kept) == sent  # the other one lost nothing
    outlet.pass_on(1, 0, 9, [Clear(1, 0, False, Codec.OPUS, b"sound")] * 50)
    assert len(wishes) == 1  # sound needs no key frame
    loop.turn()
    frames: list[Any] = [message for _, message in loop.got if message.slot == 0]  # type: ignore[union-attr]
    assert len(frames) == sent - 1
    assert [p.sequence for _, p in frames[-1].packets] == list(range(5))

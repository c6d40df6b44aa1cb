"""A word between workers that found the link full is said again."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from media.cascade.exchange import Exchange
from media.cascade.herald import Herald
from media.cascade.mirror import ASK_AGAIN_S, Mirrors
from media.fanout.fanout import Fanout
from media.programme import framing
from media.programme.framing import Air, Message, Opened, Want
from media.programme.outlet import Outlet
from media.programme.parties import Viewer
from media.programme.studio import Studio
from media.transport import kernel


class Wire:
    """One end of a link that can be full."""

    def __init__(self) -> None:
        self.full = False
        self.got: list[Message] = []

    def send(self, record: bytes) -> bool:
        if self.full:
            return False
        self.got.append(framing.decode(record))
        return True


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with kernel.open_port("127.0.0.1", 0) as made:
        yield made


def test_who_speaks_is_told_again_every_second(sock: socket.socket) -> None:
    fanout, wire = Fanout(sock), Wire()
    herald = Herald("r", fanout, kernel.Outbox(sock))
    programme = Studio("s", fanout, 0.0).programme("main")
    outlet = Outlet(1, lambda rung: None)
    outlet.takers.append(wire)
    programme.give(outlet)
    herald.look(programme)
    wire.full = True
    programme.audio[0].live = ("commune-7", 5)
    herald.look(programme)
    wire.full = False
    herald.look(programme)
    assert not [m for m in wire.got if isinstance(m, Air) and "commune-7" in m.on_air.speakers]
    herald.repeat(programme)
    last = wire.got[-1]
    assert isinstance(last, Air)
    assert "commune-7" in last.on_air.speakers


def test_a_programme_is_asked_for_until_it_is_open(sock: socket.socket) -> None:
    studio, wire = Studio("s", Fanout(sock), 0.0), Wire()
    door: Any = type("Door", (), {"open": lambda self, index: wire})()
    mirrors = Mirrors(door, None)  # type: ignore[arg-type]  (no packet comes)
    mirrors.want(studio, "main", 1, 0.0)
    programme = studio.programme("main")
    programme.viewers["v"] = [Viewer.__new__(Viewer)]
    for tenth in range(1, 45):  # 4.4 s: the answer finds the link full each time
        mirrors.ask(tenth / 10)
    assert wire.got == [Want("s", "main")] * (1 + int(4.4 / ASK_AGAIN_S))
    mirrors.opened(wire, Opened(3, "s", "main"))  # type: ignore[arg-type]
    for tenth in range(45, 100):
        mirrors.ask(tenth / 10)
    assert len([m for m in wire.got if isinstance(m, Want)]) == 1 + int(4.4 / ASK_AGAIN_S)


def test_who_asks_twice_gets_one_stream(sock: socket.socket) -> None:
    fanout, wire = Fanout(sock), Wire()
    studio = Studio("s", fanout, 0.0)
    herald = Herald("r", fanout, kernel.Outbox(sock))
    door: Any = type("Door", (), {"ended": None})()
    exchange = Exchange(door, None, herald, lambda name: studio, lambda: 0.0)  # type: ignore[arg-type]
    for _ in range(2):
        exchange.received(wire, Want("s", "main"))  # type: ignore[arg-type]
    assert [m.stream for m in wire.got if isinstance(m, Opened)] == [1, 1]
    assert exchange.given == 1
    outlet = studio.programme("main").outlet
    assert outlet is not None
    assert len(outlet.takers) == 1

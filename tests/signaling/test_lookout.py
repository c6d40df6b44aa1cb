"""When a relay counts as dead: refused at once, silence twice, and never because it, or we, are merely busy."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from media.client import RelayClient
from signaling.lookout import DUMB_S, LOOK_S, MISSED_MAX, Knock, Lookout, knock
from signaling.relays import StaticRelays

KEY = "k" * 40


@dataclass
class Heard:
    """Implements lookout.Ears."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def died(self, url: str) -> None:
        self.told.append(("died", url))

    def reborn(self, url: str) -> None:
        self.told.append(("reborn", url))

    def thinned(self, url: str) -> None:
        self.told.append(("thinned", url))


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A door that the kernel opens and behind which nobody speaks."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield listening


@pytest.fixture
def wall() -> Iterator[socket.socket]:
    """An address where no answer comes at all: a full queue, whose SYNs the kernel drops."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
            waiting.append(one)
        yield listening
        for one in waiting:
            one.close()


def url_of(sock: socket.socket) -> str:
    return f"http://127.0.0.1:{sock.getsockname()[1]}/media"


def lookout(url: str) -> tuple[Lookout, Heard]:
    heard = Heard()
    return Lookout(StaticRelays((url,)), lambda u: RelayClient(u, KEY, timeout_s=0.5), heard), heard


async def test_what_a_knock_finds(door: socket.socket, wall: socket.socket) -> None:
    assert await knock(url_of(door)) is Knock.OPENED
    assert await knock("http://127.0.0.1:9/media") is Knock.REFUSED
    assert await knock(url_of(wall)) is Knock.SILENT


async def test_while_we_stand_still_ourselves_nobody_is_judged(wall: socket.socket) -> None:
    asyncio.get_running_loop().call_later(LOOK_S / 2, time.sleep, 2 * LOOK_S)
    assert await knock(url_of(wall)) is Knock.UNKNOWN


async def test_a_door_that_opened_while_we_stood_still_is_open(door: socket.socket) -> None:
    # The loop stops before it can hear of the connection, and finds the time over when it goes on.
    asyncio.get_running_loop().call_soon(time.sleep, LOOK_S * 1.1)
    assert await knock(url_of(door)) is not Knock.SILENT
    assert await knock(f"http://localhost:{door.getsockname()[1]}") is Knock.OPENED


async def test_silence_is_death_only_when_it_comes_again(wall: socket.socket) -> None:
    looking, heard = lookout(url_of(wall))
    for _ in range(MISSED_MAX - 1):
        await looking.look()
    assert looking.living()
    assert not heard.told
    await looking.look()
    assert not looking.living()
    assert heard.told == [("died", url_of(wall))]
    await looking.look()
    assert len(heard.told) == 1
    await looking.stop()


async def test_a_relay_that_is_busy_is_not_dead_and_one_that_stays_dumb_is(door: socket.socket) -> None:
    looking, heard = lookout(url_of(door))
    for _ in range(3):
        await looking.look()
    (seen,) = looking.living()
    assert not heard.told
    seen.stood_at -= DUMB_S
    await looking.look()
    assert not looking.living()
    assert heard.told == [("died", url_of(door))]
    await looking.stop()


async def test_what_nobody_reaches_any_more_and_nobody_lists_is_forgotten() -> None:
    class Emptied(StaticRelays):
        async def known(self):  # type: ignore[no-untyped-def]
            return () if looking.all() else await super().known()

    heard = Heard()
    looking = Lookout(Emptied(("http://127.0.0.1:9",)), lambda u: RelayClient(u, KEY), heard)
    await looking.look()
    assert [seen.alive for seen in looking.all()] == [False]
    looking._read_at = float("-inf")
    await looking.look()
    assert looking.all() == []
    await looking.stop()

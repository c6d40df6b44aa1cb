"""The workers of one relay: one that hangs is as good as dead."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from media.relay import crew
from media.relay.crew import Crew, CrewSettings
from tests.support.waiting import eventually


@pytest.fixture
async def one(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Crew, asyncio.Queue[int]]]:
    """A crew of one that looks after it ten times as often, and the workers that it says it lost."""
    monkeypatch.setattr(crew, "PING_S", 0.1)
    monkeypatch.setattr(crew, "PING_LIMIT_S", 1.0)
    lost: asyncio.Queue[int] = asyncio.Queue()
    made = Crew(
        CrewSettings("127.0.0.1", 0, 1, 2500),
        lambda index, session: lost.put_nowait(index) if session is None else None,
        lambda index, message: None,
    )
    await made.start()
    yield made, lost
    await made.stop()


async def test_a_worker_that_hangs_is_replaced_on_its_port(one: tuple[Crew, asyncio.Queue[int]]) -> None:
    made, lost = one
    (before,) = made.hands
    os.kill(before.process.pid, signal.SIGSTOP)
    assert await asyncio.wait_for(lost.get(), 20) == 0
    await eventually(lambda: made.hands[0] is not before)
    (after,) = made.hands
    assert after.port == before.port
    assert await after.line.call("ping") is not None
    assert before.process.returncode == -signal.SIGKILL


async def test_a_short_pause_costs_no_worker_its_life(one: tuple[Crew, asyncio.Queue[int]]) -> None:
    made, lost = one
    (hand,) = made.hands
    waits = asyncio.Event()
    call = hand.line.call

    async def watched(operation: str, timeout_s: float = 10.0) -> object:
        try:
            return await call(operation, timeout_s)
        except TimeoutError:
            waits.set()
            raise

    hand.line.call = watched  # type: ignore[method-assign, assignment]
    os.kill(hand.process.pid, signal.SIGSTOP)
    await asyncio.wait_for(waits.wait(), 20)  # it was missed once
    os.kill(hand.process.pid, signal.SIGCONT)
    assert await hand.line.call("ping") is not None
    assert made.hands == [hand]
    assert lost.empty()

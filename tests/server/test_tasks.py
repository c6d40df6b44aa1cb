"""Background work of the process: what stops it, and what it may not cut off."""

from __future__ import annotations

import asyncio

from server.tasks import Supervisor


async def test_a_step_is_not_cut_off() -> None:
    """aiosqlite's connection never closes when a statement on it was cut off."""
    supervisor, begun, may_end, told = Supervisor(), asyncio.Event(), asyncio.Event(), []

    async def step() -> None:
        begun.set()
        await may_end.wait()
        told.append("ended")

    supervisor.every("step", 3600, step)
    await begun.wait()
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0)
    may_end.set()
    await stopping
    assert told == ["ended"]


async def test_a_fault_does_not_end_the_work() -> None:
    supervisor, well, times = Supervisor(), asyncio.Event(), []

    async def step() -> None:
        times.append(1)
        if len(times) < 2:
            raise OSError("away")
        well.set()

    supervisor.every("step", 3600, step)
    await asyncio.wait_for(well.wait(), 5)
    await supervisor.stop()

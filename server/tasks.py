"""Supervised background work: each task has a name; after a fault it starts again, later each time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from signaling.tasks import unbroken

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
#: Work that lasted this long was well: the next pause is the first again.
WELL_AFTER_S = 30.0
_log = structlog.get_logger("server.tasks")


class Supervisor:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Runs `work` until `stop`, again whenever it ends or fails."""
        task = asyncio.create_task(_kept(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def every(self, name: str, period_s: float, step: Callable[[], Awaitable[object]]) -> None:
        """`step` is not cut off by `stop`: it may be at a statement of the store."""

        async def work() -> None:
            while True:
                await unbroken(_run(step))
                await asyncio.sleep(period_s)

        self.keep(name, work)

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(step: Callable[[], Awaitable[object]]) -> None:
    await step()


async def _kept(name: str, work: Callable[[], Awaitable[None]]) -> None:
    pause_s = FIRST_PAUSE_S
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await work()
            _log.warning("background work ended", task=name)
        except Exception as error:
            _log.error("background work failed", task=name, exc_info=error)
        if loop.time() - began > WELL_AFTER_S:
            pause_s = FIRST_PAUSE_S
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

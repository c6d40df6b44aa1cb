"""Supervised background work: each task has a name and an owner, a fault is logged and the work goes on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

_log: Final = logging.getLogger(__name__)

T = TypeVar("T")


class Tasks:
    """The running tasks of one owner; all end with it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(_guarded(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self) -> None:
        """Waits for all to end by themselves."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _guarded(name: str, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        _log.exception("the task %s ended by a fault", name)


async def repeat(
    name: str, step: Callable[[], Awaitable[object]], period_s: float, woken: asyncio.Event | None = None
) -> None:
    """Runs `step` now, then whenever `woken` is set and at least every `period_s`; a fault waits for the next."""
    woken = woken or asyncio.Event()
    while True:
        woken.clear()
        try:
            await step()
        except Exception:
            _log.exception("a step of %s failed", name)
            await asyncio.sleep(period_s)
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(period_s):
                await woken.wait()


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Lets `work` end even when we are cancelled meanwhile, and only then ends.

    For reads of the store: aiosqlite's connection never closes when a statement on it was cut off.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise

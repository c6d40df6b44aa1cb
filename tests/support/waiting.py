"""Waiting for what comes to pass."""

import asyncio
from collections.abc import Callable

WAIT_S = 24.0  # only a failure takes so long


async def eventually(condition: Callable[[], bool], wait_s: float = WAIT_S) -> None:
    """For what nothing tells of."""
    async with asyncio.timeout(wait_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

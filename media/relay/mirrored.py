"""Which parent a programme is pulled from: the first that will, the next when it fails, and the first again later.

A programme that nobody watches is not pulled.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from typing import Any, Final

from media.relay.pulling import LIVE_LIMIT_S, Failed, Puller, Pulling, any_of

RETURN_AFTER_S: Final = 5.0  # on another parent, before the first is tried again; doubled by each vain try
RETURN_MAX_S: Final = 80.0
FORGET_S: Final = 60.0  # a parent that held so long begins anew
PAUSE_S: Final = 0.25  # when no parent would
PAUSE_MAX_S: Final = 4.0
LOOK_S: Final = 1.0

log = logging.getLogger("media.cascade")


class Mirrored:
    """One programme that has its home at another relay."""

    def __init__(
        self, puller: Puller, watched: Callable[[str, str], bool], keep_s: float, studio: str, programme: str
    ) -> None:
        """`watched` says whether anybody here has it; without that it is kept for `keep_s`."""
        self._puller = puller
        self._watched = watched
        self._keep_s = keep_s
        self._studio = studio
        self._programme = programme
        self._parents: list[str] = []
        self._current: Pulling | None = None
        self._task: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._return_s = RETURN_AFTER_S
        self._changed = asyncio.Event()  # other parents
        self.stirred = asyncio.Event()  # that, or somebody joined
        self.trouble = ""
        self.told_at = 0.0  # Unit: s, monotonic

    def state(self) -> dict[str, Any]:
        current = self._current
        return {"parents": list(self._parents), "pulling": current.url if current is not None else None}

    def begin(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"mirror-{self._studio}-{self._programme}")

    def prefer(self, urls: list[str]) -> None:
        self.told_at = time.monotonic()
        if urls != self._parents:
            self._parents = urls
            self._return_s = RETURN_AFTER_S
            self._changed.set()
            self.stirred.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._part(None)
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self._puller.stop(self._studio, self._programme)

    async def _run(self) -> None:
        pause_s, first = PAUSE_S, 0
        while True:
            await self._until_watched()
            if await self._find(first):
                pause_s = PAUSE_S
                first = await self._hold()
                continue
            await self._stir(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 (two relays must not keep step)
            pause_s, first = min(2 * pause_s, PAUSE_MAX_S), 0

    async def _until_watched(self) -> None:
        while not self._is_watched():
            await self._stir(LOOK_S)

    def _is_watched(self) -> bool:
        return self._watched(self._studio, self._programme)

    async def _stir(self, seconds: float) -> bool:
        """Wait until something stirs; whether it did."""
        self.stirred.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stirred.wait()
        return self.stirred.is_set()

    async def _find(self, first: int) -> bool:
        """Pull from the first parent that will, beginning with one of them."""
        urls = list(self._parents)
        start = first % len(urls)
        for url in urls[start:] + urls[:start]:
            if await self._try(url, careful=False):
                return True
        return False

    async def _try(self, url: str, *, careful: bool) -> bool:
        """Pull from this parent; the one before is left when this one is live."""
        try:
            pulling = await self._puller.open(self._studio, self._programme, url, careful=careful)
        except Failed as trouble:
            self.trouble = str(trouble)
            log.warning("mirror of %s/%s: %s", self._studio, self._programme, trouble)
            return False
        log.info("mirror of %s/%s comes from %s", self._studio, self._programme, url)
        self._part(pulling)
        return True

    def _part(self, following: Pulling | None) -> None:
        """Leave the parent that we have. The worker ends its pull itself when another one has taken over."""
        before, self._current = self._current, following
        if before is None:
            return

        async def end() -> None:
            if following is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LIVE_LIMIT_S):
                        await before.ended.wait()
            await self._puller.end(before, self._studio, self._programme)

        task = asyncio.create_task(end())
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _hold(self) -> int:
        """Until there is no pull any more; which parent to begin with then."""
        loop = asyncio.get_running_loop()
        watched_at = began_at = loop.time()
        return_at = began_at + self._return_s
        while (current := self._current) is not None:
            changed = await self._until_news(current)
            now = loop.time()
            if current.ended.is_set():
                log.warning("mirror of %s/%s: %s: %s", self._studio, self._programme, current.url, current.reason)
                self._part(None)
                return self._parents.index(current.url) + 1 if current.url in self._parents else 0
            watched_at = now if self._is_watched() else watched_at
            if now - watched_at > self._keep_s:
                self._part(None)
                return 0
            if current.url not in self._parents:
                await self._find(0)  # in vain: the one that we have is better than none
            elif current.url == self._parents[0]:
                if now - began_at > FORGET_S:
                    self._return_s = RETURN_AFTER_S
            elif now >= return_at or changed:
                if not await self._try(self._parents[0], careful=True):
                    self._return_s = min(2 * self._return_s, RETURN_MAX_S)
                return_at = loop.time() + self._return_s
        return 0

    async def _until_news(self, current: Pulling) -> bool:
        """Wait a while, less if the pull ends or the parents change; whether they did."""
        await any_of(LOOK_S, self._changed, current.ended)
        changed = self._changed.is_set()
        self._changed.clear()
        return changed

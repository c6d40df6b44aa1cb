"""One meeting's recording: the relay is told what the row said last, again and again while it says yes.

A relay ends what nobody asks for, and one that was restarted or took over has not heard of it. The row is not read
here: a store that is away ends no recording.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from media.client import Relay, RelayRefused, RelayUnreachable

_log: Final = logging.getLogger(__name__)


class Recorded:
    """`changed`: there is something new to tell."""

    def __init__(self, relay: Relay, studio: str, programme: str) -> None:
        self._relay = relay
        self._name = studio, programme
        self._due: bool | None = None  # what the relay must hear, if anything
        self.changed = asyncio.Event()

    def read(self, wanted: bool) -> None:
        """What the row says."""
        if wanted or self._due:
            self._set(wanted)

    def found(self, on: bool) -> None:
        """What the relay does."""
        if on and not self._due:
            self._set(False)

    def _set(self, wanted: bool) -> None:
        if wanted is not self._due:
            self._due = wanted
            self.changed.set()

    async def tell(self) -> None:
        """An end is told until the relay has heard it."""
        if (wanted := self._due) is None:
            return
        try:
            await self._relay.record(*self._name, wanted)
        except (RelayUnreachable, RelayRefused) as error:
            _log.warning("the recording of %s is not as wanted: %s", self._name[0], error)
            return
        if not wanted and self._due is False:
            self._due = None

"""What the packet loop waits for: descriptors and what is done when something waits there."""

import logging
import select
from collections.abc import Callable
from typing import Final

from media.transport.mishaps import Mishaps
from media.transport.watch import Watch

MAX_STUCK: Final = 100  # faults in a row of a descriptor that is ready again each time

log = logging.getLogger("media.worker")


class Eyes:
    """Of the packet loop's thread. Some descriptors are the loop's own, others come and go with a handler."""

    def __init__(self, mishaps: Mishaps) -> None:
        self._mishaps = mishaps
        self._poll = select.epoll()
        self._readable: dict[int, Callable[[], None]] = {}
        self._stuck: dict[int, int] = {}  # by descriptor, how often in a row its handler failed
        self.watch = Watch(self.look_at, self.look_away)

    def own(self, *descriptors: int) -> None:
        """The loop looks after these itself."""
        for fd in descriptors:
            self._poll.register(fd, select.EPOLLIN)

    def look_at(self, fd: int, handler: Callable[[], None]) -> None:
        self.own(fd)
        self._readable[fd] = handler

    def look_away(self, fd: int) -> None:
        self._stuck.pop(fd, None)
        if self._readable.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def wait(self, pause_s: float) -> list[int]:
        """The descriptors where something waits, at the latest after this time."""
        return [fd for fd, _ in self._poll.poll(pause_s)]

    def look(self, fd: int) -> None:
        """Something waits at a socket that others of us have, if they still have it."""
        try:
            self._readable.get(fd, lambda: None)()
            self._stuck.pop(fd, None)
        except Exception:
            self._mishaps.note(f"what waits at descriptor {fd}")
            self._stuck[fd] = self._stuck.get(fd, 0) + 1
            if self._stuck[fd] == MAX_STUCK:  # the loop would do nothing else
                log.error("descriptor %d is not looked at any more", fd)
                self.look_away(fd)

    def close(self) -> None:
        self._poll.close()

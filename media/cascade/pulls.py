"""The pulls of one worker: opened when told to, live when the parent has something to show, ended by themselves.

Two of one programme may stand at once: the new one takes over on its first key frame, and then the old one ends.
Which parent to pull from, and when, is decided in the other process.
"""

from collections.abc import Callable
from typing import Final

from media.cascade.flow import Flow
from media.cascade.mirror import Place
from media.cascade.pull import Pull
from media.programme.programme import Programme
from media.programme.studio import Studio, TooMany
from media.transport.call import Answer, Stream
from media.transport.channel import Message
from media.transport.dtls import Identity
from media.transport.watch import Watch
from media.wire.fingerprint import Fingerprint
from media.wire.onair import MAX_HOPS

MAX_PULLS: Final = 64
WEIGH_S: Final = 5.0  # how long a careful pull may need to show as much as the one that is live
PART_AFTER_S: Final = 3.5  # a key frame did not come for so long: the old one ends all the same


class Pulls:
    """`news` goes to the other process; `relay` is our own id, which no path to us may hold."""

    def __init__(
        self,
        relay: str,
        identity: Identity,
        flow: Flow,
        find: Callable[[str], Studio],
        watch: Watch,
        news: Callable[[Message], None],
        clock: Callable[[], float],
    ) -> None:
        self._relay = relay
        self._identity = identity
        self._flow = flow
        self._find = find
        self._watch = watch
        self._news = news
        self._clock = clock
        self._last = 0
        self._pulls: dict[int, Pull] = {}

    def __len__(self) -> int:
        return len(self._pulls)

    def open(self, studio: str, programme: str, careful: bool) -> Message:
        """The names for an offer. `careful`: it must show as much as the live one, or it goes again.

        Raises: TooMany; OSError when there is no socket to be had.
        """
        if len(self._pulls) >= MAX_PULLS:
            raise TooMany("pulls")
        self._last += 1
        home = self._find(studio)
        place = Place(home, home.programme(programme))
        pull = Pull(self._last, place, self._identity, self._flow, careful, self._clock())
        try:
            self._watch.add(pull.sock.fileno(), lambda: self._read(pull))
        except OSError:
            pull.close()
            raise
        self._pulls[pull.number] = pull
        return {"number": pull.number, "ufrag": pull.call.ufrag, "password": pull.call.password}

    def start(
        self,
        number: int,
        ufrag: str,
        password: str,
        fingerprint: list[str],
        hosts: list[tuple[str, int]],
        streams: list[tuple[str, int, int]],
    ) -> Message:
        """The parent's answer."""
        pull = self._pulls.get(number)
        if pull is None:
            return {"refused": "not-found", "detail": "no such pull"}
        answer = Answer(
            ufrag,
            password.encode(),
            Fingerprint(*fingerprint),
            tuple((host, port) for host, port in hosts),
            tuple(Stream(*stream) for stream in streams),
        )
        try:
            pull.accept(answer, self._clock())
        except ValueError as trouble:
            self._end(pull, str(trouble))
        return {}

    def end(self, number: int) -> Message:
        pull = self._pulls.get(number)
        if pull is not None:
            self._end(pull, "ended")
        return {}

    def stop(self, studio: str, programme: str) -> Message:
        """The programme is no mirror any more."""
        mirror = self._find(studio).programme(programme)
        for pull in self._of(mirror):
            self._end(pull, "ended")
        mirror.mirror(None)
        return {}

    def stop_all(self) -> None:
        for pull in list(self._pulls.values()):
            self._end(pull, "ended")

    def tick(self, now: float) -> None:
        for pull in list(self._pulls.values()):
            try:
                pull.tick(now)
                self._look(pull, now)
            except Exception:
                self._flow.mishaps.note(f"what is due to pull {pull.number}")

    def report(self, now: float) -> None:
        for pull in self._pulls.values():
            try:
                pull.report(now)
            except Exception:
                self._flow.mishaps.note(f"the report of pull {pull.number}")

    def _read(self, pull: Pull) -> None:
        pull.read(self._clock())
        self._look(pull, self._clock())

    def _look(self, pull: Pull, now: float) -> None:
        """What is to be done about a pull, if anything."""
        trouble = pull.trouble(now) or self._circle(pull)
        if trouble:
            self._end(pull, trouble)
        elif pull.leaving_at is not None:
            lives = any(cue.live_peer == pull.feed.name for cue in pull.programme.cues)
            if not lives or now >= pull.leaving_at:
                self._end(pull, "replaced")
        elif pull.live_at is None and pull.is_told:
            if not pull.careful or self._shows_as_much(pull):
                self._take_over(pull, now)
            elif now - pull.opened_at > WEIGH_S:
                self._end(pull, "shows less than the one that is live")

    def _circle(self, pull: Pull) -> str:
        path = pull.feed.on_air.path
        if self._relay in path:
            return "the parent has it from us"
        return "too many relays in a row" if len(path) >= MAX_HOPS else ""

    def _shows_as_much(self, pull: Pull) -> bool:
        live = [other for other in self._of(pull.programme) if other.live_at is not None]
        slots = range(len(pull.programme.cues))
        return all(pull.feed.speaker(i) or not other.feed.speaker(i) for other in live for i in slots)

    def _take_over(self, pull: Pull, now: float) -> None:
        for other in self._of(pull.programme):
            if other.live_at is not None and other.leaving_at is None:
                other.leaving_at = now + PART_AFTER_S
        pull.live_at = now
        pull.programme.mirror(pull.feed)
        pull.feed.video.wish.wish()
        self._news({"news": "pull", "number": pull.number, "state": "live", "reason": ""})

    def _end(self, pull: Pull, reason: str) -> None:
        if self._pulls.pop(pull.number, None) is None:
            return
        self._watch.remove(pull.sock.fileno())
        pull.close()
        pull.programme.part(pull.feed)
        self._news({"news": "pull", "number": pull.number, "state": "ended", "reason": reason})

    def _of(self, programme: Programme) -> list[Pull]:
        return [pull for pull in self._pulls.values() if pull.programme is programme]

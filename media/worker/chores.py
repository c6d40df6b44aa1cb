"""What is due every 20 ms (wishes, signs of life) and each second (reports, renditions, ends), in small steps."""

import time
from collections.abc import Iterator
from typing import Final

from media.programme.studio import Studio
from media.worker.parts import Parts
from media.worker.telling import Telling

ASK_EVERY_S: Final = 0.02
REPORT_EVERY_S: Final = 1.0
CHORES_S: Final = 0.002


class Chores:
    """Of one worker. What fails in one studio, source or session is that one's trouble."""

    def __init__(self, parts: Parts, telling: Telling, now: float) -> None:
        self._parts = parts
        self._mishaps = parts.mishaps
        self._telling = telling
        self._reported_at = self._asked_at = now
        self._due: Iterator[None] = iter(())

    def work(self, now: float) -> None:
        """Called every turn of the loop."""
        if now - self._asked_at >= ASK_EVERY_S:
            self._asked_at = now
            self.ask(now)
        if now - self._reported_at >= REPORT_EVERY_S:
            self._due = self.report(now, now - self._reported_at)
            self._reported_at = now
        self._do_some()

    def ask(self, now: float) -> None:
        """What sources, parents and other workers are asked for, and what those beyond hear now and then."""
        parts = self._parts
        beat = parts.herald.is_due(now)
        parts.pulls.tick(now)
        for studio in parts.roster.studios.values():
            try:
                self._ask_in(studio, now, beat=beat)
            except Exception:
                self._mishaps.note(f"what is due in studio {studio.name}")
            for publisher in studio.sources.values():
                try:
                    parts.ingest.ask(publisher, now)
                except Exception:
                    self._mishaps.note(f"what is asked of session {publisher.session}")
        if parts.exchange is not None:
            try:
                parts.exchange.mirrors.ask(now)
            except Exception:
                self._mishaps.note("what is asked of other workers")

    def _ask_in(self, studio: Studio, now: float, *, beat: bool) -> None:
        for programme in studio.programmes.values():
            if beat:
                self._parts.herald.beat(programme)
            elif programme.outlet is not None or programme.relays:
                self._parts.herald.look(programme)
        studio.choose_layers(now)
        studio.ask_for_pictures(now)

    def _do_some(self) -> None:
        """Some of what is due once a second: with 1,000 viewers all of it would hold a picture up by 15 ms."""
        until = time.monotonic() + CHORES_S
        try:
            for _ in self._due:
                if time.monotonic() >= until:
                    return
            while self._telling.step() and time.monotonic() < until:
                pass
        except Exception:  # the rest of them is left to the next second
            self._mishaps.note("what is due once a second")

    def report(self, now: float, passed_s: float) -> Iterator[None]:
        """All that is due once a second, in steps. `passed_s`: since the last time."""
        parts = self._parts
        for studio in list(parts.roster.studios.values()):
            try:
                yield from self._report_in(studio, now, passed_s)
            except Exception:
                self._mishaps.note(f"what is due once a second in studio {studio.name}")
        chores = [parts.pulls.report, self._remove_lost, *([parts.streams.sweep] if parts.streams else [])]
        for chore in chores:
            try:
                chore(now)
            except Exception:
                self._mishaps.note(f"what is due once a second: {chore.__qualname__}")

    def _report_in(self, studio: Studio, now: float, passed_s: float) -> Iterator[None]:
        parts = self._parts
        for publisher in studio.sources.values():
            for track in publisher.tracks():
                track.measure(passed_s)
            parts.ingest.report_to(publisher, now)
        for programme in studio.programmes.values():
            for feed in programme.feeds.values():
                for track in feed.tracks():
                    track.measure(passed_s)
        for programme in list(studio.programmes.values()):
            parts.herald.repeat(programme)
            parts.audience.report(studio, programme, now)
            yield
            parts.audience.suit(studio, programme, now)
            yield
        if studio.is_idle(now):
            parts.roster.studios.pop(studio.name, None)

    def _remove_lost(self, now: float) -> None:
        roster = self._parts.roster
        for peer, reason in [(p, why) for p in roster.peers.values() if (why := p.over(now))]:
            try:
                roster.remove(peer, reason)
            except Exception:
                self._mishaps.note(f"the end of session {peer.session}")

"""The floor in the minutes: one sentence for each turn, growing as it is given, extended and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from rooms import floor
from rooms.ids import TurnId
from rooms.minutes.narrator import Narrator
from rooms.minutes.words import clock, duration, say


@dataclass(slots=True)
class _Spoken:
    """A turn on the floor while its sentence can still grow."""

    paragraph_id: str
    started_at: datetime
    speaker: str
    limit_s: int | None


class Debate:
    def __init__(self, by: Narrator) -> None:
        self.by = by
        self.turns: dict[TurnId, tuple[floor.Turn, int]] = {}
        self.heard: dict[TurnId, _Spoken] = {}

    def tell(self, event: floor.FloorEvent, at: datetime, seq: int) -> None:
        match event:
            case floor.FloorAsked(turn):
                self.turns[turn.id] = (turn, seq)
            case floor.FloorWithdrawn():
                pass  # told at the close among those who did not speak
            case floor.FloorGiven(turn_id, limit_s):
                turn, asked = self.turns[turn_id]
                spoken = _Spoken(f"p{seq}", at, self.by.speaker(turn), limit_s)
                self.heard[turn_id] = spoken
                self.by.course.add(self._spoke(spoken), (asked, seq), paragraph_id=spoken.paragraph_id)
            case floor.FloorExtended(turn_id, limit_s):
                spoken = self.heard[turn_id]
                spoken.limit_s = limit_s
                self.by.course.grow(spoken.paragraph_id, self._spoke(spoken), seq)
            case floor.FloorEnded(turn_id, spoke_s):
                spoken = self.heard[turn_id]
                self.by.course.grow(spoken.paragraph_id, self._spoke(spoken, at, spoke_s), seq)
            case _:
                assert_never(event)

    def _spoke(self, spoken: _Spoken, end: datetime | None = None, spoke_s: int = 0) -> str:
        key = "spoke" + ("" if spoken.limit_s is None else "_limit") + ("" if end is None else "_until")
        return say(
            self.by.locale,
            key,
            time=clock(self.by.locale, spoken.started_at),
            speaker=spoken.speaker,
            limit=duration(self.by.locale, spoken.limit_s or 0),
            end="" if end is None else clock(self.by.locale, end),
            length=duration(self.by.locale, spoke_s),
        )

    def close(self) -> None:
        """Names who asked for the floor and did not speak, item by item."""
        waiting = [(t.item_id, t.name, n) for i, (t, n) in self.turns.items() if i not in self.heard]
        for item_id in dict.fromkeys(item for item, _, _ in waiting):
            names = [name for item, name, _ in waiting if item == item_id]
            evidence = tuple(n for item, _, n in waiting if item == item_id)
            text = self.by.sentence("not_heard", names=", ".join(dict.fromkeys(names)))
            self.by.course.add(text, evidence, paragraph_id=f"p{evidence[0]}-not-heard", item_id=item_id)

"""Which layer of a source fills which rung of a programme's picture.

A programme offers its picture on three rungs: full, medium, low. A source has one to three layers, some of which
may not come just now. Rules only; time is an argument.
"""

from collections.abc import Sequence
from typing import Final

from media.programme.track import Track

RUNGS: Final = 3
FULL: Final = 0


def best_first(layers: Sequence[Track]) -> list[Track]:
    """The layers by the size of their pictures; while a size is not known, as the offer has them."""
    areas = {track: track.size[0] * track.size[1] for track in layers if track.size is not None}
    if len(areas) < len(layers):
        return list(layers)
    return sorted(layers, key=lambda track: -areas[track])


def suited(layers: int, rung: int) -> int:
    """The place of a rung's layer among a source's layers, the best first; where one is missing, the lower."""
    if rung == FULL:
        return FULL
    return min(rung, layers - 1) if layers >= RUNGS else layers - 1


def choose(layers: Sequence[Track], rung: int, live: int, now: float) -> int:
    """The SSRC that shall fill the rung while `live` does; 0 when the source has but one layer.

    A layer that does not come gives way to the best below it, then to the worst above it: a picture too large for
    a line still beats none. A layer that came back waits until it proves steady, so that pictures do not jump.
    """
    if len(layers) < 2:
        return 0
    ordered = best_first(layers)
    place = suited(len(ordered), rung)
    wanted = [track for track in (*ordered[place:], *reversed(ordered[:place])) if track.ssrc]
    for track in wanted:
        if track.is_steady(now) or (track.ssrc == live and track.flows(now)):
            return track.ssrc
    flowing = [track for track in wanted if track.flows(now)]
    return flowing[0].ssrc if flowing else live


def filling(layers: Sequence[Track], now: float) -> list[Track]:
    """The layer on each rung now; one layer may fill several. Empty while that cannot be said."""
    if len(layers) < 2:
        return [*layers] * RUNGS
    by_ssrc = {track.ssrc: track for track in layers}
    chosen = [choose(layers, rung, 0, now) for rung in range(RUNGS)]
    return [by_ssrc[ssrc] for ssrc in chosen if ssrc] if all(chosen) else []

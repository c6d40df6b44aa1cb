"""Where a viewer watches: near to it, else where there is room. Pure: what is known in, an address out.

A session is spread as little as it can be: a relay that does not carry it yet gets viewers only when those that do
are full, or when nobody else is near.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Final

from signaling.relays import RelayEntry

#: So many viewers a relay gets before another one is begun.
EDGE_ABOVE: Final = 300


@dataclass(frozen=True, slots=True)
class Wish:
    """`home`: where the studio lives. `carriers`: who mirrors it. `seat`: where this viewer was put last."""

    home: str
    carriers: Set[str] = frozenset()
    seat: str | None = None
    region: str = ""


def choose(wish: Wish, relays: Iterable[RelayEntry], *, above: int = EDGE_ABOVE) -> str:
    """`relays`: those that live, with their viewers as they are now."""
    fit = [r for r in relays if r.stays]
    near = [r for r in fit if r.is_near(wish.region)] or fit
    carrying = [r for r in near if r.url == wish.home or r.url in wish.carriers]
    if any(r.url == wish.seat for r in carrying):
        return str(wish.seat)
    roomy = [r for r in carrying if r.viewers < above and not r.is_busy]
    least = min(roomy or near, key=_burden, default=None)
    return least.url if least is not None else wish.home


def parents(home: str, carriers: Set[str], edge: str) -> list[str]:
    """Whom an edge pulls from: the home, and when the line to it is cut, another mirror.

    Two may have each other as their second: a relay that finds itself on the programme's path leaves that parent.
    """
    second = min(carriers - {edge, home}, default=None)
    return [home] if second is None else [home, second]


def _burden(relay: RelayEntry) -> tuple[bool, int, str]:
    return relay.is_busy, relay.viewers, relay.url

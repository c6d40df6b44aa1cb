"""How often may be joined: by all together, and by each peer, so that one token cannot use up everybody's joins.

Knows names and times only; time is an argument (Unit: s).
"""

from typing import Final

from media.programme.repair import Allowance

JOINS_PER_S: Final = 400
JOIN_BURST: Final = 2500
JOINS_OF_PEER_PER_S: Final = 1
JOIN_BURST_OF_PEER: Final = 20  # a bridge with a few screens, each of which sends and watches two programmes
MAX_PEERS: Final = 8192  # as many as may join while an empty bucket fills


class Joins:
    """Token buckets. `common`: everybody's."""

    def __init__(self, common: Allowance | None = None) -> None:
        self._common = common or Allowance(JOINS_PER_S, JOIN_BURST)
        self._own: dict[tuple[str, str], Allowance] = {}  # by studio and peer, who joined last at the end

    def trouble(self, studio: str, peer: str, now: float) -> str:
        """Why this peer may not join now; empty when it may, which is then counted."""
        own = self._own.pop((studio, peer), None) or Allowance(JOINS_OF_PEER_PER_S, JOIN_BURST_OF_PEER)
        self._own[studio, peer] = own
        if len(self._own) > MAX_PEERS:
            del self._own[next(iter(self._own))]
        if not own.take(now):
            return "this peer joins too often; try again later"
        return "" if self._common.take(now) else "too many join at once; try again"

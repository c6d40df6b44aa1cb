"""On which worker a viewer sits: at its programme's home while few do, then where fewest sit. Pure."""

from collections import Counter
from typing import Final

HOME_SEATS: Final = 32

Place = tuple[str, str, str]  # studio, programme, peer


class Seating:
    """Who sits where, counted as sessions come and go.

    `home_seats`: how many of a studio sit at its home; a mirror for fewer would cost more than it relieves.
    """

    def __init__(self, workers: int, home_seats: int = HOME_SEATS) -> None:
        self._home_seats = home_seats
        self._seats = [0] * workers
        self._at_home: Counter[str] = Counter()  # by studio
        self._watching: Counter[tuple[str, str]] = Counter()  # by programme
        self._places: dict[Place, dict[str, int]] = {}  # worker by session, in the order of their coming
        self._sessions: dict[str, tuple[Place, int, bool]] = {}

    def choose(self, place: Place, home: int) -> int:
        """The worker for one more session of this peer: where it already sits, so that its places stay few."""
        own = self._places.get(place)
        if own:
            return next(reversed(own.values()))
        if self._at_home[place[0]] < self._home_seats:
            return home
        return min(range(len(self._seats)), key=lambda worker: (self._seats[worker], worker != home))

    def take(self, session: str, place: Place, worker: int, home: int) -> None:
        self._sessions[session] = (place, worker, worker == home)
        self._places.setdefault(place, {})[session] = worker
        self._seats[worker] += 1
        self._at_home[place[0]] += worker == home
        self._watching[place[:2]] += 1

    def leave(self, session: str) -> None:
        """The session ended; one that never sat is no error."""
        if session not in self._sessions:
            return
        place, worker, at_home = self._sessions.pop(session)
        self._seats[worker] -= 1
        self._at_home[place[0]] -= at_home
        if not self._at_home[place[0]]:
            del self._at_home[place[0]]
        self._watching[place[:2]] -= 1
        if not self._watching[place[:2]]:
            del self._watching[place[:2]]
        del self._places[place][session]
        if not self._places[place]:
            del self._places[place]

    def watches(self, studio: str, programme: str) -> bool:
        return (studio, programme) in self._watching

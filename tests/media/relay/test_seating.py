"""Where viewers sit: at home while few do, then where fewest sit; one peer's places together."""

from hypothesis import given
from hypothesis import strategies as st

from media.relay.seating import Seating


def test_a_small_studio_stays_at_home_and_a_large_one_spreads() -> None:
    seating = Seating(3, home_seats=4)
    where = []
    for i in range(16):
        place = ("s", "main", f"v{i}")
        where.append(seating.choose(place, 1))
        seating.take(f"session-{i}", place, where[-1], 1)
    assert where[:4] == [1] * 4
    assert sorted(where.count(worker) for worker in range(3)) == [5, 5, 6]


def test_one_peer_sits_in_one_place() -> None:
    seating = Seating(2, home_seats=0)
    seating.take("a", ("s", "main", "x"), 1, 0)
    assert seating.choose(("s", "main", "x"), 0) == 1
    seating.leave("a")
    assert seating.choose(("s", "main", "x"), 0) == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.booleans()), max_size=60))
def test_what_left_leaves_no_trace(steps: list[tuple[str, int, bool]]) -> None:
    seating = Seating(3, home_seats=2)
    here: list[str] = []
    for number, (studio, peer, leaves) in enumerate(steps):
        if leaves and here:
            seating.leave(here.pop(0))
        else:
            place = (studio, "main", str(peer))
            seating.take(str(number), place, seating.choose(place, 0), 0)
            here.append(str(number))
        assert any(seating.watches(studio, "main") for studio in "ab") == bool(here)
    for session in [*here, "never"]:
        seating.leave(session)
    fresh = Seating(3, home_seats=2)
    assert vars(seating) == vars(fresh)

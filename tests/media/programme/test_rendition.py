"""Down when the line stays bad, up with growing patience."""

import itertools

import pytest

from media.programme.rendition import (
    DOWN_AFTER_S,
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    PICTURES,
    SETTLE_S,
    Ladder,
    Picture,
    Rendition,
)

ONE = [Picture(Rendition.FULL, 1000.0)] * 3


def run(ladder: Ladder, start: int, seconds: int, remb: int | None, loss: float | None) -> list[int]:
    """The seconds at which the rendition changed."""
    return [now for now in range(start, start + seconds) if ladder.judge(float(now), ONE, remb, loss)]


def test_a_bad_moment_is_no_reason() -> None:
    ladder = Ladder()
    assert run(ladder, 0, 20, 900, 0.0) == []
    assert run(ladder, 20, 3, 300, 0.0) == []
    assert run(ladder, 23, 1, 900, 0.0) == []
    assert run(ladder, 24, 3, 900, 0.5) == []
    assert run(ladder, 27, 100, None, None) == []
    assert ladder.rendition is Rendition.FULL


def test_what_stays_bad_goes_down_and_is_tried_again_ever_later() -> None:
    ladder = Ladder()
    changes = run(ladder, 0, 900, 300, 0.0)
    downs, ups = changes[::2], changes[1::2]
    assert downs[0] == SETTLE_S + DOWN_AFTER_S
    waits = [up - down for down, up in zip(downs, ups, strict=False)]
    assert waits[:6] == [FIRST_WAIT_S * k for k in (1, 2, 4, 8, 16, 16)]
    assert max(waits) == LONGEST_WAIT_S


def test_an_estimate_that_climbs_is_waited_for() -> None:
    ladder = Ladder()
    remb = 150.0
    for now in range(40):
        assert not ladder.judge(float(now), ONE, int(remb), 0.0)
        remb = min(1500.0, remb * 1.08)


def test_while_even_the_sound_is_lost_no_picture_is_tried() -> None:
    ladder = Ladder()
    assert run(ladder, 0, 12, None, 0.4) == [10]
    assert run(ladder, 12, 100, None, 0.4) == []
    assert run(ladder, 112, 30, None, 0.0) == [121]


def test_an_estimate_that_climbs_from_a_smaller_picture_is_waited_for() -> None:
    ladder = Ladder()
    remb = 215.0  # what Chromium showed after half a minute on 340 kbit/s
    for now in range(40):
        assert not ladder.judge(
            float(now), [Picture(r, 800.0 / 2**i) for i, r in enumerate(PICTURES)], int(remb), 0.0
        )
        remb *= 1.035


THREE = [Picture(Rendition.FULL, 1500.0), Picture(Rendition.MEDIUM, 500.0), Picture(Rendition.LOW, 150.0)]
# The upper layer is suspended: the second fills two rungs.
TWO = [Picture(Rendition.FULL, 500.0), Picture(Rendition.FULL, 500.0), Picture(Rendition.LOW, 150.0)]


def climb(ladder: Ladder, needs: list[Picture], line_kbps: int, start: int, seconds: int) -> list[str]:
    """The renditions of a viewer whose line bears this much: REMB is the line, or half more than what comes."""
    seen = []
    for now in range(start, start + seconds):
        at = ladder.rendition
        takes = 30.0 if at is Rendition.AUDIO else needs[PICTURES.index(at)].kbps
        lost = max(0.0, 1 - line_kbps / takes)
        if ladder.judge(float(now), needs, min(line_kbps, int(1.5 * takes)), lost):
            seen.append(f"{now - start} {ladder.rendition}")
    return seen


@pytest.mark.parametrize(
    ("line_kbps", "rendition"),
    [(2000, "full"), (700, "medium"), (300, "low"), (60, "audio")],
)
def test_a_line_gets_at_once_what_fits_it(line_kbps: int, rendition: str) -> None:
    ladder = Ladder()
    changes = climb(ladder, THREE, line_kbps, 0, 10)
    assert ladder.rendition == ("low" if rendition == "audio" else rendition)
    assert changes == ([] if rendition == "full" else [f"8 {ladder.rendition}"])
    climb(ladder, THREE, line_kbps, 10, 9 if rendition == "audio" else 7)
    assert ladder.rendition == rendition


def test_a_line_that_recovers_climbs_one_rung_at_a_time() -> None:
    ladder = Ladder()
    climb(ladder, THREE, 60, 0, 25)
    assert ladder.rendition is Rendition.AUDIO
    changes = climb(ladder, THREE, 5000, 25, 120)
    assert [change.split()[1] for change in changes] == ["low", "medium", "full"]
    times = [int(change.split()[0]) for change in changes]
    assert all(later - before >= FIRST_WAIT_S for before, later in itertools.pairwise(times))


def test_tries_of_what_is_too_much_become_rare() -> None:
    ladder = Ladder()
    changes = climb(ladder, THREE, 700, 0, 1200)
    ups = [int(change.split()[0]) for change in changes if change.endswith("full")]
    waits = [later - before for before, later in itertools.pairwise(ups)]
    assert waits[-1] >= LONGEST_WAIT_S
    assert len(ups) < 14
    assert {change.split()[1] for change in changes} == {"full", "medium"}


def test_rungs_that_show_the_same_are_one_step() -> None:
    ladder = Ladder()
    climb(ladder, TWO, 200, 0, 10)
    assert ladder.rendition is Rendition.LOW
    assert climb(ladder, TWO, 5000, 10, 60) == ["8 full"]
    # The source is another, with one picture only: whoever was on a lower rung gets that, and bears it or not.
    ladder.rendition = Rendition.LOW
    assert climb(ladder, list(ONE), 5000, 100, 60) == []
    assert [change.split()[1] for change in climb(ladder, list(ONE), 100, 200, 30)][:2] == ["audio", "full"]


def test_losses_alone_lead_down_and_hold_down() -> None:
    ladder = Ladder()
    assert run(ladder, 0, 1, None, 0.0) == []
    for now in range(1, 60):
        ladder.judge(float(now), THREE, None, 0.12)
    assert ladder.rendition is Rendition.LOW  # less than a fifth is borne on the last picture

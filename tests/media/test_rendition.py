"""Down when the line stays bad, up with growing patience."""

from media.rendition import DOWN_AFTER_S, FIRST_WAIT_S, LONGEST_WAIT_S, SETTLE_S, Ladder, Rendition


def run(ladder: Ladder, start: int, seconds: int, remb: int | None, loss: float | None) -> list[int]:
    """The seconds at which the rendition changed."""
    return [now for now in range(start, start + seconds) if ladder.judge(float(now), 1000.0, remb, loss)]


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
        assert not ladder.judge(float(now), 1000.0, int(remb), 0.0)
        remb = min(1500.0, remb * 1.08)


def test_while_even_the_sound_is_lost_no_picture_is_tried() -> None:
    ladder = Ladder()
    assert run(ladder, 0, 12, None, 0.4) == [10]
    assert run(ladder, 12, 100, None, 0.4) == []
    assert run(ladder, 112, 30, None, 0.0) == [121]

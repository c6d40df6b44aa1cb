"""Who connects and does not sign in."""

from __future__ import annotations

from signaling.strangers import SIGN_IN_S, STRANGERS_MAX, Strangers


def test_the_late_are_cut_and_who_signed_in_is_forgotten() -> None:
    now, cut = [0.0], list[str]()
    strangers = Strangers(cut.append, clock=lambda: now[0])
    strangers.look(["a", "b"])
    now[0] = SIGN_IN_S / 2
    strangers.look(["a", "c"])
    now[0] = SIGN_IN_S
    assert strangers.look(["a", "b", "c"]) == 1
    assert cut == ["a"]


def test_beyond_the_bound_the_oldest_go() -> None:
    now, cut = [0.0], list[str]()
    strangers = Strangers(cut.append, clock=lambda: now[0])
    strangers.look(["first", "second"])
    now[0] = 1.0
    strangers.look(["first", "second", *map(str, range(STRANGERS_MAX - 1))])
    assert cut == ["first"]

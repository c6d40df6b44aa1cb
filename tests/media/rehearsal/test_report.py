"""What a rehearsal's figures come to: judged, told in two languages, merged from several machines."""

import json
import string
from dataclasses import replace
from typing import Any

import pytest

from media.rehearsal.report import (
    MAX_VALUES,
    TEXTS,
    Decoded,
    Limits,
    RelayUse,
    Report,
    Verdict,
    judge,
    merged,
    prose,
    thinned,
)

GOOD = Report(
    asked=2, joined=2, failures=(), all_joined_s=0.5,
    first_packet_s={"p50": 0.2, "p99": 0.2, "last": 0.2},
    received=1000, expected={"video": 900, "audio": 100}, delivered=1.0, gaps=0, late=0, opened=100, forged=0,
    delay_ms={"p50": 2.0, "p99": 2.0}, own_drops=0, thrown_away=0,
    lost_after_repair={"video": 0.0, "audio": 0.0},
    decoded=Decoded(1, 60, 100, 0, 0, 0.0, 4.0), relays=(RelayUse("http://a", 0.3, 0.2, 100.0),),
    values={"first_packet_s": [0.1, 0.2], "delay_ms": [1.0, 2.0]},
)  # fmt: skip
LIMITS = Limits()
BAD: dict[str, dict[str, Any]] = {
    "not-joined": {"joined": 1, "failures": ("429: too many",)},
    "nothing": {"received": 0, "expected": {"video": 0, "audio": 0}},
    "slow-join": {"first_packet_s": {"p50": 1.0, "p99": 9.0, "last": 9.0}},
    "lost": {"lost_after_repair": {"video": 0.0, "audio": 0.02}},
    "late": {"delay_ms": {"p50": 1.0, "p99": 900.0}},
    "forged": {"forged": 3},
    "undecoded": {"decoded": Decoded(1, 0, 0, 60, 0, 0.0, 0.0)},
    "frozen": {"decoded": Decoded(1, 60, 100, 0, 2, 1.0, 4.0)},
    "busy": {"relays": (RelayUse("http://a", 1.2, 0.99, 100.0),)},
}


def test_good_figures_are_ready() -> None:
    assert judge(GOOD, LIMITS) == (Verdict.READY, [])


@pytest.mark.parametrize("code", BAD)
@pytest.mark.parametrize("language", TEXTS)
def test_each_reason_is_found_and_said(code: str, language: str) -> None:
    told = replace(GOOD, **BAD[code])
    verdict, reasons = judge(told, LIMITS)
    assert verdict is Verdict.NOT_READY
    assert [found for found, _ in reasons] == [code]
    text = prose(told, LIMITS, language)
    assert TEXTS[language]["not-ready"] in text
    assert "{" not in text


def test_a_machine_that_drops_packets_cannot_tell() -> None:
    lossy = {"lost_after_repair": {"video": 0.2, "audio": 0.2}, "own_drops": 500}
    assert judge(replace(GOOD, **lossy), LIMITS)[0] is Verdict.UNSURE
    # But who did not get in did not get in.
    assert judge(replace(GOOD, joined=1, **lossy), LIMITS)[0] is Verdict.NOT_READY
    assert judge(replace(GOOD, own_drops=3), LIMITS)[0] is Verdict.READY


def test_what_was_lost_on_purpose_must_come_again() -> None:
    for kind in ("video", "audio"):
        told = replace(GOOD, thrown_away=20, lost_after_repair=GOOD.lost_after_repair | {kind: 0.02})
        assert judge(told, LIMITS) == (
            Verdict.NOT_READY,
            [("lost", {"value": 0.02, "limit": LIMITS.lost, "kind": kind})],
        )


def test_both_languages_say_the_same_things() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    first, *others = TEXTS.values()
    for texts in others:
        assert texts.keys() == first.keys()
        assert all(fields(texts[key]) == fields(first[key]) for key in texts)
        assert texts["rows"].count("|") == first["rows"].count("|")


def test_reports_of_several_machines_are_one() -> None:
    other = replace(
        GOOD, asked=3, joined=2, failures=("no",), all_joined_s=2.0, received=500,
        expected={"video": 100, "audio": 0}, lost_after_repair={"video": 0.1, "audio": None},
        values={"first_packet_s": [4.0, 5.0], "delay_ms": []}, decoded=None,
        relays=(RelayUse("http://a", 0.5, 0.1, 90.0), RelayUse("http://b", 0.2, 0.2, 80.0)),
    )  # fmt: skip
    told = merged([json.loads(json.dumps(one.as_json(LIMITS))) for one in (GOOD, other)])
    assert (told.asked, told.joined, told.received, told.all_joined_s) == (5, 4, 1500, 2.0)
    assert told.first_packet_s == {"p50": 4.0, "p99": 5.0, "last": 5.0}
    assert told.lost_after_repair == {"video": 0.01, "audio": 0.0}
    assert told.decoded == GOOD.decoded
    assert told.relays == (RelayUse("http://a", 0.5, 0.2, 100.0), RelayUse("http://b", 0.2, 0.2, 80.0))
    assert told.failures == ("no",)
    assert merged([GOOD.as_json(LIMITS)]) == GOOD
    for wrong in ([{}], [[]], [{"asked": 1}]):
        with pytest.raises(ValueError, match="not the reports"):
            merged(wrong)  # type: ignore[arg-type]


def test_many_values_are_thinned_evenly() -> None:
    values = thinned([float(i) for i in range(50_000, 0, -1)])
    assert len(values) == MAX_VALUES
    assert (values[0], values[-1]) == (1.0, 50_000.0)
    assert values[MAX_VALUES // 2] == pytest.approx(25_000, rel=0.01)
    assert thinned([3, 1]) == [1, 3]

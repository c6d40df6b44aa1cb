"""What a rehearsal's figures come to: judged, told in two languages, merged from several machines."""

import json
import re
import string
from dataclasses import replace
from typing import Any

import pytest

from media.rehearsal.prose import TEXTS, prose, say
from media.rehearsal.report import MAX_VALUES, Decoded, RelayUse, Report, Watched, merged, thinned
from media.rehearsal.verdict import Limits, Verdict, as_json, judge

GOOD = Report(
    asked=2, joined=2, untried=0, own_limits=0, stopped=False, failures=(), all_joined_s=0.5,
    first_packet_s={"p50": 0.2, "p99": 0.2, "last": 0.2}, heard=2, unheard=0, silent=0, quiet_at=(),
    received=1000, expected={"video": 900, "audio": 100}, delivered=1.0, gaps=0, late=0, opened=100, forged=0,
    delay_ms={"p50": 2.0, "p99": 2.0}, own_drops=0, thrown_away=0,
    lost_after_repair={"video": 0.0, "audio": 0.0},
    decoded=Decoded(1, 60, 100, 0), watched=Watched(1, 0, 0.0, 4.0),
    relays=(RelayUse("http://a", 0.3, 0.2, 100.0),), gone=(),
    values={"first_packet_s": [0.1, 0.2], "delay_ms": [1.0, 2.0]},
)  # fmt: skip
LIMITS = Limits()
SOME_DEAF: dict[str, Any] = {"first_packet_s": {"p50": 0.2, "p99": 0.2, "last": None}, "quiet_at": ("http://b",)}
BAD: dict[str, dict[str, Any]] = {
    "not-joined": {"joined": 1, "failures": ("429: too many",)},
    "nothing": {"heard": 0, "unheard": 2, "received": 0, "expected": {"video": 0, "audio": 0}},
    "unheard": {"heard": 1, "unheard": 1, **SOME_DEAF},
    "silent": {"silent": 1, "quiet_at": ("http://a", "http://b")},
    "gone": {"gone": ("http://b",)},
    "slow-join": {"first_packet_s": {"p50": 1.0, "p99": 9.0, "last": 9.0}},
    "lost": {"lost_after_repair": {"video": 0.0, "audio": 0.02}},
    "late": {"delay_ms": {"p50": 1.0, "p99": 900.0}},
    "forged": {"forged": 3},
    "undecoded": {"decoded": Decoded(1, 0, 0, 60)},
    "frozen": {"watched": Watched(1, 2, 1.0, 4.0)},
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


def test_nobody_is_never_ready() -> None:
    nobody = replace(GOOD, asked=0, joined=0, heard=0)
    assert judge(nobody, LIMITS)[0] is Verdict.NOT_READY


def test_what_a_bridge_heard_of_a_dead_relay_is_no_loss_but_its_end_is_told() -> None:
    told = replace(GOOD, silent=1, quiet_at=("http://b",), gone=("http://b",))
    assert [code for code, _ in judge(told, LIMITS)[1]] == ["silent", "gone"]
    assert "http://b" in prose(told, LIMITS, "en")


def test_a_machine_that_drops_packets_cannot_tell() -> None:
    lossy = {"lost_after_repair": {"video": 0.2, "audio": 0.2}, "own_drops": 500}
    assert judge(replace(GOOD, **lossy), LIMITS)[0] is Verdict.UNSURE
    # But who did not get in did not get in.
    assert judge(replace(GOOD, joined=1, **lossy), LIMITS)[0] is Verdict.NOT_READY
    assert judge(replace(GOOD, own_drops=3), LIMITS)[0] is Verdict.READY


def test_a_machine_that_is_too_small_cannot_tell() -> None:
    small = replace(GOOD, asked=5, own_limits=3)
    assert judge(small, LIMITS) == (Verdict.UNSURE, [("own-limits", {"count": 3})])
    assert "ulimit" in prose(small, LIMITS, "vi")
    codes = [code for code, _ in judge(replace(small, joined=1, heard=1), LIMITS)[1]]
    assert codes == ["not-joined", "own-limits"]  # one failed at the relay


def test_what_was_stopped_is_not_judged_by_who_did_not_ask() -> None:
    stopped = replace(GOOD, asked=100, untried=98, stopped=True)
    assert judge(stopped, LIMITS) == (Verdict.UNSURE, [("stopped", {})])
    assert judge(replace(stopped, silent=1), LIMITS)[0] is Verdict.NOT_READY


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
        assert all(texts[key].count("|") == first[key].count("|") == key.startswith("row-") for key in texts)


def test_vietnamese_decimals_stand_after_a_comma() -> None:
    told = replace(GOOD, first_packet_s={"p50": 1.25, "p99": 7.5, "last": 7.5}, received=1_234_567)
    text = prose(told, LIMITS, "vi")
    assert "chờ hình, tiếng đến 7,5 giây" in text
    assert "1.234.567" in text
    assert not re.search(r"\d\.\d(?!\d\d)", text)
    assert "1,234,567" in prose(told, LIMITS, "en")


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ('429: {"detail": "too many"}', "429: too many"),
        ("401: {", "401: {"),
        ("no route", "no route"),
    ],
)
def test_a_relays_no_is_told_by_its_sentence(failure: str, told: str) -> None:
    (line,) = [x for x in prose(replace(GOOD, failures=(failure,)), LIMITS, "en").split("\n") if "failure" in x]
    assert line.split("failure")[1].strip() == told


@pytest.mark.parametrize("language", TEXTS)
def test_only_what_there_is_is_told(language: str) -> None:
    bare = replace(
        GOOD, joined=0, heard=0, received=0, first_packet_s=dict.fromkeys(("p50", "p99", "last")), decoded=None,
        delay_ms=dict.fromkeys(("p50", "p99")), lost_after_repair={"video": None, "audio": None}, watched=None,
        relays=(), values={"first_packet_s": [], "delay_ms": []},
    )  # fmt: skip
    assert "None" not in prose(bare, LIMITS, language)
    assert say(language, "progress", joined=1, asked=2, received=3, gaps=4, failed=5)


def test_reports_of_several_machines_are_one() -> None:
    other = replace(
        GOOD, asked=5, joined=3, own_limits=1, failures=("no",), all_joined_s=2.0, received=500,
        heard=2, unheard=1, silent=1, quiet_at=("http://b",), gone=("http://b",), stopped=True,
        expected={"video": 100, "audio": 0}, lost_after_repair={"video": 0.1, "audio": None},
        values={"first_packet_s": [4.0, 5.0], "delay_ms": []}, decoded=None, watched=Watched(1, 1, 2.0, 4.0),
        relays=(RelayUse("http://a", 0.5, 0.1, 90.0), RelayUse("http://b", 0.2, 0.2, 80.0)),
    )  # fmt: skip
    told = merged([json.loads(json.dumps(as_json(one, LIMITS))) for one in (GOOD, other)])
    assert (told.asked, told.joined, told.received, told.all_joined_s) == (7, 5, 1500, 2.0)
    assert (told.heard, told.unheard, told.silent, told.own_limits) == (4, 1, 1, 1)
    assert (told.quiet_at, told.gone, told.stopped) == (("http://b",), ("http://b",), True)
    assert told.first_packet_s == {"p50": 4.0, "p99": 5.0, "last": None}  # one of them still waits
    assert told.lost_after_repair == {"video": 0.01, "audio": 0.0}
    assert told.decoded == GOOD.decoded
    assert told.watched == Watched(2, 1, 2.0, 8.0)
    assert told.relays == (RelayUse("http://a", 0.5, 0.2, 100.0), RelayUse("http://b", 0.2, 0.2, 80.0))
    assert told.failures == ("no",)
    assert merged([as_json(GOOD, LIMITS)]) == GOOD
    for wrong in ([{}], [[]], [{"asked": 1}]):
        with pytest.raises(ValueError, match="not the reports"):
            merged(wrong)  # type: ignore[arg-type]


def test_many_values_are_thinned_evenly() -> None:
    values = thinned([float(i) for i in range(50_000, 0, -1)])
    assert len(values) == MAX_VALUES
    assert (values[0], values[-1]) == (1.0, 50_000.0)
    assert values[MAX_VALUES // 2] == pytest.approx(25_000, rel=0.01)
    assert thinned([3, 1]) == [1, 3]

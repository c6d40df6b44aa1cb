"""Whether a rehearsal's figures are good enough: ready, or not and why, or nothing can be said of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from media.rehearsal.report import Report

#: What a machine that is too slow itself makes up.
SLOWNESS: Final = frozenset({"lost", "late", "frozen"})

Reason = tuple[str, dict[str, Any]]


class Verdict(StrEnum):
    READY = "ready"
    NOT_READY = "not-ready"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Limits:
    """What still counts as ready."""

    first_packet_s: float = 6.0
    lost: float = 0.005
    delay_ms: float = 200.0
    frozen: float = 0.02
    core: float = 0.9


def judge(told: Report, limits: Limits) -> tuple[Verdict, list[Reason]]:
    """Ready; or not and why; or it cannot be told, since this machine is at fault or it was stopped."""
    reasons = _quiet(told) + _beyond(told, limits)
    slow = told.own_drops > 0 and any(code in SLOWNESS for code, _ in reasons)
    doubts: list[Reason] = []
    if told.own_limits:
        doubts.append(("own-limits", {"count": told.own_limits}))
    if slow:
        doubts.append(("own-drops", {"count": told.own_drops}))
    if told.stopped:
        doubts.append(("stopped", {}))
    if any(not slow or code not in SLOWNESS for code, _ in reasons):
        return Verdict.NOT_READY, reasons + doubts
    return (Verdict.UNSURE if doubts else Verdict.READY), reasons + doubts


def as_json(told: Report, limits: Limits) -> dict[str, Any]:
    verdict, reasons = judge(told, limits)
    return asdict(told) | {"verdict": verdict.value, "reasons": [code for code, _ in reasons]}


def _quiet(told: Report) -> list[Reason]:
    """Who is not in, hears nothing, or nothing any more: every one of them counts."""
    reasons: list[Reason] = []
    outside = told.asked - told.joined - told.untried - told.own_limits
    if outside > 0 or told.asked <= 0:
        reasons.append(("not-joined", {"missing": outside, "asked": told.asked}))
    if told.unheard and not told.heard:
        reasons.append(("nothing", {}))
    else:
        where = {"joined": told.joined, "where": ", ".join(told.quiet_at)}
        for code, count in (("unheard", told.unheard), ("silent", told.silent)):
            if count:
                reasons.append((code, {"count": count, **where}))
    return reasons + [("gone", {"relay": url}) for url in told.gone]


def _beyond(told: Report, limits: Limits) -> list[Reason]:
    """What is beyond its limit."""
    reasons: list[Reason] = []

    def over(code: str, value: float | None, limit: float, **more: Any) -> None:
        if value is not None and value > limit:
            reasons.append((code, {"value": value, "limit": limit, **more}))

    over("slow-join", told.first_packet_s["p99"], limits.first_packet_s)
    for kind, lost in told.lost_after_repair.items():
        over("lost", lost, limits.lost, kind=kind)
    over("late", told.delay_ms["p99"], limits.delay_ms)
    if told.forged:
        reasons.append(("forged", {"count": told.forged}))
    if told.decoded is not None and told.expected["video"] and not told.decoded.pictures:
        reasons.append(("undecoded", {}))
    if told.watched is not None and told.watched.watched_s:
        over("frozen", told.watched.frozen_s / told.watched.watched_s, limits.frozen)
    over("busy", max((use.busiest for use in told.relays), default=None), limits.core)
    return reasons

"""What a rehearsal found: of one machine or several, judged in plain words. No input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from media.rehearsal.eye import Eye
from media.rehearsal.virtual import Fleet, percentile

MAX_VALUES: Final = 1000
TEXTS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "ready": "SẴN SÀNG: mọi điểm cầu ảo đều vào được và xem được.",
        "not-ready": "CHƯA SẴN SÀNG:",
        "unsure": "CHƯA KẾT LUẬN ĐƯỢC: máy chạy thử quá chậm, hãy dùng thêm máy.",
        "not-joined": "{missing} trên {asked} điểm cầu không vào được",
        "slow-join": "điểm cầu chờ hình tiếng đến {value:.1f} giây (cho phép {limit:.0f})",
        "nothing": "không có hình tiếng nào đang phát",
        "lost": "mất {value:.2%} gói {kind} sau khi xin gửi lại (cho phép {limit:.1%})",
        "late": "trễ thêm {value:.0f} ms (cho phép {limit:.0f})",
        "undecoded": "hình nhận được không giải mã được",
        "frozen": "hình đứng {value:.1%} thời gian (cho phép {limit:.0%})",
        "forged": "{count} gói không đúng khóa",
        "busy": "một tiến trình chuyển tiếp dùng {value:.0%} của một nhân (cho phép {limit:.0%})",
        "video": "hình",
        "audio": "tiếng",
        "rows": "vào được|gói đầu tiên sau (giây)|gói nhận được|mất sau gửi lại|độ trễ (ms)|mất cố ý|"
        "máy này bỏ rơi|hình giải mã|tiếng giải mã|hình đứng (giây)|trạm chuyển tiếp|lỗi",
    },
    "en": {
        "ready": "READY: every virtual bridge got in and could watch.",
        "not-ready": "NOT READY:",
        "unsure": "NO VERDICT: this machine was too slow to tell; use more machines.",
        "not-joined": "{missing} of {asked} bridges did not get in",
        "slow-join": "bridges waited up to {value:.1f} s for picture and sound (allowed: {limit:.0f})",
        "nothing": "nothing was on air",
        "lost": "{value:.2%} of {kind} packets stayed lost after repair (allowed: {limit:.1%})",
        "late": "{value:.0f} ms of delay were added (allowed: {limit:.0f})",
        "undecoded": "what came as a picture could not be decoded",
        "frozen": "the picture stood still for {value:.1%} of the time (allowed: {limit:.0%})",
        "forged": "{count} packets did not fit their keys",
        "busy": "a relay process used {value:.0%} of a core (allowed: {limit:.0%})",
        "video": "picture",
        "audio": "sound",
        "rows": "joined|first packet after (s)|packets received|lost after repair|delay (ms)|lost on purpose|"
        "dropped by this machine|pictures decoded|sounds decoded|picture frozen (s)|relay|failure",
    },
}


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


@dataclass(frozen=True, slots=True)
class RelayUse:
    """What a relay's processes used while the bridges watched. `busiest`: the most of one core that one took."""

    url: str
    cores: float
    busiest: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """Of the bridges that really decode."""

    bridges: int
    pictures: int
    sounds: int
    broken: int
    freezes: int
    frozen_s: float
    watched_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """`delivered`: packets that came, of those that their numbers say were sent. Delays are of the sample.

    `thrown_away`: what `--loss` took; `lost_after_repair`: the share that was still missing in the end.
    `values`: at most MAX_VALUES of each figure in order, so that reports of several machines can be merged.
    """

    asked: int
    joined: int
    failures: tuple[str, ...]
    all_joined_s: float
    first_packet_s: dict[str, float | None]
    received: int
    expected: dict[str, int]
    delivered: float | None
    gaps: int
    late: int
    opened: int
    forged: int
    delay_ms: dict[str, float | None]
    own_drops: int
    thrown_away: int
    lost_after_repair: dict[str, float | None]
    decoded: Decoded | None
    relays: tuple[RelayUse, ...]
    values: dict[str, list[float]]

    def as_json(self, limits: Limits) -> dict[str, Any]:
        verdict, reasons = judge(self, limits)
        return asdict(self) | {"verdict": verdict.value, "reasons": [code for code, _ in reasons]}


def report(
    fleet: Fleet,
    asked: int,
    all_joined_s: float,
    own_drops: int,
    thrown_away: int = 0,
    relays: Sequence[RelayUse] = (),
) -> Report:
    counted, firsts = fleet.counted(), fleet.first_packets_s()
    kinds = {kind: fleet.counted(kind) for kind in ("video", "audio")}
    values = {"first_packet_s": thinned(firsts), "delay_ms": thinned(fleet.sample.delays_ms)}
    return Report(
        asked=asked,
        joined=len(fleet.peers),
        failures=tuple(sorted(set(fleet.failures)))[:10],
        all_joined_s=round(all_joined_s, 3),
        first_packet_s=_firsts(firsts, len(fleet.peers)),
        received=counted.received,
        expected={kind: count.expected for kind, count in kinds.items()},
        delivered=_rounded(counted.delivered, 6),
        gaps=counted.gaps,
        late=counted.late,
        opened=fleet.sample.opened,
        forged=fleet.sample.forged,
        delay_ms=_delays(fleet.sample.delays_ms),
        own_drops=own_drops,
        thrown_away=thrown_away,
        lost_after_repair={kind: _lost(count.delivered) for kind, count in kinds.items()},
        decoded=seen(fleet.eyes()),
        relays=tuple(relays),
        values=values,
    )


def _firsts(firsts: Sequence[float], joined: int) -> dict[str, float | None]:
    return {
        "p50": _rounded(percentile(firsts, 0.5)),
        "p99": _rounded(percentile(firsts, 0.99)),
        "last": _rounded(max(firsts) if firsts and len(firsts) == joined else None),
    }


def _delays(delays: Sequence[float]) -> dict[str, float | None]:
    return {"p50": _rounded(percentile(delays, 0.5)), "p99": _rounded(percentile(delays, 0.99))}


def seen(eyes: Sequence[Eye]) -> Decoded | None:
    """None where nobody decodes, or what is on air only looks like a picture."""
    if not eyes or any(eye.synthetic for eye in eyes):
        return None
    names = ("pictures", "sounds", "broken", "freezes", "frozen_s", "watched_s")
    return Decoded(len(eyes), *(round(sum(getattr(eye, name) for eye in eyes), 3) for name in names))


def thinned(values: Sequence[float]) -> list[float]:
    """In order, and evenly fewer where they are many: the first and the last always stay."""
    ordered = sorted(values)
    if len(ordered) > MAX_VALUES:
        ordered = [ordered[i * (len(ordered) - 1) // (MAX_VALUES - 1)] for i in range(MAX_VALUES)]
    return [round(value, 4) for value in ordered]


def merged(reports: Sequence[dict[str, Any]]) -> Report:
    """Of several machines that rehearsed together, out of their JSON. Raises: ValueError for what is none."""
    try:
        return _merged(reports)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the reports of a rehearsal: {error!r}") from error


def _merged(reports: Sequence[dict[str, Any]]) -> Report:
    def total(name: str) -> int:
        return sum(int(r[name]) for r in reports)

    values = {n: [v for r in reports for v in r["values"][n]] for n in ("first_packet_s", "delay_ms")}
    expected = {kind: sum(r["expected"][kind] for r in reports) for kind in ("video", "audio")}
    missing = {
        kind: sum((r["lost_after_repair"][kind] or 0) * r["expected"][kind] for r in reports) for kind in expected
    }
    uses: dict[str, RelayUse] = {}
    for use in (RelayUse(**u) for r in reports for u in r["relays"]):
        before = uses.get(use.url, use)  # several machines looked at the same relay
        pairs = ((before.cores, use.cores), (before.busiest, use.busiest), (before.rss_mb, use.rss_mb))
        uses[use.url] = RelayUse(use.url, *(max(pair) for pair in pairs))
    decoded = [r["decoded"] for r in reports if r["decoded"] is not None]
    joined, all_expected = total("joined"), sum(expected.values())
    return Report(
        asked=total("asked"),
        joined=joined,
        failures=tuple(sorted({f for r in reports for f in r["failures"]}))[:10],
        all_joined_s=max(r["all_joined_s"] for r in reports),
        first_packet_s=_firsts(values["first_packet_s"], len(values["first_packet_s"])),
        received=total("received"),
        expected=expected,
        delivered=_rounded(1 - sum(missing.values()) / all_expected, 6) if all_expected else None,
        gaps=total("gaps"),
        late=total("late"),
        opened=total("opened"),
        forged=total("forged"),
        delay_ms=_delays(values["delay_ms"]),
        own_drops=total("own_drops"),
        thrown_away=total("thrown_away"),
        lost_after_repair={k: _rounded(missing[k] / n, 6) if n else None for k, n in expected.items()},
        decoded=Decoded(**{name: sum(d[name] for d in decoded) for name in decoded[0]}) if decoded else None,
        relays=tuple(uses.values()),
        values={name: thinned(found) for name, found in values.items()},
    )


Reason = tuple[str, dict[str, Any]]


def judge(told: Report, limits: Limits) -> tuple[Verdict, list[Reason]]:
    """Ready, or not and why; or this machine could not tell."""
    reasons: list[Reason] = []

    def over(code: str, value: float | None, limit: float, **more: Any) -> None:
        if value is not None and value > limit:
            reasons.append((code, {"value": value, "limit": limit, **more}))

    if told.joined < told.asked:
        reasons.append(("not-joined", {"missing": told.asked - told.joined, "asked": told.asked}))
    if told.joined and not told.received:
        reasons.append(("nothing", {}))
    over("slow-join", told.first_packet_s["p99"], limits.first_packet_s)
    for kind, lost in told.lost_after_repair.items():
        over("lost", lost, limits.lost, kind=kind)
    over("late", told.delay_ms["p99"], limits.delay_ms)
    if told.forged:
        reasons.append(("forged", {"count": told.forged}))
    if told.decoded is not None and told.expected["video"]:
        if not told.decoded.pictures:
            reasons.append(("undecoded", {}))
        elif told.decoded.watched_s:
            over("frozen", told.decoded.frozen_s / told.decoded.watched_s, limits.frozen)
    over("busy", max((use.busiest for use in told.relays), default=None), limits.core)
    if told.own_drops and reasons and {code for code, _ in reasons} <= {"lost", "late", "frozen"}:
        return Verdict.UNSURE, reasons
    return (Verdict.NOT_READY if reasons else Verdict.READY), reasons


def prose(told: Report, limits: Limits, language: str) -> str:
    """For whoever prepares the session."""
    texts = TEXTS[language]
    names = texts["rows"].split("|")
    seen_ = told.decoded
    figures: list[Any] = [
        f"{told.joined} / {told.asked}, {told.all_joined_s} s",
        _pair(told.first_packet_s),
        told.received,
        "; ".join(f"{texts[kind]} {_percent(lost)}" for kind, lost in told.lost_after_repair.items()),
        _pair(told.delay_ms),
        told.thrown_away,
        told.own_drops,
        "-" if seen_ is None else seen_.pictures,
        "-" if seen_ is None else seen_.sounds,
        "-" if seen_ is None else f"{seen_.frozen_s} ({seen_.freezes}×)",
    ]
    lines = ["", *(f"  {name:<28}{figure}" for name, figure in zip(names, figures, strict=False))]
    lines += [
        f"  {names[-2]:<28}{use.url}: CPU {use.cores:.2f} (max {use.busiest:.0%}), {use.rss_mb:.0f} MB"
        for use in told.relays
    ]
    lines += [f"  {names[-1]:<28}{failure}" for failure in told.failures]
    verdict, reasons = judge(told, limits)
    lines += ["", texts[verdict.value]]
    for code, words in reasons:
        if "kind" in words:
            words = words | {"kind": texts[words["kind"]]}
        lines.append("  - " + texts[code].format(**words))
    return "\n".join(lines)


def _pair(figures: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {'-' if value is None else value}" for name, value in figures.items())


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.3%}"


def _lost(delivered: float | None) -> float | None:
    return None if delivered is None else round(1 - delivered, 6)


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)

"""What a rehearsal found, in figures: of one machine, or of several together. No input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from media.rehearsal.eye import Eye
from media.rehearsal.virtual import Fleet, percentile

MAX_VALUES: Final = 1000
PATIENCE_S: Final = 2.0  # when it was stopped, who asked a moment ago has not been deaf yet
_SUMMED: Final = (
    "asked", "joined", "untried", "own_limits", "heard", "unheard", "silent", "received", "gaps", "late", "opened",
    "forged", "own_drops", "thrown_away",
)  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Watched:
    """How the picture moved at the bridges that look at it: it stood still so often, `frozen_s` in all."""

    bridges: int
    freezes: int
    frozen_s: float
    watched_s: float


@dataclass(frozen=True, slots=True)
class Course:
    """How it went, besides what the bridges saw. `gone`: relays that could be read once, and not at the end."""

    asked: int
    all_joined_s: float
    thrown_away: int = 0
    relays: tuple[RelayUse, ...] = ()
    gone: tuple[str, ...] = ()
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """`untried`: who did not come to ask, since it was stopped; `own_limits`: for whom this machine had no room.

    `heard`, `unheard`: of those who joined, who had a packet and who never had; `silent`: who had some, and in the
    end none any more; `quiet_at`: the relays of these two. `delivered`: packets that came, of those that their
    numbers say were sent. Delays are of the sample. `thrown_away`: what `--loss` took; `lost_after_repair`: the
    share that was still missing in the end. `values`: at most MAX_VALUES of each figure in order, so that reports
    of several machines can be merged.
    """

    asked: int
    joined: int
    untried: int
    own_limits: int
    stopped: bool
    failures: tuple[str, ...]
    all_joined_s: float
    first_packet_s: dict[str, float | None]
    heard: int
    unheard: int
    silent: int
    quiet_at: tuple[str, ...]
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
    watched: Watched | None
    relays: tuple[RelayUse, ...]
    gone: tuple[str, ...]
    values: dict[str, list[float]]


def report(fleet: Fleet, course: Course) -> Report:
    counted, firsts = fleet.counted(), fleet.first_packets_s()
    kinds = {kind: fleet.counted(kind) for kind in ("video", "audio")}
    unheard, silent = fleet.unheard(PATIENCE_S if course.stopped else 0.0), fleet.silent()
    tried = len(fleet.peers) + len(fleet.failures) + fleet.own_limits
    return Report(
        asked=course.asked,
        joined=len(fleet.peers),
        untried=course.asked - tried,
        own_limits=fleet.own_limits,
        stopped=course.stopped,
        failures=_some(fleet.failures),
        all_joined_s=round(course.all_joined_s, 3),
        first_packet_s=_firsts(firsts, len(firsts), len(fleet.peers)),
        heard=len(firsts),
        unheard=len(unheard),
        silent=len(silent),
        quiet_at=tuple(fleet.relays_of(unheard + silent)),
        received=counted.received,
        expected={kind: count.expected for kind, count in kinds.items()},
        delivered=_rounded(counted.delivered, 6),
        gaps=counted.gaps,
        late=counted.late,
        opened=fleet.sample.opened,
        forged=fleet.sample.forged,
        delay_ms=_delays(fleet.sample.delays_ms),
        own_drops=fleet.dropped(),
        thrown_away=course.thrown_away,
        lost_after_repair={kind: _lost(count.delivered) for kind, count in kinds.items()},
        decoded=decoded_by(fleet.eyes()),
        watched=watched_by(fleet.eyes()),
        relays=course.relays,
        gone=course.gone,
        values={"first_packet_s": thinned(firsts), "delay_ms": thinned(fleet.sample.delays_ms)},
    )


def _some(failures: Sequence[str]) -> tuple[str, ...]:
    """Each once, and ten at most: a thousand bridges mostly fail for one reason."""
    return tuple(sorted(set(failures)))[:10]


def _firsts(firsts: Sequence[float], heard: int, joined: int) -> dict[str, float | None]:
    """`last` is not known while somebody still waits."""
    return {
        "p50": _rounded(percentile(firsts, 0.5)),
        "p99": _rounded(percentile(firsts, 0.99)),
        "last": _rounded(max(firsts) if firsts and heard == joined else None),
    }


def _delays(delays: Sequence[float]) -> dict[str, float | None]:
    return {"p50": _rounded(percentile(delays, 0.5)), "p99": _rounded(percentile(delays, 0.99))}


def decoded_by(eyes: Sequence[Eye]) -> Decoded | None:
    """None where nobody decodes, or what is on air only looks like a picture."""
    if not eyes or any(eye.synthetic for eye in eyes):
        return None
    return Decoded(
        len(eyes), *(sum(getattr(eye, name) for eye in eyes) for name in ("pictures", "sounds", "broken"))
    )


def watched_by(eyes: Sequence[Eye]) -> Watched | None:
    """None where nobody looks."""
    if not eyes:
        return None
    freezes, *seconds = (sum(getattr(eye, name) for eye in eyes) for name in ("freezes", "frozen_s", "watched_s"))
    return Watched(len(eyes), freezes, *(round(value, 3) for value in seconds))


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
    summed = {name: sum(int(r[name]) for r in reports) for name in _SUMMED}
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
    decoded, watched = (_summed([r[n] for r in reports if r[n] is not None]) for n in ("decoded", "watched"))
    all_expected = sum(expected.values())
    return Report(
        **summed,
        stopped=any(r["stopped"] for r in reports),
        failures=_some([f for r in reports for f in r["failures"]]),
        all_joined_s=max(r["all_joined_s"] for r in reports),
        first_packet_s=_firsts(values["first_packet_s"], summed["heard"], summed["joined"]),
        quiet_at=_union([r["quiet_at"] for r in reports]),
        expected=expected,
        delivered=_rounded(1 - sum(missing.values()) / all_expected, 6) if all_expected else None,
        delay_ms=_delays(values["delay_ms"]),
        lost_after_repair={k: _rounded(missing[k] / n, 6) if n else None for k, n in expected.items()},
        decoded=Decoded(**decoded) if decoded else None,
        watched=Watched(**watched) if watched else None,
        relays=tuple(uses.values()),
        gone=_union([r["gone"] for r in reports]),
        values={name: thinned(found) for name, found in values.items()},
    )


def _summed(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(one[name] for one in figures) for name in figures[0]} if figures else {}


def _union(names: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted({str(name) for some in names for name in some}))


def _lost(delivered: float | None) -> float | None:
    return None if delivered is None else round(1 - delivered, 6)


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)

"""What a relay answers, as values: read from its JSON. No input or output; another shape is a KeyError, TypeError
or ValueError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stage:
    """Which peer fills each slot of a programme."""

    video: str | None = None
    audio: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Programme:
    """`wanted` is what was asked for last; `on_air` what viewers get now.

    `parents`: whom it is mirrored from; only a studio's state tells them.
    """

    wanted: Stage
    on_air: Stage
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """`loss`: the fraction of its packets that the line lost, 0 to 1, before they came again. None: not known.

    `over_limit`: packets of the last second that were not passed on, since it sends more than it may.
    """

    peer: str
    video: bool
    audio: bool
    since: float | None = None
    video_kbps: float | None = None
    audio_kbps: float | None = None
    fps: float | None = None
    loss: float | None = None
    jitter_ms: float | None = None
    over_limit: int = 0


@dataclass(frozen=True, slots=True)
class Viewer:
    """`loss`: the fraction of packets lost, 0 to 1, as the viewer last reported. None: not known yet."""

    peer: str
    programme: str
    since: float | None = None
    loss: float | None = None
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    remb_kbps: float | None = None
    rendition: str = "full"  # "medium", "low"; "audio": its line is too narrow for any picture


@dataclass(frozen=True, slots=True)
class Recording:
    """`trouble`: why it ended by itself, or what it suffers from now."""

    on: bool
    since: float | None = None
    seconds: float = 0.0
    size_bytes: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class StudioState:
    """`recordings`: by programme, those that this life of the relay was asked for."""

    programmes: Mapping[str, Programme]
    sources: tuple[Source, ...]
    viewers: tuple[Viewer, ...]
    recordings: Mapping[str, Recording] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a relay stands. `id`: of its present life. `draining`: "no", "gently" or "now". `load`: 0 to 1.

    `lost`: how many of its workers have died so far.
    """

    id: str
    region: str = ""
    viewers: int = 0
    sources: int = 0
    load: float = 0.0
    draining: str = "no"
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens on purpose to the datagrams of a peer, of everybody if it is empty.

    `way`: "in" or "out", seen from the relay. `workers`: those that do so.
    """

    peer: str
    way: str
    drop: float
    delay_ms: float
    workers: tuple[int, ...]


def read_stage(answer: Any) -> Stage:
    return Stage(_text(answer["video"]), tuple(_text(peer) for peer in answer["audio"]))


def read_programme(answer: Any) -> Programme:
    parents = answer.get("mirror", {}).get("parents", ())
    return Programme(read_stage(answer["wanted"]), read_stage(answer["on_air"]), tuple(map(str, parents)))


def read_studio(answer: Any) -> StudioState:
    return StudioState(
        {str(name): read_programme(p) for name, p in answer["programmes"].items()},
        tuple(_source(s) for s in answer["sources"]),
        tuple(_viewer(v) for v in answer["viewers"]),
        {str(name): read_recording(r) for name, r in answer.get("recordings", {}).items()},
    )


def read_recording(answer: Any) -> Recording:
    return Recording(
        bool(answer["on"]),
        _number(answer.get("since")),
        _number(answer.get("seconds")) or 0.0,
        int(_number(answer.get("bytes")) or 0),
        _text(answer.get("trouble")),
    )


def _source(answer: Any) -> Source:
    return Source(
        str(answer["peer"]),
        bool(answer["video"]),
        bool(answer["audio"]),
        _number(answer.get("since")),
        _number(answer.get("video_kbps")),
        _number(answer.get("audio_kbps")),
        _number(answer.get("fps")),
        _number(answer.get("loss")),
        _number(answer.get("jitter_ms")),
        int(_number(answer.get("over_limit")) or 0),
    )


def _viewer(answer: Any) -> Viewer:
    return Viewer(
        str(answer["peer"]),
        str(answer["programme"]),
        _number(answer.get("since")),
        _number(answer.get("loss")),
        _number(answer.get("jitter_ms")),
        _number(answer.get("rtt_ms")),
        _number(answer.get("remb_kbps")),
        str(answer.get("rendition", "full")),
    )


def read_standing(answer: Any) -> Standing:
    return Standing(
        str(answer["id"]),
        str(answer["region"]),
        int(answer["viewers"]),
        int(answer["sources"]),
        float(answer["load"]),
        str(answer["draining"]),
        int(answer.get("lost", 0)),
    )


def read_faults(answer: Any) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            str(f["peer"]),
            str(f["way"]),
            float(f["drop"]),
            float(f["delay_ms"]),
            tuple(map(int, f.get("workers", ()))),
        )
        for f in answer["faults"]
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> float | None:
    """`since` is in seconds since 1970, or RFC 3339 text which we do not need."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

"""How the bridges' lines do, by the relay's word: a studio's state in, what is told of it out.

No input or output; time is an argument (Unit: s, any steady clock).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final
from uuid import UUID

from media.client import StudioState, Viewer
from rooms.ids import BridgeId
from signaling.call import MAIN, bridge_peer
from signaling.wire import BridgeLink, PictureState, Quality, Rendition

WEAK_LOSS, BAD_LOSS = 0.02, 0.08
WEAK_RTT_MS, BAD_RTT_MS = 300.0, 800.0
LOSS_STEP, JITTER_STEP_MS, RTT_STEP_MS = 0.01, 5.0, 10.0
#: How long a relay's last word of a viewer holds when the next does not come.
HOLD_S: Final = 5.0
NOTHING: Final = StudioState({}, (), ())


class LastWord:
    """What the relay said last of one studio.

    A busy relay answers late, and a slow mirror is left out of the answer with all its viewers: neither must turn
    the tiles of the wall over and back.
    """

    def __init__(self) -> None:
        self._said = NOTHING
        self._said_at = float("-inf")
        self._viewers: dict[tuple[str, str], tuple[float, Viewer]] = {}

    def after(self, answer: StudioState | None, now: float) -> StudioState:
        """What is taken as true after this answer; None: there was none."""
        if answer is not None:
            self._said, self._said_at = answer, now
            self._viewers |= {(v.peer, v.programme): (now, v) for v in answer.viewers}
        if now - self._said_at >= HOLD_S:
            self._said = NOTHING
        self._viewers = {key: seen for key, seen in self._viewers.items() if now - seen[0] < HOLD_S}
        return replace(self._said, viewers=tuple(viewer for _, viewer in self._viewers.values()))


def renditions(state: StudioState) -> dict[str, Rendition]:
    """What each peer that watches the programme is sent; of several sessions of one, the newest counts."""
    watching = ((v.peer, _rendition(v)) for v in state.viewers if v.programme == MAIN)
    return {peer: rendition for peer, rendition in watching if rendition is not None}


def picture(state: StudioState) -> PictureState | None:
    """What comes from whoever is to be on air."""
    programme = state.programmes.get(MAIN)
    if programme is None or programme.wanted.video is None:
        return None
    source = next((s for s in state.sources if s.peer == programme.wanted.video), None)
    if source is None:
        return PictureState.MISSING
    if source.fps:
        return PictureState.SHOWN
    return PictureState.OFF if source.audio_kbps else PictureState.MISSING


def links(invited: Sequence[BridgeId], online: AbstractSet[UUID], state: StudioState) -> tuple[BridgeLink, ...]:
    """Of every invited bridge; `online`: whose socket is connected."""
    viewers: Mapping[str, Viewer] = {v.peer: v for v in state.viewers if v.programme == MAIN}
    publishing = {s.peer for s in state.sources if s.video or s.audio}
    return tuple(_link(b, b in online, bridge_peer(b) in publishing, viewers) for b in invited)


def _link(bridge_id: BridgeId, online: bool, publishing: bool, viewers: Mapping[str, Viewer]) -> BridgeLink:
    viewer = viewers.get(bridge_peer(bridge_id))
    loss = _in_steps(viewer.loss if viewer else None, LOSS_STEP)
    rtt_ms = _in_steps(viewer.rtt_ms if viewer else None, RTT_STEP_MS)
    rendition = _rendition(viewer)
    return BridgeLink(
        bridge_id=bridge_id,
        online=online,
        publishing=publishing,
        quality=_at_best(quality(loss, rtt_ms), rendition),
        loss=loss,
        jitter_ms=_in_steps(viewer.jitter_ms if viewer else None, JITTER_STEP_MS),
        rtt_ms=rtt_ms,
        rendition=rendition,
    )


def _in_steps(figure: float | None, step: float) -> float | None:
    """A figure that trembles must not be news every second."""
    return round(round(figure / step) * step, 2) if figure is not None else None


def _rendition(viewer: Viewer | None) -> Rendition | None:
    return Rendition(viewer.rendition) if viewer and viewer.rendition in list(Rendition) else None


def _at_best(judged: Quality, rendition: Rendition | None) -> Quality:
    """What gets less arrives well: a smaller picture, or the sound alone, is a weak or bad line all the same."""
    if rendition is Rendition.AUDIO:
        return Quality.BAD
    if rendition in (Rendition.MEDIUM, Rendition.LOW) and judged is not Quality.BAD:
        return Quality.WEAK
    return judged


def quality(loss: float | None, rtt_ms: float | None) -> Quality:
    """From a viewer's own receiver reports."""
    if loss is None and rtt_ms is None:
        return Quality.UNKNOWN
    if (loss or 0.0) >= BAD_LOSS or (rtt_ms or 0.0) >= BAD_RTT_MS:
        return Quality.BAD
    if (loss or 0.0) >= WEAK_LOSS or (rtt_ms or 0.0) >= WEAK_RTT_MS:
        return Quality.WEAK
    return Quality.GOOD

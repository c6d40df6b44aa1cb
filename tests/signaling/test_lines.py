"""How a line is judged by the relay's word."""

from __future__ import annotations

from uuid import UUID

import pytest

from media.client import Programme, Source, Stage, StudioState, Viewer
from rooms.ids import BridgeId
from signaling.lines import HOLD_S, NOTHING, LastWord, links, picture, quality, renditions
from signaling.wire import BridgeLink, PictureState, Quality, Rendition

ONE, TWO, THREE = (BridgeId(UUID(int=n)) for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("loss", "rtt_ms", "judged"),
    [
        (None, None, Quality.UNKNOWN),
        (0.0, None, Quality.GOOD),
        (0.01, 299.0, Quality.GOOD),
        (0.02, 10.0, Quality.WEAK),
        (0.0, 300.0, Quality.WEAK),
        (0.08, None, Quality.BAD),
        (None, 800.0, Quality.BAD),
    ],
)
def test_a_link_is_judged_by_its_reports(loss: float | None, rtt_ms: float | None, judged: Quality) -> None:
    assert quality(loss, rtt_ms) is judged


def test_the_wall_joins_sockets_and_relay() -> None:
    state = StudioState(
        {},
        (Source(f"bridge:{ONE}", video=True, audio=True), Source(f"person:{TWO}", video=True, audio=True)),
        (
            Viewer(f"bridge:{ONE}", "preview", loss=0.5),
            Viewer(f"bridge:{TWO}", "main", loss=0.1234, jitter_ms=17.3, rtt_ms=44.0),
        ),
    )
    assert links([ONE, TWO, THREE], {TWO}, state) == (
        BridgeLink(bridge_id=ONE, online=False, publishing=True),
        BridgeLink(
            bridge_id=TWO,
            online=True,
            quality=Quality.BAD,
            loss=0.12,
            jitter_ms=15.0,
            rtt_ms=40.0,
            rendition=Rendition.FULL,
        ),
        BridgeLink(bridge_id=THREE, online=False),
    )


@pytest.mark.parametrize(
    ("rendition", "loss", "judged"),
    [
        ("full", 0.0, Quality.GOOD),
        ("medium", 0.0, Quality.WEAK),
        ("low", 0.0, Quality.WEAK),
        ("low", 0.5, Quality.BAD),
        ("audio", 0.0, Quality.BAD),
        ("of another relay's making", 0.0, Quality.GOOD),
    ],
)
def test_a_line_that_bears_less_is_no_good_line_however_well_that_arrives(
    rendition: str, loss: float, judged: Quality
) -> None:
    viewer = Viewer(f"bridge:{ONE}", "main", loss=loss, rtt_ms=10.0, rendition=rendition)
    (link,) = links([ONE], set(), StudioState({}, (), (viewer,)))
    assert link.quality is judged
    assert link.rendition == (rendition if len(rendition) < 8 else None)


def test_what_trembles_by_a_millisecond_is_no_news() -> None:
    told = set()
    for jitter_ms in (18.0, 19.4, 20.7, 22.4):
        viewer = Viewer(f"bridge:{ONE}", "main", loss=0.0, jitter_ms=jitter_ms, rtt_ms=10.0)
        told.add(links([ONE], set(), StudioState({}, (), (viewer,))))
    assert len(told) == 1


def state_of(*viewers: Viewer) -> StudioState:
    return StudioState({}, (Source("bridge:0", video=True, audio=True),), viewers)


def test_a_relay_that_is_slow_to_answer_is_taken_at_its_last_word_for_a_while() -> None:
    word, said = LastWord(), state_of(Viewer("bridge:1", "main", loss=0.1))
    assert word.after(None, 100.0) == NOTHING
    assert word.after(said, 101.0) == said
    assert word.after(None, 101.0 + HOLD_S - 0.1) == said
    assert word.after(None, 101.0 + HOLD_S) == NOTHING
    assert word.after(said, 200.0) == said


def test_whom_one_answer_leaves_out_is_taken_as_before_for_a_while() -> None:
    """A mirror that was slow to say is left out of the answer, with all its viewers."""
    word, one, two = LastWord(), Viewer("bridge:1", "main", loss=0.1), Viewer("bridge:2", "main", loss=0.2)
    word.after(state_of(one, two), 100.0)
    newer = Viewer("bridge:1", "main", loss=0.0)
    assert set(word.after(state_of(newer), 101.0).viewers) == {newer, two}
    assert word.after(state_of(newer), 100.0 + HOLD_S) == state_of(newer)
    assert set(word.after(state_of(two), 100.1 + HOLD_S).viewers) == {newer, two}


def test_who_watches_the_programme_has_a_rendition() -> None:
    state = state_of(
        Viewer("bridge:1", "main", rendition="audio"),
        Viewer("bridge:2", "preview", rendition="low"),
        Viewer("person:3", "main"),
        Viewer("bridge:4", "main", rendition="of another relay's making"),
    )
    assert renditions(state) == {"bridge:1": Rendition.AUDIO, "person:3": Rendition.FULL}


@pytest.mark.parametrize(
    ("on_air", "source", "state"),
    [
        (None, None, None),
        ("bridge:1", None, PictureState.MISSING),
        ("bridge:1", Source("bridge:1", video=True, audio=True, fps=24.9), PictureState.SHOWN),
        ("bridge:1", Source("bridge:1", video=True, audio=True, fps=0.0, audio_kbps=31.0), PictureState.OFF),
        ("bridge:1", Source("bridge:1", video=True, audio=True, fps=0.0, audio_kbps=0.0), PictureState.MISSING),
        ("bridge:2", Source("bridge:1", video=True, audio=True, fps=24.9), PictureState.MISSING),
    ],
)
def test_what_comes_of_whoever_is_on_air(
    on_air: str | None, source: Source | None, state: PictureState | None
) -> None:
    programme = Programme(Stage(on_air), Stage())
    sources = () if source is None else (source,)
    assert picture(StudioState({"main": programme}, sources, ())) is state
    assert picture(StudioState({}, sources, ())) is None

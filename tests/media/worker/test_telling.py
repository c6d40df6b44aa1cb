"""A studio's state is told in steps, and is the same as all at once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from media.fanout.lane import LaneKey
from media.programme.parties import Viewer
from media.wire.fingerprint import Fingerprint
from media.worker import telling
from media.worker.telling import STEP, Telling
from tests.media.programme.test_flow import House


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    for number in range(1000):
        house.studio.add_viewer(
            Viewer(
                number=number + 10, session=f"s{number}", studio="s", name=f"p{number}",
                fingerprint=Fingerprint("", ""), now=1, since=1.5, programme="main",
                lane=LaneKey("", (), 0, True, 3), is_relay=number % 100 == 7,
            )
        )  # fmt: skip
    yield house
    house.socket.close()


def test_no_step_tells_of_many_and_all_are_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    told, expected = [], house.studio.snapshot()
    counted = [0]
    real = Viewer.snapshot

    def snapshot(viewer: Viewer) -> dict[str, Any]:
        counted[0] += 1
        return real(viewer)

    monkeypatch.setattr(Viewer, "snapshot", snapshot)
    tells = Telling({"s": house.studio}.get, told.append)
    for call, studio in ((1, "s"), (2, "nowhere"), (3, "s")):
        tells.ask(call, studio)
    steps, more = 0, True
    while more:
        before = counted[0]
        more = tells.step()
        steps += 1
        assert counted[0] - before <= STEP
    assert steps > 1000 / STEP
    assert counted[0] == 1000  # who asked at the same time got the same answer
    assert not tells
    answers = {answer["call"]: answer["studio"] for answer in map(json.loads, told)}
    assert answers == {1: expected, 2: json.loads(telling.EMPTY), 3: expected}


def test_who_leaves_meanwhile_is_no_trouble(house: House) -> None:
    told: list[bytes] = []
    tells = Telling({"s": house.studio}.get, told.append)
    tells.ask(1, "s")
    tells.step()
    for viewer in list(house.studio.viewers.values()):
        house.studio.remove_viewer(viewer)
    while tells.step():
        pass
    assert len(json.loads(told[0])["studio"]["viewers"]) == 990

"""The programmes from elsewhere have a bound."""

import pytest

from media.relay import cascade
from media.relay.cascade import Cascade
from media.relay.crew import Hand
from media.relay.problems import Refusal
from media.relay.pulling import Puller


async def test_there_are_not_more_mirrored_programmes_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascade, "MAX_MIRRORED", 2)
    made = Cascade(Puller("r", b"k" * 32, 3, no_worker), lambda studio, programme: False, keep_s=30)
    parents = ["http://127.0.0.1:9"]
    await made.parents("s1", "main", parents)
    await made.parents("s2", "main", parents)
    with pytest.raises(Refusal, match="too many"):
        await made.parents("s3", "main", parents)
    assert await made.parents("s2", "main", parents) == {"parents": parents, "pulling": None}  # not a new one


async def test_a_mirror_that_nobody_speaks_of_any_more_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascade, "MAX_MIRRORED", 2)
    monkeypatch.setattr(cascade, "STALE_S", 0.0)
    made = Cascade(Puller("r", b"k" * 32, 3, no_worker), lambda studio, programme: studio == "watched", keep_s=30)
    parents = ["http://127.0.0.1:9"]
    for studio in ("watched", "s2", "s3"):
        await made.parents(studio, "main", parents)
    assert [bool(made.state(studio)) for studio in ("watched", "s2", "s3")] == [True, False, True]
    await made.close()


def no_worker(studio: str) -> Hand:
    raise ConnectionError("no worker is there")

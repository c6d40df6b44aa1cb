"""The programmes from elsewhere have a bound."""

from typing import Any, cast

import pytest

from media.relay import cascade
from media.relay.cascade import Cascade
from media.relay.problems import Refusal
from media.relay.pulling import Puller


async def test_there_are_not_more_mirrored_programmes_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascade, "MAX_MIRRORED", 2)
    nobody: Any = None
    made = Cascade(
        cast(Puller, nobody), lambda studio, programme: False, keep_s=30
    )  # unwatched: nothing is pulled
    parents = ["http://127.0.0.1:9"]
    await made.parents("s1", "main", parents)
    await made.parents("s2", "main", parents)
    with pytest.raises(Refusal, match="too many"):
        await made.parents("s3", "main", parents)
    assert await made.parents("s2", "main", parents) == {"parents": parents, "pulling": None}  # not a new one

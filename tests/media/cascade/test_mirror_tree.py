"""A tree of relays: one copy of the programme on every link, however many are behind it, and nobody misses any."""

from collections.abc import Iterator

import pytest

from tests.bench.tree import Tree, measure, plant


@pytest.fixture
def tree() -> Iterator[Tree]:
    made = plant(2, 3)
    yield made
    made.close()


def test_each_link_carries_one_copy(tree: Tree) -> None:
    for receivers in (6, 60, 150):
        told = measure(tree, receivers, 0.4)
        assert told["copies_per_link"] == [1.0] * 5
        assert told["delivered"] == 1.0


def test_a_relay_tells_its_children_who_speaks_and_by_which_way(tree: Tree) -> None:
    tree.run(0.2)
    for edge in tree.edges:
        assert edge.line is not None
        assert edge.line.feed.on_air.path[0] == "origin"
        assert len(edge.line.feed.on_air.path) == 2
        assert edge.line.feed.on_air.speakers == ("source", "source", None, None)
        assert edge.programme.snapshot()["on_air"] == {"video": "source", "audio": ["source", None, None]}

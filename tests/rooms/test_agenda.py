"""The agenda: a tree of at most three levels, one item at a time."""

from dataclasses import replace

import pytest

from rooms.agenda import (
    DEPTH_MAX,
    ITEMS_MAX,
    AddItem,
    AgendaCommand,
    AgendaItem,
    ChangeItem,
    FinishItem,
    ItemAdded,
    ItemChanged,
    ItemFinished,
    ItemsMoved,
    ItemsRemoved,
    ItemStarted,
    ItemState,
    MoveItem,
    Placed,
    RemoveItem,
    StartItem,
    children,
    decide,
    depth,
    descendants,
    numbers,
)
from rooms.meeting import MeetingState
from rooms.roles import Role
from tests.support.given import NEW, by, item_id, meeting, refused

A, B, C, A1, A2, A1A = (item_id(n) for n in range(6))
TREE = (
    AgendaItem(A, None, 0, "A"),
    AgendaItem(B, None, 1, "B"),
    AgendaItem(C, None, 2, "C"),
    AgendaItem(A1, A, 0, "A1"),
    AgendaItem(A2, A, 1, "A2"),
    AgendaItem(A1A, A1, 0, "A1A"),
)
SECRETARY, CHAIR = by(Role.SECRETARY), by(Role.CHAIR)
EDITS: tuple[AgendaCommand, ...] = (AddItem("x"), ChangeItem(A, "x"), MoveItem(A, None, 2), RemoveItem(B))
WALKS: tuple[AgendaCommand, ...] = (StartItem(A), FinishItem(A))


def evolved(*events: object) -> tuple[AgendaItem, ...]:
    """Where everything stands after moves and removals."""
    items = {i.id: i for i in TREE}
    for event in events:
        if isinstance(event, ItemsMoved):
            for p in event.places:
                items[p.item_id] = replace(items[p.item_id], parent_id=p.parent_id, position=p.position)
        if isinstance(event, ItemsRemoved):
            for gone in event.item_ids:
                del items[gone]
    return tuple(items.values())


def test_an_item_is_added_last() -> None:
    (event,) = decide(meeting(), TREE, AddItem(" Mới ", A, " An ", 15), SECRETARY)
    assert event == ItemAdded(AgendaItem(NEW, A, 2, "Mới", "An", 15))  # type: ignore[arg-type]
    (event,) = decide(meeting(MeetingState.DRAFT), (), AddItem("Đầu"), SECRETARY)
    assert event == ItemAdded(AgendaItem(NEW, None, 0, "Đầu"))  # type: ignore[arg-type]


def test_an_item_is_changed() -> None:
    assert decide(meeting(), TREE, ChangeItem(A, "Á", "", None), SECRETARY) == (ItemChanged(A, "Á", "", None),)


@pytest.mark.parametrize("minutes", [0, -1, 1441])
def test_planned_minutes(minutes: int) -> None:
    for command in (AddItem("x", planned_min=minutes), ChangeItem(A, "x", planned_min=minutes)):
        with refused("bad-planned-minutes"):
            decide(meeting(), TREE, command, SECRETARY)


def test_no_item_below_the_third_level() -> None:
    with refused("agenda-too-deep", limit=DEPTH_MAX):
        decide(meeting(), TREE, AddItem("x", A1A), SECRETARY)
    with refused("agenda-too-deep"):  # A is three levels high
        decide(meeting(), TREE, MoveItem(A, B, 0), SECRETARY)
    with refused("agenda-too-deep"):
        decide(meeting(), TREE, MoveItem(B, A1A, 0), SECRETARY)
    assert decide(meeting(), TREE, MoveItem(B, A1, 0), SECRETARY)


def test_not_too_many_items() -> None:
    many = tuple(AgendaItem(item_id(n), None, n, "x") for n in range(ITEMS_MAX))
    with refused("too-many-items", limit=ITEMS_MAX):
        decide(meeting(), many, AddItem("x"), SECRETARY)


def test_moving_among_siblings() -> None:
    (event,) = decide(meeting(), TREE, MoveItem(C, None, 0), SECRETARY)
    assert isinstance(event, ItemsMoved)
    assert set(event.places) == {Placed(C, None, 0), Placed(A, None, 1), Placed(B, None, 2)}


def test_moving_to_another_parent_closes_the_gap() -> None:
    events = decide(meeting(), TREE, MoveItem(A1, B, 5), SECRETARY)
    items = evolved(*events)
    assert [i.title for i in children(items, B)] == ["A1"]
    assert [(i.title, i.position) for i in children(items, A)] == [("A2", 0)]
    assert numbers(items)[A1A] == "2.1.1"


@pytest.mark.parametrize("position", [2, 99])
def test_moving_nowhere_is_nothing(position: int) -> None:
    assert decide(meeting(), TREE, MoveItem(C, None, position), SECRETARY) == ()


@pytest.mark.parametrize("below", [A, A1, A1A])
def test_no_item_inside_itself(below: object) -> None:
    with refused("item-inside-itself"):
        decide(meeting(), TREE, MoveItem(A, below, 0), SECRETARY)  # type: ignore[arg-type]


def test_removing_takes_what_is_below() -> None:
    events = decide(meeting(), TREE, RemoveItem(A), SECRETARY)
    assert events[0] == ItemsRemoved((A, A1, A1A, A2))
    assert [(i.id, i.position) for i in children(evolved(*events), None)] == [(B, 0), (C, 1)]
    assert decide(meeting(), TREE, RemoveItem(C), SECRETARY) == (ItemsRemoved((C,)),)


@pytest.mark.parametrize("state", [ItemState.CURRENT, ItemState.DONE])
def test_what_was_dealt_with_stays(state: ItemState) -> None:
    items = tuple(replace(i, state=state) if i.id == A1A else i for i in TREE)
    with refused("item-was-dealt-with"):
        decide(meeting(), items, RemoveItem(A), SECRETARY)


def test_walking() -> None:
    assert decide(meeting(), TREE, StartItem(A), CHAIR) == (ItemStarted(A),)
    at_a = meeting(current_item_id=A)
    assert decide(at_a, TREE, StartItem(B), CHAIR) == (ItemFinished(A), ItemStarted(B))
    assert decide(at_a, TREE, FinishItem(A), CHAIR) == (ItemFinished(A),)
    with refused("item-is-current"):
        decide(at_a, TREE, StartItem(A), CHAIR)
    with refused("item-not-current"):
        decide(at_a, TREE, FinishItem(B), CHAIR)


def test_a_finished_item_may_be_taken_up_again() -> None:
    items = tuple(replace(i, state=ItemState.DONE) for i in TREE)
    assert decide(meeting(), items, StartItem(A), CHAIR) == (ItemStarted(A),)


@pytest.mark.parametrize("command", [*EDITS[1:], *WALKS, AddItem("x", item_id(99))])
def test_unknown_items(command: AgendaCommand) -> None:
    act = CHAIR if command in WALKS else SECRETARY
    with refused("item-unknown"):
        decide(meeting(), (), command, act)


@pytest.mark.parametrize("command", EDITS)
def test_who_and_when_edits(command: AgendaCommand) -> None:
    for role in set(Role) - {Role.SECRETARY}:
        with refused("not-your-right", right="prepare"):
            decide(meeting(), TREE, command, by(role))
    with refused("meeting-is-closed"):
        decide(meeting(MeetingState.CLOSED), TREE, command, SECRETARY)


@pytest.mark.parametrize("command", WALKS)
def test_who_and_when_walks(command: AgendaCommand) -> None:
    for role in set(Role) - {Role.CHAIR}:
        with refused("not-your-right", right="preside"):
            decide(meeting(), TREE, command, by(role))
    for state in (MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.CLOSED):
        with refused(f"meeting-is-{state}"):
            decide(meeting(state), TREE, command, CHAIR)


def test_the_tree() -> None:
    assert numbers(TREE) == {A: "1", A1: "1.1", A1A: "1.1.1", A2: "1.2", B: "2", C: "3"}
    assert [i.id for i in descendants(TREE, A)] == [A1, A1A, A2]
    assert [depth(TREE, i) for i in (A, A1, A1A)] == [1, 2, 3]

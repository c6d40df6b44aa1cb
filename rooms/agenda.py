"""The agenda: a tree of items, walked one at a time.

Position counts from 0 among siblings. At most three levels; one current item;
a finished item may be taken up again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict, Invalid, NotFound
from rooms.ids import ItemId
from rooms.meeting import Meeting, MeetingState
from rooms.roles import Right
from rooms.values import NAME_MAX, TITLE_MAX, clean

ITEMS_MAX = 300
DEPTH_MAX = 3
MINUTES_MAX = 24 * 60


class ItemState(StrEnum):
    PENDING = "pending"
    CURRENT = "current"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class AgendaItem:
    id: ItemId
    parent_id: ItemId | None
    position: int
    title: str
    presenter: str = ""
    planned_min: int | None = None
    state: ItemState = ItemState.PENDING
    started_at: datetime | None = None
    ended_at: datetime | None = None


# ── commands ──


@dataclass(frozen=True, slots=True)
class AddItem:
    title: str
    parent_id: ItemId | None = None
    presenter: str = ""
    planned_min: int | None = None
    kind: Literal["add_item"] = "add_item"


@dataclass(frozen=True, slots=True)
class ChangeItem:
    item_id: ItemId
    title: str
    presenter: str = ""
    planned_min: int | None = None
    kind: Literal["change_item"] = "change_item"


@dataclass(frozen=True, slots=True)
class MoveItem:
    """Makes the item the `position`-th child of `parent_id` (None: top level)."""

    item_id: ItemId
    parent_id: ItemId | None
    position: int
    kind: Literal["move_item"] = "move_item"


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """With everything below it."""

    item_id: ItemId
    kind: Literal["remove_item"] = "remove_item"


@dataclass(frozen=True, slots=True)
class StartItem:
    """Makes the item current; the one that was current is done."""

    item_id: ItemId
    kind: Literal["start_item"] = "start_item"


@dataclass(frozen=True, slots=True)
class FinishItem:
    item_id: ItemId
    kind: Literal["finish_item"] = "finish_item"


AgendaCommand = AddItem | ChangeItem | MoveItem | RemoveItem | StartItem | FinishItem

# ── events ──


@dataclass(frozen=True, slots=True)
class ItemAdded:
    item: AgendaItem
    kind: Literal["item.added"] = "item.added"


@dataclass(frozen=True, slots=True)
class ItemChanged:
    item_id: ItemId
    title: str
    presenter: str
    planned_min: int | None
    kind: Literal["item.changed"] = "item.changed"


@dataclass(frozen=True, slots=True)
class Placed:
    item_id: ItemId
    parent_id: ItemId | None
    position: int


@dataclass(frozen=True, slots=True)
class ItemsMoved:
    """Every item whose parent or position changed."""

    places: tuple[Placed, ...]
    kind: Literal["items.moved"] = "items.moved"


@dataclass(frozen=True, slots=True)
class ItemsRemoved:
    item_ids: tuple[ItemId, ...]
    kind: Literal["items.removed"] = "items.removed"


@dataclass(frozen=True, slots=True)
class ItemStarted:
    item_id: ItemId
    kind: Literal["item.started"] = "item.started"


@dataclass(frozen=True, slots=True)
class ItemFinished:
    item_id: ItemId
    kind: Literal["item.finished"] = "item.finished"


AgendaEvent = ItemAdded | ItemChanged | ItemsMoved | ItemsRemoved | ItemStarted | ItemFinished


def decide(
    meeting: Meeting, items: tuple[AgendaItem, ...], command: AgendaCommand, act: Act
) -> tuple[AgendaEvent, ...]:
    """Raises: Refusal."""
    match command:
        case AddItem() | ChangeItem() | MoveItem() | RemoveItem():
            act.seat.require(Right.PREPARE)
            meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
            return _edit(items, command, act)
        case StartItem(item_id):
            act.seat.require(Right.PRESIDE)
            meeting.require(MeetingState.OPEN)
            find(items, item_id)
            if meeting.current_item_id == item_id:
                raise Conflict("item-is-current", "the item is being dealt with already")
            ended = () if meeting.current_item_id is None else (ItemFinished(meeting.current_item_id),)
            return (*ended, ItemStarted(item_id))
        case FinishItem(item_id):
            act.seat.require(Right.PRESIDE)
            meeting.require(MeetingState.OPEN)
            find(items, item_id)
            if meeting.current_item_id != item_id:
                raise Conflict("item-not-current", "only the current item can be finished")
            return (ItemFinished(item_id),)
        case _:
            assert_never(command)


def _edit(
    items: tuple[AgendaItem, ...], command: AddItem | ChangeItem | MoveItem | RemoveItem, act: Act
) -> tuple[AgendaEvent, ...]:
    match command:
        case AddItem(title, parent_id, presenter, planned_min):
            if len(items) >= ITEMS_MAX:
                raise Conflict("too-many-items", f"over {ITEMS_MAX} items", limit=ITEMS_MAX)
            if parent_id is not None:
                find(items, parent_id)
                _require_depth(depth(items, parent_id) + 1)
            position = len(children(items, parent_id))
            title, presenter, planned_min = _checked(title, presenter, planned_min)
            return (
                ItemAdded(AgendaItem(ItemId(act.new_id()), parent_id, position, title, presenter, planned_min)),
            )
        case ChangeItem(item_id, title, presenter, planned_min):
            find(items, item_id)
            return (ItemChanged(item_id, *_checked(title, presenter, planned_min)),)
        case MoveItem(item_id, parent_id, position):
            return _move(items, item_id, parent_id, position)
        case RemoveItem(item_id):
            item = find(items, item_id)
            doomed = (item, *descendants(items, item_id))
            if any(i.state is not ItemState.PENDING for i in doomed):
                raise Conflict("item-was-dealt-with", "an item that was dealt with stays on record")
            removed = ItemsRemoved(tuple(i.id for i in doomed))
            left = [s for s in children(items, item.parent_id) if s.id != item_id]
            moved = tuple(Placed(s.id, s.parent_id, n) for n, s in enumerate(left) if s.position != n)
            return (removed, ItemsMoved(moved)) if moved else (removed,)
        case _:
            assert_never(command)


def _move(
    items: tuple[AgendaItem, ...], item_id: ItemId, parent_id: ItemId | None, position: int
) -> tuple[AgendaEvent, ...]:
    item = find(items, item_id)
    below = descendants(items, item_id)
    if parent_id is not None:
        find(items, parent_id)
        if parent_id == item_id or any(i.id == parent_id for i in below):
            raise Invalid("item-inside-itself", "an item cannot be moved below itself")
        height = max((depth(items, i.id) for i in below), default=depth(items, item_id))
        _require_depth(depth(items, parent_id) + 1 + height - depth(items, item_id))
    order = [s for s in children(items, parent_id) if s.id != item_id]
    order.insert(max(0, min(position, len(order))), item)
    places = [Placed(s.id, parent_id, n) for n, s in enumerate(order)]
    if parent_id != item.parent_id:
        left = [s for s in children(items, item.parent_id) if s.id != item_id]
        places += [Placed(s.id, item.parent_id, n) for n, s in enumerate(left)]
    now = {i.id: (i.parent_id, i.position) for i in items}
    changed = tuple(p for p in places if now[p.item_id] != (p.parent_id, p.position))
    return (ItemsMoved(changed),) if changed else ()


def _checked(title: str, presenter: str, planned_min: int | None) -> tuple[str, str, int | None]:
    if planned_min is not None and not 0 < planned_min <= MINUTES_MAX:
        raise Invalid("bad-planned-minutes", "planned minutes are between 1 and 1440")
    return (
        clean(title, limit=TITLE_MAX, what="title"),
        clean(presenter, limit=NAME_MAX, what="presenter", empty=True),
        planned_min,
    )


def _require_depth(level: int) -> None:
    if level > DEPTH_MAX:
        raise Conflict("agenda-too-deep", f"at most {DEPTH_MAX} levels", limit=DEPTH_MAX)


def find(items: tuple[AgendaItem, ...], item_id: ItemId) -> AgendaItem:
    """Raises: NotFound `item-unknown`."""
    for item in items:
        if item.id == item_id:
            return item
    raise NotFound("item-unknown", "no such agenda item")


def children(items: tuple[AgendaItem, ...], parent_id: ItemId | None) -> list[AgendaItem]:
    return sorted((i for i in items if i.parent_id == parent_id), key=lambda i: i.position)


def descendants(items: tuple[AgendaItem, ...], item_id: ItemId) -> tuple[AgendaItem, ...]:
    found: list[AgendaItem] = []
    for child in children(items, item_id):
        found += [child, *descendants(items, child.id)]
    return tuple(found)


def depth(items: tuple[AgendaItem, ...], item_id: ItemId) -> int:
    """1 for a top-level item."""
    item = find(items, item_id)
    return 1 if item.parent_id is None else 1 + depth(items, item.parent_id)


def numbers(items: tuple[AgendaItem, ...]) -> dict[ItemId, str]:
    """The printed number of every item, "2.1", in agenda order."""
    found: dict[ItemId, str] = {}

    def walk(parent_id: ItemId | None, prefix: str) -> None:
        for n, child in enumerate(children(items, parent_id), start=1):
            found[child.id] = f"{prefix}{n}"
            walk(child.id, f"{prefix}{n}.")

    walk(None, "")
    return found

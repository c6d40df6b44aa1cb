"""Row locks. SQLite's one writer needs none, and its dialect leaves the clause away."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Select

from rooms.ports import Lock

T = TypeVar("T")


def locked(query: Select[T], lock: Lock) -> Select[T]:
    """Read anew after the wait: what the session knew of the row may be old by then."""
    if lock is Lock.NONE:
        return query
    return query.with_for_update(read=lock is Lock.SHARE).execution_options(populate_existing=True)

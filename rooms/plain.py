"""From values to plain JSON: the one form that is hashed, stored and sent.

Shape: dataclass → object, tuple → list, UUID and instant → text (UTC, RFC 3339, microseconds, Z).
"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from enum import Enum
from uuid import UUID

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]


def plain(value: object) -> Plain:
    """Raises: TypeError for what has no plain form (floats among them: nothing in the journal is inexact)."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case UUID():
            return str(value)
        case datetime():
            return instant(value)
        case tuple() | list():
            return [plain(v) for v in value]
        case frozenset():
            return sorted((plain(v) for v in value), key=str)
        case dict():
            return {str(plain(k)): plain(v) for k, v in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        case _:
            raise TypeError(f"no plain form for {type(value).__name__}")


def instant(at: datetime) -> str:
    """Raises: ValueError for a time without zone."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def canonical(value: object) -> str:
    """The one text of a value: keys sorted, no spaces, no escapes beyond what JSON needs (after RFC 8785)."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

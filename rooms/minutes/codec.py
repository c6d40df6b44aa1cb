"""Minutes to JSON and back. The JSON is canonical (sorted keys, no blanks, NFC, UTF-8), so equal minutes are
equal bytes and a version can be named by its hash. Reading is strict: anything unexpected is a ValueError.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from unicodedata import normalize

from rooms.errors import Refusal
from rooms.minutes.value import Minutes

SCHEMA = 1


def to_json(minutes: Minutes) -> str:
    plain = {"schema": SCHEMA, "minutes": _plain(minutes)}
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> Minutes:
    """Raises: ValueError for anything that `to_json` did not write."""
    try:
        plain = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA or set(plain) != {"schema", "minutes"}:
        raise ValueError(f"not minutes of schema {SCHEMA}")
    value = _value(Minutes, plain["minutes"], "minutes")
    assert isinstance(value, Minutes)
    return value


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    match value:
        case StrEnum():
            return value.value
        case str():
            return normalize("NFC", value)
        case None | bool() | int():
            return value
        case datetime():
            if value.utcoffset() is None:
                raise ValueError("an instant needs its offset")
            return value.isoformat()
        case tuple():
            return [_plain(item) for item in value]
        case _:
            raise ValueError(f"{type(value).__name__} has no place in minutes")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, plain: object, where: str) -> object:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = [k for k in get_args(kind) if k is not NoneType]
        return None if plain is None else _value(inner[0], plain, where)
    if origin is tuple:
        if not isinstance(plain, list):
            raise ValueError(f"{where}: a list was expected")
        return tuple(_value(get_args(kind)[0], p, f"{where}[{n}]") for n, p in enumerate(plain))
    if is_dataclass(kind):
        return _record(kind, plain, where)
    return _scalar(kind, plain, where)


def _record(kind: Any, plain: object, where: str) -> object:
    hints = _hints(kind)
    if not isinstance(plain, dict) or set(plain) != set(hints):
        raise ValueError(f"{where}: the fields of {kind.__name__} were expected")
    values = {name: _value(hint, plain[name], f"{where}.{name}") for name, hint in hints.items()}
    try:
        return kind(**values)
    except Refusal as refusal:
        raise ValueError(f"{where}: {refusal.code}") from refusal


def _scalar(kind: Any, plain: object, where: str) -> object:
    # bool is an int to Python, not to us
    if kind in (int, bool, str) and type(plain) is kind:
        return normalize("NFC", plain) if isinstance(plain, str) else plain
    if isinstance(plain, str) and isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(plain)
    if isinstance(plain, str) and kind is datetime:
        instant = datetime.fromisoformat(plain)
        if instant.utcoffset() is not None:
            return instant
    raise ValueError(f"{where}: {kind.__name__} was expected")

"""Every code that can be refused with has its sentence, in both languages, with the same blanks."""

from __future__ import annotations

import ast
import string
import unicodedata
from pathlib import Path

import pytest

from rooms.meeting import MeetingState
from rooms.poll import PollState
from rooms.roles import Role
from rooms.signing import MinutesState
from server.api import texts
from server.api.problems import CODES, STATUSES

ROOT = Path(__file__).resolve().parents[3]
REFUSALS = {kind.__name__ for kind in STATUSES}
#: Codes put together from a state or role.
MADE = {
    "meeting-is-": [s.value for s in MeetingState],
    "poll-is-": [s.value for s in PollState],
    "minutes-are-": [s.value for s in MinutesState],
    "second-": [Role.CHAIR.value, Role.SECRETARY.value],
}


def codes() -> set[str]:
    found: set[str] = set(CODES.values()) | {"internal", "bad-request"}
    for folder in ("rooms", "server"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _name(node.func) in REFUSALS and node.args:
                    found |= _told(node.args[0])
                if isinstance(node, ast.Call) and _name(node.func) == "fault" and path.name == "inspect.py":
                    found |= _told(node.args[0])
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _told(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        start = str(node.values[0].value)
        return {f"{start}{end}" for end in MADE[start]}
    return set()


def test_every_code_has_its_sentence() -> None:
    assert len(codes()) > 90
    assert codes() - set(texts.SENTENCES) == set()


def test_both_languages_say_the_same_blanks() -> None:
    for code, (vi, en) in texts.SENTENCES.items():
        blanks = [{name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (vi, en)]
        assert blanks[0] == blanks[1], code
        assert unicodedata.is_normalized("NFC", vi), code
        assert vi.endswith("."), code
        assert en.endswith("."), code


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "vi"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("fr", "vi"),
        ("vi-VN,en;q=0.5", "vi"),
        ("en;q=0.2, vi;q=0.8", "vi"),
        ("en;q=x", "vi"),
        (",;,;q=", "vi"),
    ],
)
def test_the_browsers_language(header: str, locale: str) -> None:
    from aiohttp.test_utils import make_mocked_request

    assert texts.locale_of(make_mocked_request("GET", "/", headers={"Accept-Language": header})) == locale

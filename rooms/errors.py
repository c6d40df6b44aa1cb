"""Refusals: what a caller did wrong, with a stable code that the page turns into a sentence.

The domain knows no status numbers; `server/api/problems.py` has the one table that translates.
A refused command changes nothing.
"""

from __future__ import annotations


class Refusal(Exception):
    """Theirs, shown to them. `code` is stable and kebab-case; `facts` fill the sentence on the page."""

    def __init__(self, code: str, detail: str = "", **facts: object) -> None:
        super().__init__(code, detail, facts)
        self.code = code
        self.detail = detail
        self.facts = facts


class NotFound(Refusal):
    """No such thing, or none that this actor may know of: the two are not told apart on purpose."""


class Forbidden(Refusal):
    """The actor may see the thing but not do this to it."""


class Invalid(Refusal):
    """The command makes no sense whatever the state."""


class Conflict(Refusal):
    """The command made sense, but not in this state."""

"""Refusals that only the server knows: who is not signed in, what is too large, what does not answer.

Beside `rooms.errors`; `server/api/problems.py` gives each a status and a sentence.
"""

from __future__ import annotations

from rooms.errors import Refusal


class Unauthenticated(Refusal):
    """Nobody is signed in, or no longer."""


class BadRequest(Refusal):
    """The bytes are not what the document of the interface says."""


class TooLarge(Refusal):
    """More bytes than are taken."""


class UnsupportedType(Refusal):
    """A kind of content that is not taken here."""


class TooMany(Refusal):
    """Asked too often. Fact `retry_after_s`."""


class Unavailable(Refusal):
    """A part that the answer needs does not answer now."""

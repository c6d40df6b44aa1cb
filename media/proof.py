"""Proofs that whoever wrote something holds the media key: HMAC-SHA256 over what it is for and what it says.

What it is for stands first, so that no proof is good for something else, nor for a token that the same key signs.
No input or output.
"""

import hashlib
import hmac
from typing import Final

#: Of an answer's proof, from relay to relay.
HEADER: Final = "Dienhong-Proof"


def prove(key: bytes, purpose: bytes, *parts: bytes) -> str:
    """`parts`: only the last one may hold a zero byte."""
    return hmac.new(key, b"\0".join((purpose, *parts)), "sha256").hexdigest()


def holds(told: str, proof: str) -> bool:
    return hmac.compare_digest(told.encode(errors="replace"), proof.encode())


def of_answer(key: bytes, studio: str, programme: str, offer: bytes, answer: bytes) -> str:
    """That a relay of ours made this answer, to this offer and no other, for this programme."""
    digest = hashlib.sha256(offer).hexdigest()
    return prove(key, b"dienhong answer 1", studio.encode(), programme.encode(), digest.encode(), answer)

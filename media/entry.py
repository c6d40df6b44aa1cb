"""A relay's entry in the registry, with a proof that whoever wrote it holds the media key.

Servers send control tokens to the relays that they find there, so that an entry of somebody who got at Redis must
count for nothing. The proof also covers the name that the entry stands under and its time. No input or output.
"""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from media.proof import holds, prove

FRESH_S: Final = 60.0  # clocks may differ by that much; the lease is far shorter
_PURPOSE: Final = b"dienhong registry 1"


def seal(entry: Mapping[str, object], owner: str, key: bytes) -> str:
    """The text that stands in the registry: the proof, a space, the entry as JSON."""
    body = json.dumps({**entry, "at": round(time.time(), 3)})
    return f"{_proof(body, owner, key)} {body}"


def unseal(text: str, owner: str, key: bytes) -> dict[str, Any] | None:
    """The entry; None when it is forged, altered, somebody else's or old."""
    proof, _, body = text.partition(" ")
    if not holds(proof, _proof(body, owner, key)):
        return None
    entry = json.loads(body)
    return entry if abs(time.time() - entry["at"]) <= FRESH_S else None


def _proof(body: str, owner: str, key: bytes) -> str:
    return prove(key, _PURPOSE, owner.encode(errors="replace"), body.encode(errors="replace"))

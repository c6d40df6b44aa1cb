"""Tickets: what another machine needs to send virtual bridges, without the media key.

Written where the key is; holds a token for each bridge, to watch one programme and nothing else, for some hours.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from media.client import RelayClient
from media.rehearsal.virtual import VIRTUAL
from media.tokens import Scope

LIFE_S: Final = 6 * 3600.0
MAX_BRIDGES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """`tokens`: in the order of the bridges."""

    relays: tuple[str, ...]
    studio: str
    programme: str
    until: float  # Unix time
    tokens: tuple[str, ...]


def issue(relays: Sequence[RelayClient], studio: str, programme: str, bridges: range) -> Ticket:
    if len(bridges) > MAX_BRIDGES:
        raise ValueError(f"at most {MAX_BRIDGES} bridges for a machine")
    tokens = (
        relays[0].token(Scope.WATCH, studio, f"{VIRTUAL}{index}", programme, ttl_s=LIFE_S) for index in bridges
    )
    urls = tuple(relay.base_url for relay in relays)
    return Ticket(urls, studio, programme, time.time() + LIFE_S, tuple(tokens))


def write(ticket: Ticket, path: Path) -> None:
    """For its owner only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(ticket), file)


def read(path: Path) -> Ticket:
    """Raises: OSError; ValueError for what is none, or over."""
    told: Any = json.loads(path.read_text())
    try:
        ticket = Ticket(
            tuple(map(str, told["relays"])),
            str(told["studio"]),
            str(told["programme"]),
            float(told["until"]),
            tuple(map(str, told["tokens"])),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a ticket: {error!r}") from error
    if not ticket.relays or not ticket.tokens or ticket.until < time.time():
        raise ValueError("the ticket is over, or empty")
    return ticket

"""The journal: append-only, numbered from 1 without gaps, each entry chained to the one before by SHA-256.

The body of an entry is its canonical JSON; the hash covers the previous hash and the body. Rows are the truth,
the journal is the evidence: it is what the minutes are composed from and what `dienhong journal verify` checks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rooms.events import Event
from rooms.ids import BridgeId, MeetingId, PersonId
from rooms.plain import canonical, instant
from rooms.roles import Actor, ActorKind

#: What the first entry is chained to.
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class ActorRef:
    """Who did it, by the name he or she then had."""

    kind: ActorKind
    id: PersonId | BridgeId
    name: str

    @classmethod
    def of(cls, actor: Actor) -> ActorRef:
        return cls(actor.kind, actor.id, actor.name)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as read back. `hash` is hex SHA-256."""

    seq: int
    at: datetime
    actor: ActorRef
    event: Event
    hash: str


@dataclass(frozen=True, slots=True)
class Link:
    """One entry as stored: the canonical body and the hash over it and the previous hash."""

    seq: int
    at: datetime
    kind: str
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that does not hold, and why."""

    seq: int
    reason: str


def chain(previous_hash: str, body: str) -> str:
    return hashlib.sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


def not_before(at: datetime, last: datetime | None) -> datetime:
    """`last`: of the entry before. Clocks of servers differ and are set back; a journal's time never runs back."""
    return at if last is None else max(at, last)


def link(
    meeting_id: MeetingId,
    last_seq: int,
    last_hash: str,
    actor: ActorRef,
    at: datetime,
    events: Sequence[Event],
) -> tuple[Link, ...]:
    """The next links after `last_seq`, whose hash is `last_hash` (GENESIS for a new journal)."""
    links: list[Link] = []
    for seq, event in enumerate(events, start=last_seq + 1):
        body = canonical({"meeting": meeting_id, "seq": seq, "at": at, "actor": actor, "event": event})
        last_hash = chain(last_hash, body)
        links.append(Link(seq, at, event.kind, body, last_hash))
    return tuple(links)


def verify(meeting_id: MeetingId, links: Iterable[Link], last_seq: int, last_hash: str) -> Broken | None:
    """None when the chain holds from 1 to `last_seq`; else the first bad entry.

    `last_seq`, `last_hash`: what the meeting's own row says, so that a cut tail is noticed.
    """
    expected, previous = 1, GENESIS
    for entry in links:
        reason = _fault(meeting_id, entry, expected, previous)
        if reason is not None:
            return Broken(expected, reason)
        expected, previous = expected + 1, entry.hash
    if expected - 1 != last_seq:
        return Broken(expected, f"missing: the meeting has {last_seq} entries")
    if previous != last_hash:
        return Broken(last_seq, "the meeting's row names another last hash")
    return None


def _fault(meeting_id: MeetingId, entry: Link, expected: int, previous: str) -> str | None:
    if entry.seq != expected:
        return f"missing: entry {entry.seq} stands in its place"
    if chain(previous, entry.body) != entry.hash:
        return "the hash does not match the entry"
    try:
        body = json.loads(entry.body)
        told = (body["meeting"], body["seq"], body["at"], body["event"]["kind"])
    except (ValueError, KeyError, TypeError):
        return "the body is unreadable"
    if told != (str(meeting_id), entry.seq, instant(entry.at), entry.kind):
        return "the row's columns differ from its body"
    return None

"""Who was there, as the journal tells it: people by presence, bridges by their time on the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from rooms.ids import BridgeId, PersonId
from rooms.minutes.value import Attendee, BridgeAttendance, Locale, Officer, Presence
from rooms.minutes.words import WORDS, clock
from rooms.roles import VOTING_ROLES, Role


@dataclass(slots=True)
class _Person:
    name: str
    position: str
    role: Role
    evidence: list[int]
    late_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    excuse: str | None = None
    invited: bool = True


@dataclass(slots=True)
class _Bridge:
    name: str
    evidence: list[int]
    heads: int | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    invited: bool = True


@dataclass(slots=True)
class Roll:
    locale: Locale
    _people: dict[PersonId, _Person] = field(default_factory=dict)
    _bridges: dict[BridgeId, _Bridge] = field(default_factory=dict)

    # ── what happens ──

    def invite(self, person_id: PersonId, name: str, position: str, role: Role, seq: int) -> None:
        known = self._people.get(person_id)
        if known is None:
            self._people[person_id] = _Person(name, position, role, [seq])
            return
        known.name, known.position, known.role, known.invited = name, position, role, True
        known.evidence.append(seq)

    def uninvite(self, person_id: PersonId) -> None:
        self._people[person_id].invited = False

    def arrive(self, person_id: PersonId, late_at: datetime | None, at: datetime, seq: int) -> None:
        """`late_at`: when it was after the opening."""
        person = self._people[person_id]
        if person.arrived_at is None:
            person.arrived_at, person.late_at = at, late_at
        person.left_at, person.excuse = None, None
        person.evidence.append(seq)

    def leave(self, person_id: PersonId, at: datetime, seq: int) -> None:
        self._people[person_id].left_at = at
        self._people[person_id].evidence.append(seq)

    def excuse(self, person_id: PersonId, reason: str, seq: int) -> None:
        self._people[person_id].excuse = reason
        self._people[person_id].evidence.append(seq)

    def invite_bridge(self, bridge_id: BridgeId, name: str, seq: int) -> None:
        known = self._bridges.get(bridge_id)
        if known is None:
            self._bridges[bridge_id] = _Bridge(name, [seq])
            return
        known.name, known.invited = name, True
        known.evidence.append(seq)

    def uninvite_bridge(self, bridge_id: BridgeId) -> None:
        self._bridges[bridge_id].invited = False

    def join(self, bridge_id: BridgeId, heads: int | None, at: datetime, seq: int) -> None:
        bridge = self._bridges[bridge_id]
        bridge.joined_at = bridge.joined_at or at
        bridge.left_at = None
        bridge.heads = bridge.heads if heads is None else heads
        bridge.evidence.append(seq)

    def part(self, bridge_id: BridgeId, at: datetime, seq: int) -> None:
        self._bridges[bridge_id].left_at = at
        self._bridges[bridge_id].evidence.append(seq)

    def count(self, bridge_id: BridgeId, heads: int, seq: int) -> None:
        self._bridges[bridge_id].heads = heads
        self._bridges[bridge_id].evidence.append(seq)

    # ── what is asked ──

    def name(self, person_id: PersonId) -> str:
        return self._people[person_id].name

    def position(self, person_id: PersonId) -> str:
        person = self._people.get(person_id)
        return "" if person is None else person.position

    def bridge_name(self, bridge_id: BridgeId, heads: int | None = None) -> str:
        name = self._bridges[bridge_id].name
        return name if heads is None else WORDS[self.locale]["bridge_heads"].format(name=name, heads=heads)

    def chair(self) -> Officer:
        return self._officer(Role.CHAIR)

    def secretary(self) -> Officer:
        return self._officer(Role.SECRETARY)

    def _officer(self, role: Role) -> Officer:
        holders = (p for p in self._people.values() if p.role is role and p.invited)
        return next((Officer(p.name, p.position) for p in holders), Officer(""))

    def attendees(self, opened_at: datetime) -> tuple[Attendee, ...]:
        """In the order of invitation, which is the secretary's order of rank. The secretary is named apart."""
        return tuple(
            self._attendee(p, opened_at)
            for p in self._people.values()
            if p.role is not Role.SECRETARY and self._counts(p, opened_at)
        )

    def _counts(self, person: _Person, opened_at: datetime) -> bool:
        return (
            (person.role in VOTING_ROLES and person.invited)
            or self._came(person, opened_at)
            or bool(person.excuse)
        )

    def _came(self, person: _Person, opened_at: datetime) -> bool:
        """Was there for some of the meeting, not only before it was opened."""
        return person.arrived_at is not None and (person.left_at is None or person.left_at > opened_at)

    def _attendee(self, person: _Person, opened_at: datetime) -> Attendee:
        if self._came(person, opened_at):
            presence = Presence.PRESENT if person.role in VOTING_ROLES else Presence.GUEST
        else:
            presence = Presence.ABSENT if person.excuse is None else Presence.EXCUSED
        came = presence in (Presence.PRESENT, Presence.GUEST)
        return Attendee(
            name=person.name,
            title=person.position,
            presence=presence,
            note=self._note(person) if came else person.excuse or "",
            arrived_at=person.arrived_at if came else None,
            left_at=person.left_at if came else None,
            evidence=tuple(person.evidence),
        )

    def _note(self, person: _Person) -> str:
        words = WORDS[self.locale]
        parts = []
        if person.late_at is not None:
            parts.append(words["note_arrived"].format(time=clock(self.locale, person.late_at)))
        if person.left_at is not None:
            parts.append(words["note_left"].format(time=clock(self.locale, person.left_at)))
        return "; ".join(parts)

    def bridges(self) -> tuple[BridgeAttendance, ...]:
        return tuple(
            BridgeAttendance(b.name, b.heads, b.joined_at, b.left_at, tuple(b.evidence))
            for b in self._bridges.values()
            if b.invited or b.joined_at is not None
        )

"""Typed identifiers. All are UUIDs made outside (time-ordered, RFC 9562 version 7); none carries meaning."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

OrganisationId = NewType("OrganisationId", UUID)
PersonId = NewType("PersonId", UUID)
BridgeId = NewType("BridgeId", UUID)
MeetingId = NewType("MeetingId", UUID)
ItemId = NewType("ItemId", UUID)
PaperId = NewType("PaperId", UUID)
TurnId = NewType("TurnId", UUID)
PollId = NewType("PollId", UUID)

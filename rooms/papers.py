"""Papers of a meeting and the page everyone is led to. Knows no bytes: those are the blob store's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from rooms.act import Act
from rooms.errors import Conflict, Invalid, NotFound
from rooms.ids import ItemId, PaperId
from rooms.meeting import Lead, Meeting, MeetingState
from rooms.roles import Right
from rooms.values import TITLE_MAX, clean

PAPERS_MAX = 500


class PaperState(StrEnum):
    READY = "ready"  # can be read page by page
    KEPT = "kept"  # could not be turned into pages; offered for download as it came


@dataclass(frozen=True, slots=True)
class Paper:
    """`sha256` is that of the original upload, hex. `pages` is 0 for a kept paper."""

    id: PaperId
    item_id: ItemId | None
    title: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    pages: int
    state: PaperState
    added_at: datetime


# ── commands ──


@dataclass(frozen=True, slots=True)
class AddPaper:
    """Made by the server after an upload was read and stored; never by a client directly."""

    paper: Paper
    kind: Literal["add_paper"] = "add_paper"


@dataclass(frozen=True, slots=True)
class ChangePaper:
    paper_id: PaperId
    title: str
    item_id: ItemId | None
    kind: Literal["change_paper"] = "change_paper"


@dataclass(frozen=True, slots=True)
class RemovePaper:
    paper_id: PaperId
    kind: Literal["remove_paper"] = "remove_paper"


@dataclass(frozen=True, slots=True)
class LeadTo:
    """Everyone who follows sees this page (from 1) of this paper."""

    paper_id: PaperId
    page: int
    kind: Literal["lead_to"] = "lead_to"


@dataclass(frozen=True, slots=True)
class EndLead:
    kind: Literal["end_lead"] = "end_lead"


PapersCommand = ChangePaper | RemovePaper | LeadTo | EndLead

# ── events ──


@dataclass(frozen=True, slots=True)
class PaperAdded:
    paper: Paper
    kind: Literal["paper.added"] = "paper.added"


@dataclass(frozen=True, slots=True)
class PaperChanged:
    paper_id: PaperId
    title: str
    item_id: ItemId | None
    kind: Literal["paper.changed"] = "paper.changed"


@dataclass(frozen=True, slots=True)
class PaperRemoved:
    paper_id: PaperId
    kind: Literal["paper.removed"] = "paper.removed"


@dataclass(frozen=True, slots=True)
class LeadMoved:
    paper_id: PaperId
    page: int
    kind: Literal["lead.moved"] = "lead.moved"


@dataclass(frozen=True, slots=True)
class LeadEnded:
    kind: Literal["lead.ended"] = "lead.ended"


PapersEvent = PaperAdded | PaperChanged | PaperRemoved | LeadMoved | LeadEnded


def decide(
    meeting: Meeting,
    papers: tuple[Paper, ...],
    item_known: bool,
    command: AddPaper | PapersCommand,
    act: Act,
) -> tuple[PapersEvent, ...]:
    """`item_known`: the command's item belongs to this meeting (or none is named). Raises: Refusal."""
    match command:
        case AddPaper(paper):
            require_may_add(meeting, len(papers), act)
            _require_item(item_known)
            title = clean(paper.title, limit=TITLE_MAX, what="title")
            filename = clean(paper.filename, limit=TITLE_MAX, what="filename")
            return (PaperAdded(replace(paper, title=title, filename=filename)),)
        case ChangePaper(paper_id, title, item_id):
            act.seat.require(Right.PREPARE)
            meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
            _find(papers, paper_id)
            _require_item(item_known)
            return (PaperChanged(paper_id, clean(title, limit=TITLE_MAX, what="title"), item_id),)
        case RemovePaper(paper_id):
            act.seat.require(Right.PREPARE)
            meeting.require(MeetingState.DRAFT, MeetingState.CONVENED)
            _find(papers, paper_id)
            return (PaperRemoved(paper_id),)
        case LeadTo(paper_id, page):
            act.seat.require(Right.PRESIDE)
            meeting.require(MeetingState.OPEN)
            paper = _find(papers, paper_id)
            if paper.state is not PaperState.READY:
                raise Conflict("paper-has-no-pages", "this paper can only be downloaded")
            if not 1 <= page <= paper.pages:
                raise Invalid("page-out-of-range", f"pages are 1 to {paper.pages}", pages=paper.pages)
            return () if meeting.lead == Lead(paper_id, page) else (LeadMoved(paper_id, page),)
        case EndLead():
            act.seat.require(Right.PRESIDE)
            meeting.require(MeetingState.OPEN)
            return () if meeting.lead is None else (LeadEnded(),)
        case _:
            assert_never(command)


def require_may_add(meeting: Meeting, count: int, act: Act) -> None:
    """Asked before an upload is read, so that nobody sends 100 MB for nothing. Raises: Refusal."""
    act.seat.require(Right.PREPARE)
    meeting.require(MeetingState.DRAFT, MeetingState.CONVENED, MeetingState.OPEN)
    if count >= PAPERS_MAX:
        raise Conflict("too-many-papers", f"over {PAPERS_MAX} papers", limit=PAPERS_MAX)


def _require_item(known: bool) -> None:
    if not known:
        raise NotFound("item-unknown", "no such agenda item")


def _find(papers: tuple[Paper, ...], paper_id: PaperId) -> Paper:
    for paper in papers:
        if paper.id == paper_id:
            return paper
    raise NotFound("paper-unknown", "no such paper")

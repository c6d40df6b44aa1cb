"""Papers and the page everyone is led to."""

from dataclasses import replace
from uuid import UUID

import pytest

from rooms.ids import PaperId
from rooms.meeting import Lead, MeetingState
from rooms.papers import (
    PAPERS_MAX,
    AddPaper,
    ChangePaper,
    EndLead,
    LeadEnded,
    LeadMoved,
    LeadTo,
    Paper,
    PaperAdded,
    PaperChanged,
    PaperRemoved,
    PapersCommand,
    PaperState,
    RemovePaper,
    decide,
)
from rooms.roles import Role
from tests.support.given import NOW, by, item_id, meeting, refused

P, KEPT = PaperId(UUID(int=1)), PaperId(UUID(int=2))
PAPER = Paper(P, None, "Báo cáo", "bc.pdf", "application/pdf", 9, "ab" * 32, 30, PaperState.READY, NOW)
PAPERS = (PAPER, replace(PAPER, id=KEPT, pages=0, state=PaperState.KEPT))
SECRETARY, CHAIR = by(Role.SECRETARY), by(Role.CHAIR)


def test_adding_cleans_the_names() -> None:
    sent = replace(PAPER, title="  Ba\u0301o ca\u0301o ", filename="bc.pdf ")
    assert decide(meeting(), (), True, AddPaper(sent), SECRETARY) == (PaperAdded(PAPER),)
    for odd in (replace(PAPER, title=""), replace(PAPER, filename="")):
        with refused("text-empty"):
            decide(meeting(), (), True, AddPaper(odd), SECRETARY)
    with refused("text-control-characters"):
        decide(meeting(), (), True, AddPaper(replace(PAPER, filename="a\0.pdf")), SECRETARY)


def test_adding_is_bounded() -> None:
    with refused("too-many-papers", limit=PAPERS_MAX):
        decide(meeting(), (PAPER,) * PAPERS_MAX, True, AddPaper(PAPER), SECRETARY)


def test_changing_and_removing() -> None:
    assert decide(meeting(), PAPERS, True, ChangePaper(P, " Mới ", item_id(1)), SECRETARY) == (
        PaperChanged(P, "Mới", item_id(1)),
    )
    convened = meeting(MeetingState.CONVENED)
    assert decide(convened, PAPERS, True, RemovePaper(P), SECRETARY) == (PaperRemoved(P),)
    with refused("meeting-is-open"):
        decide(meeting(), PAPERS, True, RemovePaper(P), SECRETARY)


@pytest.mark.parametrize("command", [AddPaper(PAPER), ChangePaper(P, "x", item_id(9))])
def test_unknown_item(command: AddPaper | ChangePaper) -> None:
    with refused("item-unknown"):
        decide(meeting(), PAPERS, False, command, SECRETARY)


@pytest.mark.parametrize("command", [ChangePaper(P, "x", None), RemovePaper(P), LeadTo(P, 1)])
def test_unknown_paper(command: PapersCommand) -> None:
    state = MeetingState.CONVENED if isinstance(command, RemovePaper) else MeetingState.OPEN
    with refused("paper-unknown"):
        decide(meeting(state), (), True, command, CHAIR if isinstance(command, LeadTo) else SECRETARY)


def test_leading() -> None:
    assert decide(meeting(), PAPERS, True, LeadTo(P, 7), CHAIR) == (LeadMoved(P, 7),)
    led = meeting(lead=Lead(P, 7))
    assert decide(led, PAPERS, True, LeadTo(P, 7), CHAIR) == ()
    assert decide(led, PAPERS, True, EndLead(), CHAIR) == (LeadEnded(),)
    assert decide(meeting(), PAPERS, True, EndLead(), CHAIR) == ()


@pytest.mark.parametrize("page", [0, 31, -1])
def test_pages_are_those_of_the_paper(page: int) -> None:
    with refused("page-out-of-range", pages=30):
        decide(meeting(), PAPERS, True, LeadTo(P, page), CHAIR)


def test_a_kept_paper_has_no_pages() -> None:
    with refused("paper-has-no-pages"):
        decide(meeting(), PAPERS, True, LeadTo(KEPT, 1), CHAIR)


@pytest.mark.parametrize("command", [AddPaper(PAPER), ChangePaper(P, "x", None), RemovePaper(P)])
def test_who_prepares(command: AddPaper | PapersCommand) -> None:
    for role in set(Role) - {Role.SECRETARY}:
        with refused("not-your-right", right="prepare"):
            decide(meeting(MeetingState.DRAFT), PAPERS, True, command, by(role))
    with refused("meeting-is-closed"):
        decide(meeting(MeetingState.CLOSED), PAPERS, True, command, SECRETARY)


@pytest.mark.parametrize("command", [LeadTo(P, 1), EndLead()])
def test_who_leads(command: PapersCommand) -> None:
    for role in set(Role) - {Role.CHAIR}:
        with refused("not-your-right", right="preside"):
            decide(meeting(), PAPERS, True, command, by(role))
    for state in (MeetingState.CONVENED, MeetingState.CLOSED):
        with refused(f"meeting-is-{state}"):
            decide(meeting(state), PAPERS, True, command, CHAIR)

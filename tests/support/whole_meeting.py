"""One meeting from draft to signed minutes, in steps; every kind of event happens in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from rooms import signing as s
from rooms.agenda import AddItem, ChangeItem, FinishItem, MoveItem, RemoveItem, StartItem
from rooms.attendance import CheckIn, CheckOut, Excuse, ReportHeads
from rooms.commands import RoomCommand
from rooms.conference import PutOnAir, Record, StandBy
from rooms.floor import AskFloor, EndFloor, ExtendFloor, GiveFloor, WithdrawFloor
from rooms.ids import BridgeId, ItemId, MeetingId, PaperId, PersonId, PollId, TurnId
from rooms.meeting import (
    BridgeInvitation,
    ChangeDetails,
    CloseMeeting,
    Convene,
    Details,
    Invitation,
    InviteBridges,
    InvitePeople,
    MeetingKind,
    OpenMeeting,
    UninviteBridge,
    UninvitePerson,
)
from rooms.papers import ChangePaper, EndLead, LeadTo, Paper, PaperState, RemovePaper
from rooms.poll import CancelPoll, CastBallot, ClosePoll, OpenPoll, PreparePoll
from rooms.ports import Done
from rooms.roles import Actor, Role
from rooms.tally import Choice, PollRule, VoteBase
from rooms.values import TWO_THIRDS
from tests.support.house import START, House

DETAILS = Details(
    title="Hội nghị Ban Thường vụ",
    kind=MeetingKind.CONFERENCE,
    body_name="Ban Thường vụ Tỉnh ủy",
    place="Phòng họp số 1",
    starts_at=START + timedelta(hours=2),
)


@dataclass
class WholeMeeting:
    house: House
    id: MeetingId

    @classmethod
    async def created(cls, house: House) -> WholeMeeting:
        done = await house.meetings.create(house.secretary, DETAILS)
        assert done.id is not None
        return cls(house, MeetingId(done.id))

    async def do(self, actor: Actor, command: RoomCommand) -> Done:
        return await self.house.meetings.do(actor, self.id, command)

    async def add_item(self, title: str, parent: ItemId | None = None) -> ItemId:
        done = await self.do(self.house.secretary, AddItem(title, parent, "Nguyễn Văn An", 20))
        assert done.id is not None
        return ItemId(done.id)

    async def add_paper(self, title: str, item_id: ItemId | None, pages: int) -> PaperId:
        h = self.house
        paper = Paper(
            PaperId(h.ids()),
            item_id,
            title,
            f"{title}.pdf",
            "application/pdf",
            12_345,
            "ab" * 32,
            pages,
            PaperState.READY if pages else PaperState.KEPT,
            h.clock(),
        )
        await h.meetings.add_paper(h.secretary, self.id, paper)
        return paper.id

    async def prepare_poll(self, question: str, item_id: ItemId | None, rule: PollRule | None = None) -> PollId:
        done = await self.do(self.house.secretary, PreparePoll(question, item_id, rule or PollRule()))
        assert done.id is not None
        return PollId(done.id)

    async def ask(self, actor: Actor) -> TurnId:
        done = await self.do(actor, AskFloor())
        assert done.id is not None
        return TurnId(done.id)

    # ── the steps, in order ──

    async def invite(self) -> None:
        h = self.house
        roles = (Role.CHAIR, Role.MEMBER, Role.MEMBER, Role.GUEST, Role.MEMBER, Role.GUEST)
        invited = zip(h.people[1:7], roles, strict=True)
        await self.do(h.secretary, InvitePeople(tuple(Invitation(PersonId(p.id), role) for p, role in invited)))
        await self.do(h.secretary, InvitePeople((Invitation(PersonId(h.others[1].id), Role.MEMBER),)))
        await self.do(h.secretary, UninvitePerson(PersonId(h.others[0].id)))
        communes = (h.commune, h.commune2, h.spare_bridges[0])
        wanted = [BridgeInvitation(BridgeId(b.id), Role.COMMUNE_BRIDGE) for b in communes]
        wanted.insert(0, BridgeInvitation(BridgeId(h.central.id), Role.CENTRAL_BRIDGE))
        await self.do(h.secretary, InviteBridges(tuple(wanted)))
        await self.do(h.secretary, UninviteBridge(BridgeId(h.spare_bridges[0].id)))

    async def write_agenda(self) -> None:
        h = self.house
        self.opening = await self.add_item("Khai mạc")
        self.report = await self.add_item("Báo cáo kinh tế - xã hội")
        self.part = await self.add_item("Thảo luận", self.report)
        self.doomed = await self.add_item("Việc khác")
        self.last = await self.add_item("Bế mạc")
        await self.do(h.secretary, ChangeItem(self.part, "Thảo luận tại hội trường", "", None))
        self.paper = await self.add_paper("Báo cáo", self.report, 30)
        self.kept = await self.add_paper("Phụ lục", self.doomed, 0)
        removed = await self.add_paper("Bản nháp", None, 2)
        await self.do(h.secretary, ChangePaper(self.paper, "Báo cáo chính thức", self.report))
        await self.do(h.secretary, RemovePaper(removed))
        self.poll = await self.prepare_poll("Thông qua báo cáo?", self.report)
        self.second_poll = await self.prepare_poll(
            "Thông qua nghị quyết?", self.doomed, PollRule(VoteBase.VOTES_CAST, TWO_THIRDS, changeable=False)
        )
        await self.do(h.secretary, CancelPoll(await self.prepare_poll("Nhầm?", None)))
        await self.do(h.secretary, MoveItem(self.last, None, 1))
        await self.do(h.secretary, MoveItem(self.last, None, 3))
        await self.do(h.secretary, RemoveItem(self.doomed))

    async def convene(self) -> None:
        h = self.house
        later = replace(DETAILS, ends_at=DETAILS.starts_at + timedelta(hours=3), members_in_office=5)
        await self.do(h.secretary, ChangeDetails(later))
        await self.do(h.secretary, Convene())
        await self.do(h.secretary, Excuse(PersonId(h.others[1].id), "Đi công tác"))
        await self.do(h.member, CheckIn())
        await self.do(h.secretary, CheckIn(PersonId(h.member2.id)))
        await self.do(h.central, CheckIn(heads=40))
        await self.do(h.commune, CheckIn(heads=None))
        await self.do(h.commune2, CheckIn(heads=12))

    async def open(self) -> None:
        h = self.house
        await self.do(h.chair, OpenMeeting())
        await self.do(h.chair, StartItem(self.opening))
        await self.do(h.chair, StartItem(self.report))
        await self.do(h.chair, LeadTo(self.paper, 7))
        await self.do(h.commune, ReportHeads(31))
        await self.do(h.secretary, Excuse(PersonId(h.others[1].id), "Đi công tác cơ sở"))

    async def speak(self) -> None:
        h = self.house
        await self.do(h.member2, WithdrawFloor(await self.ask(h.member2)))
        turn = await self.ask(h.member)
        await self.do(h.chair, GiveFloor(turn, 180))
        await self.do(h.chair, ExtendFloor(turn, 60))
        await self.do(h.member, EndFloor(turn))
        await self.do(h.chair, EndLead())

    async def open_poll(self) -> None:
        await self.do(self.house.chair, OpenPoll(self.poll))

    async def vote(self) -> None:
        """Leaves no entry."""
        h = self.house
        await self.do(h.chair, CastBallot(self.poll, Choice.FOR))
        await self.do(h.member, CastBallot(self.poll, Choice.AGAINST))
        await self.do(h.member, CastBallot(self.poll, Choice.FOR))
        await self.do(h.member2, CastBallot(self.poll, Choice.FOR))

    async def close_poll(self) -> None:
        await self.do(self.house.chair, ClosePoll(self.poll))
        await self.do(self.house.chair, OpenPoll(self.second_poll))

    async def vote_again(self) -> None:
        """Leaves no entry."""
        await self.do(self.house.member, CastBallot(self.second_poll, Choice.ABSTAIN))

    async def on_air(self) -> None:
        h = self.house
        await self.do(h.chair, ClosePoll(self.second_poll))
        await self.do(h.central, PutOnAir(BridgeId(h.central.id)))
        await self.do(h.secretary, Record(True))
        await self.ask(h.commune)
        await self.do(h.central, StandBy(BridgeId(h.commune.id)))
        await self.do(h.central, PutOnAir(BridgeId(h.commune.id)))
        await self.do(h.commune, CheckOut())
        await self.do(h.commune, CheckIn())  # a cut, and back: the heads stay
        await self.do(h.central, Record(False))
        await self.do(h.central, Record(True))
        await self.do(h.central, PutOnAir(BridgeId(h.central.id)))
        await self.do(h.commune2, CheckOut())

    async def close(self) -> None:
        h = self.house
        await self.do(h.member2, CheckOut())
        await self.do(h.chair, FinishItem(self.report))
        await self.do(h.chair, StartItem(self.last))
        await self.do(h.chair, LeadTo(self.paper, 30))
        await self.do(h.central, StandBy(BridgeId(h.commune2.id)))
        await self.do(h.chair, GiveFloor(await self.ask(h.member), None))
        await self.ask(h.guest)
        await self.do(h.chair, CloseMeeting())

    async def write_minutes(self) -> None:
        h = self.house
        async with h.store.begin() as tx:
            await tx.put_minutes_text(self.id, '{"schema":1}')
        await h.record(h.secretary, self.id, s.MinutesCompiled(1))
        await h.record(h.secretary, self.id, s.MinutesCorrected(2, "p-3", "Sửa một câu."))

    async def sign(self) -> None:
        h = self.house
        await h.record(h.secretary, self.id, s.MinutesLocked(2, "aa" * 32))
        await h.record(h.secretary, self.id, s.MinutesSigned(Role.SECRETARY, h.secretary.name, "bb" * 32))
        await h.record(h.chair, self.id, s.MinutesSigned(Role.CHAIR, h.chair.name, "cc" * 32))


STEPS = (
    WholeMeeting.invite,
    WholeMeeting.write_agenda,
    WholeMeeting.convene,
    WholeMeeting.open,
    WholeMeeting.speak,
    WholeMeeting.open_poll,
    WholeMeeting.vote,
    WholeMeeting.close_poll,
    WholeMeeting.vote_again,
    WholeMeeting.on_air,
    WholeMeeting.close,
    WholeMeeting.write_minutes,
    WholeMeeting.sign,
)
#: Ballots are rows, not entries: no tablet folds them.
SILENT = (WholeMeeting.vote, WholeMeeting.vote_again)

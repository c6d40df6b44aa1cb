"""Random commands of eight actors, sensible and not: whatever comes, the meeting stays a meeting."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rooms import agenda as g
from rooms import attendance as a
from rooms import conference as c
from rooms import floor as f
from rooms import meeting as m
from rooms import papers as p
from rooms import poll as q
from rooms.commands import RoomCommand
from rooms.errors import NotFound, Refusal
from rooms.ids import BridgeId, PersonId
from rooms.meeting import MeetingState
from rooms.ports import Once
from rooms.roles import Actor, Role
from rooms.tally import Choice, PollRule, VoteBase
from rooms.values import TWO_THIRDS
from tests.support.house import MemoryKeep, house_on
from tests.support.memory_store import Book
from tests.support.whole_meeting import DETAILS, STEPS, WholeMeeting

WHO = st.integers(0, 7)
PICK = st.integers(0, 30)
CHOICES = st.sampled_from(Choice)
RULES = st.builds(
    PollRule, st.sampled_from(VoteBase), st.sampled_from([TWO_THIRDS, DETAILS.quorum]), st.booleans()
)


class MeetingMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.keep = MemoryKeep()

    def teardown(self) -> None:
        self.loop.close()

    @initialize(far=st.sampled_from([0, 2, 3, 4, 4, 4, 4, 4]))
    def begin(self, far: int) -> None:
        """A draft, or a meeting further on its way."""
        self.house = self.loop.run(house_on(self.keep, base=7))
        self.whole = self.loop.run(WholeMeeting.created(self.house))
        for step in STEPS[:far]:
            self.loop.run(step(self.whole))
        h = self.house
        self.actors = (
            h.secretary, h.chair, h.member, h.member2, h.guest, h.central, h.commune, h.commune2,
        )  # fmt: skip

    @property
    def book(self) -> Book:
        return self.keep.store.shelf.books[self.whole.id]

    def one_of(self, ids: Any, pick: int) -> Any:
        """One of those there are, or sometimes a stranger."""
        known = list(ids)
        return known[pick % (len(known) + 1)] if pick % (len(known) + 1) < len(known) else UUID(int=pick)

    def person(self, pick: int) -> PersonId:
        return PersonId(self.one_of((x.id for x in self.house.people), pick))

    def bridge(self, pick: int) -> BridgeId:
        return BridgeId(self.one_of((x.id for x in self.house.bridges), pick))

    def ask(self, who: int, command: RoomCommand) -> None:
        """Does it, and sees that a refusal changed nothing and a repetition nothing more."""
        actor, before = self.actors[who], self.keep.store.shelf.copied()
        once = Once(f"{self.house.ids.count}-{len(self.keep.store.shelf.once)}", "d")
        try:
            done = self.loop.run(self.house.meetings.do(actor, self.whole.id, command, once))
        except Refusal:
            assert self.keep.store.shelf == before
            return
        after = self.keep.store.shelf.copied()
        assert self.loop.run(self.house.meetings.do(actor, self.whole.id, command, once)) == done
        assert self.keep.store.shelf == after
        if isinstance(command, q.CastBallot):
            assert after.books[self.whole.id].links == before.books[self.whole.id].links

    # ── what actors may come to do ──

    @rule(who=st.sampled_from([0, 1, 2, 5]))
    def convene(self, who: int) -> None:
        self.ask(who, m.Convene())

    @rule(who=st.sampled_from([0, 1, 1, 2]))
    def open(self, who: int) -> None:
        self.ask(who, m.OpenMeeting())

    @rule(who=st.sampled_from([1, 1, 2]), sure=st.integers(0, 2))
    def close(self, who: int, sure: int) -> None:
        if sure == 0:
            self.ask(who, m.CloseMeeting())

    @rule(who=WHO, pick=PICK, role=st.sampled_from(Role))
    def invite(self, who: int, pick: int, role: Role) -> None:
        self.ask(who, m.InvitePeople((m.Invitation(self.person(pick), role),)))

    @rule(who=WHO, pick=PICK)
    def uninvite(self, who: int, pick: int) -> None:
        self.ask(who, m.UninvitePerson(self.person(pick)))

    @rule(who=st.sampled_from([0, 0, 1]), pick=PICK, role=st.sampled_from(Role))
    def invite_bridge(self, who: int, pick: int, role: Role) -> None:
        self.ask(who, m.InviteBridges((m.BridgeInvitation(self.bridge(pick), role),)))

    @rule(who=st.sampled_from([0, 0, 1]), pick=PICK)
    def uninvite_bridge(self, who: int, pick: int) -> None:
        self.ask(who, m.UninviteBridge(self.bridge(pick)))

    @rule(who=st.sampled_from([0, 0, 0, 1]), below=PICK, title=st.sampled_from(["Mục", " ", "\0"]))
    def add_item(self, who: int, below: int, title: str) -> None:
        parent = None if below % 2 else self.one_of(self.book.items, below)
        self.ask(who, g.AddItem(title, parent))

    @rule(who=st.sampled_from([0, 0, 0, 1]), item=PICK, below=PICK, position=st.integers(-1, 6))
    def move_item(self, who: int, item: int, below: int, position: int) -> None:
        parent = None if below % 3 == 0 else self.one_of(self.book.items, below)
        self.ask(who, g.MoveItem(self.one_of(self.book.items, item), parent, position))

    @rule(who=st.sampled_from([0, 0, 1]), item=PICK)
    def remove_item(self, who: int, item: int) -> None:
        self.ask(who, g.RemoveItem(self.one_of(self.book.items, item)))

    @rule(who=st.sampled_from([1, 1, 1, 0, 2]), item=PICK, finish=st.booleans())
    def walk(self, who: int, item: int, finish: bool) -> None:
        item_id = self.one_of(self.book.items, item)
        self.ask(who, g.FinishItem(item_id) if finish else g.StartItem(item_id))

    @rule(who=st.sampled_from([1, 1, 2]), paper=PICK, page=st.integers(0, 35))
    def lead(self, who: int, paper: int, page: int) -> None:
        self.ask(who, p.LeadTo(self.one_of(self.book.papers, paper), page))

    @rule(who=st.sampled_from([0, 0, 2]), paper=PICK)
    def remove_paper(self, who: int, paper: int) -> None:
        self.ask(who, p.RemovePaper(self.one_of(self.book.papers, paper)))

    @rule(who=WHO, pick=st.none() | PICK, heads=st.none() | st.integers(-1, 50))
    def check_in(self, who: int, pick: int | None, heads: int | None) -> None:
        self.ask(who, a.CheckIn(None if pick is None else self.person(pick), heads))

    @rule(who=WHO, pick=st.none() | PICK)
    def check_out(self, who: int, pick: int | None) -> None:
        self.ask(who, a.CheckOut(None if pick is None else self.person(pick)))

    @rule(who=WHO, pick=PICK)
    def excuse(self, who: int, pick: int) -> None:
        self.ask(who, a.Excuse(self.person(pick), "Ốm"))

    @rule(who=WHO, heads=st.integers(-1, 50))
    def heads(self, who: int, heads: int) -> None:
        self.ask(who, a.ReportHeads(heads))

    @rule(who=st.integers(1, 7))
    def ask_floor(self, who: int) -> None:
        self.ask(who, f.AskFloor())

    @rule(who=st.sampled_from([1, 1, 1, 2, 6]), turn=PICK, limit=st.sampled_from([None, 180, 5]))
    def give_floor(self, who: int, turn: int, limit: int | None) -> None:
        waiting = [t.id for t in self.book.turns.values() if t.state is f.TurnState.WAITING]
        self.ask(who, f.GiveFloor(self.one_of(waiting, turn), limit))

    @rule(who=WHO, turn=PICK, how=st.integers(0, 2))
    def turn(self, who: int, turn: int, how: int) -> None:
        turn_id = self.one_of(self.book.turns, turn)
        commands = (f.EndFloor(turn_id), f.WithdrawFloor(turn_id), f.ExtendFloor(turn_id, 60))
        self.ask(who, commands[how])

    @rule(who=st.sampled_from([0, 1, 2]), item=PICK, made=RULES)
    def prepare_poll(self, who: int, item: int, made: PollRule) -> None:
        self.ask(who, q.PreparePoll("Thông qua?", None if item % 2 else self.one_of(self.book.items, item), made))

    @rule(who=st.sampled_from([1, 1, 1, 0]), poll=PICK, how=st.sampled_from([0, 0, 0, 1, 2]))
    def poll(self, who: int, poll: int, how: int) -> None:
        wanted = q.PollState.OPEN if how == 1 else q.PollState.PREPARED
        ready = [x.id for x in self.book.polls.values() if x.state is wanted]
        poll_id = self.one_of(ready or self.book.polls, poll)
        self.ask(who, (q.OpenPoll(poll_id), q.ClosePoll(poll_id), q.CancelPoll(poll_id))[how])

    @rule(who=st.sampled_from([1, 2, 3, 2, 3, 4, 6]), poll=PICK, choice=CHOICES)
    def cast(self, who: int, poll: int, choice: Choice) -> None:
        now_open = [x.id for x in self.book.polls.values() if x.state is q.PollState.OPEN]
        self.ask(who, q.CastBallot(now_open[0] if now_open else self.one_of(self.book.polls, poll), choice))

    @rule(who=st.sampled_from([0, 1, 5, 5, 6]), pick=st.none() | PICK, air=st.booleans())
    def stage(self, who: int, pick: int | None, air: bool) -> None:
        bridge_id = None if pick is None else self.one_of(self.book.bridges, pick)
        self.ask(who, c.PutOnAir(bridge_id) if air else c.StandBy(bridge_id))

    @rule(seed=st.integers(0, 2**32))
    def a_lively_minute(self, seed: int) -> None:
        """Hypothesis likes to repeat few rules; a chamber does a little of everything, mostly by who may."""
        chance = Random(seed)
        for _ in range(15):
            self.ask(*self._likely(chance))
            self.one_at_a_time()
            self.tallies_add_up()

    def _likely(self, chance: Random) -> tuple[int, RoomCommand]:
        book = self.book
        waiting = [t.id for t in book.turns.values() if t.state is f.TurnState.WAITING]
        by_state = {s: [x.id for x in book.polls.values() if x.state is s] for s in q.PollState}

        def some(ids: Any) -> Any:
            return self.one_of(ids, chance.randrange(31))

        likely: list[tuple[int, RoomCommand]] = [
            (chance.randrange(1, 8), f.AskFloor()),
            (1, f.GiveFloor(some(waiting), 180)),
            (1, q.OpenPoll(some(by_state[q.PollState.PREPARED]))),
            (1, q.ClosePoll(some(by_state[q.PollState.OPEN]))),
            (1, g.StartItem(some(book.items))),
            (1, p.LeadTo(some(book.papers), chance.randrange(1, 31))),
            (5, c.StandBy(some(book.bridges))),
            (5, c.PutOnAir(some(book.bridges))),
            (2, c.Record(book.meeting.recording_since is None)),
            (chance.randrange(8), a.CheckIn()),
            (0, q.PreparePoll("Thông qua?")),
            (0, m.UninviteBridge(some(book.bridges))),
        ]
        for voter in (1, 2, 3):
            ballot = q.CastBallot(some(by_state[q.PollState.OPEN]), chance.choice(list(Choice)))
            likely.append((voter, ballot))
        if chance.random() < 0.02:
            return 1, m.CloseMeeting()
        return chance.choice(likely)

    # ── what always holds ──

    @invariant()
    def the_journal_is_whole(self) -> None:
        assert self.loop.run(self.house.meetings.verify(self.whole.id)) is None
        assert self.book.meeting.last_seq == len(self.book.links)

    @invariant()
    def one_at_a_time(self) -> None:
        book = self.book
        current = [i.id for i in book.items.values() if i.state is g.ItemState.CURRENT]
        assert current == ([book.meeting.current_item_id] if book.meeting.current_item_id else [])
        assert sum(t.state is f.TurnState.SPEAKING for t in book.turns.values()) <= 1
        assert sum(x.state is q.PollState.OPEN for x in book.polls.values()) <= 1
        roles = [x.role for x in book.attendants.values()] + [x.role for x in book.bridges.values()]
        assert all(roles.count(r) <= 1 for r in (Role.CHAIR, Role.SECRETARY, Role.CENTRAL_BRIDGE))

    @invariant()
    def nobody_waits_twice(self) -> None:
        active = [
            t.speaker_id
            for t in self.book.turns.values()
            if t.state in (f.TurnState.WAITING, f.TurnState.SPEAKING)
        ]
        assert len(active) == len(set(active))

    @invariant()
    def tallies_add_up(self) -> None:
        for poll in self.book.polls.values():
            ballots = {v: b for (x, v), b in self.book.ballots.items() if x == poll.id}
            assert set(ballots) <= set(poll.entitled)
            if poll.tally is None:
                assert poll.state is not q.PollState.CLOSED
                continue
            t = poll.tally
            assert t.votes_for + t.votes_against + t.abstentions + t.silent == len(poll.entitled)
            assert {b.voter_id: b for b in t.ballots} == ballots
            assert t.carried == (t.base_count > 0 and t.votes_for >= t.needed)

    @invariant()
    def the_agenda_is_a_tree(self) -> None:
        items = tuple(self.book.items.values())
        for parent in {i.parent_id for i in items}:
            assert parent is None or parent in self.book.items
            assert [x.position for x in g.children(items, parent)] == list(range(len(g.children(items, parent))))
        assert all(g.depth(items, i.id) <= g.DEPTH_MAX for i in items)
        assert len(g.numbers(items)) == len(items)

    @invariant()
    def the_stage_is_of_the_invited(self) -> None:
        meeting = self.book.meeting
        stage = [x for x in (meeting.on_air_bridge_id, meeting.stand_by_bridge_id) if x]
        assert set(stage) <= set(self.book.bridges)
        assert len(set(stage)) == len(stage)
        if meeting.lead:
            assert 1 <= meeting.lead.page <= self.book.papers[meeting.lead.paper_id].pages
        if meeting.state is MeetingState.CLOSED:
            assert not stage
            assert not meeting.lead
            assert not meeting.current_item_id

    @invariant()
    def who_is_seated_sees_the_room(self) -> None:
        for actor in self.actors:
            self._sees(actor)

    def _sees(self, actor: Actor) -> None:
        try:
            room = self.loop.run(self.house.meetings.room(actor, self.whole.id))
        except NotFound:
            invited = actor.id in self.book.attendants or actor.id in self.book.bridges
            assert not invited or self.book.meeting.state is MeetingState.DRAFT
            return
        assert room.seq == self.book.meeting.last_seq
        assert all(ballot == self.book.ballots[x, actor.id].choice for x, ballot in room.me.ballots.items())  # type: ignore[index]


MeetingMachine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestMeetingMachine = MeetingMachine.TestCase


@pytest.mark.parametrize("seed", range(25))
def test_a_lively_meeting(seed: int) -> None:
    """Some two hundred commands, mostly by who may: so that polls, stage and floor are in each other's way."""
    machine = MeetingMachine()
    try:
        machine.begin(far=4)
        for minute in range(12):
            machine.a_lively_minute(seed=100 * seed + minute)
            machine.the_journal_is_whole()
            machine.nobody_waits_twice()
            machine.the_stage_is_of_the_invited()
        machine.who_is_seated_sees_the_room()
    finally:
        machine.teardown()

"""What every `rooms.ports.Store` holds, asked of each through the use cases and the port alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from rooms import events
from rooms.agenda import AddItem, ItemStarted
from rooms.attendance import CheckIn
from rooms.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from rooms.floor import AskFloor
from rooms.ids import BridgeId, ItemId, MeetingId, PersonId, PollId
from rooms.journal import GENESIS, Link, chain, verify
from rooms.meeting import Invitation, InvitePeople, MeetingConvened, MeetingCreated, OpenMeeting
from rooms.poll import CastBallot, ClosePoll, OpenPoll, PollState
from rooms.ports import Done, Lock, Once, Raced
from rooms.roles import Actor, Role
from rooms.signing import MinutesState
from rooms.tally import Ballot, Choice
from tests.support.house import START, House, MemoryKeep, house_on
from tests.support.whole_meeting import DETAILS, STEPS, WholeMeeting

_OF_A_VOTE = (WholeMeeting.invite, WholeMeeting.write_agenda, WholeMeeting.convene, WholeMeeting.open)


async def opened(house: House) -> WholeMeeting:
    whole = await WholeMeeting.created(house)
    for step in _OF_A_VOTE:
        await step(whole)
    return whole


class StoreContract:
    # ── the journal ──

    async def test_twenty_at_once_leave_no_gap(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        done = await asyncio.gather(
            *(house.meetings.do(house.secretary, whole.id, AddItem(f"Mục {n}")) for n in range(20))
        )
        assert sorted(d.seq for d in done) == list(range(3, 23))
        async with house.store.begin(write=False) as tx:
            links, items = await tx.links(whole.id), await tx.items(whole.id)
            meeting = await tx.meeting(whole.id)
        assert [k.seq for k in links] == list(range(1, 23))
        previous = GENESIS
        for made in links:
            assert chain(previous, made.body) == made.hash
            previous = made.hash
        assert (meeting.last_seq, meeting.last_hash) == (22, previous)
        assert sorted(i.position for i in items) == list(range(20))

    async def test_entries_come_back_as_they_were(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        await whole.invite()
        async with house.store.begin(write=False) as tx:
            entries = await tx.entries(whole.id, 0, 500)
            links = await tx.links(whole.id)
            assert await tx.entries(whole.id, 3, 2) == entries[3:5]
            assert await tx.entries(whole.id, 10**30, 5) == ()
            assert await tx.entries(whole.id, -7, 1) == entries[:1]
        assert entries[0].event == MeetingCreated(DETAILS)
        assert entries[0].actor.name == house.secretary.name
        assert [(e.seq, e.at, e.hash, e.event.kind) for e in entries] == [
            (k.seq, k.at, k.hash, k.kind) for k in links
        ]

    @pytest.mark.parametrize("seq", [1, 5, 13])
    async def test_an_altered_entry_is_named(self, house: House, seq: int) -> None:
        whole = await WholeMeeting.created(house)
        await whole.invite()
        assert await house.meetings.verify(whole.id) is None

        def alter(made: Link) -> Link:
            return replace(made, body=made.body.replace("2026", "2025"))

        await house.keep.tamper(whole.id, seq, alter)
        broken = await house.meetings.verify(whole.id)
        assert broken is not None
        assert (broken.seq, broken.reason) == (seq, "the hash does not match the entry")

    async def test_an_entry_hashed_anew_breaks_the_next(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        await whole.invite()

        def forge(made: Link) -> Link:
            body = made.body.replace(house.secretary.name, "Ai Đó")
            return replace(made, body=body, hash=chain("?", body))

        await house.keep.tamper(whole.id, 4, forge)
        broken = await house.meetings.verify(whole.id)
        assert broken is not None
        assert broken.seq == 4

    @pytest.mark.parametrize("seq", [7, 15])
    async def test_a_missing_entry_is_named(self, house: House, seq: int) -> None:
        whole = await WholeMeeting.created(house)
        await whole.invite()
        await house.keep.tamper(whole.id, seq, lambda made: None)
        broken = await house.meetings.verify(whole.id)
        assert broken is not None
        assert broken.seq == seq

    # ── rows ──

    async def test_every_event_leaves_the_rows_that_memory_leaves(self, house: House) -> None:
        """Two implementations of every event, one over tables, one over plain values, tell the same meeting."""
        plain = await house_on(MemoryKeep(), base=house.ids.base)
        pair = (await WholeMeeting.created(house), await WholeMeeting.created(plain))
        for step in STEPS:
            for whole in pair:
                await step(whole)
            for n in (*range(6), 7, 8, 9):
                there = [
                    await _room(w.house, w.house.people[n] if n < 6 else w.house.bridges[n - 7], w.id)
                    for w in pair
                ]
                assert there[0] == there[1], f"after {step.__name__}"
        page = await house.meetings.journal(house.secretary, pair[0].id, 0)
        assert page == await plain.meetings.journal(plain.secretary, pair[1].id, 0)
        every = {kind.__dataclass_fields__["kind"].default for kind in get_args(events.Event)}
        assert {e.event.kind for e in page.entries} == every

    async def test_instants_come_back_in_utc(self, house: House) -> None:
        whole = await opened(house)
        meeting = (await house.meetings.room(house.chair, whole.id)).meeting
        assert meeting.opened_at is not None
        for at in (meeting.opened_at, meeting.details.starts_at):
            assert at.utcoffset() == timedelta(0)
        assert meeting.details.starts_at == DETAILS.starts_at

    async def test_the_journals_time_never_runs_back(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        async with house.store.begin() as tx:
            meeting = await tx.meeting(whole.id, Lock.UPDATE)
            (*_, last) = await tx.entries(whole.id, 0, 100)
            early = last.at - timedelta(hours=1)  # a server's clock was set back
            (made,) = await tx.record(meeting, last.actor, early, [MeetingConvened()])
        assert made.at == last.at
        assert await house.meetings.verify(whole.id) is None

    async def test_what_is_not_there_is_not_found(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        stranger = house.ids()
        async with house.store.begin(write=False) as tx:
            for code, asked in (
                ("meeting-unknown", tx.meeting(MeetingId(stranger))),
                ("poll-unknown", tx.poll(whole.id, PollId(stranger))),
                ("paper-unknown", tx.paper(stranger)),  # type: ignore[arg-type]
            ):
                with pytest.raises(NotFound) as refused:
                    await asked
                assert refused.value.code == code
            assert await tx.attendant(whole.id, PersonId(stranger)) is None
            assert await tx.bridge(whole.id, BridgeId(stranger)) is None
            assert not await tx.item_known(whole.id, ItemId(stranger))
            assert await tx.listed_people(house.organisation_id, [PersonId(stranger)]) == ()

    async def test_a_poll_of_another_meeting_is_not_found(self, house: House) -> None:
        one, other = await opened(house), await WholeMeeting.created(house)
        async with house.store.begin(write=False) as tx:
            with pytest.raises(NotFound):
                await tx.poll(other.id, one.poll)

    async def test_the_directory_gives_each_once(self, house: House) -> None:
        ids = [PersonId(p.id) for p in house.people] * 2
        async with house.store.begin(write=False) as tx:
            listed = await tx.listed_people(house.organisation_id, ids)
            foreign = await tx.listed_bridges(house.organisation_id, [BridgeId(house.chair.id)])
        assert sorted(x.name for x in listed) == sorted(p.name for p in house.people)
        assert foreign == ()

    async def test_mine_are_those_i_am_invited_to(self, house: House) -> None:
        early, late = await WholeMeeting.created(house), None
        done = await house.meetings.create(
            house.secretary, replace(DETAILS, starts_at=DETAILS.starts_at + timedelta(days=1))
        )
        late = done.id
        assert [m.id for m, _ in await house.meetings.mine(house.secretary)] == [late, early.id]
        assert await house.meetings.mine(house.member) == ()
        await early.invite()
        assert [(m.id, r) for m, r in await house.meetings.mine(house.chair)] == [(early.id, Role.CHAIR)]
        assert await house.meetings.mine(house.member) == (), "a draft is for those who prepare it"
        await early.write_agenda()
        await early.convene()
        assert [(m.id, r) for m, r in await house.meetings.mine(house.member)] == [(early.id, Role.MEMBER)]
        assert [r for _, r in await house.meetings.mine(house.commune)] == [Role.COMMUNE_BRIDGE]

    async def test_the_minutes_text_is_kept(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        async with house.store.begin() as tx:
            assert await tx.minutes_text(whole.id) is None
            assert (await tx.minutes_status(whole.id)).state is MinutesState.NONE
            await tx.put_minutes_text(whole.id, '{"a":"Hoà"}')
        async with house.store.begin(write=False) as tx:
            assert await tx.minutes_text(whole.id) == '{"a":"Hoà"}'

    # ── all or nothing ──

    async def test_a_failed_block_leaves_nothing(self, house: House) -> None:
        whole = await opened(house)
        await whole.open_poll()
        before = await _everything(house, whole)
        with pytest.raises(RuntimeError, match="halfway"):
            await _half(house, whole)
        assert await _everything(house, whole) == before
        async with house.store.begin() as tx:
            assert await tx.remembered(house.chair.id, Once("half", "y")) is None

    async def test_a_refused_command_leaves_nothing(self, house: House) -> None:
        whole = await opened(house)
        before = await _everything(house, whole)
        for actor, command in (
            (house.member, OpenMeeting()),
            (house.chair, OpenMeeting()),
            (house.chair, AddItem("")),
        ):
            with pytest.raises(Refusal):
                await house.meetings.do(actor, whole.id, command, Once("refused", "x"))
        assert await _everything(house, whole) == before

    # ── votes ──

    async def test_one_voter_many_times_at_once_counts_once(self, house: House) -> None:
        whole = await opened(house)
        await whole.open_poll()
        command = CastBallot(whole.poll, Choice.FOR)
        await asyncio.gather(*(house.meetings.do(house.member, whole.id, command) for _ in range(5)))
        turnout = await house.meetings.turnout(house.chair, whole.id, whole.poll)
        assert (turnout.cast, turnout.entitled) == (1, 3)
        assert house.bell.turnouts[-1] == (whole.poll, 1, 3)

    async def test_a_second_first_ballot_is_raced(self, house: House) -> None:
        whole = await opened(house)
        await whole.open_poll()
        ballot = Ballot(PersonId(house.member.id), house.member.name, Choice.FOR)
        async with house.store.begin() as tx:
            await tx.put_ballot(whole.poll, ballot, first=True, at=START)
        with pytest.raises(Raced):
            async with house.store.begin() as tx:
                await tx.put_ballot(whole.poll, replace(ballot, choice=Choice.AGAINST), first=True, at=START)
        async with house.store.begin(write=False) as tx:
            assert await tx.ballots(whole.poll) == (ballot,)
            assert await tx.ballots_of(whole.id, ballot.voter_id) == {whole.poll: Choice.FOR}

    async def test_a_changed_mind_replaces_the_ballot(self, house: House) -> None:
        whole = await opened(house)
        await whole.open_poll()
        for choice in (Choice.FOR, Choice.AGAINST, Choice.ABSTAIN):
            await whole.do(house.member, CastBallot(whole.poll, choice))
        async with house.store.begin(write=False) as tx:
            assert await tx.ballot(whole.poll, PersonId(house.member.id)) is Choice.ABSTAIN
            assert await tx.ballot(whole.poll, PersonId(house.chair.id)) is None
            assert await tx.ballot_count(whole.poll) == 1

    @pytest.mark.parametrize("turn", range(3))
    async def test_every_acknowledged_ballot_is_in_the_tally(self, house: House, turn: int) -> None:
        """Members vote while the chair closes: who was told "done" is counted, who was not is not."""
        whole = await opened(house)
        for voter in (house.others[1],):
            await whole.do(voter, CheckIn())
        await whole.open_poll()
        voters = [house.chair, house.member, house.member2]

        async def cast(voter: Actor) -> Actor | str:
            try:
                await house.meetings.do(voter, whole.id, CastBallot(whole.poll, Choice.FOR))
            except Conflict as refusal:
                return refusal.code
            return voter

        closing = house.meetings.do(house.chair, whole.id, ClosePoll(whole.poll))
        work: list[object] = [cast(v) for v in voters]
        work.insert(turn, closing)
        answers = await asyncio.gather(*work)  # type: ignore[call-overload]
        counted = {a.id for a in answers if isinstance(a, Actor)}
        assert {a for a in answers if isinstance(a, str)} <= {"poll-is-closed"}
        (poll,) = [p for p in (await _room(house, house.chair, whole.id)).polls if p.id == whole.poll]
        assert poll.state is PollState.CLOSED
        assert poll.tally is not None
        assert {b.voter_id for b in poll.tally.ballots} == counted
        async with house.store.begin(write=False) as tx:
            assert {b.voter_id for b in await tx.ballots(whole.poll)} == counted

    # ── the same request again ──

    async def test_the_same_key_gives_the_same_answer(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        once = Once("9f2c", "digest")
        first = await house.meetings.do(house.secretary, whole.id, AddItem("Mục"), once)
        again = await house.meetings.do(house.secretary, whole.id, AddItem("Mục"), once)
        assert again == first
        assert len((await _room(house, house.secretary, whole.id)).agenda) == 1

    async def test_the_same_key_for_something_else_is_refused(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        await house.meetings.do(house.secretary, whole.id, AddItem("Mục"), Once("9f2c", "one"))
        with pytest.raises(Invalid) as refused:
            await house.meetings.do(house.secretary, whole.id, AddItem("Khác"), Once("9f2c", "two"))
        assert refused.value.code == "idempotency-key-reused"

    async def test_the_same_key_of_another_actor_is_another(self, house: House) -> None:
        whole = await opened(house)
        one = await house.meetings.do(house.member, whole.id, AskFloor(), Once("k", "d"))
        two = await house.meetings.do(house.member2, whole.id, AskFloor(), Once("k", "d"))
        assert one.id != two.id

    async def test_the_same_key_many_times_at_once_is_done_once(self, house: House) -> None:
        """A command that would be refused the second time: each of the five is told of the one that was done."""
        whole = await WholeMeeting.created(house)
        for step in _OF_A_VOTE[:3]:
            await step(whole)
        once = Once("open", "d")
        answers = await asyncio.gather(
            *(house.meetings.do(house.chair, whole.id, OpenMeeting(), once) for _ in range(5))
        )
        assert len(set(answers)) == 1

    async def test_a_meeting_created_twice_at_once_is_one(self, house: House) -> None:
        answers = await asyncio.gather(
            *(house.meetings.create(house.secretary, DETAILS, Once("new", "d")) for _ in range(5))
        )
        assert len(set(answers)) == 1
        assert len(await house.meetings.mine(house.secretary)) == 1

    async def test_a_ballot_repeated_after_the_close_is_answered(self, house: House) -> None:
        whole = await opened(house)
        await whole.open_poll()
        once, ballot = Once("b", "d"), CastBallot(whole.poll, Choice.FOR)
        first = await house.meetings.do(house.member, whole.id, ballot, once)
        await whole.do(house.chair, ClosePoll(whole.poll))
        assert await house.meetings.do(house.member, whole.id, ballot, once) == first

    # ── who sees ──

    async def test_a_stranger_is_told_of_nothing(self, house: House) -> None:
        whole = await opened(house)
        stranger = house.others[0]  # of the same organisation, uninvited
        for asked in (
            house.meetings.room(stranger, whole.id),
            house.meetings.journal(stranger, whole.id, 0),
            house.meetings.paper(stranger, whole.paper),
            house.meetings.turnout(stranger, whole.id, whole.poll),
            house.meetings.do(stranger, whole.id, AskFloor()),
        ):
            with pytest.raises(NotFound):
                await asked

    async def test_who_is_not_entitled_does_not_vote(self, house: House) -> None:
        whole = await opened(house)
        await whole.open_poll()
        for actor in (house.guest, house.secretary, house.commune, house.central):
            with pytest.raises(Forbidden):
                await whole.do(actor, CastBallot(whole.poll, Choice.FOR))
        invited = InvitePeople((Invitation(PersonId(house.others[0].id), Role.MEMBER),))
        await whole.do(house.secretary, invited)
        await whole.do(house.others[0], CheckIn())
        with pytest.raises(Forbidden) as refused:  # came after the electorate was fixed
            await whole.do(house.others[0], CastBallot(whole.poll, Choice.FOR))
        assert refused.value.code == "not-entitled-to-vote"

    async def test_two_polls_are_never_open_at_once(self, house: House) -> None:
        whole = await opened(house)
        opening = (whole.do(house.chair, OpenPoll(p)) for p in (whole.poll, whole.second_poll))
        answers = await asyncio.gather(*opening, return_exceptions=True)
        refused = [a for a in answers if isinstance(a, Conflict)]
        assert [r.code for r in refused] == ["another-poll-is-open"]

    async def test_a_closed_meeting_verifies(self, house: House) -> None:
        whole = await WholeMeeting.created(house)
        for step in STEPS:
            await step(whole)
        assert await house.meetings.verify(whole.id) is None
        async with house.store.begin(write=False) as tx:
            links = await tx.links(whole.id)
        assert verify(whole.id, links[:-1], len(links), links[-1].hash) is not None


async def _half(house: House, whole: WholeMeeting) -> None:
    """A block that does a little of everything, then fails."""
    async with house.store.begin() as tx:
        meeting = await tx.meeting(whole.id, Lock.UPDATE)
        actor = (await tx.entries(whole.id, 0, 1))[0].actor
        await tx.record(meeting, actor, house.clock(), [ItemStarted(whole.last)])
        ballot = Ballot(PersonId(house.chair.id), house.chair.name, Choice.FOR)
        await tx.put_ballot(whole.poll, ballot, first=True, at=house.clock())
        await tx.put_minutes_text(whole.id, "half")
        await tx.remember(house.chair.id, Once("half", "x"), Done(1, house.clock()))
        raise RuntimeError("halfway")


async def _room(house: House, reader: Actor, meeting_id: MeetingId):  # type: ignore[no-untyped-def]
    """Or the code of the refusal."""
    try:
        return await house.meetings.room(reader, meeting_id)
    except NotFound as refusal:
        return refusal.code


async def _everything(house: House, whole: WholeMeeting) -> tuple[object, ...]:
    async with house.store.begin(write=False) as tx:
        return (
            await tx.meeting(whole.id),
            await tx.items(whole.id),
            await tx.attendants(whole.id),
            await tx.turns(whole.id),
            await tx.polls(whole.id),
            await tx.ballots(whole.poll),
            await tx.minutes_text(whole.id),
            await tx.links(whole.id),
        )

"""Votes in the minutes: the question, the result in words with its arithmetic, and the record for the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from rooms import poll
from rooms.ids import PollId
from rooms.minutes.narrator import Narrator
from rooms.minutes.value import NamedBallot, OptionCount, PollRecord, formula
from rooms.minutes.words import clock, say
from rooms.poll import Poll


class Voting:
    def __init__(self, by: Narrator) -> None:
        self.by = by
        self.polls: dict[PollId, Poll] = {}
        self.open_poll: PollId | None = None

    def tell(self, event: poll.PollEvent, at: datetime, seq: int) -> None:
        match event:
            case poll.PollPrepared(prepared):
                self.polls[prepared.id] = prepared
            case poll.PollCancelled(poll_id):
                if self.by.running:
                    self.by.say("poll_cancelled", question=self.polls[poll_id].question)
            case poll.PollOpened(poll_id, entitled, frozen):
                asked = replace(self.polls[poll_id], opened_at=at, entitled=entitled, frozen=frozen)
                self.polls[poll_id], self.open_poll = asked, poll_id
                self.by.say(
                    "poll_opened",
                    question=asked.question,
                    entitled=len(entitled),
                    present=frozen.present,
                    members=frozen.members_in_office,
                )
                self.by.course.remember(str(poll_id), seq)
            case poll.PollClosed(poll_id, tally):
                self.open_poll = None
                record = self._record(replace(self.polls[poll_id], closed_at=at, tally=tally), seq)
                self.by.course.add(
                    self._result(record, tally.needed), record.evidence, paragraph_id=f"poll-{record.id}"
                )
                self.by.course.attach(record)
            case _:
                assert_never(event)

    def _record(self, closed: Poll, seq: int) -> PollRecord:
        tally, rule = closed.tally, closed.rule.threshold
        assert tally is not None
        assert closed.closed_at is not None
        counts = (
            ("for", tally.votes_for),
            ("against", tally.votes_against),
            ("abstain", tally.abstentions),
            ("silent", tally.silent),
        )
        return PollRecord(
            id=str(closed.id),
            question=closed.question,
            form=self.by.word("form_named"),
            opened_at=closed.opened_at,
            closed_at=closed.closed_at,
            options=tuple(OptionCount(self.by.word(key), n) for key, n in counts),
            electorate=len(closed.entitled),
            cast=len(tally.ballots),
            base_label=self.by.word(tally.base.value),
            base=tally.base_count,
            counted=tally.votes_for,
            rule=rule,
            formula=formula(rule, tally.votes_for, tally.base_count),
            outcome=self.by.word("outcome_carried" if tally.carried else "outcome_not_carried"),
            carried=tally.carried,
            ballots=tuple(
                NamedBallot(b.name, self.by.roll.position(b.voter_id), self.by.word(b.choice.value))
                for b in tally.ballots
            ),
            evidence=(*self.by.course.remembered(str(closed.id)), seq),
        )

    def _result(self, record: PollRecord, needed: int) -> str:
        assert record.rule is not None
        return say(
            self.by.locale,
            "poll_closed",
            time=clock(self.by.locale, record.closed_at),
            counts=", ".join(f"{o.label} {o.count}" for o in record.options),
            base=record.base_label,
            base_count=record.base,
            rule=self.by.rule(record.rule),
            needed=needed,
            formula=record.formula,
            outcome=self.by.word("carried" if record.carried else "not_carried"),
        )

    def close(self) -> None:
        if self.open_poll is not None:
            self.by.say("poll_left_open")

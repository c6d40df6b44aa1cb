"""The chain: whatever is altered, the first bad entry is named."""

import hashlib
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rooms.agenda import ItemFinished, ItemStarted
from rooms.journal import GENESIS, ActorRef, Broken, Link, chain, link, verify
from rooms.meeting import MeetingConvened
from rooms.roles import Role
from tests.support.given import MEETING, NOW, by, item_id

ACTOR = ActorRef.of(by(Role.CHAIR).seat.actor)
EVENTS = (MeetingConvened(), *(x for n in range(4) for x in (ItemStarted(item_id(n)), ItemFinished(item_id(n)))))
LINKS = link(MEETING, 0, GENESIS, ACTOR, NOW, EVENTS)
LAST = (len(LINKS), LINKS[-1].hash)


def broken(links: tuple[Link, ...]) -> int | None:
    found = verify(MEETING, links, *LAST)
    return None if found is None else found.seq


def test_a_link_is_what_it_says() -> None:
    first = LINKS[0]
    assert json.loads(first.body) == {
        "meeting": str(MEETING),
        "seq": 1,
        "at": "2026-11-23T07:00:00.000000Z",
        "actor": {"kind": "person", "id": str(by(Role.CHAIR).seat.actor.id), "name": "chair 0"},
        "event": {"kind": "meeting.convened"},
    }
    assert first.hash == hashlib.sha256(f"{GENESIS}\n{first.body}".encode()).hexdigest()
    assert [k.seq for k in LINKS] == list(range(1, 10))
    assert [k.kind for k in LINKS[:3]] == ["meeting.convened", "item.started", "item.finished"]


def test_a_whole_journal_holds() -> None:
    assert verify(MEETING, LINKS, *LAST) is None
    assert verify(MEETING, (), 0, GENESIS) is None


def test_it_goes_on_where_it_stood() -> None:
    again = link(MEETING, 3, LINKS[2].hash, ACTOR, NOW, EVENTS[3:])
    assert LINKS[:3] + again == LINKS


@given(st.integers(0, 8), st.data())
def test_any_altered_letter_is_found(n: int, data: st.DataObject) -> None:
    body = LINKS[n].body
    at = data.draw(st.integers(0, len(body) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda ch: ch != body[at]))
    altered = replace(LINKS[n], body=body[:at] + letter + body[at + 1 :])
    assert broken((*LINKS[:n], altered, *LINKS[n + 1 :])) == n + 1


@given(st.integers(0, 8))
def test_a_missing_or_doubled_or_forged_entry_is_found(n: int) -> None:
    assert broken(LINKS[:n] + LINKS[n + 1 :]) == n + 1
    assert broken((*LINKS[: n + 1], *LINKS[n:])) == n + 2
    body = LINKS[n].body.replace("chair 0", "ai đó")
    forged = replace(LINKS[n], body=body, hash=chain(LINKS[n - 1].hash if n else GENESIS, body))
    found = verify(MEETING, (*LINKS[:n], forged, *LINKS[n + 1 :]), *LAST)
    # the forger hashed it well, so the entry after it gives it away, or the meeting's own row
    assert found is not None
    assert found.seq == min(n + 2, 9)


@given(st.permutations(range(9)))
def test_order_matters(order: list[int]) -> None:
    found = broken(tuple(LINKS[n] for n in order))
    first_out_of_place = next((n + 1 for n, x in enumerate(order) if n != x), None)
    assert found == first_out_of_place


def test_columns_that_differ_from_the_body() -> None:
    for change in ({"kind": "meeting.opened"}, {"at": NOW.replace(year=2020)}):
        altered = replace(LINKS[4], **change)  # type: ignore[arg-type]
        assert verify(MEETING, (*LINKS[:4], altered, *LINKS[5:]), *LAST) == Broken(
            5, "the row's columns differ from its body"
        )


def test_an_entry_of_another_meeting() -> None:
    other = link(MEETING.__class__(int=77), 0, GENESIS, ACTOR, NOW, EVENTS)  # type: ignore[arg-type]
    found = verify(MEETING, other, len(other), other[-1].hash)
    assert found == Broken(1, "the row's columns differ from its body")


def test_a_body_that_is_no_json() -> None:
    bad = Link(1, NOW, "x", "no json", chain(GENESIS, "no json"))
    assert verify(MEETING, (bad,), 1, bad.hash) == Broken(1, "the body is unreadable")


def test_a_cut_tail() -> None:
    assert verify(MEETING, LINKS[:-2], *LAST) == Broken(8, "missing: the meeting has 9 entries")
    assert verify(MEETING, LINKS, 9, "0" * 64) == Broken(9, "the meeting's row names another last hash")

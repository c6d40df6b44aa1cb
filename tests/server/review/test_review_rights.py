"""Every command by everybody who has no right to it, in every state: refused, and nothing has changed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from rooms.commands import Command
from rooms.ids import OrganisationId, PersonId
from rooms.roles import OfficeRole
from server.store.accounts import Organisation, Person
from tests.server.town import DETAILS, Caller, Town

CHAIR, SECRETARY, MEMBER, GUEST, CENTRAL, COMMUNE = (
    "chair",
    "secretary",
    "member",
    "stranger",
    "central",
    "commune",
)
ALL = {CHAIR, SECRETARY, MEMBER, GUEST, CENTRAL, COMMUNE}
OPERATORS = {CHAIR, SECRETARY, CENTRAL}
UNKNOWN = str(uuid4())

#: Who holds the right that the command needs.
HOLDERS: dict[str, set[str]] = {
    **{
        key: {SECRETARY}
        for key in (
            "change_details",
            "invite_people",
            "uninvite_person",
            "invite_bridges",
            "uninvite_bridge",
            "convene",
        )
    },
    **{key: {SECRETARY} for key in ("add_item", "change_item", "move_item", "remove_item")},
    **{key: {SECRETARY} for key in ("change_paper", "remove_paper")},
    **{
        key: {CHAIR}
        for key in ("open_meeting", "close_meeting", "start_item", "finish_item", "lead_to", "end_lead")
    },
    **{key: {CHAIR} for key in ("give_floor", "extend_floor", "open_poll", "close_poll")},
    **{key: {CHAIR, SECRETARY} for key in ("prepare_poll", "cancel_poll", "excuse")},
    **{key: {CHAIR, CENTRAL} for key in ("withdraw_floor", "end_floor")},  # the turn asked for is the centre's
    "cast_ballot": {CHAIR, MEMBER},
    "report_heads": {CENTRAL, COMMUNE},
    "check_in": ALL,
    "check_out": ALL,
    "ask_floor": ALL,
    **dict.fromkeys(("stand_by", "put_on_air", "record"), OPERATORS),
    **{key: {SECRETARY} for key in ("compile_minutes", "correct_minutes", "lock_minutes")},
    "sign_minutes": {CHAIR, SECRETARY},
}


def commands(town: Town, item: str, poll: str, turn: str) -> dict[str, dict[str, Any]]:
    """One of each kind that would be done if the right were there."""
    person, bridge = str(town.people["member2"]), str(town.bridges["commune"])
    item_text = {"title": "Việc mới", "presenter": "", "planned_min": None}
    return {
        "change_details": {"details": DETAILS},
        "invite_people": {"people": [{"person_id": str(town.people["admin"]), "role": "member"}]},
        "uninvite_person": {"person_id": person},
        "invite_bridges": {"bridges": [{"bridge_id": str(town.bridges["commune2"]), "role": "commune_bridge"}]},
        "uninvite_bridge": {"bridge_id": bridge},
        "convene": {},
        "open_meeting": {},
        "close_meeting": {},
        "add_item": item_text,
        "change_item": {"item_id": item, **item_text},
        "move_item": {"item_id": item, "parent_id": None, "position": 0},
        "remove_item": {"item_id": item},
        "start_item": {"item_id": item},
        "finish_item": {"item_id": item},
        "change_paper": {"paper_id": UNKNOWN, "title": "x", "item_id": None},
        "remove_paper": {"paper_id": UNKNOWN},
        "lead_to": {"paper_id": UNKNOWN, "page": 1},
        "end_lead": {},
        "check_in": {},
        "check_out": {},
        "excuse": {"person_id": str(town.people["secretary"])},
        "report_heads": {"heads": 9},
        "ask_floor": {},
        "withdraw_floor": {"turn_id": turn},
        "give_floor": {"turn_id": turn},
        "extend_floor": {"turn_id": turn, "extra_s": 60},
        "end_floor": {"turn_id": turn},
        "prepare_poll": {"question": "Đồng ý?"},
        "cancel_poll": {"poll_id": poll},
        "open_poll": {"poll_id": poll},
        "close_poll": {"poll_id": poll},
        "cast_ballot": {"poll_id": poll, "choice": "for"},
        "stand_by": {"bridge_id": bridge},
        "put_on_air": {"bridge_id": bridge},
        "record": {"on": False},
        "compile_minutes": {},
        "correct_minutes": {"version": 1, "paragraph_id": "p", "text": "x"},
        "lock_minutes": {"version": 1},
        "sign_minutes": {},
    }


async def ready(town: Town) -> tuple[str, dict[str, dict[str, Any]]]:
    """An open meeting with a guest, an item, an open poll and a raised hand."""
    meeting_id = await town.meeting(opened=True)
    chair, secretary, central = [await town.caller(n) for n in (CHAIR, SECRETARY, CENTRAL)]
    guest = [{"person_id": str(town.people[GUEST]), "role": "guest"}]
    await secretary.done(meeting_id, "invite_people", people=guest)
    item = (await secretary.done(meeting_id, "add_item", title="Nghị quyết"))["id"]
    turn = (await central.done(meeting_id, "ask_floor"))["id"]
    poll = (await chair.done(meeting_id, "prepare_poll", question="Thông qua?"))["id"]
    await chair.done(meeting_id, "open_poll", poll_id=poll)
    return meeting_id, commands(town, item, poll, turn)


async def last(town: Town, meeting_id: str) -> tuple[int, str]:
    page = (await (await town.caller("secretary")).get(f"/api/meetings/{meeting_id}/room")).json
    return page["seq"], page["meeting"]["last_hash"]


def test_every_command_of_the_interface_is_tried() -> None:
    kinds = {f.default for c in get_args(Command) for f in fields(c) if f.name == "kind"}
    assert kinds == set(HOLDERS)


@pytest.mark.parametrize("name", sorted(ALL))
async def test_a_command_without_its_right_is_refused_in_an_open_meeting(town: Town, name: str) -> None:
    meeting_id, all_commands = await ready(town)
    caller, before = await town.caller(name), await last(town, meeting_id)
    for kind, given in all_commands.items():
        if name in HOLDERS[kind]:
            continue
        answer = await caller.do(meeting_id, kind, **given)
        assert answer.status in (403, 404, 409), (name, kind, answer.status, answer.json)
    assert await last(town, meeting_id) == before
    turnout = await caller.get(f"/api/meetings/{meeting_id}/polls/{all_commands['open_poll']['poll_id']}/turnout")
    assert turnout.json["cast"] == 0


@pytest.mark.parametrize("name", sorted(ALL))
async def test_a_closed_meeting_takes_nothing_but_its_minutes(town: Town, name: str) -> None:
    meeting_id, all_commands = await ready(town)
    chair = await town.caller(CHAIR)
    await chair.done(meeting_id, "close_poll", **all_commands["close_poll"])
    await chair.done(meeting_id, "close_meeting")
    caller, before = await town.caller(name), await last(town, meeting_id)
    for kind, given in all_commands.items():
        if "minutes" in kind and name in HOLDERS[kind]:
            continue
        answer = await caller.do(meeting_id, kind, **given)
        assert answer.status in (403, 404, 409), (name, kind, answer.status, answer.json)
    assert await last(town, meeting_id) == before


@pytest.mark.parametrize("state", ["draft", "open", "closed"])
async def test_outsiders_are_told_of_no_meeting_whatever_they_send(town: Town, state: str) -> None:
    """Not invited, another organisation's secretary, an uninvited hall, nobody at all."""
    if state == "draft":
        meeting_id, all_commands = await town.meeting(), commands(town, UNKNOWN, UNKNOWN, UNKNOWN)
    else:
        meeting_id, all_commands = await ready(town)
    if state == "closed":
        chair = await town.caller(CHAIR)
        await chair.done(meeting_id, "close_poll", **all_commands["close_poll"])
        await chair.done(meeting_id, "close_meeting")
    before = await last(town, meeting_id)
    outsiders = [await town.caller("admin"), await town.caller("commune2"), await foreigner(town)]
    if state == "draft":
        outsiders += [await town.caller(n) for n in (MEMBER, CENTRAL, COMMUNE)]
    for caller in outsiders:
        for kind, given in all_commands.items():
            (await caller.do(meeting_id, kind, **given)).refused(404, "meeting-unknown")
        for path in ("room", "journal", "minutes", "minutes/pdf", "wall"):
            (await caller.get(f"/api/meetings/{meeting_id}/{path}")).refused(404, "meeting-unknown")
        (await caller.post(f"/api/meetings/{meeting_id}/media")).refused(404, "meeting-unknown")
        poll = all_commands["open_poll"]["poll_id"]
        (await caller.get(f"/api/meetings/{meeting_id}/polls/{poll}/turnout")).refused(404, "meeting-unknown")
        (await caller.upload(meeting_id, b"%PDF-1.7")).refused(404, "meeting-unknown")
        assert (await caller.get("/api/meetings")).json["items"] == []
    for kind, given in all_commands.items():
        (await town.nobody.do(meeting_id, kind, **given)).refused(401, "sign-in-first")
    assert await last(town, meeting_id) == before


async def foreigner(town: Town) -> Caller:
    """A secretary and administrator of another organisation on the same server."""
    home, person_id = OrganisationId(uuid7()), PersonId(uuid7())
    office = frozenset({OfficeRole.ADMINISTRATOR, OfficeRole.SECRETARY})
    async with town.house.store.accounts() as accounts:
        await accounts.add_organisation(Organisation(home, "Tỉnh khác"))
        await accounts.add_person(Person(person_id, home, "foreigner", "Người Tỉnh Khác", "", office))
    town.people["foreigner"] = person_id
    return await town.caller("foreigner")


async def test_a_foreign_secretary_cannot_invite_our_people_or_bridges(town: Town) -> None:
    foreign = await foreigner(town)
    meeting_id = (await foreign.post("/api/meetings", DETAILS)).json["id"]
    people = [{"person_id": str(town.people["chair"]), "role": "chair"}]
    (await foreign.do(meeting_id, "invite_people", people=people)).refused(404, "person-unknown")
    bridges = [{"bridge_id": str(town.bridges["central"]), "role": "central_bridge"}]
    (await foreign.do(meeting_id, "invite_bridges", bridges=bridges)).refused(404, "bridge-unknown")


async def test_ids_of_one_meeting_mean_nothing_in_another(town: Town) -> None:
    """The chair of both tries the poll, the turn and the item of one in the other."""
    first, all_commands = await ready(town)
    second, _ = await ready(town)
    chair, secretary = await town.caller(CHAIR), await town.caller(SECRETARY)
    before = await last(town, second)
    for kind in (
        "open_poll",
        "close_poll",
        "cancel_poll",
        "cast_ballot",
        "give_floor",
        "withdraw_floor",
        "start_item",
    ):
        assert (await chair.do(second, kind, **all_commands[kind])).status == 404, kind
    for kind in ("change_item", "move_item", "remove_item"):
        assert (await secretary.do(second, kind, **all_commands[kind])).status == 404, kind
    item = all_commands["start_item"]["item_id"]
    assert (await chair.do(second, "prepare_poll", question="?", item_id=item)).status == 404
    assert (await secretary.upload(second, b"%PDF-1.7", item_id=item)).status == 404
    poll = all_commands["open_poll"]["poll_id"]
    assert (await chair.get(f"/api/meetings/{second}/polls/{poll}/turnout")).status == 404
    assert await last(town, second) == before
    assert first != second

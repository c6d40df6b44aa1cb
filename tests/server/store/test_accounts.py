"""People, bridges, links and sessions: unique names, single use, a stolen token ends its family."""

from __future__ import annotations

import asyncio
import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

import pytest
from uuid_utils.compat import uuid7

from rooms.errors import Conflict, Invalid, NotFound, Refusal
from rooms.ids import BridgeId, OrganisationId, PersonId
from rooms.ports import Done, Once
from rooms.roles import ActorKind, OfficeRole
from server.store import SqlStore
from server.store.accounts import Bridge, Organisation, Person, RefreshToken, Rotation, Subject
from tests.support.house import START

HOUR = timedelta(hours=1)


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@dataclass
class Office:
    store: SqlStore
    organisation: Organisation
    person: Person
    bridge: Bridge

    @property
    def subject(self) -> Subject:
        return Subject(ActorKind.PERSON, self.person.id)


@pytest.fixture
async def office(sql_store: SqlStore) -> Office:
    organisation = Organisation(OrganisationId(uuid7()), "UBND xã Ea Súp", place_name="Ea Súp")
    roles = frozenset({OfficeRole.SECRETARY, OfficeRole.ADMINISTRATOR})
    mark = organisation.id.hex[:8] + organisation.id.hex[-6:]
    person = Person(PersonId(uuid7()), organisation.id, f"bich.{mark}", "Trần Thị Bích", "Văn thư", roles)
    bridge = Bridge(BridgeId(uuid7()), organisation.id, "DC001", "Xã Ea Súp", "Đắk Lắk", "0262", 40)
    async with sql_store.accounts() as accounts:
        await accounts.add_organisation(organisation)
        assert await accounts.add_person(person, "argon2…") == person
        assert await accounts.add_bridge(bridge) == bridge
    return Office(sql_store, organisation, person, bridge)


async def test_what_went_in_comes_out(office: Office) -> None:
    async with office.store.accounts(write=False) as accounts:
        assert await accounts.organisation(office.organisation.id) == office.organisation
        assert office.organisation in await accounts.organisations()
        assert await accounts.person(office.person.id) == office.person
        assert await accounts.people(office.organisation.id) == (office.person,)
        assert await accounts.bridge(office.bridge.id) == office.bridge
        assert await accounts.bridges(office.organisation.id) == (office.bridge,)
        assert await accounts.password_hash(office.person.id) == "argon2…"


async def test_changes_are_kept(office: Office) -> None:
    person = replace(office.person, name="Trần Bích", active=False, locale="en", colour_scheme="dark")
    bridge = replace(office.bridge, phone="0905", capacity=None, active=False)
    organisation = replace(office.organisation, minutes_format="party", zone="UTC")
    async with office.store.accounts() as accounts:
        await accounts.change_person(person)
        await accounts.change_bridge(bridge)
        await accounts.change_organisation(organisation)
        await accounts.set_password(person.id, None)
    async with office.store.accounts(write=False) as accounts:
        assert await accounts.person(person.id) == person
        assert await accounts.bridge(bridge.id) == bridge
        assert await accounts.organisation(organisation.id) == organisation
        assert await accounts.password_hash(person.id) is None
        for subject in (office.subject, Subject(ActorKind.BRIDGE, bridge.id)):
            assert await accounts.actor(subject) is None, "who is not active acts no more"


async def test_actors(office: Office) -> None:
    async with office.store.accounts(write=False) as accounts:
        person = await accounts.actor(office.subject)
        bridge = await accounts.actor(Subject(ActorKind.BRIDGE, office.bridge.id))
        assert await accounts.actor(Subject(ActorKind.PERSON, PersonId(uuid7()))) is None
        assert await accounts.actor(Subject(ActorKind.PERSON, PersonId(office.bridge.id))) is None
    assert person is not None
    assert bridge is not None
    assert (person.name, person.office_roles) == (office.person.name, office.person.office_roles)
    assert (bridge.kind, bridge.organisation_id) == (ActorKind.BRIDGE, office.organisation.id)


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda s: f" {s} "])
async def test_a_username_is_known_in_any_case(office: Office, change) -> None:  # type: ignore[no-untyped-def]
    async with office.store.accounts(write=False) as accounts:
        assert await accounts.person_by_username(change(office.person.username)) == office.person


async def test_a_vietnamese_username_is_known_in_any_form(office: Office) -> None:
    name = f"Đức.Hoà.{office.organisation.id.hex[-8:]}"
    person = replace(office.person, id=PersonId(uuid7()), username=name)
    async with office.store.accounts() as accounts:
        await accounts.add_person(person)
        for form in ("NFC", "NFD"):
            asked = unicodedata.normalize(form, name).upper()
            assert await accounts.person_by_username(asked, office.organisation.id) == person


@pytest.mark.parametrize("odd", ["", "nobody", "a\0b", "\ud800", "x" * 10_000])
async def test_odd_usernames_are_nobody(office: Office, odd: str) -> None:
    async with office.store.accounts(write=False) as accounts:
        assert await accounts.person_by_username(odd) is None


async def test_a_username_is_unique_in_its_organisation(office: Office) -> None:
    twin = replace(office.person, id=PersonId(uuid7()), username=office.person.username.upper())
    with pytest.raises(Conflict) as refused:
        async with office.store.accounts() as accounts:
            await accounts.add_person(twin)
    assert refused.value.code == "username-taken"
    elsewhere = Organisation(OrganisationId(uuid7()), "Nơi khác")
    async with office.store.accounts() as accounts:
        await accounts.add_organisation(elsewhere)
        await accounts.add_person(replace(twin, organisation_id=elsewhere.id))
        assert await accounts.person_by_username(twin.username) is None, "of which organisation?"
        assert await accounts.person_by_username(twin.username, office.organisation.id) == office.person


async def test_two_of_one_name_at_once(office: Office) -> None:
    async def add() -> None:
        async with office.store.accounts() as accounts:
            await accounts.add_person(replace(office.person, id=PersonId(uuid7()), username="cung-luc"))

    answers = await asyncio.gather(*(add() for _ in range(4)), return_exceptions=True)
    assert [a.code for a in answers if isinstance(a, Conflict)] == ["username-taken"] * 3


async def test_a_bridge_code_is_unique_in_its_organisation(office: Office) -> None:
    with pytest.raises(Conflict) as refused:
        async with office.store.accounts() as accounts:
            await accounts.add_bridge(replace(office.bridge, id=BridgeId(uuid7())))
    assert refused.value.code == "bridge-code-taken"


async def test_a_thousand_bridges_at_once(office: Office) -> None:
    wanted = [Bridge(BridgeId(uuid7()), office.organisation.id, f"X{n:04d}", f"Điểm cầu {n}") for n in range(1000)]
    async with office.store.accounts() as accounts:
        await accounts.add_bridges(wanted)
        assert len(await accounts.bridges(office.organisation.id)) == 1001


async def test_empty_names_are_refused(office: Office) -> None:
    async with office.store.accounts() as accounts:
        for attempt in (
            accounts.add_person(replace(office.person, id=PersonId(uuid7()), username=" ")),
            accounts.add_bridge(replace(office.bridge, id=BridgeId(uuid7()), name="")),
        ):
            with pytest.raises(Invalid):
                await attempt


async def test_who_is_not_there_is_not_found(office: Office) -> None:
    async with office.store.accounts() as accounts:
        for attempt in (
            accounts.person(PersonId(uuid7())),
            accounts.bridge(BridgeId(uuid7())),
            accounts.organisation(OrganisationId(uuid7())),
            accounts.change_organisation(Organisation(OrganisationId(uuid7()), "x")),
            accounts.set_password(PersonId(uuid7()), "x"),
            accounts.set_join_code(BridgeId(uuid7()), hashed("c"), START),
        ):
            with pytest.raises(NotFound):
                await attempt


# ── codes ──


async def test_a_join_code_serves_until_replaced(office: Office) -> None:
    first, second = hashed(f"1{office.bridge.id}"), hashed(f"2{office.bridge.id}")
    async with office.store.accounts() as accounts:
        await accounts.set_join_code(office.bridge.id, first, START + HOUR)
        for _ in range(2):  # a hall comes back after a cut
            assert await accounts.bridge_by_join_code_hash(first, START) == office.bridge
        assert await _code(accounts.bridge_by_join_code_hash(first, START + HOUR)) == "link-expired"
        await accounts.set_join_code(office.bridge.id, second, START + HOUR)
        assert await _code(accounts.bridge_by_join_code_hash(first, START)) == "link-unknown"
        assert await accounts.bridge_by_join_code_hash(second, START) == office.bridge
        await accounts.change_bridge(replace(office.bridge, active=False))
        assert await _code(accounts.bridge_by_join_code_hash(second, START)) == "link-unknown"


async def test_a_link_works_once(office: Office) -> None:
    code = hashed(f"link{office.person.id}")
    async with office.store.accounts() as accounts:
        await accounts.add_link(code, office.subject, START + HOUR)
        assert await accounts.take_link(code, START) == office.subject
        assert await _code(accounts.take_link(code, START)) == "link-expired"
        assert await _code(accounts.take_link(hashed("other"), START)) == "link-unknown"


async def test_a_link_of_yesterday_does_not_work(office: Office) -> None:
    code = hashed(f"old{office.person.id}")
    async with office.store.accounts() as accounts:
        await accounts.add_link(code, office.subject, START)
        assert await _code(accounts.take_link(code, START)) == "link-expired"


async def test_of_many_who_take_a_link_at_once_one_gets_it(office: Office) -> None:
    code = hashed(f"race{office.person.id}")
    async with office.store.accounts() as accounts:
        await accounts.add_link(code, office.subject, START + HOUR)

    async def take() -> Subject:
        async with office.store.accounts() as accounts:
            return await accounts.take_link(code, START)

    answers = await asyncio.gather(*(take() for _ in range(5)), return_exceptions=True)
    assert answers.count(office.subject) == 1
    assert sum(isinstance(a, Conflict) for a in answers) == 4


# ── sessions ──


async def test_a_refresh_token_turns_once(office: Office) -> None:
    token = await _signed_in(office)
    async with office.store.accounts() as accounts:
        turned = await accounts.rotate_refresh(token.token_hash, hashed("b"), START, START + 2 * HOUR)
    assert turned.outcome is Rotation.ROTATED
    assert turned.token == replace(token, token_hash=hashed("b"), issued_at=START, expires_at=START + 2 * HOUR)


async def test_a_token_shown_twice_ends_its_family_for_good(office: Office) -> None:
    token = await _signed_in(office)
    other = await _signed_in(office)
    new = hashed(f"new{uuid7()}")
    outcomes = []
    for shown, then in ((token.token_hash, new), (token.token_hash, "x"), (new, "y"), (token.token_hash, "z")):
        async with office.store.accounts() as accounts:
            outcomes.append((await accounts.rotate_refresh(shown, then, START, START + HOUR)).outcome)
    assert outcomes == [Rotation.ROTATED, Rotation.REUSED, Rotation.EXPIRED, Rotation.EXPIRED]
    async with office.store.accounts() as accounts:  # another sign-in of the same person goes on
        turned = await accounts.rotate_refresh(other.token_hash, hashed(f"{uuid7()}"), START, START + HOUR)
    assert turned.outcome is Rotation.ROTATED


async def test_a_token_may_come_again_within_the_grace(office: Office) -> None:
    token = await _signed_in(office)
    seconds = timedelta(seconds=10)
    outcomes = []
    for wait in (0, 5, 10):
        async with office.store.accounts() as accounts:
            now = START + timedelta(seconds=wait)
            new = hashed(f"{uuid7()}")
            turned = await accounts.rotate_refresh(token.token_hash, new, now, now + HOUR, seconds)
            outcomes.append(turned.outcome)
    assert outcomes == [Rotation.ROTATED, Rotation.ROTATED, Rotation.REUSED]


async def test_of_many_who_turn_a_token_at_once_one_does(office: Office) -> None:
    token = await _signed_in(office)

    async def turn() -> Rotation:
        async with office.store.accounts() as accounts:
            new = hashed(f"{uuid7()}")
            return (await accounts.rotate_refresh(token.token_hash, new, START, START + HOUR)).outcome

    outcomes = await asyncio.gather(*(turn() for _ in range(4)))
    assert outcomes.count(Rotation.ROTATED) == 1
    assert Rotation.REUSED in outcomes


async def test_expired_unknown_and_revoked_tokens(office: Office) -> None:
    token = await _signed_in(office)
    async with office.store.accounts() as accounts:
        late = await accounts.rotate_refresh(token.token_hash, "x", token.expires_at, START + 2 * HOUR)
        unknown = await accounts.rotate_refresh(hashed("?"), "x", START, START + HOUR)
        assert await accounts.family_of(token.token_hash) == token.family_id
        await accounts.revoke_all(office.subject)
        ended = await accounts.rotate_refresh(token.token_hash, "x", START, START + HOUR)
    assert (late.outcome, unknown.outcome, ended.outcome) == (
        Rotation.EXPIRED,
        Rotation.UNKNOWN,
        Rotation.EXPIRED,
    )


async def test_the_old_is_forgotten(office: Office) -> None:
    token = await _signed_in(office)
    code = hashed(f"old{uuid7()}")
    async with office.store.accounts() as accounts:
        await accounts.add_link(code, office.subject, START + HOUR)
    async with office.store.begin() as tx:
        await tx.remember(office.person.id, Once("k", "d"), Done(1, START))
    await office.store.forget_old(START + timedelta(minutes=59))
    async with office.store.accounts(write=False) as accounts:
        assert await accounts.family_of(token.token_hash) == token.family_id
    assert await office.store.forget_old(START + timedelta(hours=25)) >= 3
    async with office.store.accounts() as accounts:
        assert await accounts.family_of(token.token_hash) is None
        assert await _code(accounts.take_link(code, START)) == "link-unknown"
    async with office.store.begin() as tx:
        assert await tx.remembered(office.person.id, Once("k", "other")) is None


async def test_a_signer_key_is_replaced(office: Office) -> None:
    async with office.store.accounts() as accounts:
        assert await accounts.signer_key(office.person.id) is None
        for blob in (b"\x00\x01", b"\x02" * 5000):
            await accounts.put_signer_key(office.person.id, blob, START)
            assert await accounts.signer_key(office.person.id) == blob


async def _signed_in(office: Office) -> RefreshToken:
    token = RefreshToken(hashed(f"{uuid7()}"), uuid7(), office.subject, START, START + HOUR)
    async with office.store.accounts() as accounts:
        await accounts.add_refresh(token)
    return token


async def _code(attempt) -> str:  # type: ignore[no-untyped-def]
    try:
        await attempt
    except Refusal as refusal:
        return refusal.code
    return "accepted"

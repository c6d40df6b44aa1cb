"""Me, and the people of my organisation."""

from __future__ import annotations

from rooms.ids import PersonId
from rooms.roles import OFFICE_RIGHTS
from server.accounts import Known
from server.api.call import SET_COOKIE, Call
from server.api.layer import Body
from server.api.schemas import (
    CodeLink,
    ColourScheme,
    Locale,
    NewPerson,
    Organisation,
    PasswordChange,
    Person,
    PersonChange,
    PersonList,
    Profile,
    ProfileChange,
)
from server.store import accounts as kept


def profile(known: Known) -> Profile:
    actor, organisation = known.actor, known.organisation
    return Profile(
        kind=actor.kind,
        id=actor.id,
        name=actor.name,
        position=known.position,
        office_roles=tuple(sorted(actor.office_roles)),
        office_rights=tuple(sorted({right for role in actor.office_roles for right in OFFICE_RIGHTS[role]})),
        organisation=Organisation(
            organisation.id, organisation.name, organisation.zone, Locale(organisation.locale)
        ),
        locale=Locale(known.locale),
        colour_scheme=ColourScheme(known.colour_scheme or ColourScheme.AUTO),
    )


async def read_me(call: Call) -> Profile:
    """Who is signed in."""
    return profile(await call.house.entrance.fresh(call.actor))


async def change_me(call: Call, body: Body[ProfileChange]) -> Profile:
    """Change my language or colours."""
    await call.house.directory.change_me(call.actor, body.locale, body.colour_scheme)
    return profile(await call.house.entrance.fresh(call.actor))


async def change_my_password(call: Call, body: Body[PasswordChange]) -> None:
    """Change my password; every other session ends"""
    admission = await call.house.entrance.change_password(call.token, body.current, body.new)
    call.request[SET_COOKIE] = admission.refresh_token


async def list_people(call: Call) -> PersonList:
    """People of my organisation."""
    return PersonList(tuple(_person(p) for p in await call.house.directory.people(call.actor)))


async def add_person(call: Call, body: Body[NewPerson]) -> Person:
    """Add a person."""
    return _person(
        await call.house.directory.add_person(
            call.actor, body.username, body.name, body.position, frozenset(body.office_roles), body.password
        )
    )


async def change_person(call: Call, person_id: PersonId, body: Body[PersonChange]) -> Person:
    """Change a person; a closed account is signed out everywhere."""
    return _person(
        await call.house.directory.change_person(
            call.actor,
            person_id,
            name=body.name,
            position=body.position,
            office_roles=None if body.office_roles is None else frozenset(body.office_roles),
            active=body.active,
            password=body.password,
        )
    )


async def make_sign_in_link(call: Call, person_id: PersonId) -> CodeLink:
    """Make a one-time sign-in link for a person."""
    made = await call.house.directory.make_link(call.actor, person_id)
    return CodeLink(made.code, made.url, made.expires_at)


def _person(p: kept.Person) -> Person:
    return Person(p.id, p.username, p.name, p.position, tuple(sorted(p.office_roles)), p.active)

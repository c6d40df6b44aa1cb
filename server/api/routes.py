"""Every route of the interface: method, path, handler, and what it may answer beside success."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from server.api import bridges, media, meetings, minutes, papers, people, recordings, session, verify
from server.api import schemas as s
from server.api.layer import Access, Operation, Route, operation

PDF = "application/pdf"
ANY = "application/octet-stream"
_PUBLIC = Access.PUBLIC
_MEETING = "/api/meetings/{meeting_id}"

ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/session", session.sign_in, "session", errors=(401,), access=_PUBLIC),
    Route("POST", "/api/session/link", session.sign_in_by_link, "session", errors=(401, 404, 409), access=_PUBLIC),
    Route(
        "POST", "/api/session/bridge", session.join_as_bridge, "session", errors=(401, 404, 409), access=_PUBLIC
    ),
    Route("POST", "/api/session/refresh", session.refresh_session, "session", errors=(401,), access=_PUBLIC),
    Route("DELETE", "/api/session", session.sign_out, "session", status=204, access=_PUBLIC),
    Route("GET", "/api/me", people.read_me, "me"),
    Route("PATCH", "/api/me", people.change_me, "me", errors=(403,)),
    Route("POST", "/api/me/password", people.change_my_password, "me", status=204, errors=(403,)),
    Route("GET", "/api/people", people.list_people, "people", errors=(403,)),
    Route("POST", "/api/people", people.add_person, "people", status=201, errors=(403, 409)),
    Route("PATCH", "/api/people/{person_id}", people.change_person, "people", errors=(403, 409)),
    Route(
        "POST", "/api/people/{person_id}/links", people.make_sign_in_link, "people", status=201, errors=(403, 409)
    ),
    Route("GET", "/api/bridges", bridges.list_bridges, "bridges", errors=(403,)),
    Route("POST", "/api/bridges", bridges.add_bridge, "bridges", status=201, errors=(403, 409)),
    Route("PATCH", "/api/bridges/{bridge_id}", bridges.change_bridge, "bridges", errors=(403, 409)),
    Route(
        "POST",
        "/api/bridges/{bridge_id}/join-code",
        bridges.make_join_code,
        "bridges",
        status=201,
        errors=(403, 409),
    ),
    Route("GET", "/api/meetings", meetings.list_meetings, "meetings"),
    Route("POST", "/api/meetings", meetings.create_meeting, "meetings", status=201, errors=(403, 409)),
    Route("GET", f"{_MEETING}/room", meetings.load_room, "meetings"),
    Route("POST", f"{_MEETING}/commands", meetings.send_command, "meetings", errors=(403, 409, 503)),
    Route("GET", f"{_MEETING}/journal", meetings.read_journal, "meetings"),
    Route("GET", f"{_MEETING}/polls/{{poll_id}}/turnout", meetings.read_turnout, "meetings"),
    Route(
        "PUT",
        f"{_MEETING}/papers",
        papers.upload_paper,
        "papers",
        status=201,
        errors=(403, 409, 503),
        takes=(ANY,),
    ),
    Route(
        "GET", "/api/papers/{paper_id}/pages", papers.read_pages, "papers", errors=(409, 416, 503), gives=(PDF,)
    ),
    Route(
        "GET",
        "/api/papers/{paper_id}/original",
        papers.download_original,
        "papers",
        errors=(416, 503),
        gives=("*/*",),
    ),
    Route("GET", f"{_MEETING}/minutes", minutes.read_minutes, "minutes", errors=(403,)),
    Route(
        "GET",
        f"{_MEETING}/minutes/pdf",
        minutes.read_minutes_pdf,
        "minutes",
        errors=(403, 409, 416, 503),
        gives=(PDF,),
    ),
    Route("POST", f"{_MEETING}/media", media.enter_conference, "conference", errors=(403, 409)),
    Route("GET", f"{_MEETING}/wall", media.read_wall, "conference", errors=(403,)),
    Route("GET", f"{_MEETING}/recordings", recordings.read_recordings, "conference", errors=(403,)),
    Route(
        "GET",
        f"{_MEETING}/recordings/{{part}}",
        recordings.play_recording,
        "conference",
        errors=(401, 403, 404, 409, 416),
        access=_PUBLIC,
        gives=("video/webm", "video/mp4"),
    ),
    Route("POST", "/api/verify", verify.verify_paper, "verify", access=_PUBLIC, takes=(PDF, ANY)),
)

OPERATIONS: tuple[Operation, ...] = tuple(operation(route) for route in ROUTES)

#: Named in the document for the web's types though no route gives them.
COMPONENTS: tuple[tuple[Any, TypeAdapter[Any]], ...] = (
    ("validation", TypeAdapter(s.Command)),
    ("serialization", TypeAdapter(s.Event)),
    ("serialization", TypeAdapter(s.Entry)),
    ("serialization", TypeAdapter(s.JournalMessage)),
    ("serialization", TypeAdapter(s.TurnoutMessage)),
    ("serialization", TypeAdapter(s.PresenceMessage)),
    ("serialization", TypeAdapter(s.PresentMessage)),
    ("serialization", TypeAdapter(s.LineMessage)),
    ("serialization", TypeAdapter(s.PictureMessage)),
    ("serialization", TypeAdapter(s.SeatMessage)),
    ("serialization", TypeAdapter(s.MovedMessage)),
)

"""Refusals and accidents as RFC 9457 problem documents: one table from fault to status, one of sentences.

What is theirs is explained; what is ours is logged with its traceback and shown as "internal".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler
from pydantic import TypeAdapter

from rooms.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from server.api import texts
from server.refusals import BadRequest, TooLarge, TooMany, Unauthenticated, Unavailable, UnsupportedType

PROBLEM_JSON = "application/problem+json"
TYPE_BASE = "urn:dienhong:problem:"

#: Whose fault it is decides the status; the code tells what happened.
STATUSES: dict[type[Refusal], int] = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    UnsupportedType: 415,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}

#: What aiohttp itself refuses.
CODES: dict[int, str] = {
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "json-wanted",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """RFC 9457. `code` is stable; `title` and `detail` are in the reader's language; `facts` fill the sentence."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    facts: dict[str, Any] = field(default_factory=dict)


_PROBLEM = TypeAdapter(Problem)
_log = structlog.get_logger("server.problems")


def status_of(refusal: Refusal) -> int:
    return next(STATUSES[kind] for kind in type(refusal).__mro__ if kind in STATUSES)


def problem_of(refusal: Refusal, locale: str) -> Problem:
    return problem(refusal.code, status_of(refusal), locale, refusal.facts)


def problem(code: str, status: int, locale: str, facts: dict[str, object] | None = None) -> Problem:
    facts = {name: _fact(value) for name, value in (facts or {}).items()}
    title, detail = texts.sentence(code, status, locale, facts)
    return Problem(f"{TYPE_BASE}{code}", title, status, code, detail, facts)


def _fact(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


def respond(told: Problem) -> web.Response:
    headers = {}
    if isinstance(told.facts.get("retry_after_s"), int):
        headers["Retry-After"] = str(told.facts["retry_after_s"])
    if told.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        body=_PROBLEM.dump_json(told), status=told.status, content_type=PROBLEM_JSON, headers=headers
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return respond(problem_of(refusal, texts.locale_of(request)))
    except HttpProcessingError:
        return respond(problem("bad-request", 400, texts.locale_of(request)))
    except web.HTTPException as refused:
        if refused.status < 400:
            raise
        response = respond(
            problem(CODES.get(refused.status, "bad-request"), refused.status, texts.locale_of(request))
        )
        if "Allow" in refused.headers:
            response.headers["Allow"] = refused.headers["Allow"]
        return response
    except (ConnectionError, TimeoutError) as error:
        if request.transport is None or request.transport.is_closing():
            raise
        return _internal(request, error)
    except Exception as error:
        return _internal(request, error)


def _internal(request: web.Request, error: Exception) -> web.Response:
    _log.error("internal error", method=request.method, path=request.path, exc_info=error)
    return respond(problem("internal", 500, texts.locale_of(request)))

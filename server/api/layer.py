"""The thin layer between aiohttp and typed handlers: validates by pydantic, answers JSON, writes OpenAPI 3.1.

A handler is `async def name(call, *path, query: Query[Q], body: Body[B], idempotency_key: Header[...]) -> R`;
everything about a route is read from that signature and its row in `routes.ROUTES`.
It knows no meeting and no person: `make_call` gives each handler its circumstances.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from rooms.errors import NotFound
from server.refusals import BadRequest, UnsupportedType

T = TypeVar("T")


class Where(StrEnum):
    QUERY = "query"
    BODY = "body"
    HEADER = "header"


Query = Annotated[T, Where.QUERY]
Body = Annotated[T, Where.BODY]
Header = Annotated[T, Where.HEADER]

Handler = Callable[..., Awaitable[object]]
JSON = "application/json"


class Access(StrEnum):
    """Who may call at all; what exactly is allowed is asked for in the rules."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table. `errors`: statuses beside 400, 401, 422, 429. `takes`: a raw body's media types."""

    method: str
    path: str
    handler: Handler
    tag: str
    status: int = 200
    errors: tuple[int, ...] = ()
    access: Access = Access.SIGNED_IN
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = (JSON,)


@dataclass(slots=True)
class Operation:
    """A route with what its handler's signature says."""

    route: Route
    path_parts: dict[str, TypeAdapter[Any]] = field(default_factory=dict)
    headers: dict[str, TypeAdapter[Any]] = field(default_factory=dict)
    query: tuple[str, type[BaseModel]] | None = None
    body: tuple[str, TypeAdapter[Any]] | None = None
    answer: TypeAdapter[Any] | None = None

    @property
    def name(self) -> str:
        return getattr(self.route.handler, "__name__", "")

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.route.handler) or self.name).split("\n")[0].rstrip(".")


def operation(route: Route) -> Operation:
    """Reads the signature. Raises: TypeError when the path and the parameters differ."""
    op = Operation(route)
    hints = get_type_hints(route.handler, include_extras=True)
    for name, hint in hints.items():
        if name == "call":
            continue
        if name == "return":
            if hint is not type(None) and not _is_response(hint):
                op.answer = TypeAdapter(hint)
            continue
        match _where(hint):
            case None:
                op.path_parts[name] = TypeAdapter(hint)
            case Where.QUERY:
                op.query = (name, get_args(hint)[0])
            case Where.BODY:
                op.body = (name, _adapter(get_args(hint)[0]))
            case Where.HEADER:
                op.headers[name] = TypeAdapter(get_args(hint)[0])
    if set(op.path_parts) != set(re.findall(r"{([^}:]+)", route.path)):
        raise TypeError(f"{route.path} and {op.name} differ")
    return op


def handler_of(
    op: Operation, make_call: Callable[[web.Request, Access], Awaitable[object]]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    @functools.wraps(op.route.handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        call = await make_call(request, op.route.access)
        given = _path_values(op, request) | _checked(op, request)
        if op.body is not None:
            given[op.body[0]] = await _body(op.body[1], request)
        result = await op.route.handler(call, **given)
        if isinstance(result, web.StreamResponse):
            return result
        if op.answer is None:
            return web.Response(status=op.route.status)
        return web.Response(body=op.answer.dump_json(result), status=op.route.status, content_type=JSON)

    return handle


def add_routes(
    app: web.Application,
    operations: Sequence[Operation],
    make_call: Callable[[web.Request, Access], Awaitable[object]],
) -> None:
    for op in operations:
        app.router.add_route(op.route.method, op.route.path, handler_of(op, make_call))


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Values of `rooms` know no pydantic: that nothing unknown is taken is said here. Models say it themselves."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return TypeAdapter(kind)
    return TypeAdapter(kind, config=ConfigDict(extra="forbid"))


def _where(hint: object) -> Where | None:
    return next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Where)), None)


def _is_response(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, web.StreamResponse)


def _path_values(op: Operation, request: web.Request) -> dict[str, Any]:
    """What is no id names nothing. Raises: NotFound."""
    try:
        return {name: ta.validate_strings(request.match_info[name]) for name, ta in op.path_parts.items()}
    except ValidationError:
        raise NotFound("not-found", "no such address") from None


def _checked(op: Operation, request: web.Request) -> dict[str, Any]:
    """Query and headers. Raises: BadRequest with every fault."""
    values: dict[str, Any] = {}
    faults: list[dict[str, object]] = []
    for name, adapter in op.headers.items():
        try:
            values[name] = adapter.validate_python(request.headers.get(header_name(name)))
        except ValidationError as error:
            faults += _faults(error, "header", header_name(name))
    known = set(op.query[1].model_fields) if op.query else set()
    faults += [
        {"where": ["query", name], "message": "unknown parameter", "type": "extra_forbidden"}
        for name in sorted(set(request.query) - known)
    ]
    faults += [
        {"where": ["query", name], "message": "given more than once", "type": "repeated"}
        for name in sorted(known)
        if len(request.query.getall(name, [])) > 1
    ]
    if op.query:
        try:
            values[op.query[0]] = op.query[1].model_validate_strings(dict(request.query))
        except ValidationError as error:
            faults += _faults(error, "query")
    if faults:
        raise BadRequest("bad-request", "query or headers do not fit", errors=faults)
    return values


async def _body(adapter: TypeAdapter[Any], request: web.Request) -> object:
    if request.content_type != JSON:
        raise UnsupportedType("json-wanted", "the body must be application/json")
    raw = await request.read()
    try:
        try:
            return adapter.validate_json(raw, strict=True)
        except ValidationError as error:
            if all(e["type"] != "int_type" for e in error.errors(include_context=False, include_input=False)):
                raise
            return adapter.validate_json(to_json(_whole_numbers(from_json(raw))), strict=True)
    except ValidationError as error:
        raise BadRequest("bad-request", "the body does not fit", errors=_faults(error, "body")) from None


def _whole_numbers(value: Any) -> Any:
    """JSON has one kind of number: 30.0 is the integer 30 to JSON Schema, though not to a strict parser."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_whole_numbers(v) for v in value]
        case dict():
            return {k: _whole_numbers(v) for k, v in value.items()}
        case _:
            return value


def header_name(parameter: str) -> str:
    return "-".join(part.capitalize() for part in parameter.split("_"))


def _faults(error: ValidationError, *where: str) -> list[dict[str, object]]:
    return [
        {"where": [*where, *map(str, e["loc"])], "message": e["msg"], "type": e["type"]}
        for e in error.errors(include_url=False, include_context=False, include_input=False)[:20]
    ]

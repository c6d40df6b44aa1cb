"""The OpenAPI 3.1 document, made from the same adapters that validate and answer.

`python -m server.api.openapi` prints it; `web/openapi.json` is that text, and a test holds it current.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from server.api.layer import JSON, Access, Operation, header_name
from server.api.problems import PROBLEM_JSON, Problem

REF = "#/components/schemas/{model}"
_ALWAYS = (400, 422, 429)


class Schemas(GenerateJsonSchema):
    """What we send always has every field, whatever defaults it was made with."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


def document(
    operations: Sequence[Operation], components: Sequence[tuple[str, TypeAdapter[Any]]] = ()
) -> dict[str, Any]:
    """`components`: further values to name, each for "serialization" (sent) or "validation" (taken)."""
    keyed: list[tuple[Any, Any, TypeAdapter[Any]]] = []
    for op in operations:
        keyed += [((op.name, "path", n), "validation", ta) for n, ta in op.path_parts.items()]
        keyed += [((op.name, "header", n), "validation", ta) for n, ta in op.headers.items()]
        if op.query:
            keyed.append(((op.name, "query", ""), "validation", TypeAdapter(op.query[1])))
        if op.body:
            keyed.append(((op.name, "body", ""), "validation", op.body[1]))
        if op.answer:
            keyed.append(((op.name, "answer", ""), "serialization", op.answer))
    keyed += [(("", "component", str(n)), mode, ta) for n, (mode, ta) in enumerate(components)]
    keyed.append((("", "problem", ""), "serialization", TypeAdapter(Problem)))
    made, definitions = TypeAdapter.json_schemas(keyed, ref_template=REF, schema_generator=Schemas)
    schemas = {key: value for (key, _), value in made.items()}
    named = definitions.get("$defs", {})
    for schema in named.values():
        _require_kind(schema)
    paths: dict[str, Any] = {}
    for op in operations:
        paths.setdefault(op.route.path, {})[op.route.method.lower()] = _describe(op, schemas, named)
    used = {op.query[1].__name__ for op in operations if op.query}
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Diên Hồng", "version": "1", "description": "Paperless meetings and conferences."},
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in named.items() if name not in used},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    renamed: dict[str, Any] = json.loads(_plain_names(json.dumps(whole)))
    return renamed


def _require_kind(schema: dict[str, Any]) -> None:
    """What tells the members of a union apart is always there, though Python gives it by default."""
    kind = schema.get("properties", {}).get("kind", {})
    if "const" in kind:
        kind.pop("default", None)
        schema["required"] = sorted({*schema.get("required", ()), "kind"})


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    """A query or header that is left out is left out: it cannot be null."""
    choices = [s for s in schema.get("anyOf", ()) if s.get("type") != "null"]
    rest = {
        k: v
        for k, v in schema.items()
        if k not in ("anyOf", "default", "title") or (k == "default" and v is not None)
    }
    return {**rest, **choices[0]} if len(choices) == 1 else rest


def _plain_names(text: str) -> str:
    """`Details-Output` is Details; `Details-Input`, which lets defaults be left out, is DetailsInput."""
    return re.sub(r'(["/])(\w+)-Output"', r'\1\2"', re.sub(r'(["/])(\w+)-Input"', r'\1\2Input"', text))


def _describe(op: Operation, schemas: dict[Any, Any], named: dict[str, Any]) -> dict[str, Any]:
    route = op.route
    told: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.summary,
        "tags": [route.tag],
        "parameters": _parameters(op, schemas, named),
        "responses": {str(route.status): _success(op, schemas)},
    }
    if op.body:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas[op.name, "body", ""]}}}
    elif route.takes:
        raw = {"type": "string", "format": "binary"}
        told["requestBody"] = {"required": True, "content": {media: {"schema": raw} for media in route.takes}}
    if route.access is Access.SIGNED_IN:
        told["security"] = [{"bearer": []}]
    for status in sorted(_errors(op)):
        told["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": {"$ref": REF.format(model="Problem")}}},
        }
    return told


def _errors(op: Operation) -> set[int]:
    errors = {*_ALWAYS, *op.route.errors}
    if op.route.access is Access.SIGNED_IN:
        errors.add(401)
    if op.path_parts:
        errors.add(404)
    if op.body or op.route.takes:
        errors |= {413, 415}
    return errors


def _parameters(op: Operation, schemas: dict[Any, Any], named: dict[str, Any]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"name": n, "in": "path", "required": True, "schema": schemas[op.name, "path", n]} for n in op.path_parts
    ]
    if op.query:
        schema = schemas[op.name, "query", ""]
        if "$ref" in schema:
            schema = named[schema["$ref"].rsplit("/", 1)[1]]
        for name, part in schema.get("properties", {}).items():
            required = name in schema.get("required", ())
            told.append({"name": name, "in": "query", "required": required, "schema": _bare(part)})
    for name in op.headers:
        schema = _bare(schemas[op.name, "header", name])
        told.append({"name": header_name(name), "in": "header", "required": False, "schema": schema})
    return told


def _success(op: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": HTTPStatus(op.route.status).phrase}
    if op.answer:
        told["content"] = {JSON: {"schema": schemas[op.name, "answer", ""]}}
    elif op.route.gives != (JSON,):
        told["content"] = {media: {"schema": {"type": "string", "format": "binary"}} for media in op.route.gives}
    return told


def text() -> str:
    from server.api.routes import COMPONENTS, OPERATIONS

    return json.dumps(document(OPERATIONS, COMPONENTS), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())

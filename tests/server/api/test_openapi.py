"""The document the web's client is made from: valid, current, and true to the table of routes."""

from __future__ import annotations

import json
from pathlib import Path

from openapi_spec_validator import validate

from server.api import openapi
from server.api.routes import OPERATIONS

KEPT = Path(__file__).resolve().parents[3] / "web" / "openapi.json"


def test_is_valid_openapi() -> None:
    validate(json.loads(openapi.text()))


def test_the_kept_document_is_current() -> None:
    assert KEPT.read_text() == openapi.text(), "run: python -m server.api.openapi > web/openapi.json"


def test_every_operation_has_a_name_and_a_summary_of_its_own() -> None:
    names = [op.name for op in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(op.summary != op.name for op in OPERATIONS)


def test_unions_are_told_apart_by_kind_and_what_we_send_is_whole() -> None:
    schemas = json.loads(openapi.text())["components"]["schemas"]
    for union in ("Command", "Event"):
        assert schemas[union]["discriminator"]["propertyName"] == "kind"
        members = [ref["$ref"].rsplit("/", 1)[1] for ref in schemas[union]["oneOf"]]
        assert all("kind" in schemas[name]["required"] for name in members)
    for sent in ("Room", "Entry", "Minutes", "Poll", "Details"):
        assert set(schemas[sent]["required"]) == set(schemas[sent]["properties"])
    assert schemas["AddItem"]["additionalProperties"] is False

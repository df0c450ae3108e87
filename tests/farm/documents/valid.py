"""Holding what a command printed against the schema of its document."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema

from farm.documents import DOCUMENTS
from farm.documents.base import json_schema


def valid(printed: str) -> dict[str, Any]:
    """What was printed as a document; every field is declared, none is missing, and each is of its type."""
    document: dict[str, Any] = json.loads(printed)
    assert next(iter(document)) == "schema"
    _validator(document["schema"]).validate(document)
    return document


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json_schema(DOCUMENTS[name], strict=True)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())

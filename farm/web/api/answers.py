"""Answers of the API: a document with its schema first, as ``--json`` prints it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from farm.documents import DOCUMENTS
from farm.documents.base import Declared, opened
from farm.documents.details import Failure
from farm.web.answer import answer

_REFERENCE = "#/components/schemas/{name}"


def answers(
    document: type[Declared], status: int = 200, text: str = "The document."
) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI is to say of a route: ``document`` is what it answers with this status."""
    schema = {"$ref": _REFERENCE.format(name=document.__name__)}
    return {status: {"description": text, "content": {"application/json": {"schema": schema}}}}


#: What every route may answer too.
ERRORS: dict[int | str, dict[str, Any]] = {
    **answers(Failure, 401, "The token is missing."),
    **answers(Failure, 404, "There is no such commit, architecture or device."),
    **answers(Failure, 422, "The question is wrong."),
    **answers(Failure, 503, "The database, the inventory or the repository cannot be read."),
}


class Described(FastAPI):
    """An application whose OpenAPI has the documents as they are declared."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            made = super().openapi()
            named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(made["paths"])))
            answered = [document for document in DOCUMENTS.values() if document.__name__ in named]
            _, declared = msgspec.json.schema_components(answered, ref_template=_REFERENCE)
            made["components"] = {"schemas": opened(declared)}
        assert self.openapi_schema is not None
        return self.openapi_schema


def document(request: Request, schema: str, found: dict[str, Any]) -> Response:
    """``found`` as JSON."""
    text = json.dumps({"schema": schema, **found}, default=str, allow_nan=False, separators=(",", ":"))
    return answer(request, text, "application/json")

"""Answers of the API: a document with its schema first, as ``--json`` prints it."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from farm.web.answer import answer


class ErrorDocument(TypedDict):
    """Why there is no document of what was asked for, in one line."""

    schema: str
    status: int
    error: str


#: What every route may answer too.
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorDocument, "description": text}
    for status, text in (
        (401, "The token is missing."),
        (404, "There is no such commit, architecture or device."),
        (422, "The question is wrong."),
        (503, "The database, the inventory or the repository cannot be read."),
    )
}


def document(request: Request, schema: str, found: dict[str, Any]) -> Response:
    """``found`` as JSON."""
    text = json.dumps({"schema": schema, **found}, default=str, allow_nan=False, separators=(",", ":"))
    return answer(request, text, "application/json")

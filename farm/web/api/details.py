"""``/api/attempts/ID``, ``/api/submissions/ID`` and ``/api/devices/TYPE/units/NAME``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from farm.answers.details import attempt_document, submission_document, unit_record_document
from farm.answers.schemas import ATTEMPT_SCHEMA, SUBMISSION_SCHEMA, UNIT_SCHEMA
from farm.clock import utc_now
from farm.details.attempt import read_attempt
from farm.details.submission import read_submission
from farm.details.unit import read_unit
from farm.documents import details
from farm.web.api.answers import ERRORS, answers, document
from farm.web.api.asked import NothingAsked
from farm.web.opened import Opened


def router(opened: Opened) -> APIRouter:
    """One thing whole."""
    made = APIRouter(responses=ERRORS, tags=["details"])

    @made.get("/attempts/{attempt}", responses=answers(details.Attempt), summary="All the evidence of one attempt")
    def one_attempt(request: Request, attempt: str, asked: Annotated[NothingAsked, Query()]) -> Response:
        with opened.read() as session:
            found = read_attempt(session, attempt)
        return document(request, ATTEMPT_SCHEMA, attempt_document(found))

    @made.get("/submissions/{submission}", responses=answers(details.Submission), summary="Where a submission stands")
    def one_submission(request: Request, submission: str, asked: Annotated[NothingAsked, Query()]) -> Response:
        attended = opened.settings.broker_url is not None
        with opened.read() as session:
            found = read_submission(session, opened.inventory, submission, utc_now(), attended=attended)
        return document(request, SUBMISSION_SCHEMA, submission_document(found))

    @made.get("/devices/{device}/units/{unit:path}", responses=answers(details.UnitRecord), summary="All of one unit")
    def one_unit(request: Request, device: str, unit: str, asked: Annotated[NothingAsked, Query()]) -> Response:
        with opened.read() as session:
            found = unit_record_document(read_unit(session, opened.inventory, device, unit, utc_now()))
        return document(request, UNIT_SCHEMA, found)

    return made

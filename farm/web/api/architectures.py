"""``/api/status/NAME`` and ``/api/history/NAME``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from farm.answers.history import history_document
from farm.answers.reading import status_document
from farm.answers.schemas import HISTORY_SCHEMA, STATUS_SCHEMA
from farm.clock import utc_now
from farm.commits.naming import find_recorded
from farm.documents import reading
from farm.errors import NotFoundError
from farm.reading.status import read_status
from farm.table.history import read_history
from farm.web.api.answers import ERRORS, answers, document
from farm.web.api.asked import HistoryAsked, StatusAsked
from farm.web.opened import Opened


def router(opened: Opened) -> APIRouter:
    """One architecture, at a commit and at all of them."""
    made = APIRouter(responses=ERRORS, tags=["architecture"])

    @made.get("/status/{name}", responses=answers(reading.Status), summary="One architecture on every device")
    def status(request: Request, name: str, asked: Annotated[StatusAsked, Query()]) -> Response:
        inventory, attended = opened.inventory, opened.settings.broker_url is not None
        with opened.read() as session:
            commit = find_recorded(session, opened.repository, asked.commit)
            found = read_status(
                session,
                inventory,
                commit,
                name,
                utc_now(),
                kind=asked.kind,
                attended=attended,
                choose="kind=",
            )
        return document(request, STATUS_SCHEMA, status_document(found))

    @made.get("/history/{name}", responses=answers(reading.History), summary="One architecture at every commit")
    def history(request: Request, name: str, asked: Annotated[HistoryAsked, Query()]) -> Response:
        inventory = opened.inventory
        for device in asked.device:
            if device not in inventory.devices:
                raise NotFoundError("device", device, inventory.devices)
        with opened.read() as session:
            found = read_history(session, inventory, name, asked.kind, asked.limit)
        return document(request, HISTORY_SCHEMA, history_document(found, asked.device or found.devices))

    return made

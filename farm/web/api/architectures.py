"""``/api/status/NAME`` and ``/api/history/NAME``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from farm.cli.documents import HISTORY_SCHEMA, STATUS_SCHEMA, status_document
from farm.cli.history import document as history_document
from farm.clock import utc_now
from farm.commits.naming import find_recorded
from farm.errors import NotFoundError, UsageError
from farm.history import read_history
from farm.job_list import newest_jobs
from farm.recorded import architecture_names
from farm.table import build_table
from farm.web.api.answers import ERRORS, document
from farm.web.api.asked import HistoryAsked, StatusAsked
from farm.web.api.documents import HistoryDocument, StatusDocument
from farm.web.opened import Opened


def router(opened: Opened) -> APIRouter:
    """One architecture, at a commit and at all of them."""
    made = APIRouter(responses=ERRORS, tags=["architecture"])

    @made.get("/status/{name}", response_model=StatusDocument, summary="One architecture on every device")
    def status(request: Request, name: str, asked: Annotated[StatusAsked, Query()]) -> Response:
        inventory, attended = opened.inventory, opened.settings.broker_url is not None
        with opened.read() as session:
            commit = find_recorded(session, opened.repository, asked.commit)
            rows = [r for r in build_table(session, commit, inventory, name).rows if asked.kind in (None, r.kind)]
            if not rows:
                raise NotFoundError("architecture", name, architecture_names(session, commit))
            if len(rows) > 1:
                raise UsageError(f"{name!r} is the name of several: say kind={' or '.join(r.kind for r in rows)}")
            (row,) = rows
            jobs = newest_jobs(session, inventory, utc_now(), commit, row.kind, row.name, attended=attended)
        told = {device: job for device, job in jobs.items() if row.cells[device].state == job.state}
        return document(request, STATUS_SCHEMA, status_document(row, commit, told))

    @made.get("/history/{name}", response_model=HistoryDocument, summary="One architecture at every commit")
    def history(request: Request, name: str, asked: Annotated[HistoryAsked, Query()]) -> Response:
        inventory = opened.inventory
        for device in asked.device:
            if device not in inventory.devices:
                raise NotFoundError("device", device, inventory.devices)
        with opened.read() as session:
            found = read_history(session, inventory, name, asked.kind, asked.limit)
        return document(request, HISTORY_SCHEMA, history_document(found, asked.device or found.devices))

    return made

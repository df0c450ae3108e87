"""``/healthz``: whether the database answers, and how long ago a coordinator gave a sign of life."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from sqlalchemy import func, select
from starlette.responses import JSONResponse

from farm.clock import utc_now
from farm.database.models import CoordinatorRow
from farm.documents.details import Healthz
from farm.errors import InfrastructureError
from farm.web.api.answers import answers
from farm.web.opened import Opened

HEALTH_SCHEMA = "farm-health/1"
#: What it answers, by status.
HEALTHY = answers(Healthz) | answers(Healthz, HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be read.")


def router(opened: Opened) -> APIRouter:
    """200, or 503 where the database cannot be read; what age of a coordinator is too much, the monitor knows."""
    made = APIRouter()

    @made.get("/healthz", responses=HEALTHY, summary="Whether the pages can read", tags=["health"])
    def healthz() -> JSONResponse:
        try:
            with opened.read() as session:
                seen = session.scalar(select(func.max(CoordinatorRow.seen)))
        except InfrastructureError:
            return JSONResponse(
                {"schema": HEALTH_SCHEMA, "database": "away", "coordinator_age_s": None}, HTTPStatus.SERVICE_UNAVAILABLE
            )
        age = max(0.0, (utc_now() - seen).total_seconds()) if seen else None
        return JSONResponse({"schema": HEALTH_SCHEMA, "database": "good", "coordinator_age_s": age})

    return made

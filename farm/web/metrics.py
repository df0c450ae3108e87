"""``/metrics``: the farm's metrics, as Prometheus reads them; what ``farm metrics`` prints."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter
from starlette.responses import Response

from farm.clock import utc_now
from farm.metrics.exposition import CONTENT_TYPE, exposition
from farm.metrics.reading import read_figures
from farm.web.opened import Opened


def router(opened: Opened) -> APIRouter:
    """200 with all of them; an error where the database cannot be read, so that the scrape counts as failed."""
    made = APIRouter()

    @made.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        with opened.read() as session:
            figures = read_figures(session, opened.inventory.devices, version("device-farm"), utc_now())
        return Response(exposition(figures), media_type=CONTENT_TYPE)

    return made

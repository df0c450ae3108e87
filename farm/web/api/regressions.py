"""``/api/regressions`` and ``/api/regressions/NUMBER``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from farm.answers.regressions import regression_document, regressions_document
from farm.answers.schemas import REGRESSION_SCHEMA, REGRESSIONS_SCHEMA
from farm.clock import utc_now
from farm.documents import regressed
from farm.regressions.listing import list_regressions, show_regression
from farm.table.filter import TableFilter
from farm.web.api.answers import ERRORS, answers, document
from farm.web.api.asked import NothingAsked, RegressionsAsked
from farm.web.opened import Opened


def router(opened: Opened) -> APIRouter:
    """What turned from passing to failing."""
    made = APIRouter(responses=ERRORS, tags=["regressions"])

    @made.get("/regressions", responses=answers(regressed.Regressions), summary="What worked and does not any more")
    def regressions(request: Request, asked: Annotated[RegressionsAsked, Query()]) -> Response:
        inventory = opened.inventory
        for device in asked.device:
            inventory.device(device)  # raises where there is none
        TableFilter(kinds=tuple(asked.kind))  # refuses what is none
        with opened.read() as session:
            found = list_regressions(
                session,
                inventory,
                utc_now(),
                everything=asked.all,
                devices=asked.device,
                kinds=asked.kind,
                branch=asked.branch,
            )
            said = regressions_document(found)
        return document(request, REGRESSIONS_SCHEMA, said)

    @made.get(
        "/regressions/{number}",
        responses=answers(regressed.OneRegression),
        summary="One regression with all of its evidence",
    )
    def one_regression(
        request: Request,
        number: Annotated[int, Path(ge=1, lt=1 << 31, description="Its number.")],
        asked: Annotated[NothingAsked, Query()],
    ) -> Response:
        with opened.read() as session:
            said = regression_document(show_regression(session, opened.inventory, number, utc_now()))
        return document(request, REGRESSION_SCHEMA, said)

    return made

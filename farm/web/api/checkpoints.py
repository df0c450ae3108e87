"""``/api/checkpoints`` and ``/api/checkpoints/ID``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from farm.answers.checkpoints import checkpoint_document
from farm.answers.schemas import CHECKPOINT_SCHEMA, CHECKPOINTS_SCHEMA
from farm.documents import upkeep
from farm.errors import UsageError
from farm.web.api.answers import ERRORS, answers, document
from farm.web.api.asked import CheckpointsAsked, NothingAsked
from farm.web.opened import Opened
from mcore.checkpoints import FilterError


def router(opened: Opened) -> APIRouter:
    """Of the store of checkpoints; where there is none, there are no checkpoints."""
    made = APIRouter(responses=ERRORS, tags=["checkpoints"])

    @made.get("/checkpoints", responses=answers(upkeep.Checkpoints), summary="The checkpoints that a filter finds")
    def checkpoints(request: Request, asked: Annotated[CheckpointsAsked, Query()]) -> Response:
        try:
            found = opened.stores.search(asked.filter, asked.limit) or []
        except FilterError as error:
            raise UsageError(str(error)) from None
        return document(request, CHECKPOINTS_SCHEMA, {"checkpoints": [checkpoint_document(each) for each in found]})

    @made.get("/checkpoints/{checkpoint}", responses=answers(upkeep.OneCheckpoint), summary="All of one checkpoint")
    def one_checkpoint(request: Request, checkpoint: str, asked: Annotated[NothingAsked, Query()]) -> Response:
        found, path = opened.stores.checkpoint(checkpoint)
        said = {"file": str(path), "checkpoint": msgspec.to_builtins(found)}
        return document(request, CHECKPOINT_SCHEMA, said)

    return made

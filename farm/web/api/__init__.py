"""The API: what the reading commands print with ``--json``, by the same functions, read-only."""

from __future__ import annotations

from fastapi import APIRouter

from farm.web.api import architectures, checkpoints, details, lists, regressions, tables
from farm.web.opened import Opened

PREFIX = "/api"


def router(opened: Opened) -> APIRouter:
    """All of it, below ``/api``."""
    made = APIRouter(prefix=PREFIX)
    for part in (tables, architectures, lists, regressions, details, checkpoints):
        made.include_router(part.router(opened))
    return made

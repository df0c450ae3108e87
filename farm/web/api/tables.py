"""``/api/table`` and ``/api/diff``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from farm.answers.diff import diff_document
from farm.answers.reading import table_document
from farm.answers.schemas import DIFF_SCHEMA, TABLE_SCHEMA
from farm.commits.naming import find_recorded
from farm.documents import reading
from farm.table.diff import compare
from farm.table.filter import TableFilter
from farm.table.table import build_differing, build_table
from farm.web.api.answers import ERRORS, answers, document
from farm.web.api.asked import DiffAsked, TableAsked
from farm.web.opened import Opened


def router(opened: Opened) -> APIRouter:
    """What is known of a commit, and what became of it since another."""
    made = APIRouter(responses=ERRORS, tags=["table"])

    @made.get("/table", responses=answers(reading.Table), summary="The support table of a commit")
    def table(request: Request, asked: Annotated[TableAsked, Query()]) -> Response:
        wanted = asked.filter()
        with opened.read() as session:
            key = find_recorded(session, opened.repository, asked.commit)
            made = wanted.apply(build_table(session, key, opened.inventory))
        return document(request, TABLE_SCHEMA, table_document(made))

    @made.get("/diff", responses=answers(reading.Diff), summary="What became better and worse between two commits")
    def diff(request: Request, asked: Annotated[DiffAsked, Query()]) -> Response:
        wanted, inventory = TableFilter(tuple(asked.device), tuple(asked.kind)), opened.inventory
        with opened.read() as session:
            older, newer = (find_recorded(session, opened.repository, named) for named in (asked.before, asked.after))
            before, after = build_differing(session, older, newer, inventory)
        made = compare(wanted.apply(before), wanted.apply(after), asked.slower_by)
        return document(request, DIFF_SCHEMA, diff_document(made))

    return made

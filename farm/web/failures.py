"""What an error looks like: a page to a reader, a document to a program; neither says more of a mistake of the farm's own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from farm.errors import ExitCode, FarmError
from farm.source.errors import SourceError
from farm.web.links import Links
from farm.web.security import ERROR_SCHEMA

log = logging.getLogger(__name__)

OWN_MISTAKE = "the farm made a mistake of its own; its log says which"
NO_SUCH_PAGE = "there is no such page"
STATUS = {ExitCode.USAGE: HTTPStatus.UNPROCESSABLE_ENTITY, ExitCode.NOT_FOUND: HTTPStatus.NOT_FOUND}


def status_of(error: FarmError | SourceError) -> HTTPStatus:
    """The HTTP status of an error of the farm, by the exit code of a command that it ends."""
    return STATUS.get(ExitCode(error.exit_code), HTTPStatus.SERVICE_UNAVAILABLE)


class Failures:
    """Answers errors in the form of what was asked for.

    Args:
        environment: of templates.
        paths: the path of every page, by name.
    """

    def __init__(self, environment: Environment, paths: Mapping[str, str]) -> None:
        self._environment, self._paths = environment, paths

    def install(self, app: FastAPI) -> None:
        """For what ``app`` itself finds wrong, and for the errors of the farm."""
        for kind in (FarmError, SourceError, HTTPException, RequestValidationError):
            app.add_exception_handler(kind, self._known)

    def mistake(self, request: Request, error: Exception) -> Response:
        """The answer to what should not have happened."""
        log.error("%s %s", request.method, request.url.path, exc_info=error)
        return self._said(request, HTTPStatus.INTERNAL_SERVER_ERROR, OWN_MISTAKE)

    async def _known(self, request: Request, error: Exception) -> Response:
        match error:
            case HTTPException():
                missing = error.status_code == HTTPStatus.NOT_FOUND
                answered = self._said(
                    request, HTTPStatus(error.status_code), NO_SUCH_PAGE if missing else str(error.detail)
                )
                answered.headers.update(error.headers or {})
                return answered
            case RequestValidationError():
                texts = [f"{'.'.join(str(p) for p in found['loc'][1:])}: {found['msg']}" for found in error.errors()]
                return self._said(request, HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(texts))
            case _:
                assert isinstance(error, FarmError | SourceError)
                return self._said(request, status_of(error), str(error))

    def _said(self, request: Request, status: HTTPStatus, error: str) -> Response:
        path = request.url.path.lstrip("/")
        if path.startswith("api/") or path == "healthz":
            return JSONResponse({"schema": ERROR_SCHEMA, "status": int(status), "error": error}, status)
        links = Links(self._paths, path)
        page = self._environment.get_template("error.html").render(
            link=links.to, links=links, status=int(status), title=status.phrase, error=error
        )
        return HTMLResponse(page, status)

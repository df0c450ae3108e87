"""The application: every page of :data:`~farm.web.pages.PAGES`, the API, and what a monitor asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from farm.settings import Settings
from farm.web import api, health, metrics
from farm.web.answer import answer
from farm.web.api.answers import Described
from farm.web.failures import Failures
from farm.web.links import address
from farm.web.opened import Opened
from farm.web.page import Moved, Page, Said
from farm.web.pages import PAGES
from farm.web.security import Guard
from farm.web.site import Site
from farm.web.templating import style

#: Seconds for which a browser does not ask for the style sheet again.
STYLE_AGE_S = 300
SEE_OTHER = 303
#: Bytes from which on an answer is compressed: a table of ten thousand cells is a fifteenth of its size then.
PACKED_FROM = 4096


def create_app(settings: Settings, pages: Sequence[Page] = PAGES) -> FastAPI:
    """The pages and the API of the farm of ``settings``; nothing is opened before the first request.

    Whatever else is to be served is a router of its own, and one more line here.
    """
    opened = Opened(settings)
    site = Site(opened, pages)
    failures = Failures(site.environment, site.paths)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        opened.close()

    app = Described(
        title="Device farm",
        version=version("device-farm"),
        summary="Which networks work on which device, at which commit. Nothing here changes anything.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # both would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    failures.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=PACKED_FROM, compresslevel=3)
    app.add_middleware(Guard, token=settings.pages_token, failure=failures.mistake)
    app.include_router(health.router(opened))
    app.include_router(metrics.router(opened))
    app.include_router(api.router(opened))
    app.add_api_route("/style.css", _style, methods=["GET", "HEAD"], include_in_schema=False)
    for page in pages:
        app.add_api_route(f"/{page.path}", _endpoint(site, page), methods=["GET", "HEAD"], include_in_schema=False)
    return app


def _endpoint(site: Site, page: Page) -> Callable[[Request], Response]:
    def show(request: Request) -> Response:
        parameters = {name: str(value) for name, value in request.path_params.items()}
        query = {name: request.query_params.getlist(name) for name in request.query_params}
        shown = site.show(page, parameters, query)
        if isinstance(shown, Moved):
            here = address(page.path, parameters)
            return RedirectResponse(site.link(here, shown.page, shown.query, shown.parameters), SEE_OTHER)
        if isinstance(shown, Said):
            return HTMLResponse(shown.html, shown.status)
        return answer(request, shown)

    return show


def _style(request: Request) -> Response:
    found = answer(request, style(), "text/css")
    found.headers["Cache-Control"] = f"max-age={STYLE_AGE_S}"
    return found

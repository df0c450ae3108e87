"""All pages, with what they read from: shown one by one to who asks, or all at once into files."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager

from farm.clock import utc_now
from farm.web.links import Links, Query, address
from farm.web.opened import Opened
from farm.web.page import Page, Scope, Shown, View
from farm.web.templating import make_environment


class Site:
    """The pages of one farm.

    Args:
        opened: what they read from.
        pages: all there are.
    """

    def __init__(self, opened: Opened, pages: Sequence[Page]) -> None:
        self.opened, self.pages = opened, tuple(pages)
        self.paths = {page.name: page.path for page in pages}
        self.environment = make_environment(pages)

    @contextmanager
    def view(
        self,
        page: Page,
        here: str,
        query: Mapping[str, Sequence[str]] | None = None,
        exported: Container[str] | None = None,
        scope: Scope = (),
    ) -> Iterator[View]:
        """What a page at the address ``here`` reads with; see :class:`View` and :class:`~farm.web.links.Links`."""
        with self.opened.read() as session:
            yield View(
                page=page,
                session=session,
                inventory=self.opened.inventory,
                repository=self.opened.repository,
                stores=self.opened.stores,
                now=utc_now(),
                attended=self.opened.settings.broker_url is not None,
                links=Links(self.paths, here, exported),
                query=query or {},
                environment=self.environment,
                scope=scope,
            )

    def show(
        self,
        page: Page,
        parameters: Mapping[str, str],
        query: Mapping[str, Sequence[str]] | None = None,
        exported: Container[str] | None = None,
        scope: Scope = (),
    ) -> Shown:
        """One page, or which other one has what is asked for.

        Raises:
            FarmError: there is no such page, its query is wrong, or it cannot be read.
        """
        page.check(query or {})
        with self.view(page, address(page.path, parameters), query, exported, scope) as view:
            return page.show(view, **parameters)

    def link(self, here: str, page: str, query: Query, parameters: Mapping[str, str]) -> str:
        """The link from an address to a page that there is."""
        found = Links(self.paths, here).to(page, query, **parameters)
        assert found is not None, f"there is no page {page}"
        return found

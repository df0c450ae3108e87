"""What a page is: a name, a path, and a function from a :class:`View` to HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jinja2 import Environment
from sqlalchemy.orm import Session

from farm.errors import UsageError, near
from farm.git import Repository
from farm.inventory import Inventory
from farm.web.links import Links, Query
from farm.web.stores import Stores

#: The commits that a static site is of, by their keys; the first is that of its front page.
Scope = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """All that a page reads with, and renders by.

    Args:
        page: that is made.
        session: reads only; it is closed when the page is done, so a template is given values, not rows.
        inventory: as the file is now.
        repository: that the farm stands in.
        stores: of artifacts, code and checkpoints.
        now: the moment that the page is of.
        attended: units are hosts of their own, on a broker.
        links: to the other pages.
        query: what the page was asked, every value of each name.
        environment: of templates.
        scope: of a page that is exported, the commits that the site is of; empty for one that is served.
    """

    page: Page
    session: Session
    inventory: Inventory
    repository: Repository
    stores: Stores
    now: datetime
    attended: bool
    links: Links
    query: Mapping[str, Sequence[str]]
    environment: Environment
    scope: Scope = ()

    def render(self, template: str, **values: Any) -> str:
        """A template as HTML; it has ``link`` and ``view`` besides its values."""
        return self.environment.get_template(template).render(view=self, link=self.links.to, **values)

    def asked(self, name: str) -> tuple[str, ...]:
        """All values of a name in the query that are not empty: an untouched field of a form says nothing."""
        return tuple(value for text in self.query.get(name, ()) if (value := text.strip()))

    def asked_once(self, name: str) -> str | None:
        """The value of a name in the query.

        Raises:
            UsageError: it has several.
        """
        found = self.asked(name)
        if len(found) > 1:
            raise UsageError(f"{name} is given {len(found)} times; give it once")
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Said:
    """A page that is answered with a status of its own."""

    html: str
    status: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The answer of a page that is another one."""

    page: str
    parameters: Mapping[str, str]
    query: Query = field(default_factory=dict)


Shown = str | Said | Moved
#: What an exported page stands for: parameters of its path.
Parameters = Mapping[str, str]


def not_exported(_view: View, _scope: Scope) -> Iterable[Parameters]:
    """For a page that a static site does without."""
    return ()


@dataclass(frozen=True, slots=True)
class Page:
    """One kind of page.

    Args:
        name: by which links find it.
        path: its address, with the parameters of :attr:`show` in braces: ``device/{name}``.
        show: from a view, and the path's parameters by name, to HTML, or to the page that has it. It raises the farm's
            errors: a :class:`~farm.errors.NotFoundError` is answered with 404, a :class:`~farm.errors.UsageError` with 422.
        exported: the parameters of every such page in a static site of some commits.
        queries: names that its query may have; others are refused.
        heading: its name in the navigation, of pages without parameters; the others have none.
        below: name of the page whose heading it belongs to.
    """

    name: str
    path: str
    show: Callable[..., Shown]
    exported: Callable[[View, Scope], Iterable[Parameters]] = not_exported
    queries: tuple[str, ...] = ()
    heading: str = ""
    below: str = ""

    def check(self, query: Iterable[str]) -> None:
        """Raise :class:`~farm.errors.UsageError` for a name that the page does not know: a filter must not pass unseen."""
        for name in query:
            if name not in self.queries:
                known = f"it knows {', '.join(self.queries)}" if self.queries else "it takes none"
                raise UsageError(f"this page has no filter {name!r}{near(name, self.queries)}; {known}")

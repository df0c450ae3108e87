"""Links between pages: relative ones, so that they hold served below any prefix, and in files on a disk.

A page has an *address*, its path without the leading slash: ``""`` is the front page, ``table/<commit>`` a table. Served, that
is its URL; exported, the page is the file ``<address>.html``, the front page ``index.html``.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from urllib.parse import quote, urlencode

Query = Mapping[str, str | Sequence[str]]
#: Bytes of a step: file systems bound it.
LONGEST = 200
_NO_STEP = re.compile(r"[/\\\x00-\x1f]")
_PARAMETER = re.compile(r"{(\w+)}")


def address(path: str, parameters: Mapping[str, str]) -> str:
    """``path`` (``"table/{commit}"``) with its parameters in place, as they are."""
    return _PARAMETER.sub(lambda found: parameters[found[1]], path)


def fits(parameters: Mapping[str, str]) -> bool:
    """Whether each is a step of a path, and so can be one of a URL and of a file: names of units are what their hosts say."""
    return all(
        0 < len(value.encode()) <= LONGEST and value not in (".", "..") and not _NO_STEP.search(value)
        for value in parameters.values()
    )


def file_of(page: str) -> str:
    """The file that the page at an address is exported to."""
    return f"{page or 'index'}.html"


class Links:
    """The links of one page.

    Args:
        paths: the path of every page, by name.
        here: address of the page that has the links.
        exported: for a page that is exported, the addresses of all that are; ``None`` for one that is served.
    """

    def __init__(self, paths: Mapping[str, str], here: str = "", exported: Container[str] | None = None) -> None:
        self._paths, self._exported = paths, exported
        self.here = here
        self._up = "../" * here.count("/")

    @property
    def static(self) -> bool:
        """Whether the page is exported: there is nobody to answer a form, and it has its style sheet inside."""
        return self._exported is not None

    def to(self, page: str, query: Query | None = None, **parameters: str) -> str | None:
        """The link to a page by name; ``None`` where there is no such page, or it is not exported.

        Args:
            page: its name.
            query: what the page is asked; a page that is exported answers no questions.
            parameters: those of its path.
        """
        if page not in self._paths or not fits(parameters):
            return None
        place = address(self._paths[page], parameters)
        asked = urlencode({key: value for key, value in (query or {}).items() if value}, doseq=True)
        if self._exported is None:
            return self.file(place) + (f"?{asked}" if asked else "")
        return None if asked or place not in self._exported else self.file(file_of(place))

    def file(self, place: str) -> str:
        """The link to what is no page, such as ``style.css``, and to a page by its address."""
        return self._up + quote(place) or "./"

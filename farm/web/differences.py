"""What differs between two tables as rows of HTML: of two commits far apart there are thousands, too many for a template."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from markupsafe import Markup, escape

from farm.states.cell import Cell
from farm.table.diff import Difference, Effect
from farm.web.links import Links
from farm.web.matrix import AttemptLinks, note
from farm.web.words import CLASSES, figure


class DifferenceWriter:
    """Writes a difference as a ``tr``: the architecture, its kind, the device, the cells before and after, and what came of it.

    Args:
        links: of the page that it is on.
        before: key of the commit that the architectures are linked at which are gone after it.
        after: key of the commit that all others are linked at.
        newest: the commit whose architectures have pages without one in their address, on a static site.
        regressions: of :func:`farm.regressions.listing.numbers`: what broke leads to its own.
    """

    def __init__(
        self,
        links: Links,
        before: str,
        after: str,
        newest: str | None,
        regressions: Mapping[tuple[str, str, str], int],
    ) -> None:
        self._links, self._before, self._after, self._newest = links, before, after, newest
        self._regressions, self._attempts = regressions, AttemptLinks(links)
        self._named, self._device = cache(self._architecture), cache(self._device_type)

    def __call__(self, difference: Difference) -> Markup:
        d, row = difference, difference.row
        number = None
        if d.effect is Effect.BROKEN and not d.lost:
            number = self._regressions.get((row.kind, row.name, d.device))
        link = self._links.to("regression", number=str(number)) if number is not None else None
        more = "" if number is None else " " + _linked(f"regression {number}", link)
        times = "" if d.slowdown is None else f'<td class="r">{figure(d.slowdown, ".2g")}'
        named = self._named(row.kind, row.name, self._before if d.effect is Effect.GONE else self._after)
        cells = self._cell(d.cell_before) + self._cell(d.cell_after)
        return Markup(f"<tr>{named}\n{self._device(d.device)}\n{cells}{more}{times}")  # noqa: S704

    def _architecture(self, kind: str, name: str, commit: str) -> str:
        if commit == self._newest:
            link = self._links.to("architecture", kind=kind, name=name)
        else:
            link = self._links.to("architecture-at", commit=commit, kind=kind, name=name)
        return f'<th scope="row">{_linked(name, link)}\n<td>{escape(kind)}'

    def _device_type(self, device: str) -> str:
        return f"<td>{_linked(device, self._links.to('device', name=device))}"

    def _cell(self, cell: Cell | None) -> str:
        if cell is None:
            return '<td class="soft">not there'
        word = cell.verdict.value
        link = self._attempts.to(cell.attempt) if cell.attempt else None
        return f'<td class="v {CLASSES[word]}">{_linked(word, link)} <small>{escape(note(cell))}</small>'


def _linked(text: str, link: str | None) -> str:
    return f'<a href="{escape(link)}">{escape(text)}</a>' if link else str(escape(text))

"""The support table as a page lays it out: rows by kind and family, what the cells add up to, and each cell as HTML.

A table of 500 architectures and 20 devices has ten thousand cells. So a cell is as few letters as will do: the style sheet adds
the symbol, and what is usual is not said.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from farm.regressions.readings import FAILING
from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.table.table import KIND_ORDER, Row, Table
from farm.web.links import Links
from farm.web.words import CLASSES, brief
from farm.words import percent
from workers.outcome import Group

#: Stands for the attempt in what all links to one have in common.
_ANY = "any-attempt"
#: What the group of the families is called that have one member.
OTHERS = "others"
PLURALS = {kind: f"{kind}s" for kind in KIND_ORDER} | {"attention": "attention"}

#: What stands in few of ten thousand notes.
_ESCAPED = re.compile("[&<>\"']")
_USUAL = (Provenance.OBSERVED, Provenance.NEVER)


@dataclass(frozen=True, slots=True)
class Family:
    """Architectures of a kind that stand in one file; ``name`` is empty where the kind has no more than one group."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """All architectures of a kind, by family; those that are the only one of theirs come last, together."""

    name: str
    families: tuple[Family, ...]

    @property
    def plural(self) -> str:
        return PLURALS[self.name]

    @property
    def rows(self) -> int:
        """Number of its architectures."""
        return sum(len(family.rows) for family in self.families)


@dataclass(frozen=True, slots=True)
class DeviceCount:
    """Cells of a device by verdict."""

    device: str
    counts: Counter[Verdict]

    @property
    def cells(self) -> int:
        return self.counts.total()

    @property
    def tested(self) -> int:
        """Cells with any verdict."""
        return self.cells - self.counts[Verdict.MISSING]

    @property
    def bar(self) -> tuple[tuple[str, float, float], ...]:
        """A class, a start and a width in percent for each verdict that is there, in the order of the verdicts."""
        parts, at = [], 0.0
        for verdict in Verdict:
            if self.counts[verdict]:
                width = 100 * self.counts[verdict] / self.cells
                parts.append((CLASSES[verdict.value], round(at, 2), round(width, 2)))
                at += width
        return tuple(parts)


def by_kind(rows: Sequence[Row]) -> tuple[Kind, ...]:
    """The rows of each kind that has any, in the order of the kinds."""
    return tuple(
        Kind(kind, _families([row for row in rows if row.kind == kind]))
        for kind in KIND_ORDER
        if any(row.kind == kind for row in rows)
    )


def _families(rows: Iterable[Row]) -> tuple[Family, ...]:
    ordered = sorted(rows, key=lambda row: (row.family, row.name))
    grouped = [(name, tuple(members)) for name, members in groupby(ordered, key=lambda row: row.family)]
    several = [Family(name, members) for name, members in grouped if len(members) > 1]
    single = tuple(members[0] for _, members in grouped if len(members) == 1)
    found = (*several, *((Family(OTHERS, tuple(sorted(single, key=lambda row: row.name))),) if single else ()))
    return (Family("", found[0].rows),) if len(found) == 1 else found


def count(table: Table) -> tuple[DeviceCount, ...]:
    """What is there of each verdict, by device."""
    return tuple(
        DeviceCount(device, Counter(row.cells[device].verdict for row in table.rows)) for device in table.devices
    )


class AttemptLinks:
    """Links to attempts, of which a page has thousands; ``links`` are those of the page."""

    def __init__(self, links: Links) -> None:
        self._links = links
        # Of a page that is served, all are alike but for the attempt.
        alike = None if links.static else links.to("attempt", attempt=_ANY)
        self._alike = alike.split(_ANY) if alike else None

    def to(self, attempt: str) -> str | None:
        if self._alike and attempt.isalnum() and attempt.isascii():
            return brief(attempt).join(self._alike)
        return self._links.to("attempt", attempt=brief(attempt))


class CellWriter:
    """Writes the cells of a row as HTML: in each the verdict, linked to the attempt that it is of, and below it :func:`note`.

    Args:
        links: of the page that the cells are on.
        regressions: of :func:`farm.regressions.listing.numbers`: cells that fail lead to theirs.
    """

    def __init__(self, links: Links, regressions: Mapping[tuple[str, str, str], int]) -> None:
        self._links, self._regressions, self._attempts = links, regressions, AttemptLinks(links)

    def __call__(self, row: Row) -> Markup:
        """A ``td`` for each device."""
        return Markup("".join([self._cell(row, cell) for cell in row.cells.values()]))  # noqa: S704

    def _cell(self, row: Row, cell: Cell) -> str:
        word = cell.verdict.value
        link = self._attempts.to(cell.attempt) if cell.attempt else None
        # A link has no character in it that would end an attribute without quotes.
        shown = f"<a href={link}>{word}</a>" if link else f"<b>{word}</b>"
        regression = self._regression(row, cell) if self._regressions and cell.verdict in FAILING else ""
        said = note(cell)
        return f"<td class={CLASSES[word]}>{shown}{html.escape(said) if _ESCAPED.search(said) else said}{regression}"

    def _regression(self, row: Row, cell: Cell) -> str:
        number = self._regressions.get((row.kind, row.name, cell.device))
        link = self._links.to("regression", number=str(number)) if number is not None else None
        return f" <a href={link}>regression {number}</a>" if link else ""


def note(cell: Cell) -> str:
    """The second line of a cell. That it was observed at the commit itself, or is not known at all, goes without saying."""
    if cell.prediction:
        known = f"predicted {percent(cell.prediction.chance)}"
    else:
        known = "" if cell.provenance in _USUAL else cell.provenance.value
    figure = _figure(cell)
    return ", ".join(filter(None, (figure, known, cell.state))) if known or cell.state else figure


def _figure(cell: Cell) -> str:
    match cell.verdict:
        case Verdict.SUPPORTED:
            margin = cell.margin
            return "" if margin is None else f"{margin:.3f}"
        case Verdict.PARTIAL if cell.condition and cell.condition.fits:
            return cell.condition.text
        case Verdict.PARTIAL if cell.resolutions:
            good = sum(r.outcome.group is Group.GOOD for r in cell.resolutions)
            return f"{good} of {len(cell.resolutions)} sizes"
        case Verdict.UNSUPPORTED if cell.unsupported:
            more = f" +{len(cell.unsupported) - 1}" if len(cell.unsupported) > 1 else ""
            return f"{cell.unsupported[0]}{more}"
        case _:
            return cell.outcome.value if cell.outcome else ""

"""Tables for people: symbols and words (never colour alone), in the terminal, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from farm.states.verdict import Provenance, Verdict
from farm.words import HEADS, SYMBOLS, percent

if TYPE_CHECKING:
    from farm.states.cell import Cell
    from farm.table.table import Row, Table

#: Where there is no terminal, a line is as long as it has to be: what reads it splits at line ends.
UNWRAPPED = 10_000
_MD_SPECIAL = re.compile(r"[\\|<`*]")
#: Traits that a line names, and layers that a row of a terminal does.
NAMED = 3
#: Letters of a name that a narrow terminal leaves.
NAME_KEPT = 12


def console() -> Console:
    """Standard output; plain where it is not a terminal or NO_COLOR is set.

    Reasons and names are shown as they are: a bracket in one is neither a style nor an error.
    """
    width = None if sys.stdout.isatty() else UNWRAPPED
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def plain_table(*heads: str, wrap: bool = False) -> RichTable:
    """A table of texts without lines between them; where the terminal is too narrow, texts are cut, or with ``wrap`` broken."""
    made = RichTable(box=None, header_style="bold", pad_edge=False)
    for head in heads:
        made.add_column(head, no_wrap=not wrap)
    return made


def cell_words(cell: Cell, *, always: bool = False) -> str:
    """A cell as plain words: symbol, verdict, how it is known, what is under way.

    The condition of what is PARTIAL, and that it was observed at the commit itself, or is not known at all, are said where
    ``always`` asks for it.
    """
    words = [verdict_words(cell)]
    if always and cell.condition and cell.condition.fits:
        words.append(f"({cell.condition.text})")
    if always or cell.prediction or cell.provenance not in (Provenance.OBSERVED, Provenance.NEVER):
        words.append(f"[{provenance_words(cell)}]")
    if cell.state:
        words.append(f"[{cell.state}]")
    return " ".join(words)


def verdict_words(cell: Cell) -> str:
    """Symbol and verdict, and of a failure the outcome."""
    symbol, failure = SYMBOLS[cell.verdict][0], cell.verdict is Verdict.FAILED and cell.outcome
    return f"{symbol} {cell.verdict.value}" + (f" ({failure.value})" if failure else "")


def provenance_words(cell: Cell) -> str:
    """How a cell is known."""
    return f"predicted {percent(cell.prediction.chance)}" if cell.prediction else cell.provenance.value


def table_for_terminal(table: Table) -> RichTable:
    """The table, one row for an architecture; of its layers the first ones."""
    made = plain_table("kind")
    for column, head in HEADS.items():
        longest = max((len(row.columns[column] or "") for row in table.rows), default=0)
        made.add_column(head, no_wrap=True, min_width=min(longest, NAME_KEPT))
    made.add_column("layers")  # the only one that may wrap is the first that rich makes narrower
    for device in table.devices:
        # In a narrow terminal names are cut before verdicts are, and layers before names.
        made.add_column(device, no_wrap=True, min_width=len("✓ SUPPORTED"))
    made.add_column("last change", no_wrap=True)
    for row in table.rows:
        cells = [Text(cell_words(c), style=SYMBOLS[c.verdict][1]) for c in row.cells.values()]
        more = f" +{len(row.layers) - NAMED}" if len(row.layers) > NAMED else ""
        layers = Text(" ".join(row.layers[:NAMED]) + more, no_wrap=True, overflow="ellipsis")
        change = f"{row.last_change.commit[:10]} {row.last_change.date:%Y-%m-%d}"
        made.add_row(row.kind, *_names(row), layers, *cells, change)
    return made


def as_csv(table: Table) -> str:
    """The table for spreadsheets: of each device the verdict, how it is known and what is under way, a column each."""
    heads = [f"{device}{column}" for device in table.devices for column in ("", " provenance", " state")]
    rows = [
        _table_row(row, [text for c in row.cells.values() for text in (verdict_words(c), provenance_words(c), c.state)])
        for row in table.rows
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([_table_head(heads), *rows])
    return out.getvalue()


def as_markdown(table: Table) -> str:
    """The table for a page or a pull request; a cell has all in one."""
    rows = (_table_row(row, [cell_words(c, always=True) for c in row.cells.values()]) for row in table.rows)
    return markdown([_table_head(table.devices), *rows])


def _table_head(devices: Iterable[str]) -> list[str]:
    return ["kind", *HEADS.values(), "layers", *devices, "last change commit", "last change date"]


def _table_row(row: Row, cells: Iterable[str]) -> list[str]:
    change = row.last_change
    return [row.kind, *_names(row), " ".join(row.layers), *cells, change.commit, change.date.isoformat()]


def _names(row: Row) -> list[str]:
    return [row.columns[column] or "" for column in HEADS]


def markdown(texts: Iterable[list[str]]) -> str:
    """Texts as a table, the first row as its head; each stays in its cell whatever it has in it."""
    return escaped_table([escaped(cell) for cell in row] for row in texts)


def escaped_table(rows: Iterable[list[str]]) -> str:
    """The same of cells that are Markdown already."""
    head, *body = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *body))


def escaped(text: str) -> str:
    """A text as Markdown that says just that, in one line."""
    return _MD_SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))

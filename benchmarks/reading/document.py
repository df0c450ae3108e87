"""The table of ``docs/table.md`` that says what reading costs, written from the rows of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.reading.measure import Reading

DOCUMENT = Path(__file__).parents[2] / "docs" / "table.md"
#: What the table calls each query; the others are not in it.
NAMES = {
    "status": "`farm status`",
    "status of what was never run": "`farm status` of what was never run",
    "table": "`farm table`, ten thousand cells",
    "diff to the commit before": "`farm diff` to the commit before",
    "diff to the first commit": "`farm diff` to the first commit",
    "page of the table": "the page of the table",
    "page of the diff": "the page of what changed since the commit before",
}
_HEAD, _RULE = "| | SQLite | PostgreSQL |", "|---|---|---|"


def lines(rows: Sequence[Reading]) -> list[str]:
    """The table: medians in milliseconds, a line for each query."""
    took = {(row.query, row.database): round(row.median_ms) for row in rows}
    kinds = ("sqlite", "postgresql")
    return [_HEAD, _RULE, *(f"| {name} | {' | '.join(str(took[q, k]) for k in kinds)} |" for q, name in NAMES.items())]


def replaced(text: str, rows: Sequence[Reading]) -> str:
    """The document with the table of ``rows`` in place of the one that it has; raises ``ValueError`` where it has none."""
    before, found, rest = text.partition(f"{_HEAD}\n{_RULE}\n")
    if not found:
        raise ValueError(f"the document has no table that begins with {_HEAD}")
    kept = rest.splitlines(keepends=True)
    while kept and kept[0].startswith("|"):
        kept.pop(0)
    return before + "\n".join(lines(rows)) + "\n" + "".join(kept)

"""The table of mutants in ``docs/comparison.md``, between its marks."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.marked import listed, put

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
BEGIN, END = (
    "<!-- mutants: python -m benchmarks.mutations --count 2 --results FILE --write -->",
    "<!-- end of mutants -->",
)
#: How many of those that come nearest to passing are shown.
NEAREST = 8

#: What one architecture's mutants were drawn by, and a row for each.
Record = Mapping[str, Any]


def rows_in(records: Iterable[Record]) -> list[dict[str, Any]]:
    """The rows of all mutants, each with its architecture."""
    return [{"architecture": record["architecture"], **row} for record in records for row in record["mutants"]]


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Mutants, those that were seen, that passed, and that change nothing."""
    return {
        "mutants": len(rows),
        "seen": sum(not row["passed"] and row["effect"] for row in rows),
        "passed": sum(row["passed"] for row in rows),
        "without_effect": sum(not row["effect"] for row in rows),
    }


def summary(rows: Iterable[Mapping[str, Any]]) -> str:
    """The counts in one line."""
    found = counts(list(rows))
    return (
        f"{found['mutants']} mutants, {found['seen']} seen, {found['passed']} passed, "
        f"{found['without_effect']} without effect"
    )


def write(records: Sequence[Record], keys: Sequence[str], page: Path = PAGE) -> None:
    """Put the table into the page; raises ``ValueError`` where it has no place for it."""
    put(table(records, keys), page, BEGIN, END)


def table(records: Sequence[Record], keys: Sequence[str]) -> str:
    """The counts, those that came nearest to passing, and which architectures of all ``keys`` were not mutated."""
    if not records:
        return "nothing was run"
    rows, run = rows_in(records), {record["architecture"] for record in records}
    told = [row for row in rows if row["passed"] or -1 < row["margin"] < 0]
    nearest = sorted(told, key=lambda row: -row["margin"])[:NEAREST]
    return "\n".join(
        [
            f"{len(records)} of {len(keys)} architectures, {records[0]['count']} mutants of each kind that an architecture can "
            f"have, under `{records[0]['policy']}`: {summary(rows)}.",
            "",
            "| nearest to passing | kind | in | margin | beyond the limit | largest error | SQNR |",
            "|---|---|---|---|---|---|---|",
            *map(_line, nearest),
            "",
            f"Not run: {listed([key for key in keys if key not in run])}.",
        ]
    )


def _line(row: Mapping[str, Any]) -> str:
    margin = row["margin"]
    beyond = "passed" if row["passed"] else f"{1 / (1 + margin):.1f} times"
    return (
        f"| {row['architecture']} | {row['kind']} | `{row['changed']}` | {margin:.2f} | {beyond} "
        f"| {row['rel']:.1e} | {row['sqnr_db']:.0f} dB |"
    )

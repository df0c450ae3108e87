"""The tables of mutants in ``docs/comparison.md``, one for each policy, between their marks."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.marked import listed, put
from benchmarks.tolerances.derive import read_rows

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
BEGIN, END = (
    "<!-- mutants: python -m benchmarks.mutations --count 2 --results DIR --write -->",
    "<!-- end of mutants -->",
)
#: How many of those that come nearest to passing are shown.
NEAREST = 5

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


def read_all(folder: Path) -> list[list[Record]]:
    """What is in a folder of results, a file for each policy: that with the most architectures first."""
    return sorted((read_rows(path) for path in sorted(folder.glob("*.jsonl"))), key=lambda records: -len(records))


def write(of_policies: Sequence[Sequence[Record]], keys: Sequence[str], page: Path = PAGE) -> None:
    """Put a table for each policy into the page; raises ``ValueError`` where it has no place for them."""
    put(tables(of_policies, keys), page, BEGIN, END)


def tables(of_policies: Sequence[Sequence[Record]], keys: Sequence[str]) -> str:
    """A table for each policy."""
    return "\n\n".join(table(records, keys) for records in of_policies) or "nothing was run"


def table(records: Sequence[Record], keys: Sequence[str]) -> str:
    """The counts, those that came nearest to passing, and which architectures of all ``keys`` were not mutated, or were."""
    rows, run = rows_in(records), {record["architecture"] for record in records}
    told = [row for row in rows if row["passed"] or -1 < row["margin"] < 0]
    nearest = sorted(told, key=lambda row: -row["margin"])[:NEAREST]
    few = 2 * len(run) < len(keys)
    names = listed([key for key in keys if (key in run) == few])
    return "\n".join(
        [
            f"Under `{records[0]['policy']}`, {len(records)} of {len(keys)} architectures, {records[0]['count']} mutants of "
            f"each kind that they can have: {summary(rows)}.",
            "",
            "| nearest to passing | kind | in | margin | beyond the limit | largest error | SQNR |",
            "|---|---|---|---|---|---|---|",
            *map(_line, nearest),
            "",
            f"{'Run' if few else 'Not run'}: {names}.",
        ]
    )


def _line(row: Mapping[str, Any]) -> str:
    margin = row["margin"]
    beyond = "passed" if row["passed"] else f"{1 / (1 + margin):.1f} times"
    return (
        f"| {row['architecture']} | {row['kind']} | `{row['changed']}` | {margin:.2f} | {beyond} "
        f"| {row['rel']:.1e} | {row['sqnr_db']:.0f} dB |"
    )

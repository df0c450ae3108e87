"""The tables of ``docs/comparison.md``, between their marks."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.marked import listed, put
from benchmarks.tolerances.derive import BASES, Row, derived, worst_of

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
BEGIN, END = "<!-- tolerances: python -m benchmarks.tolerances --write -->", "<!-- end of tolerances -->"


def write(rows: Sequence[Row], keys: Sequence[str], page: Path = PAGE) -> None:
    """Put the tables into the page; raises ``ValueError`` where it has no place for them."""
    put(table(rows, keys), page, BEGIN, END)


def table(rows: Sequence[Row], keys: Sequence[str]) -> str:
    """Errors by column, the policies that follow, and which architectures of all ``keys`` were not measured."""
    if not rows:
        return "nothing was measured"
    lines = [
        f"{len(rows)} of {len(keys)} architectures, each at its cheapest sample.",
        "",
        "| what | | median | nine of ten below | largest | of | least SQNR | of |",
        "|---|---|---|---|---|---|---|---|",
        *(_errors(rows, part, column) for part in ("outputs", "layers") for column in rows[0][part]),
        "",
        "| policy | from | `judged` | `atol_rel` | `rtol` | `sqnr_db` | `cosine` | the worst of all uses |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, limits in derived(rows).items():
        basis = BASES[name]
        worst = worst_of(rows, basis)
        lines.append(
            f"| `{name}` | {basis.judged}: {', '.join(basis.columns)} | {limits['judged']} | {limits['atol_rel']:g} "
            f"| {limits['rtol']:g} | {limits['sqnr_db']} | {limits['cosine']:.12g} "
            f"| {worst.rel / limits['atol_rel']:.0%} of `atol_rel`, {worst.sqnr_db - limits['sqnr_db']:.1f} dB above |"
        )
    measured = {row["architecture"] for row in rows}
    lines += ["", f"Not measured yet: {listed([key for key in keys if key not in measured])}."]
    return "\n".join(lines)


def _errors(rows: Sequence[Row], part: str, column: str) -> str:
    errors = sorted(row[part][column]["rel"] for row in rows)
    worst = max(rows, key=lambda row: row[part][column]["rel"])
    noisiest = min(rows, key=lambda row: row[part][column]["sqnr_db"])
    where = worst[part][column].get("where")
    return (
        f"| {part} | {column} | {statistics.median(errors):.1e} | {errors[(len(errors) * 9) // 10]:.1e} "
        f"| {errors[-1]:.1e} | {worst['architecture']}{f' ({where})' if where else ''} "
        f"| {noisiest[part][column]['sqnr_db']:.0f} dB | {noisiest['architecture']} |"
    )

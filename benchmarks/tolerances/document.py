"""The tables of ``docs/comparison.md``, between their marks."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.tolerances.derive import BASES, Row, derived

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
BEGIN, END = "<!-- tolerances: python -m benchmarks.tolerances --write -->", "<!-- end of tolerances -->"


def write(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Put the tables into the page; raises ``ValueError`` where it has no place for them."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no {BEGIN if not begin else END}")
    page.write_text(f"{before}{BEGIN}\n\n{table(rows)}\n\n{END}{after}", encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    """Errors by column, and the policies that follow."""
    if not rows:
        return "nothing was measured"
    lines = [
        f"{len(rows)} architectures, each at its cheapest sample.",
        "",
        "| what | | median | nine of ten below | largest | of | least SQNR | of |",
        "|---|---|---|---|---|---|---|---|",
        *(_errors(rows, part, column) for part in ("outputs", "layers") for column in rows[0][part]),
        "",
        "| policy | from | `judged` | `atol_rel` | `rtol` | `sqnr_db` | `cosine` |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, limits in derived(rows).items():
        basis = BASES[name]
        lines.append(
            f"| `{name}` | {basis.judged}: {', '.join(basis.columns)} | {limits['judged']} | {limits['atol_rel']:g} "
            f"| {limits['rtol']:g} | {limits['sqnr_db']} | {limits['cosine']:.12g} |"
        )
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

"""The figures in ``docs/guarantees.md``, from the runs that are published: one a line, beside this module.

Text around the two markers is written by hand and left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.marked import put
from benchmarks.published import recorded

RESULTS = Path(__file__).with_name("results.jsonl")
DOCUMENT = Path(__file__).parents[2] / "docs" / "guarantees.md"
BEGIN = "<!-- begin: python -m benchmarks.chaos --record -->"
END = "<!-- end -->"
COLUMNS = {
    "database": "database", "partitions": "partitions", "seconds": "s", "seed": "seed", "window": "window", "jobs": "jobs",
    "kills": "kills", "lost": "lost", "doubled": "doubled", "quarantined": "quarantined", "resent": "sent again",
    "reexecuted": "run again", "absorbed": "absorbed",
}  # fmt: skip


def write_document(path: Path = DOCUMENT, results: Path = RESULTS) -> None:
    """Put the runs between the markers of the document."""
    put(rendered(recorded(results)), path, BEGIN, END)


def rendered(runs: Sequence[dict[str, Any]]) -> str:
    """The runs as Markdown."""
    head = [*COLUMNS.values(), "noticed after", "sent again after"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for run in runs:
        cells = [_cell(name, run[name]) for name in COLUMNS]
        lines.append("| " + " | ".join([*cells, _after(run, "noticed"), _after(run, "redispatch")]) + " |")
    kills: dict[str, int] = {}
    for run in runs:
        for kind, number in run["kills_by_kind"].items():
            kills[kind] = kills.get(kind, 0) + number
    by_kind = ", ".join(f"{number} {kind}" for kind, number in sorted(kills.items()))
    return "\n".join([*lines, "", f"Killed in these runs: {by_kind}."])


def _cell(name: str, value: Any) -> str:
    if name == "partitions":
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _after(run: dict[str, Any], what: str) -> str:
    median, p95 = run[f"{what}_median_s"], run[f"{what}_p95_s"]
    return "–" if median is None else f"{median:.1f} s ({p95:.1f} s)"

"""What a run leaves: results.json, tables.md, a chart for each table; and docs/benchmarks.md, where that is wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.marked import put
from benchmarks.report.chart import chart
from benchmarks.report.markdown import page
from benchmarks.report.run import SCHEMA, Ran
from benchmarks.report.topics import BY_NAME

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, CHARTS = "benchmarks.md", "benchmarks"
BEGIN, END = "<!-- begin: python -m benchmarks --document -->", "<!-- end -->"


def write_results(runs: Sequence[Ran], folder: Path) -> None:
    """Into the folder of a run."""
    document = {"schema": SCHEMA, "runs": [asdict(ran) for ran in runs]}
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / "tables.md").write_text(page(runs, "charts"), encoding="utf-8")
    _write_charts(runs, folder / "charts")


def write_document(runs: Sequence[Ran], docs: Path = DOCS) -> None:
    """Between the markers of docs/benchmarks.md; what stands around them is written by hand."""
    put(page(runs, CHARTS).strip(), docs / DOCUMENT, BEGIN, END)
    _write_charts(runs, docs / CHARTS)


def charts(runs: Sequence[Ran]) -> Iterator[tuple[str, str]]:
    """Names and SVG documents, of every topic that has a document."""
    for ran in runs:
        if ran.document is not None:
            for table in BY_NAME[ran.topic].tables:
                yield table.name, chart(table.title, table.unit, table.drawn(ran.document), ratio=table.ratio)


def _write_charts(runs: Sequence[Ran], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in charts(runs):
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")

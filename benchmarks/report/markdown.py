"""Tables of Markdown from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report.run import Ran
from benchmarks.report.topics import BY_NAME, Table, field

NOTHING = "–"


def page(runs: Sequence[Ran], charts: str) -> str:
    """A chapter for each topic, with a chart and a table for each of its tables, after what it ran on.

    Args:
        charts: folder of the charts, as the page links it.
    """
    lines = [machine(runs[0].conditions), ""] if runs else []
    for ran in runs:
        lines += [f"### `{ran.topic}`", ""]
        if ran.error:
            lines += [f"**Failed: {ran.error}**", ""]
        if ran.document is None:
            continue
        lines += [circumstances(ran), ""]
        for table in BY_NAME[ran.topic].tables:
            lines += [f"![{table.title}]({charts}/{table.name}.svg)", "", *rows(table, ran.document), ""]
    return "\n".join(lines)


def machine(conditions: Mapping[str, Any]) -> str:
    """What it ran on."""
    known = conditions.get("machine", {})
    stands = ", ".join(f"{name} {value}" for name, value in known.items() if name != "processor")
    return f"{known.get('processor', 'unknown processor')}; {stands}."


def circumstances(ran: Ran) -> str:
    """When a topic ran, how much of it, and of which commit."""
    size = "`--quick`" if ran.conditions.get("quick") else "the full run"
    load = f", load {ran.load} before" if ran.load else ""
    return f"{ran.began}, {size}, {ran.seconds:.0f} s{load}, commit `{ran.conditions.get('commit', '')[:10]}`."


def rows(table: Table, document: Mapping[str, Any]) -> list[str]:
    """A line for each row."""
    lines = ["| " + " | ".join(table.columns) + " |", "|---" * len(table.columns) + "|"]
    for row in table.rows(document):
        lines.append("| " + " | ".join(cell(field(row, path)) for path in table.columns.values()) + " |")
    return lines


def cell(value: Any) -> str:
    """A value in few digits."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value).replace("|", "\\|")

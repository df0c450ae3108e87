"""The row of a simulation, and the tables of ``docs/scale.md``, made of the published runs: a line each, in a file beside this.

Text around the two markers is written by hand and left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.marked import put
from benchmarks.published import recorded
from benchmarks.scale.broker import Broker
from benchmarks.scale.gauge import ENTER
from benchmarks.scale.run import Result
from benchmarks.scale.scenario import summary

RESULTS = Path(__file__).with_name("results.jsonl")
DOCUMENT = Path(__file__).parents[2] / "docs" / "scale.md"
BEGIN = "<!-- begin: python -m benchmarks.scale --record -->"
END = "<!-- end -->"
#: What a unit says of an attempt: that it began, and how it ended. The simulated wire costs nothing, the real one does.
TAKEN_FOR_A_REPORT = 2


def row(result: Result, broker: Broker) -> dict[str, Any]:
    """A run as a document: what happened, what it cost for a job, what that comes to in a second and in a day."""
    seconds, total, reports = 3600 * result.hours, result.total, max(1, result.reports)
    by_reports = result.costs["merge_all"].cpu_s
    idle = (total.cpu_s - by_reports) / seconds
    beats = result.messages["heartbeat"] / seconds * broker.take_ms / 1000
    broker_ms = broker.send_ms + TAKEN_FOR_A_REPORT * broker.take_ms
    report_ms = 1000 * by_reports / reports + broker_ms
    return {
        "database": result.database,
        "scenario": summary(result.scenario),
        "hours": result.hours,
        "real_s": result.real_s,
        "commits": result.commits,
        "bundles": result.bundles,
        "inherited": result.inherited,
        "jobs": dict(result.jobs),
        "attempts": result.attempts,
        "reports": result.reports,
        "lost": result.lost,
        "doubled": result.doubled,
        "left": result.left,
        "trouble": dict(result.trouble),
        "reports_per_s": result.reports / seconds,
        "busiest_per_s": result.busiest_per_s,
        "busy_share": result.busy_share,
        "ages": {name: asdict(age) for name, age in result.ages.items()},
        "messages_per_s": {name: number / seconds for name, number in result.messages.items()},
        "transactions_per_s": total.transactions / seconds,
        "rows_per_s": total.rows / seconds,
        "transactions_per_report": total.transactions / reports,
        "rows_per_report": total.rows / reports,
        "statements_per_report": total.statements / reports,
        "cpu_ms_per_report": 1000 * total.cpu_s / reports,
        "wall_ms_per_report": 1000 * total.wall_s / reports,
        "coordinator_share": total.cpu_s / seconds,
        "own_cpu_ms": 1000 * by_reports / reports,
        "broker_cpu_ms": broker_ms,
        "idle_share": idle + beats,
        "at_most_per_s": max(0.0, 1 - idle - beats) * 1000 / report_ms,
        "parts": {
            name: {
                "calls_per_s": cost.calls / seconds,
                "cpu_ms": 1000 * cost.cpu_s / max(1, cost.calls),
                "wall_ms": 1000 * cost.wall_s / max(1, cost.calls),
                "share": cost.cpu_s / seconds,
                "transactions_per_s": cost.transactions / seconds,
            }
            for name, cost in result.costs.items()
        },
        "size_bytes": result.size_bytes,
        "bytes_per_report": result.size_bytes / reports,
        "bytes_per_day": result.size_bytes / seconds * 86_400,
        "most_attempts": result.most_attempts,
        "most_results": result.most_results,
        "redis": asdict(broker),
        "redis_bytes": result.most_attempts * broker.attempt_bytes + result.most_results * broker.report_bytes,
    }


def write_document(path: Path = DOCUMENT, results: Path = RESULTS) -> None:
    """Put the runs between the markers of the document."""
    put(rendered(recorded(results)), path, BEGIN, END)


#: Name of a line of the table, and what stands in it.
_LINES: dict[str, Any] = {
    "database": lambda r: r["database"],
    "architectures × device types × units": lambda r: " × ".join(
        f"{r['scenario'][name]:,}" for name in ("architectures", "device_types", "units")
    ),
    "simulated": lambda r: f"{3600 * r['hours']:,.0f} s{'' if r['left'] else ', to the end'}",
    "commits; bundles": lambda r: f"{r['commits']}; {r['bundles']:,}",
    "jobs; attempts; reports": lambda r: f"{sum(r['jobs'].values()):,}; {r['attempts']:,}; {r['reports']:,}",
    "lost; doubled; still open": lambda r: f"{r['lost']}; {r['doubled']}; {r['left']:,}",
    "reports a second, in all; first attempts in the busiest minute": lambda r: (
        f"{r['reports_per_s']:.1f}; {r['busiest_per_s']:.1f}"
    ),
    "units at work": lambda r: f"{r['busy_share']:.0%}",
    "messages a second": lambda r: f"{sum(r['messages_per_s'].values()):.0f}",
    "of them heartbeats": lambda r: f"{r['messages_per_s'].get('heartbeat', 0):.0f}",
    "writing transactions a second; for a report": lambda r: (
        f"{r['transactions_per_s']:.0f}; {r['transactions_per_report']:.2f}"
    ),
    "rows written a second; for a report": lambda r: f"{r['rows_per_s']:.0f}; {r['rows_per_report']:.1f}",
    "statements for a report": lambda r: f"{r['statements_per_report']:.0f}",
    "coordinator for a report, all in all: processor; clock": lambda r: (
        f"{r['cpu_ms_per_report']:.1f} ms; {r['wall_ms_per_report']:.1f} ms"
    ),
    "of them merging, and filling the room; beside that, its broker": lambda r: (
        f"{r['own_cpu_ms']:.1f} ms; {r['broker_cpu_ms']:.1f} ms"
    ),
    "share of a processor: all; with none to report, its broker included": lambda r: (
        f"{r['coordinator_share']:.0%}; {r['idle_share']:.0%}"
    ),
    "reports a second at most, its broker included": lambda r: f"{r['at_most_per_s']:.0f}",
    "database for a report; a day like this": lambda r: (
        f"{r['bytes_per_report'] / 1024:.1f} KiB; {r['bytes_per_day'] / 2**30:.1f} GiB"
    ),
    "attempts under way at most; results waiting at most": lambda r: f"{r['most_attempts']}; {r['most_results']}",
    "that in Redis": lambda r: f"{r['redis_bytes'] / 2**20:.1f} MiB",
}


def rendered(runs: Sequence[dict[str, Any]]) -> str:
    """The runs as Markdown: a column each."""
    lines = [
        "| | " + " | ".join(f"run {n}" for n, _ in enumerate(runs, start=1)) + " |",
        "|---" * (len(runs) + 1) + "|",
    ]
    lines += ["| " + " | ".join([name, *(show(run) for run in runs)]) + " |" for name, show in _LINES.items()]
    return "\n".join([*lines, "", _ages(runs), "", _parts(runs), "", _trouble(runs)])


def _ages(runs: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| seconds from queued to first sent, of what was sent: median (95 %) | "
        + " | ".join(f"run {n}" for n, _ in enumerate(runs, start=1))
        + " |",
        "|---" * (len(runs) + 1) + "|",
    ]
    names = dict.fromkeys(name for run in runs for name in run["ages"])
    return "\n".join(
        [*lines, *("| " + " | ".join([name, *(_age(run["ages"].get(name)) for run in runs)]) + " |" for name in names)]
    )


def _age(age: dict[str, float] | None) -> str:
    return "–" if age is None else f"{age['median_s']:,.0f} ({age['p95_s']:,.0f})"


def _parts(runs: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| calls a second × processor ms a call = share of a processor | "
        + " | ".join(f"run {n}" for n, _ in enumerate(runs, start=1))
        + " |",
        "|---" * (len(runs) + 1) + "|",
    ]
    for name in runs[0]["parts"] if runs else ():
        shown = f"{name} (a converter's)" if name == ENTER else f"`{name}`"
        parts = [run["parts"][name] for run in runs]
        cells = [f"{p['calls_per_s']:.2f} × {p['cpu_ms']:.1f} = {p['share']:.1%}" for p in parts]
        lines.append("| " + " | ".join([shown, *cells]) + " |")
    return "\n".join(lines)


def _trouble(runs: Sequence[dict[str, Any]]) -> str:
    said = [
        f"run {n}: " + (", ".join(f"{count:,} {what}" for what, count in sorted(run["trouble"].items())) or "nothing")
        for n, run in enumerate(runs, start=1)
    ]
    sizes = runs[-1]["redis"] if runs else {}
    measured = (
        f" A message of an attempt takes {sizes['attempt_bytes']:,} bytes of Redis, a report {sizes['report_bytes']:,}."
        if sizes
        else ""
    )
    return f"What went wrong: {'; '.join(said)}.{measured}"

"""``docs/third_party.md``: what passes, what is refused and why, and the totals beside the goals, from the rows of a run.

The rows that are published lie beside this module. Text around the two markers is written by hand and left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.marked import put
from benchmarks.thirdparty.catalogue import GROUPS, LARGEST, Group
from benchmarks.thirdparty.row import FIXED, Row

RESULTS = Path(__file__).with_name("results.jsonl")
DOCUMENT = Path(__file__).parents[2] / "docs" / "third_party.md"
#: Characters of a reason that the document shows.
LONGEST = 320
BEGIN = "<!-- begin: python -m benchmarks.thirdparty --document -->"
END = "<!-- end -->"


def write_document(rows: Mapping[str, Row], path: Path = DOCUMENT) -> None:
    """Put the results between the markers of the document."""
    put(rendered(rows), path, BEGIN, END)


def rendered(rows: Mapping[str, Row]) -> str:
    """The results as Markdown."""
    parts = [_totals(rows), _setting(rows.values()), _ways(rows.values())]
    parts += [_group(group, [rows[a] for a in group.architectures if a in rows]) for group in GROUPS]
    return "\n\n".join(parts)


def _totals(rows: Mapping[str, Row]) -> str:
    lines = ["| | tried | pass | share | goal |", "|---|---|---|---|---|"]
    for group in GROUPS:
        found = [rows[a] for a in group.architectures if a in rows]
        if not found:
            continue
        passed = sum(row.passed for row in found)
        goal = f"{group.goal:.0%}" if group.goal is not None else "–"
        tried = f"{len(found)}" if len(found) == len(group.names) else f"{len(found)} of {len(group.names)}"
        lines.append(f"| {group.title} | {tried} | {passed} | {passed / len(found):.1%} | {goal} |")
    return "\n".join(lines)


def _setting(rows: Iterable[Row]) -> str:
    rows = list(rows)
    versions: dict[str, set[str]] = {}
    for row in rows:
        for name, version in row.versions.items():
            if version:
                versions.setdefault(name, set()).add(version)
    listed = ", ".join(f"{name} {' / '.join(sorted(found))}" for name, found in sorted(versions.items()))
    figures = [row for row in rows if row.passed and row.max_rel_error is not None]
    if not figures:
        return f"Made with {listed}."
    worst = max(figures, key=lambda row: row.max_rel_error or 0.0)
    least = min(figures, key=lambda row: row.margin if row.margin is not None else 1.0)
    seconds = sorted(row.convert_s for row in figures if row.convert_s is not None)
    return (
        f"Made with {listed}. Of those that pass, the largest error of an output is {worst.max_rel_error:.1e} of its peak "
        f"(`{worst.architecture}`), the smallest margin to a limit of the policy {least.margin:.2f} (`{least.architecture}`; "
        f"1 is equality, 0 the limit). A conversion took {seconds[len(seconds) // 2]:.1f} s in the median on one busy core, "
        "both traces, golden outputs in float32 and float64 and the replay included."
    )


def _ways(rows: Iterable[Row]) -> str:
    """How many graphs those that pass took."""
    passed = [row for row in rows if row.passed]
    any_size = [row for row in passed if row.takes != FIXED]
    one = sum(row.graphs == 1 and not row.fallback for row in any_size)
    several = sum(row.graphs > 1 and not row.fallback for row in any_size)
    each = [row for row in any_size if row.fallback]
    text = (
        f"Of the {len(any_size)} that pass and take several sizes, {one} are one graph for all of them, {several} are "
        f"several, told apart by guards on the size, and {len(each)} are one graph for each size that was sampled, since they "
        "make plain numbers of sizes"
    )
    return text + (": " + ", ".join(f"`{_name(row)}`" for row in each) if each else "") + "."


def _group(group: Group, rows: list[Row]) -> str:
    passed, refused = [row for row in rows if row.passed], [row for row in rows if not row.passed]
    parts = [f"### {group.title}"]
    if refused:
        parts.append("\n".join(["Does not pass:", "", *(f"- `{_name(row)}`: {_reason(row)}" for row in refused)]))
    if group.left_out:
        named = ", ".join(f"`{name}` ({why})" for name, why in group.left_out)
        parts.append(f"Left out, being larger than {LARGEST // 10**6} M parameters: {named}.")
    if passed:
        head = [
            "| network | parameters | input sizes | sizes tested | graphs | guards | nodes | largest error | margin |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        parts.append("\n".join([*head, *map(_line, passed)]))
    return "\n\n".join(parts)


def _line(row: Row) -> str:
    graphs = f"{row.graphs}, one a size" if row.fallback else str(row.graphs)
    return (
        f"| `{_name(row)}` | {row.parameters / 1e6:.1f} M | {row.takes} | {', '.join(row.sizes)} | {graphs} | {row.guards} | "
        f"{row.nodes} | {row.max_rel_error or 0:.1e} | {row.margin or 0:.2f} |"
    )


def _name(row: Row) -> str:
    return row.architecture.partition(":")[2]


def _reason(row: Row) -> str:
    """Outcome and reason on one line that Markdown leaves as it is."""
    text = row.reason if len(row.reason) <= LONGEST else row.reason[:LONGEST].rsplit(" ", 1)[0] + " …"
    text = text.replace("|", "\\|").replace("<", "\\<").replace("*", "\\*").replace("_", "\\_")
    return f"{row.outcome} – {text}"

"""The gate as people and programs read it: Markdown for a pull request, lines for a terminal, the ``farm-gate/1`` document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from farm.answers.reading import cell_document
from farm.cli.render import cell_words, console, escaped, escaped_table, plain_table
from farm.gating.words import conclusion, counted, reason, shown

if TYPE_CHECKING:
    from farm.gating.judgement import FailOn, Gate, Judged
    from farm.gating.links import PageLinks

#: Rows of the table for a pull request.
ROWS = 10
#: Letters of a reason that a row keeps: the pages have all of it.
REASON_KEPT = 160
#: By this line a program that comments on pull requests finds what it has written, and writes it anew.
MARKER = "<!-- farm gate -->"
HEADS = ["change", "kind", "architecture", "device", "before", "after", "why"]
#: In a code span a backtick cannot be written, and a bar would end the cell.
QUOTE, BAR = "'", "¦"
_SYMBOLS = {"passed": "✓", "failed": "✗", "cannot tell": "?"}


def headline(gate: Gate, fail_on: FailOn) -> str:
    """Whether the gate is open, and how many cells there are of each finding."""
    said = conclusion(gate, fail_on)
    return f"{_SYMBOLS[said]} farm gate {said}: {counted(gate)}"


def sides(gate: Gate) -> str:
    """The commit, and its base where it has one."""
    return f"{gate.commit} against {gate.base}" if gate.base else gate.commit


def rows(gate: Gate) -> Iterator[list[str]]:
    """What a reader is to look at, under :data:`HEADS`."""
    for each in shown(gate):
        before, after = (cell_words(cell) if cell else "" for cell in (each.before, each.cell))
        yield [each.finding, each.row.kind, each.row.name, each.device, before, after, reason(each)]


def print_gate(gate: Gate, fail_on: FailOn) -> None:
    """The gate on standard output."""
    out = console()
    for line in (headline(gate, fail_on), sides(gate), *gate.notes(fail_on)):
        out.print(line)
    if shown(gate):
        table = plain_table(*HEADS)
        for row in rows(gate):
            table.add_row(*row)
        out.print(table)


def as_markdown(gate: Gate, fail_on: FailOn, links: PageLinks) -> str:
    """A summary line, what is to be known of the base, and the first rows of what became of each cell."""
    place = links.of_gate(gate)
    whole = f" · [all of it]({place})" if place else ""
    lines = [MARKER, f"**{escaped(headline(gate, fail_on))}**", "", f"`{sides(gate)}`{whole}"]
    for note in gate.notes(fail_on):
        lines += ["", f"⚠ {note}"]
    found = list(zip(shown(gate), rows(gate), strict=True))
    if found:
        lines += ["", escaped_table([HEADS, *(_markdown_row(each, row, gate, links) for each, row in found[:ROWS])])]
    if len(found) > ROWS:
        lines += [f"and {len(found) - ROWS} more: `farm gate {gate.commit}` lists them"]
    return "\n".join(lines).rstrip("\n") + "\n"


def _markdown_row(judged: Judged, row: list[str], gate: Gate, links: PageLinks) -> list[str]:
    """A row with the architecture as a link. The reason is a device's own words: nothing in it is a link or calls anybody."""
    change, kind, name, device, before, after, why = map(escaped, row)
    place = links.of_row(judged.row, gate.commit)
    return [change, kind, f"[{name}]({place})" if place else name, device, before, after, _code(row[-1]) if why else ""]


def _code(text: str) -> str:
    text = " ".join(text.split())
    kept = text if len(text) <= REASON_KEPT else text[: REASON_KEPT - 1] + "…"
    return f"`{kept.replace('`', QUOTE).replace('|', BAR)}`"


def gate_document(gate: Gate, fail_on: FailOn) -> dict[str, Any]:
    """``farm-gate/1``; ``judged`` has every cell, the most urgent first."""
    return {
        "commit": gate.commit,
        "base": gate.base,
        "fail_on": fail_on,
        "conclusion": conclusion(gate, fail_on),
        "exit_code": int(gate.exit_code(fail_on)),
        "notes": gate.notes(fail_on),
        "counts": {finding.value: number for finding, number in gate.counts.items()},
        "judged": [_judged_document(each) for each in gate.judged],
    }


def _judged_document(judged: Judged) -> dict[str, Any]:
    row = judged.row
    return {
        "finding": judged.finding,
        "architecture": row.name,
        "kind": row.kind,
        "device": judged.device,
        "reason": reason(judged),
        "before": cell_document(judged.before, row.last_change) if judged.before else None,
        "after": cell_document(judged.cell, row.last_change),
    }

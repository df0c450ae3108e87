"""The gate in words: a headline, and of each cell one line of why."""

from __future__ import annotations

from farm.errors import ExitCode
from farm.gating.judgement import FailOn, Finding, Gate, Judged
from farm.states.verdict import Verdict
from farm.table.diff import has_result

#: What is said of one cell, and of several.
_COUNTED = {
    Finding.REGRESSION: ("regression", "regressions"),
    Finding.UNDECIDED: ("undecided", "undecided"),
    Finding.NO_RESULT: ("without a result", "without a result"),
    Finding.NEW_FAILURE: ("new failure", "new failures"),
    Finding.EXCUSED: ("known issue", "known issues"),
    Finding.FAILS_ALREADY: ("fails already", "fail already"),
    Finding.FIXED: ("fixed", "fixed"),
    Finding.GOOD: ("good", "good"),
}
_CONCLUSIONS = {ExitCode.GOOD: "passed", ExitCode.BAD_RESULT: "failed", ExitCode.INFRASTRUCTURE: "cannot tell"}
#: Findings that are only counted: there may be hundreds, and the commit has nothing to do with them.
QUIET = (Finding.FAILS_ALREADY, Finding.GOOD)


def conclusion(gate: Gate, fail_on: FailOn) -> str:
    """``passed``, ``failed`` or ``cannot tell``."""
    return _CONCLUSIONS[gate.exit_code(fail_on)]


def counted(gate: Gate) -> str:
    """How many cells there are of each finding, in words: ``2 regressions, 57 good``."""
    said = [f"{number} {_COUNTED[finding][number > 1]}" for finding, number in gate.counts.items() if number]
    if gate.problems:
        said.insert(0, f"{gate.problems} public names that make no sense")
    return ", ".join(said) or "nothing to judge"


def shown(gate: Gate) -> tuple[Judged, ...]:
    """What a reader is to look at, the most urgent first."""
    return tuple(each for each in gate.judged if each.finding not in QUIET)


def reason(judged: Judged) -> str:
    """Why a cell is as it is, in one line; empty where there is nothing to say."""
    if judged.why:
        return f"known issue: {judged.why}"
    cell = judged.cell
    if judged.finding is Finding.FIXED:
        return ""
    if cell.unsupported:
        return f"lacks {', '.join(cell.unsupported)}"
    if not has_result(cell) and cell.verdict is not Verdict.NO_VERDICT:
        return _why_missing(judged)
    layer = cell.first_divergent_layer
    where = f"at {layer.module or '(root)'} ({layer.op})" if layer else ""
    # A cell that is FAILED says of what beside its verdict.
    what = ", ".join(filter(None, (cell.outcome if cell.verdict is not Verdict.FAILED else None, cell.cause)))
    return ": ".join(filter(None, (" ".join(filter(None, (what, where))), cell.message)))


def _why_missing(judged: Judged) -> str:
    cell = judged.cell
    if cell.changed:
        return f"observed on another stack: {', '.join(cell.changed)}"
    if cell.state == "quarantined":
        return "every attempt was lost; see `farm jobs`"
    return cell.state or "not tested"

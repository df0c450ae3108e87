"""What the gate makes of each cell of a commit, by its base, and of all of them together; pure.

A regression is a cell that the base has a result of and that is worse now (:mod:`farm.table.diff`), or that nothing is known of
any more though nobody stands in the way. What fails at the base too is no matter of the commit. A failure that no result of the
base can be held against is *undecided*, never good; so is a result that the farm itself still owes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from farm.errors import ExitCode
from farm.states.cell import Cell
from farm.states.jobs import JobState
from farm.states.verdict import FAILURES, Provenance, Verdict
from farm.table.diff import Effect, compare, has_result, has_verdict
from farm.table.table import Row, Table
from workers.outcome import Outcome

#: An architecture (kind and name), and one on a device type.
Named = tuple[str, str]
Place = tuple[str, str, str]


class FailOn(StrEnum):
    """What closes the gate."""

    REGRESSION = "regression"
    FAILURE = "failure"
    NEVER = "never"


class Finding(StrEnum):
    """What the gate makes of a cell, the most urgent first."""

    REGRESSION = "regression"
    #: It fails or is not supported, and the base has no result there to compare with.
    UNDECIDED = "undecided"
    #: The farm has not said anything of it: an infra or harness error, under way, or taken back by somebody.
    NO_RESULT = "no result"
    #: An architecture that the base does not have fails.
    NEW_FAILURE = "new failure"
    #: A regression or failure for which there is a known issue.
    EXCUSED = "known issue"
    #: It fails at the base too.
    FAILS_ALREADY = "fails already"
    FIXED = "fixed"
    GOOD = "good"


#: Findings that a known issue excuses.
_EXCUSABLE = (Finding.REGRESSION, Finding.UNDECIDED, Finding.NEW_FAILURE, Finding.FAILS_ALREADY)


@dataclass(frozen=True, slots=True)
class Judged:
    """One cell of the commit, and that of the base where it has one; ``why`` is said of what is excused."""

    finding: Finding
    row: Row
    device: str
    cell: Cell
    before: Cell | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """The judged cells of ``commit``, the most urgent first, then in the order of the table's rows.

    Args:
        commit: key of the state that is judged.
        base: full id of the commit that it is compared with; ``None`` without any.
        base_recorded: whether anything was ever submitted of the base.
        base_known: of the judged cells those that the base has a verdict of.
        judged: all of them.
        problems: public names that could make no sense of; each is a bad result.
    """

    commit: str
    base: str | None
    base_recorded: bool
    base_known: int
    judged: tuple[Judged, ...]
    problems: int = 0

    @property
    def counts(self) -> dict[Finding, int]:
        """Number of cells by finding, each finding named."""
        found = Counter(each.finding for each in self.judged)
        return {finding: found[finding] for finding in Finding}

    def exit_code(self, fail_on: FailOn) -> ExitCode:
        """1 for what ``fail_on`` names, 3 where the farm cannot tell yet, 0 where the gate is open."""
        if fail_on is FailOn.NEVER:
            return ExitCode.GOOD
        if self.problems or any(_closes(each, fail_on) for each in self.judged):
            return ExitCode.BAD_RESULT
        owed = {Finding.NO_RESULT} | ({Finding.UNDECIDED} if fail_on is FailOn.REGRESSION else set())
        return ExitCode.INFRASTRUCTURE if any(each.finding in owed for each in self.judged) else ExitCode.GOOD

    def notes(self, fail_on: FailOn) -> list[str]:
        """What is to be known of the base, and what to do about it: a line each, none where it was tested all over."""
        if self.base is None:
            return []
        base, undecided = self.base[:10], self.counts[Finding.UNDECIDED]
        remedy = f"`farm submit --all --commit {base}` tests it"
        if not self.base_recorded:
            return [f"the base {base} was never tested, so nothing is compared with it: {remedy}"]
        if self.judged and not self.base_known:
            return [f"the base {base} has no result of any cell that is judged: {remedy}"]
        if undecided and fail_on is FailOn.REGRESSION:
            return [f"the base {base} has no result of {undecided} that do not work now, old or new: {remedy}"]
        return []


def judge(
    before: Table | None,
    after: Table,
    base: str | None,
    changed: Collection[Named],
    excused: Mapping[Place, str] = MappingProxyType({}),
    problems: int = 0,
) -> Gate:
    """The gate of ``after``.

    Args:
        before: the table of the base; ``None`` where nothing is recorded of it, or there is no base.
        after: the table of the commit.
        base: full id of the base.
        changed: architectures, by kind and name, whose code is another than at the base: they count as those do that were
            selected, but for cells that neither commit has a result of.
        excused: known issues, and what to say of each; what is good is not looked up.
        problems: as in :class:`Gate`.
    """
    order = tuple(Finding)
    found = sorted(_judged(before, after, changed, excused), key=lambda each: order.index(each.finding))
    known = sum(each.before is not None and has_verdict(each.before) for each in found)
    return Gate(after.commit, base, before is not None, known, tuple(found), problems)


def _closes(judged: Judged, fail_on: FailOn) -> bool:
    if judged.finding is Finding.REGRESSION:
        return True
    counts = judged.finding in (Finding.UNDECIDED, Finding.NEW_FAILURE, Finding.FAILS_ALREADY)
    return fail_on is FailOn.FAILURE and counts and judged.cell.verdict in FAILURES


def _judged(
    before: Table | None, after: Table, changed: Collection[Named], excused: Mapping[Place, str]
) -> Iterator[Judged]:
    old = {(row.kind, row.name): row for row in before.rows} if before else {}
    differences = compare(before, after, math.inf).differences if before else ()
    effects = {(d.row.kind, d.row.name, d.device): d.effect for d in differences}
    for row in after.rows:
        if not row.selected and (row.kind, row.name) not in changed:
            continue
        was = old.get((row.kind, row.name))
        for device, cell in row.cells.items():
            place = (row.kind, row.name, device)
            known = was.cells.get(device) if was else None
            finding = _finding(cell, known, effects.get(place), new=before is not None and was is None)
            if finding is Finding.NO_RESULT and not row.selected and not (known and has_verdict(known)):
                continue
            why = excused.get(place) if finding in _EXCUSABLE else None
            yield Judged(Finding.EXCUSED if why is not None else finding, row, device, cell, known, why or "")


def _finding(cell: Cell, before: Cell | None, effect: Effect | None, *, new: bool) -> Finding:
    if not has_result(cell):
        if cell.outcome is Outcome.SKIPPED:
            return Finding.GOOD
        return Finding.REGRESSION if effect is Effect.BROKEN and not _owed(cell) else Finding.NO_RESULT
    if effect is Effect.BROKEN:
        return Finding.REGRESSION
    known = before is not None and has_verdict(before)
    if cell.verdict is not Verdict.SUPPORTED and not known and not new:
        return Finding.UNDECIDED
    if cell.verdict in FAILURES:
        return Finding.NEW_FAILURE if new else Finding.FAILS_ALREADY
    return Finding.FIXED if effect is Effect.FIXED else Finding.GOOD


def _owed(cell: Cell) -> bool:
    """Whether a result is lacking for a reason that says nothing of the product, and not for having been lost with its host."""
    if cell.verdict is Verdict.NO_VERDICT or (cell.provenance is Provenance.STALE and cell.changed and not cell.state):
        return True  # an error of infra or harness; or what was observed on a stack that is gone
    state = cell.state.removeprefix("conversion ")
    return state != JobState.QUARANTINED and state != ""

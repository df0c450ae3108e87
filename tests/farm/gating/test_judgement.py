"""What closes the gate: nothing that worked may stop working unsaid, and what failed before is not held against a commit."""

from __future__ import annotations

import pytest
from hypothesis import given

from farm.errors import ExitCode
from farm.gating.judgement import FailOn, Finding, Gate, judge
from farm.states.cell import Cell
from farm.states.verdict import FAILURES, Verdict
from farm.table.diff import Effect, compare, has_result, has_verdict
from tests.farm.gating.gates import (
    ABSENT,
    BAD,
    BASE,
    CELLS,
    COMMIT,
    FAILS,
    FLAKY,
    GOOD,
    LACKS,
    MISSING,
    NEVER,
    NONE,
    PARTLY,
    STALE,
    WORKS,
    cell,
    gate,
    gates,
    row,
    table,
    unbased,
)
from tests.farm.values import replace
from workers.outcome import Outcome

INFRA = cell(NONE, outcome=Outcome.INFRA_ERROR)
G, B, I = ExitCode.GOOD, ExitCode.BAD_RESULT, ExitCode.INFRASTRUCTURE  # noqa: E741


@pytest.mark.parametrize(
    ("before", "after", "finding", "on_regression", "on_failure"),
    [
        (GOOD, GOOD, Finding.GOOD, G, G),
        (GOOD, BAD, Finding.REGRESSION, B, B),
        (GOOD, cell(PARTLY, outcome=Outcome.MISMATCH), Finding.REGRESSION, B, B),
        (GOOD, cell(FLAKY, outcome=Outcome.CRASH), Finding.REGRESSION, B, B),
        (GOOD, cell(LACKS, outcome=Outcome.UNSUPPORTED_OP), Finding.REGRESSION, B, B),
        (cell(PARTLY), BAD, Finding.REGRESSION, B, B),
        # What was there and is gone, though nobody stands in the way.
        (GOOD, ABSENT, Finding.REGRESSION, B, B),
        (GOOD, cell(MISSING, NEVER, state="quarantined"), Finding.REGRESSION, B, B),
        (GOOD, cell(WORKS, STALE), Finding.REGRESSION, B, B),
        # What the farm owes.
        (GOOD, INFRA, Finding.NO_RESULT, I, I),
        (GOOD, cell(NONE, outcome=Outcome.VACUOUS), Finding.NO_RESULT, I, I),
        (GOOD, cell(MISSING, NEVER, state="queued"), Finding.NO_RESULT, I, I),
        (GOOD, cell(MISSING, NEVER, state="conversion running"), Finding.NO_RESULT, I, I),
        (GOOD, cell(MISSING, NEVER, state="superseded"), Finding.NO_RESULT, I, I),
        (GOOD, replace(cell(WORKS, STALE), changed=("runtime 1 -> 2",)), Finding.NO_RESULT, I, I),
        (ABSENT, ABSENT, Finding.NO_RESULT, I, I),
        (GOOD, cell(NONE, outcome=Outcome.SKIPPED), Finding.GOOD, G, G),
        # What is no matter of the commit.
        (BAD, BAD, Finding.FAILS_ALREADY, G, B),
        (BAD, cell(PARTLY, outcome=Outcome.MISMATCH), Finding.FAILS_ALREADY, G, B),
        (cell(FAILS, STALE), BAD, Finding.FAILS_ALREADY, G, B),
        (cell(LACKS), cell(LACKS), Finding.GOOD, G, G),
        (None, BAD, Finding.NEW_FAILURE, G, B),
        (None, cell(LACKS), Finding.GOOD, G, G),
        (None, GOOD, Finding.GOOD, G, G),
        (BAD, GOOD, Finding.FIXED, G, G),
        # A stale result of the base is the newest that is known of it.
        (cell(WORKS, STALE), BAD, Finding.REGRESSION, B, B),
        # What nothing can be held against.
        (ABSENT, BAD, Finding.UNDECIDED, I, B),
        (INFRA, BAD, Finding.UNDECIDED, I, B),
        (ABSENT, cell(LACKS), Finding.UNDECIDED, I, G),
        (ABSENT, GOOD, Finding.GOOD, G, G),
    ],
)
def test_a_cell(
    before: Cell | None, after: Cell, finding: Finding, on_regression: ExitCode, on_failure: ExitCode
) -> None:
    made = gate(before, after)
    assert [each.finding for each in made.judged] == [finding]
    assert made.exit_code(FailOn.REGRESSION) is on_regression
    assert made.exit_code(FailOn.FAILURE) is on_failure
    assert made.exit_code(FailOn.NEVER) is ExitCode.GOOD


@pytest.mark.parametrize(
    ("after", "finding", "code"),
    [
        (GOOD, Finding.GOOD, G),
        (BAD, Finding.UNDECIDED, I),
        (cell(LACKS), Finding.UNDECIDED, I),
        (ABSENT, Finding.NO_RESULT, I),
    ],
)
def test_a_base_that_was_never_tested_is_said_with_what_to_do(after: Cell, finding: Finding, code: ExitCode) -> None:
    made = unbased(after)
    assert [each.finding for each in made.judged] == [finding]
    assert made.exit_code(FailOn.REGRESSION) is code
    (note,) = made.notes(FailOn.REGRESSION)
    assert "never tested" in note
    assert f"farm submit --all --commit {BASE[:10]}" in note


def test_a_base_without_a_result_of_anything_that_is_judged_is_said_too() -> None:
    (note,) = gate(ABSENT, GOOD).notes(FailOn.REGRESSION)
    assert "has no result of any cell" in note
    assert gate(GOOD, BAD).notes(FailOn.REGRESSION) == []


def test_a_base_that_was_tested_in_part_is_said_with_how_much_is_open() -> None:
    old = table(BASE, row("a", {"numpy": GOOD}), row("b", {"numpy": ABSENT}))
    made = judge(old, table(COMMIT, row("a", {"numpy": GOOD}), row("b", {"numpy": BAD})), BASE, ())
    (note,) = made.notes(FailOn.REGRESSION)
    assert "no result of 1 that" in note
    assert made.notes(FailOn.FAILURE) == []


def test_known_issues_excuse_failures_and_nothing_else() -> None:
    place = {("network", "net", "numpy"): "#12, owned by ada"}
    made = gate(GOOD, BAD, place)
    assert [(each.finding, each.why) for each in made.judged] == [(Finding.EXCUSED, "#12, owned by ada")]
    assert made.exit_code(FailOn.REGRESSION) is made.exit_code(FailOn.FAILURE) is ExitCode.GOOD
    assert gate(GOOD, BAD, {("network", "net", "exact"): "another device"}).exit_code(FailOn.REGRESSION) is B
    for owed in (gate(GOOD, INFRA, place), gate(GOOD, GOOD, place)):
        assert not owed.counts[Finding.EXCUSED]
    assert gate(GOOD, INFRA, place).exit_code(FailOn.REGRESSION) is I


def test_what_was_not_selected_counts_where_its_code_changed_and_something_was_lost() -> None:
    def made(before: Cell, after: Cell, *changed: tuple[str, str]) -> Gate:
        old = table(BASE, row("net", {"numpy": before}))
        return judge(old, table(COMMIT, row("net", {"numpy": after}, selected=False)), BASE, changed)

    changed = ("network", "net")
    assert made(GOOD, ABSENT).judged == ()
    assert made(GOOD, ABSENT, changed).exit_code(FailOn.REGRESSION) is B
    assert made(ABSENT, ABSENT, changed).judged == ()  # an excluded one: nobody ever tests it


def test_a_public_name_that_makes_no_sense_is_a_bad_result() -> None:
    assert replace(gate(GOOD, GOOD), problems=1).exit_code(FailOn.REGRESSION) is B
    assert replace(gate(GOOD, GOOD), problems=1).exit_code(FailOn.NEVER) is G


def test_the_most_urgent_come_first() -> None:
    old = table(BASE, *(row(name, {"numpy": GOOD}) for name in "abc"))
    made = judge(
        old, table(COMMIT, *(row(n, {"numpy": c}) for n, c in zip("abc", (GOOD, INFRA, BAD), strict=True))), BASE, ()
    )
    assert [each.row.name for each in made.judged] == ["c", "b", "a"]


@given(gates())
def test_an_open_gate_hides_nothing(made: Gate) -> None:
    assert sum(made.counts.values()) == len(made.judged)
    order = list(Finding)
    assert [order.index(e.finding) for e in made.judged] == sorted(order.index(e.finding) for e in made.judged)
    if made.exit_code(FailOn.REGRESSION) is ExitCode.GOOD:
        for each in made.judged:
            if each.finding is Finding.EXCUSED or each.cell.outcome is Outcome.SKIPPED:
                continue
            assert has_result(each.cell)
            if each.cell.verdict is not Verdict.SUPPORTED:
                known = each.before is not None and has_verdict(each.before)
                assert known or (each.before is None and made.base_recorded)
    if made.exit_code(FailOn.FAILURE) is ExitCode.GOOD:
        bad = [e for e in made.judged if has_result(e.cell) and e.cell.verdict in FAILURES]
        assert all(each.finding is Finding.EXCUSED for each in bad)


@given(CELLS, CELLS)
def test_whatever_a_diff_calls_broken_keeps_the_gate_shut(before: Cell, after: Cell) -> None:
    old, new = table(BASE, row("net", {"numpy": before})), table(COMMIT, row("net", {"numpy": after}))
    broken = compare(old, new, 2.0).counts[Effect.BROKEN]
    code = judge(old, new, BASE, ()).exit_code(FailOn.REGRESSION)
    if broken and after.outcome is not Outcome.SKIPPED:
        assert code is not ExitCode.GOOD
    if code is ExitCode.BAD_RESULT:
        assert broken

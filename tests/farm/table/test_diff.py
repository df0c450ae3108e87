"""What differs between two tables: every pair of cells has at most one effect, and nothing that stopped working goes unsaid."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.states.cell import Cell, Resolution
from farm.states.verdict import Provenance, Verdict
from farm.table.diff import Diff, Effect, compare, has_result, slowdown
from farm.table.table import Change, Row, Table
from tests.farm.values import replace
from workers.outcome import Outcome

DEVICES = ("numpy", "exact")
OWN, STALE = Provenance.OBSERVED, Provenance.STALE
WORKS, PARTLY, FAILS = Verdict.SUPPORTED, Verdict.PARTIAL, Verdict.FAILED


def resolutions(*facts: tuple[str, Outcome, float | None]) -> tuple[Resolution, ...]:
    return tuple(Resolution(s, outcome, None, None, None, ms, "") for s, outcome, ms in facts)


def cell(verdict: Verdict, provenance: Provenance = OWN, *facts: tuple[str, Outcome, float | None]) -> Cell:
    return Cell("numpy", verdict, provenance, resolutions=resolutions(*facts))


def table(commit: str, cells: dict[str, Cell]) -> Table:
    """One network for each cell, on one device."""
    change = Change(commit, datetime(2026, 3, 1, tzinfo=UTC))
    rows = [Row(name, "network", {}, (), change, True, "", {"numpy": c}) for name, c in cells.items()]
    return Table(commit, ("numpy",), tuple(rows))


def between(before: Cell, after: Cell) -> Diff:
    return compare(table("a", {"net": before}), table("b", {"net": after}), 1.5)


def effects(before: Cell, after: Cell) -> list[Effect]:
    return [d.effect for d in between(before, after).differences]


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (cell(WORKS), cell(FAILS), [Effect.BROKEN]),
        (cell(WORKS), cell(PARTLY), [Effect.BROKEN]),
        (cell(WORKS), cell(Verdict.FLAKY), [Effect.BROKEN]),
        (cell(WORKS), cell(Verdict.UNSUPPORTED), [Effect.BROKEN]),
        (cell(WORKS), cell(FAILS, Provenance.INHERITED), [Effect.BROKEN]),
        (cell(FAILS), cell(WORKS), [Effect.FIXED]),
        (cell(FAILS), cell(PARTLY), [Effect.FIXED]),
        (cell(FAILS), cell(Verdict.UNSUPPORTED), []),
        (cell(WORKS), cell(WORKS, Provenance.INHERITED), []),
        # A result that is missing counts as a regression, for whatever reason.
        (cell(WORKS), cell(Verdict.MISSING, Provenance.NEVER), [Effect.BROKEN]),
        (cell(WORKS), cell(Verdict.MISSING, Provenance.PREDICTED), [Effect.BROKEN]),
        (cell(WORKS), cell(Verdict.NO_VERDICT), [Effect.BROKEN]),
        (cell(WORKS), cell(WORKS, STALE), [Effect.BROKEN]),
        (cell(FAILS), cell(Verdict.MISSING, Provenance.NEVER), [Effect.BROKEN]),
        # What neither has cannot be lost, and what only an older state has was lost before.
        (cell(Verdict.MISSING, Provenance.NEVER), cell(Verdict.NO_VERDICT), []),
        (cell(WORKS, STALE), cell(WORKS, STALE), []),
        (cell(WORKS, STALE), cell(Verdict.MISSING, Provenance.NEVER), []),
        # A stale verdict is the newest that is known before.
        (cell(WORKS, STALE), cell(FAILS), [Effect.BROKEN]),
        (cell(FAILS, STALE), cell(WORKS), [Effect.FIXED]),
        (cell(WORKS, STALE), cell(WORKS), []),
        (cell(Verdict.MISSING, Provenance.NEVER), cell(FAILS), [Effect.NEW]),
        (cell(Verdict.NO_VERDICT), cell(WORKS), [Effect.NEW]),
    ],
)
def test_the_effect_on_a_cell(before: Cell, after: Cell, effect: list[Effect]) -> None:
    assert effects(before, after) == effect


def test_a_lost_result_is_told_from_a_worse_one() -> None:
    (lost,) = between(cell(WORKS), cell(Verdict.NO_VERDICT)).differences
    (worse,) = between(cell(WORKS), cell(FAILS)).differences
    assert (lost.lost, worse.lost) == (True, False)


PASS, BAD = Outcome.PASS, Outcome.MISMATCH


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ((("8", PASS, None), ("9", BAD, None)), (("8", PASS, None), ("9", BAD, None)), []),
        ((("8", PASS, None), ("9", BAD, None)), (("8", BAD, None), ("9", PASS, None)), [Effect.BROKEN]),
        ((("8", PASS, None), ("9", BAD, None)), (("8", PASS, None), ("9", PASS, None), ("7", BAD, None)), [Effect.FIXED]),
        ((("8", PASS, None), ("9", BAD, None)), (("7", PASS, None), ("6", BAD, None)), []),
    ],
)  # fmt: skip
def test_of_partial_results_the_samples_are_compared(
    before: tuple[tuple[str, Outcome, None], ...], after: tuple[tuple[str, Outcome, None], ...], effect: list[Effect]
) -> None:
    assert effects(cell(PARTLY, OWN, *before), cell(PARTLY, OWN, *after)) == effect


def test_slower_is_by_the_sample_that_lost_most_and_from_the_factor_on() -> None:
    before = cell(WORKS, OWN, ("8", PASS, 10.0), ("9", PASS, 2.0), ("7", PASS, None), ("6", PASS, 1.0))
    after = cell(WORKS, OWN, ("8", PASS, 10.0), ("9", PASS, 3.0), ("7", PASS, 50.0), ("5", PASS, 50.0))
    (found,) = between(before, after).differences
    assert (found.effect, found.slowdown) == (Effect.SLOWER, 1.5)
    assert compare(table("a", {"net": before}), table("b", {"net": after}), 1.51).differences == ()


def test_what_failed_is_not_timed_and_what_broke_is_not_also_slower() -> None:
    fast, slow = cell(WORKS, OWN, ("8", PASS, 1.0)), (("8", PASS, 9.0),)
    assert slowdown(fast, cell(FAILS, OWN, ("8", BAD, 9.0))) is None
    assert slowdown(cell(FAILS, OWN, ("8", BAD, 1.0)), cell(WORKS, OWN, *slow)) is None
    assert effects(fast, cell(PARTLY, OWN, *slow)) == [Effect.BROKEN]
    assert effects(replace(fast, provenance=STALE), cell(WORKS, OWN, *slow)) == []


def test_architectures_come_and_go_by_kind_and_name() -> None:
    old, new = table("a", {"net": cell(FAILS), "left": cell(WORKS)}), table("b", {"net": cell(FAILS)})
    as_backbone = replace(new, rows=(*new.rows, replace(old.rows[1], kind="backbone")))
    found = [(d.effect, d.row.kind, d.row.name, d.lost) for d in compare(old, as_backbone, 1.5).differences]
    assert found == [(Effect.NEW, "backbone", "left", False), (Effect.GONE, "network", "left", False)]


def test_the_broken_come_first_and_every_effect_is_counted() -> None:
    old = table("a", {"a": cell(FAILS), "b": cell(WORKS), "d": cell(WORKS)})
    new = table("b", {"a": cell(WORKS), "b": cell(FAILS), "c": cell(WORKS)})
    made = compare(old, new, 2.0)
    assert [(d.effect.value, d.row.name) for d in made.differences] == [
        ("broken", "b"), ("fixed", "a"), ("new", "c"), ("gone", "d"),
    ]  # fmt: skip
    assert made.counts == dict.fromkeys(Effect, 1) | {Effect.SLOWER: 0}
    assert (made.before, made.after, made.slower_by) == ("a", "b", 2.0)


GOOD = (PASS, Outcome.PASS_FALLBACK)
samples = st.dictionaries(
    st.sampled_from(["8", "9", "7"]),
    st.tuples(st.sampled_from([PASS, Outcome.PASS_FALLBACK, BAD, Outcome.PRECLUDED]), st.none() | st.floats(0, 100)),
)
cells = st.builds(
    lambda v, p, known: cell(v, p, *((s, o, ms) for s, (o, ms) in known.items())),
    st.sampled_from(Verdict),
    st.sampled_from(Provenance),
    samples,
)
rows = st.dictionaries(st.sampled_from("abcd"), cells)


@given(rows)
def test_a_table_does_not_differ_from_itself(found: dict[str, Cell]) -> None:
    assert compare(table("a", found), table("a", found), 1.01).differences == ()


@given(rows, rows)
def test_every_cell_has_one_effect_at_most_and_what_stopped_working_is_broken(
    old: dict[str, Cell], new: dict[str, Cell]
) -> None:
    made = compare(table("a", old), table("b", new), 1.5)
    by_name = {d.row.name: d.effect for d in made.differences}
    assert len(by_name) == len(made.differences) == sum(made.counts.values())
    assert {n for n, e in by_name.items() if e is Effect.NEW} >= new.keys() - old.keys()
    assert {n for n, e in by_name.items() if e is Effect.GONE} == old.keys() - new.keys()
    for name in old.keys() & new.keys():
        worked = has_result(old[name]) and old[name].verdict is WORKS
        works = has_result(new[name]) and new[name].verdict is WORKS
        if worked:
            assert (by_name.get(name) is Effect.BROKEN) == (not works)
        if works:
            assert by_name.get(name) is not Effect.BROKEN


@given(cells.filter(has_result), cells.filter(has_result))
def test_the_other_way_round_what_was_fixed_is_broken(one: Cell, other: Cell) -> None:
    there, back = effects(one, other), effects(other, one)
    if there == [Effect.FIXED]:
        assert back == [Effect.BROKEN]
    if there == [Effect.BROKEN]:
        assert back in ([Effect.FIXED], [Effect.BROKEN])  # the latter where samples were lost and won
    assert Effect.NEW not in there


@given(cells, cells)
def test_samples_are_compared_by_their_names_in_whatever_order_they_stand(one: Cell, other: Cell) -> None:
    was, now = ({r.sample: r for r in each.resolutions if r.outcome in GOOD} for each in (one, other))
    shared = [(was[sample].latency_ms, now[sample].latency_ms) for sample in was.keys() & now.keys()]
    assert slowdown(one, other) == max((b / a for a, b in shared if a and b is not None), default=None)
    backwards = replace(other, resolutions=other.resolutions[::-1])
    assert effects(one, backwards) == effects(one, other)

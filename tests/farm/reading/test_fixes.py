"""What to fix first: known answers, and what holds for any needs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.reading.fixes import Blocked, Fix, Step, in_order, lacks_of, ranked
from farm.states.cell import Cell, Layer
from farm.states.verdict import Provenance, Verdict
from farm.table.table import Change, Row, Table
from tests.farm.values import replace
from workers.outcome import Outcome


def blocked(device: str, **needs: str) -> list[Blocked]:
    """Architectures by name, what each needs as words."""
    return [Blocked(name, device, frozenset(what.split())) for name, what in needs.items()]


BOARD = blocked("board", a="gelu", b="gelu", c="gelu erf", d="erf cat", e="cat")
some_needs = st.sets(st.sampled_from("pqrst"), min_size=1).map(frozenset)
some_blocked = st.lists(st.tuples(st.sampled_from(("board", "phone")), some_needs), max_size=12).map(
    lambda cells: [Blocked(f"net{i}", device, needs) for i, (device, needs) in enumerate(cells)]
)


def won(left: list[Blocked], device: str, fixes: Iterable[str]) -> list[str]:
    return [b.architecture for b in left if b.device == device and b.needs <= set(fixes)]


def test_a_fix_that_turns_most_green_alone_comes_first_and_names_what_others_need_beside_it() -> None:
    assert ranked(BOARD) == [
        Fix("board", "gelu", ("a", "b"), ("a", "b", "c"), (("erf", 1),)),
        Fix("board", "cat", ("e",), ("d", "e"), (("erf", 1),)),
        Fix("board", "erf", (), ("c", "d"), (("cat", 1), ("gelu", 1))),
    ]


def test_the_gain_of_a_step_is_what_the_steps_before_leave() -> None:
    assert in_order(BOARD) == [
        Step("board", ("gelu",), ("a", "b")),
        Step("board", ("cat", "erf"), ("c", "d", "e")),
    ]


def test_a_set_is_a_step_where_no_single_fix_is_as_good_a_bargain() -> None:
    cells = blocked("board", a="p q", b="p q", c="p q", d="r")
    assert in_order(cells) == [Step("board", ("p", "q"), ("a", "b", "c")), Step("board", ("r",), ("d",))]


def test_devices_are_fixed_one_by_one() -> None:
    cells = blocked("board", a="gelu") + blocked("phone", a="gelu", b="gelu")
    assert [(fix.device, len(fix.alone)) for fix in ranked(cells)] == [("phone", 2), ("board", 1)]
    assert in_order(cells, most=1) == [Step("phone", ("gelu",), ("a", "b"))]


def test_where_nothing_is_blocked_there_is_nothing_to_fix() -> None:
    assert (ranked([]), in_order([])) == ([], [])


@settings(max_examples=50)
@given(some_blocked)
def test_the_figures_of_every_fix_are_those_of_counting(cells: list[Blocked]) -> None:
    fixes = ranked(cells)
    assert {(fix.device, fix.what) for fix in fixes} == {(b.device, what) for b in cells for what in b.needs}
    for fix in fixes:
        own = [b for b in cells if b.device == fix.device]
        assert set(fix.alone) == {b.architecture for b in own if not b.needs - {fix.what}}
        assert set(fix.needing) == {b.architecture for b in own if fix.what in b.needs}
    assert [len(fix.alone) for fix in fixes] == sorted((len(fix.alone) for fix in fixes), reverse=True)


@settings(max_examples=50)
@given(some_blocked)
def test_the_steps_turn_every_cell_green_once_and_each_is_the_best_bargain_left(cells: list[Blocked]) -> None:
    steps = in_order(cells, most=100)
    assert sorted(name for step in steps for name in step.gained) == sorted(b.architecture for b in cells)
    done: dict[str, frozenset[str]] = {"board": frozenset(), "phone": frozenset()}
    green: set[str] = set()
    for step in steps:
        assert step.gained
        assert not done[step.device] & set(step.fixes)
        left = [
            Blocked(b.architecture, b.device, b.needs - done[b.device]) for b in cells if b.architecture not in green
        ]
        assert set(step.gained) == set(won(left, step.device, step.fixes))
        for b in left:
            assert len(step.gained) / len(step.fixes) >= len(won(left, b.device, b.needs)) / len(b.needs)
        done[step.device] |= set(step.fixes)
        green |= set(step.gained)


CONV = Layer("v", "conv2d", "layer1", 0.3, introduced_here=True)
UNSUPPORTED = Cell(
    "board",
    Verdict.UNSUPPORTED,
    Provenance.OBSERVED,
    Outcome.UNSUPPORTED_OP,
    unsupported=("gelu", "conv2d: kernel larger than 3"),
)
FAILED = Cell("board", Verdict.FAILED, Provenance.INHERITED, Outcome.MISMATCH, first_divergent_layer=CONV)


def table(**cells: Cell) -> Table:
    change = Change("c1", datetime(2026, 1, 1, tzinfo=UTC))
    rows = [Row(name, "network", {}, (), change, True, "", {"board": cell}) for name, cell in cells.items()]
    return Table("c1", ("board",), tuple(rows))


def test_what_a_cell_needs_is_what_the_device_said_or_the_layer_that_is_wrong() -> None:
    lacks = lacks_of(table(a=UNSUPPORTED, b=FAILED))
    assert lacks.blocked == (
        Blocked("network:a", "board", frozenset({"gelu", "conv2d: kernel larger than 3"})),
        Blocked("network:b", "board", frozenset({"conv2d: wrong result"})),
    )
    assert lacks.unexplained == 0


@pytest.mark.parametrize(
    "cell",
    [
        Cell("board", Verdict.FAILED, Provenance.OBSERVED, Outcome.CRASH),
        Cell("board", Verdict.PARTIAL, Provenance.OBSERVED, Outcome.OUT_OF_MEMORY),
        replace(FAILED, first_divergent_layer=replace(CONV, introduced_here=False)),
        replace(FAILED, first_divergent_layer=replace(CONV, introduced_here=None)),
    ],
)
def test_a_failure_that_nothing_explains_is_counted_and_not_guessed_at(cell: Cell) -> None:
    assert (lacks_of(table(a=cell)).blocked, lacks_of(table(a=cell)).unexplained) == ((), 1)


@pytest.mark.parametrize(
    "cell",
    [
        Cell("board", Verdict.SUPPORTED, Provenance.OBSERVED, Outcome.PASS),
        Cell("board", Verdict.NO_VERDICT, Provenance.OBSERVED, Outcome.INFRA_ERROR),
        Cell("board", Verdict.MISSING, Provenance.NEVER),
        replace(UNSUPPORTED, provenance=Provenance.STALE),
        replace(UNSUPPORTED, verdict=Verdict.MISSING, provenance=Provenance.PREDICTED),
    ],
)
def test_what_is_green_or_not_known_now_does_not_count(cell: Cell) -> None:
    assert (lacks_of(table(a=cell)).blocked, lacks_of(table(a=cell)).unexplained) == ((), 0)

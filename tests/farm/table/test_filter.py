"""Rows and device types that a person asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.errors import NotFoundError, UsageError
from farm.states.verdict import Provenance, Verdict
from farm.table.filter import TableFilter
from farm.table.table import KIND_ORDER, Cell, Change, Row, Table

DEVICES = ("numpy", "exact")
GOOD, BAD, MISSING, NONE = Verdict.SUPPORTED, Verdict.FAILED, Verdict.MISSING, Verdict.NO_VERDICT


def row(name: str, kind: str, *verdicts: Verdict) -> Row:
    cells = {d: Cell(d, v, Provenance.OBSERVED) for d, v in zip(DEVICES, verdicts, strict=True)}
    change = Change("c1", datetime(2026, 3, 1, tzinfo=UTC))
    return Row(name, kind, {}, (), change, selected=True, reason="new architecture", cells=cells)


TABLE = Table(
    "c1",
    DEVICES,
    (
        row("UNet", "network", MISSING, MISSING),
        row("resnet18", "network", GOOD, BAD),
        row("resnet50", "network", GOOD, GOOD),
        row("ResNet18", "backbone", MISSING, GOOD),
        row("FPN", "neck", NONE, MISSING),
    ),
)


def shown(wanted: TableFilter) -> list[str]:
    return [f"{r.kind}:{r.name}" for r in wanted.apply(TABLE).rows]


def test_without_a_filter_it_is_the_whole_table() -> None:
    assert TableFilter().apply(TABLE) == TABLE


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (TableFilter(kinds=("neck", "backbone")), ["backbone:ResNet18", "neck:FPN"]),
        (TableFilter(names=("resnet18",)), ["network:resnet18", "backbone:ResNet18"]),
        (TableFilter(names=("*50", "f?n")), ["network:resnet50", "neck:FPN"]),
        (TableFilter(names=("resnet[5]0",)), ["network:resnet50"]),
        (TableFilter(verdicts=("FAILED",)), ["network:resnet18"]),
        (TableFilter(verdicts=("failed", "No_Verdict")), ["network:resnet18", "neck:FPN"]),
        (TableFilter(verdicts=("failed",), devices=("numpy",)), []),
        (
            TableFilter(verdicts=("missing",), devices=("exact",)),
            ["network:UNet", "neck:FPN"],
        ),
        (TableFilter(tested=True), ["network:resnet18", "network:resnet50", "backbone:ResNet18", "neck:FPN"]),
        (TableFilter(tested=True, devices=("exact",)), ["network:resnet18", "network:resnet50", "backbone:ResNet18"]),
        (TableFilter(names=("resnet*",), kinds=("network",), verdicts=("FAILED",)), ["network:resnet18"]),
    ],
)
def test_each_filter_that_is_given_has_to_be_satisfied(wanted: TableFilter, names: list[str]) -> None:
    assert shown(wanted) == names


def test_devices_come_in_the_order_that_is_asked_for() -> None:
    made = TableFilter(devices=("exact", "numpy"), names=("UNet",)).apply(TABLE)
    assert made.devices == ("exact", "numpy")
    assert list(made.rows[0].cells) == ["exact", "numpy"]


@pytest.mark.parametrize(
    ("ask", "error", "said"),
    [
        (
            lambda: TableFilter(kinds=("netwrk",)),
            UsageError,
            "no kind 'netwrk'; did you mean network, neck?; kinds are ",
        ),
        (
            lambda: TableFilter(verdicts=("faild",)),
            UsageError,
            "no verdict 'faild'; did you mean FAILED, PARTIAL?; verdicts are ",
        ),
        (
            lambda: TableFilter(names=("resnet81",)).apply(TABLE),
            NotFoundError,
            "no architecture named 'resnet81'; did you mean ",
        ),
        (lambda: TableFilter(names=("UNet", "x*")).apply(TABLE), NotFoundError, "no architecture named 'x*'"),
        (lambda: TableFilter(devices=("nunpy",)).apply(TABLE), NotFoundError, "did you mean numpy?"),
    ],
)
def test_what_is_not_there_is_an_error(ask: Callable[[], object], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        ask()
    assert said in str(caught.value)


subsets = st.lists(st.sampled_from([*DEVICES]), unique=True, max_size=2).map(tuple)
filters = st.builds(
    TableFilter,
    devices=subsets,
    kinds=st.lists(st.sampled_from(KIND_ORDER), max_size=2).map(tuple),
    names=st.lists(st.sampled_from(["*", "resnet*", "unet", "*n*"]), max_size=2).map(tuple),
    verdicts=st.lists(st.sampled_from([v.value for v in Verdict]), max_size=2).map(tuple),
    tested=st.booleans(),
)


@given(filters)
def test_rows_are_left_out_and_never_changed_or_moved(wanted: TableFilter) -> None:
    made = wanted.apply(TABLE)
    whole = [replace(r, cells={d: r.cells[d] for d in made.devices}) for r in TABLE.rows]
    assert list(made.rows) == [r for r in whole if r in made.rows]
    assert wanted.apply(TABLE) == made


@given(filters, filters)
def test_more_filters_show_fewer_rows(one: TableFilter, other: TableFilter) -> None:
    both = replace(one, kinds=one.kinds or other.kinds, tested=one.tested or other.tested)
    assert set(shown(both)) <= set(shown(one))

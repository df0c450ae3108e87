"""What reports say is in the rows, bounded; many at once are entered in as many statements as one."""

from __future__ import annotations

import dataclasses

from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.entries import Entry, enter_reports
from farm.database.engine import Database
from farm.database.models import Attempt, Stack
from farm.database.records import MAX_CASES, MAX_MESSAGE, MAX_PROBES, MAX_TENSORS, case_of, record_unit
from farm.inventory import Inventory
from farm.states.jobs import AttemptState
from tests.farm.rows import START, FakeWire, report, submit
from tests.farm.statements import counted
from workers.outcome import Outcome
from workers.report import AttemptReport, CaseReport, LayerError, LayerProbe, TensorError
from workers.spread import Spread


def enter(database: Database, *said: tuple[str, AttemptReport]) -> None:
    """Enter reports on attempts, all at once."""
    with database.write() as session:
        unit = record_unit(session, "numpy", "unit-1", START)
        enter_reports(session, [Entry(attempt, unit.id, each, True, 0.5, START) for attempt, each in said])


def recorded(database: Database, inventory: Inventory, **changes: object) -> Attempt:
    """An attempt with a report of the given fields."""
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    said: AttemptReport = dataclasses.replace(report(wire.sent[0]).report, **changes)  # type: ignore[arg-type]
    enter(database, (wire.sent[0].attempt, said))
    with database.read() as session:
        attempt = session.get_one(Attempt, wire.sent[0].attempt)
        _ = [(case.tensors, case.layer) for case in attempt.cases]
        return attempt


def test_a_report_of_any_size_is_bounded(database: Database, inventory: Inventory) -> None:
    probes = (LayerProbe("v" * 9999, "o" * 9999, "m" * 9999, 0.1),) * 99
    layer = LayerError("v" * 9999, "o" * 9999, "m" * 9999, 0.1, None, "s" * 9999, signature="t" * 9999, probes=probes)
    tensors = report_tensors() * (MAX_TENSORS + 10)
    big = CaseReport("s" * 9999, Outcome.MISMATCH, "x" * 9999, tensors, first_divergent_layer=layer)
    many = tuple(CaseReport(f"{n}x{n}", Outcome.PASS) for n in range(MAX_CASES + 10))
    attempt = recorded(database, inventory, cases=(big, *many), unsupported=("op" * 9999,) * (MAX_CASES + 10))
    assert len(attempt.cases) == MAX_CASES == len(attempt.unsupported)
    first = attempt.cases[0]
    assert (len(first.sample), len(first.message), len(first.tensors)) == (32, MAX_MESSAGE, MAX_TENSORS)
    assert first.layer is not None
    assert (len(first.layer.value), len(first.layer.op), len(first.layer.module)) == (128, 128, 512)
    assert (len(first.layer.source), len(first.layer.signature)) == (128, 512)
    assert first.layer.probes is not None
    assert len(first.layer.probes) == MAX_PROBES
    assert [len(first.layer.probes[0][name]) for name in ("value", "op", "module")] == [128, 128, 512]


def report_tensors() -> tuple[object, ...]:
    return (TensorError("out" * 99, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0),)


def test_a_case_comes_back_as_it_was_said(database: Database, inventory: Inventory) -> None:
    spread = Spread(64, 0.75, ((0.25, 0.0), (0.75, 0.01)), 1e-9, (2, 1), sensitivity=0.5)
    tensors = (
        TensorError("out", 0.1, 0.01, 20.0, 0.99, 0.5, None, spread),
        TensorError("v7", 0.1, 0.01, 20.0, 0.99, 0.5, 0.25, spread, layer="conv2d"),
        TensorError("out", 0.1, 0.01, 20.0, 0.99, 0.5, -0.5, run=1),
    )
    probes = (LayerProbe("v1", "relu", "act", 1e-7), LayerProbe("v3", "conv2d", "layer1", 0.1))
    layer = LayerError("v3", "conv2d", "layer1", 0.1, True, "Conv2d", 0.1, None, "conv2d(float32[1, 3, 8, 8])", probes)
    case = CaseReport("8x8", Outcome.MISMATCH, "x", tensors, 3.5, layer, Outcome.PASS, "2 of 9 fell back")
    bare = CaseReport("9x9", Outcome.CRASH)
    attempt = recorded(database, inventory, cases=(case, bare))
    assert [case_of(row) for row in attempt.cases] == [case, bare]


def test_statistics_that_no_host_of_ours_makes_are_not_kept(database: Database, inventory: Inventory) -> None:
    many = Spread(64, 1.0, tuple((i / 99, i / 99) for i in range(99)))
    counts = Spread(64, 1.0, above=(1,) * 99)
    tensors = tuple(TensorError("out", 0.1, 0.01, 20.0, 0.99, 0.5, 0.1, spread) for spread in (many, counts))
    attempt = recorded(database, inventory, cases=(CaseReport("8x8", Outcome.PASS, tensors=tensors),))
    assert [tensor.spread for tensor in attempt.cases[0].tensors] == [None, None]


def test_a_stack_is_kept_once(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net", "other"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    stacks = {"a": "1", "b": "2"}, {"b": "2", "a": "1"}
    for together in (False, True):
        saying = [
            (message.attempt, dataclasses.replace(report(message).report, stack=stack))
            for message, stack in zip(wire.sent[2 * together :], stacks, strict=False)
        ]
        for some in [saying] if together else [[each] for each in saying]:
            enter(database, *some)
    with database.read() as session:
        (kept,) = session.scalars(select(Stack)).all()
        assert kept.fingerprint == {"a": "1", "b": "2"}
        assert session.scalars(select(Attempt.stack)).all() == [kept.hash] * 4


def test_many_reports_take_as_many_statements_as_one(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [f"net{n}" for n in range(4)])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    first, *others = [(message.attempt, report(message, Outcome.MISMATCH).report) for message in wire.sent]
    enter(database, first)  # the unit and the stack are known from here on
    second, *others = others
    with counted(database) as one:
        enter(database, second)
    with counted(database) as many:
        enter(database, *others)
    assert len(others) > 2
    assert len(many) == len(one)
    with database.read() as session:
        for attempt in session.scalars(select(Attempt)):
            assert attempt.state == AttemptState.REPORTED
            assert [case.layer is not None and len(case.tensors) for case in attempt.cases] == [1, 1, 1]

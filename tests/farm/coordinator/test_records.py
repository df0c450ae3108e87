from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.records import (
    MAX_CASES,
    MAX_MESSAGE,
    MAX_TENSORS,
    case_of,
    clipped,
    record_report,
    record_unit,
)
from farm.database.engine import Database
from farm.database.models import Attempt, Device, Stack
from farm.inventory import Inventory
from tests.farm.rows import START, FakeWire, report, submit
from workers.outcome import Outcome
from workers.report import AttemptReport, CaseReport, LayerError, TensorError
from workers.spread import Spread


def recorded(database: Database, inventory: Inventory, **changes: object) -> Attempt:
    """An attempt with a report of the given fields."""
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    said: AttemptReport = dataclasses.replace(report(wire.sent[0]).report, **changes)  # type: ignore[arg-type]
    with database.write() as session:
        record_report(session, session.get_one(Attempt, wire.sent[0].attempt), said)
    with database.read() as session:
        attempt = session.get_one(Attempt, wire.sent[0].attempt)
        _ = [(case.tensors, case.layer) for case in attempt.cases]
        return attempt


def test_a_report_of_any_size_is_bounded(database: Database, inventory: Inventory) -> None:
    layer = LayerError("v" * 9999, "o" * 9999, "m" * 9999, 0.1, None, "s" * 9999, signature="t" * 9999)
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


def report_tensors() -> tuple[object, ...]:
    return (TensorError("out" * 99, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0),)


def test_a_case_comes_back_as_it_was_said(database: Database, inventory: Inventory) -> None:
    spread = Spread(64, 0.75, ((0.25, 0.0), (0.75, 0.01)), 1e-9, (2, 1), sensitivity=0.5)
    tensors = (
        TensorError("out", 0.1, 0.01, 20.0, 0.99, 0.5, None, spread),
        TensorError("v7", 0.1, 0.01, 20.0, 0.99, 0.5, 0.25, spread, layer="conv2d"),
        TensorError("out", 0.1, 0.01, 20.0, 0.99, 0.5, -0.5, run=1),
    )
    layer = LayerError("v3", "conv2d", "layer1", 0.1, True, "Conv2d", 0.1, None, "conv2d(float32[1, 3, 8, 8])")
    case = CaseReport("8x8", Outcome.MISMATCH, "x", tensors, 3.5, layer, Outcome.PASS, "2 of 9 fell back")
    bare = CaseReport("9x9", Outcome.CRASH)
    attempt = recorded(database, inventory, cases=(case, bare))
    assert [case_of(row) for row in attempt.cases] == [case, bare]
    assert attempt.echoed


def test_statistics_that_no_host_of_ours_makes_are_not_kept(database: Database, inventory: Inventory) -> None:
    many = Spread(64, 1.0, tuple((i / 99, i / 99) for i in range(99)))
    counts = Spread(64, 1.0, above=(1,) * 99)
    tensors = tuple(TensorError("out", 0.1, 0.01, 20.0, 0.99, 0.5, 0.1, spread) for spread in (many, counts))
    attempt = recorded(database, inventory, cases=(CaseReport("8x8", Outcome.PASS, tensors=tensors),))
    assert [tensor.spread for tensor in attempt.cases[0].tensors] == [None, None]


@pytest.mark.parametrize("other", [{"bundle": "f" * 64}, {"nonce": "n"}])
def test_a_report_that_echoes_something_else_is_remembered_as_such(
    database: Database, inventory: Inventory, other: dict[str, str]
) -> None:
    assert recorded(database, inventory, **other).echoed is False


def test_a_stack_is_kept_once(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    for message, stack in zip(wire.sent[:2], ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}), strict=True):
        with database.write() as session:
            said = dataclasses.replace(report(message).report, stack=stack)
            record_report(session, session.get_one(Attempt, message.attempt), said)
    with database.read() as session:
        (kept,) = session.scalars(select(Stack)).all()
        assert kept.fingerprint == {"a": "1", "b": "2"}
        assert set(session.scalars(select(Attempt.stack))) == {kept.hash}


def test_a_unit_is_known_by_type_and_name(database: Database) -> None:
    with database.write() as session:
        first = record_unit(session, "numpy", "bench-1", START)
        assert record_unit(session, "numpy", "bench-1", START) is first
        assert record_unit(session, "torch", "bench-1", START) is not first
        assert len(session.scalars(select(Device)).all()) == 2


@given(st.text(max_size=80), st.integers(1, 40))
def test_what_is_clipped_is_short_and_harmless(text: str, limit: int) -> None:
    cut = clipped(text, limit)
    assert len(cut) <= limit
    assert not any(ord(c) < 32 and c not in "\t\n\r" for c in cut)
    assert "\x7f" not in cut
    if len(text) <= limit:
        assert len(cut) == len(text)
    else:
        assert cut.endswith("…")
    assert clipped(cut, limit) == cut

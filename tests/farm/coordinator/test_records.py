from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.records import MAX_CASES, MAX_MESSAGE, MAX_TENSORS, clipped, record_report, record_unit
from farm.database.engine import Database
from farm.database.models import Attempt, Device, Stack
from farm.inventory import Inventory
from tests.farm.rows import START, FakeWire, report, submit
from workers.outcome import Outcome
from workers.report import AttemptReport, CaseReport, LayerError


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
    from workers.report import TensorError

    return (TensorError("out" * 99, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0),)


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

"""Predictions from what a database knows, on both databases, and as cells of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import update

from farm.conversion.bundle_row import record_bundle
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database import parts
from farm.database.engine import Database
from farm.database.models import Bundle as BundleRow
from farm.database.models import GraphTraits, UnitStack
from farm.inventory import Inventory
from farm.prediction.records import LEAST
from farm.prediction.traits import VERSION, traits_of
from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.table.table import build_table
from farm.units.stacks import record_stack
from tests.farm.databases import INVENTORY
from tests.farm.rows import START, FakeWire, judge, report, sha256, submit
from tests.farm.statements import counted
from tests.workers.bundles import branched
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport

PLAIN = ["cat", "conv2d"]
SEEN = {f"seen{i}": PLAIN for i in range(LEAST)}
NEW = {"good": PLAIN, "bad": ["conv2d", "gelu"], "unheard": ["conv2d", "erf"]}


#: What is decided in Python, one database shows as well as two.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def give_traits(database: Database, traits: Mapping[str, list[str]], version: int = VERSION) -> None:
    with database.write() as session:
        for name, own in traits.items():
            session.add(GraphTraits(graph=sha256(f"graph {name}"), version=version, traits=own))


def seen(database: Database, inventory: Inventory, *, silent: bool = False) -> None:
    """All of ``SEEN`` and one with gelu were run: the latter lacks it, or crashes without a word."""
    names = [*SEEN, "lacking"]
    submit(database, inventory, names, "before")
    give_traits(database, {**SEEN, "lacking": ["conv2d", "gelu"]})
    wire = FakeWire()
    done = 0
    while dispatch(database, inventory, wire, START):
        for message in wire.sent[done:]:
            made = report(message)
            if message.bundle == sha256("bundle lacking"):
                made = msgspec.structs.replace(made, report=failed(made.report, silent))
            merge(database, made, START)
        done = len(wire.sent)


def failed(good: AttemptReport, silent: bool) -> AttemptReport:
    if silent:
        return replace(good, outcome=Outcome.CRASH, cause=Cause.DEVICE_STACK, cases=())
    return replace(good, outcome=Outcome.UNSUPPORTED_OP, cause=Cause.DEVICE_STACK, unsupported=("gelu",), cases=())


def cells(database: Database, inventory: Inventory) -> dict[str, Cell]:
    """Of the new architectures on the first device."""
    with database.read() as session:
        return {row.name: row.cells["numpy"] for row in build_table(session, "now", inventory).rows}


def submit_new(database: Database, inventory: Inventory, traits: Mapping[str, list[str]] = NEW) -> None:
    submit(database, inventory, list(traits), "now", selected=False)
    give_traits(database, traits)


@pytest.mark.parametrize("silent", [False, True])
def test_what_was_never_run_is_predicted_and_the_blocking_op_named(
    database: Database, inventory: Inventory, silent: bool
) -> None:
    seen(database, inventory, silent=silent)
    submit_new(database, inventory)
    found = {name: cell.prediction for name, cell in cells(database, inventory).items() if cell.prediction}
    assert {cell.provenance for cell in cells(database, inventory).values()} == {Provenance.PREDICTED}
    assert {cell.verdict for cell in cells(database, inventory).values()} == {Verdict.MISSING}
    assert found["good"].chance > 0.9
    assert found["bad"].chance < (0.5 if silent else 0.05)
    assert found["bad"].blocking[0][0] == "gelu"
    assert found["unheard"].new == ("erf",)
    assert found["unheard"].evidence == LEAST + 1


@on_sqlite
def test_what_was_run_is_never_predicted(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    with database.read() as session:
        found = build_table(session, "before", inventory).rows
    assert {row.cells["numpy"].prediction for row in found} == {None}
    assert {row.cells["numpy"].provenance for row in found} == {Provenance.OBSERVED}


def test_a_layer_that_introduced_what_is_wrong_is_the_suspect(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    submit(database, inventory, ["wrong"], "wrong")
    give_traits(database, {"wrong": ["cat", "conv2d", "conv2d: depthwise"]})
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)  # says that conv2d introduced it
    submit_new(database, inventory, {"same": ["conv2d", "conv2d: depthwise"], "other": PLAIN})
    found = cells(database, inventory)
    assert found["same"].prediction is not None
    assert found["other"].prediction is not None
    assert found["same"].prediction.blocking[0][0] == "conv2d: depthwise"
    assert found["same"].prediction.chance < 0.5 < found["other"].prediction.chance


@on_sqlite
def test_too_little_evidence_predicts_nothing(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [*list(SEEN)[:-1]], "before")
    give_traits(database, SEEN)
    judge(database, inventory)
    submit_new(database, inventory)
    assert {cell.provenance for cell in cells(database, inventory).values()} == {Provenance.NEVER}


@on_sqlite
def test_several_bundles_of_one_graph_are_one_piece_of_evidence(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    with database.write() as session:
        session.execute(update(BundleRow).values(graph=sha256("graph seen0")))
    submit_new(database, inventory)
    assert {cell.provenance for cell in cells(database, inventory).values()} == {Provenance.NEVER}


@on_sqlite
def test_what_was_observed_on_another_stack_is_no_evidence(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    submit_new(database, inventory)
    with database.write() as session:
        other = record_stack(session, {"runtime": "test 2"})
        session.execute(update(UnitStack).values(stack=other))
    assert {cell.provenance for cell in cells(database, inventory).values()} == {Provenance.NEVER}


@on_sqlite
def test_another_configuration_of_a_device_type_knows_nothing(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    submit_new(database, inventory)
    devices = {"numpy": {"driver": "numpy", "policy": "fp32", "profile": {"mode": "exact"}}}
    changed = Inventory.model_validate({**INVENTORY, "devices": devices})
    assert {cell.provenance for cell in cells(database, changed).values()} == {Provenance.NEVER}


@on_sqlite
def test_traits_of_another_version_are_none(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    submit(database, inventory, ["good"], "now", selected=False)
    give_traits(database, {"good": PLAIN}, version=VERSION + 1)
    assert cells(database, inventory)["good"].provenance is Provenance.NEVER


def test_more_architectures_take_no_more_statements(database: Database, inventory: Inventory) -> None:
    seen(database, inventory)
    submit_new(database, inventory, {"one": PLAIN})
    with counted(database) as one:
        cells(database, inventory)
    submit(database, inventory, [f"more{i}" for i in range(9)], "now2", selected=False)
    give_traits(database, {f"more{i}": PLAIN for i in range(9)})
    with counted(database) as many, database.read() as session:
        rows = build_table(session, "now2", inventory).rows
    assert {row.cells["numpy"].provenance for row in rows} == {Provenance.PREDICTED}
    assert len(many) == len(one)


def test_names_are_asked_for_in_parts(
    database: Database, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen(database, inventory)
    submit_new(database, inventory)
    whole = cells(database, inventory)
    monkeypatch.setattr(parts, "AT_ONCE", 2)
    assert cells(database, inventory) == whole


def test_the_traits_of_a_converted_bundle_are_recorded_once(database: Database) -> None:
    bundle = branched().bundle()
    for _ in range(2):
        with database.write() as session:
            record_bundle(session, bundle, "m" * 64, START)
    with database.read() as session:
        row = session.get_one(GraphTraits, bundle.manifest.identity.graph)
        assert row.traits == list(traits_of(bundle.graphs))
        assert "conv2d: kernel of 3 or more" in row.traits


@on_sqlite
def test_traits_of_another_version_are_made_anew_by_the_next_conversion(database: Database) -> None:
    bundle = branched().bundle()
    with database.write() as session:
        session.add(GraphTraits(graph=bundle.manifest.identity.graph, version=VERSION - 1, traits=["old"]))
    with database.write() as session:
        record_bundle(session, bundle, "m" * 64, START)
    with database.read() as session:
        row = session.get_one(GraphTraits, bundle.manifest.identity.graph)
        assert (row.version, row.traits) == (VERSION, list(traits_of(bundle.graphs)))

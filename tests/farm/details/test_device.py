from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.details.device import DeviceRecord, read_device
from farm.errors import NotFoundError
from farm.inventory import Inventory
from farm.states.wait_reason import WaitReason
from tests.farm.rows import START, FakeWire, judge, report, submit
from workers.outcome import Cause, Outcome


def read(database: Database, inventory: Inventory, name: str = "torch", commit: str | None = "c1") -> DeviceRecord:
    with database.read() as session:
        return read_device(session, inventory, name, START, attended=True, commit=commit)


def test_units_by_their_stacks_and_how_those_differ(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b", "c"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    torch = [m for m in wire.sent if m.device_type == "torch"]
    for message, (unit, stack) in zip(torch, (("x", "2.12"), ("y", "2.13"), ("z", "2.13")), strict=True):
        merge(database, report(message, unit=unit, stack=stack), START + timedelta(seconds=1))
    found = read(database, inventory)
    assert [(s.fingerprint["runtime"], s.units, s.differs) for s in found.stacks] == [
        ("2.13", ("y", "z"), ()),
        ("2.12", ("x",), ("runtime 2.13 → 2.12",)),
    ]
    assert [unit.unit for unit in found.listed.units] == ["x", "y", "z"]
    assert (found.days[-1].told, found.policy.key, found.configured.units) == (3, "fp32/1", 2)


def test_what_waits_for_it_and_why(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b"])
    found = read(database, inventory)
    assert (found.listed.queued, found.listed.waits) == (2, WaitReason.NO_COORDINATOR)
    assert [(job.architecture, job.waits) for job in found.jobs.jobs] == [
        ("a", WaitReason.NO_COORDINATOR),
        ("b", WaitReason.NO_COORDINATOR),
    ]


def test_what_it_lacks_by_the_table_of_a_commit(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b", "c"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    for message, lacking in zip(
        [m for m in wire.sent if m.device_type == "torch"], (["nms"], ["nms", "fold"], []), strict=True
    ):
        outcome = Outcome.UNSUPPORTED_OP if lacking else Outcome.HARNESS_ERROR
        said = report(message, outcome, Cause.DEVICE_STACK)
        merge(database, msgspec.structs.replace(said, report=replace(said.report, unsupported=tuple(lacking))), START)
    found = read(database, inventory)
    assert [(f.what, f.alone, f.needing) for f in found.lacks] == [
        ("nms", ("network:a",), ("network:a", "network:b")),
        ("fold", (), ("network:b",)),
    ]
    assert found.unexplained == 0
    assert read(database, inventory, commit=None).lacks == ()


def test_other_device_types_are_not_its_matter(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    judge(database, inventory, unit="bench-1")
    found = read(database, inventory, "numpy")
    assert ({fix.device for fix in found.lacks}, found.days[-1].told, found.jobs.total) == (set(), 1, 0)
    with pytest.raises(NotFoundError, match="did you mean numpy"):
        read(database, inventory, "nunpy")

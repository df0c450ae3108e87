from __future__ import annotations

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.device_list import list_devices
from farm.inventory import Inventory
from farm.protocol import StartedMessage
from tests.farm.databases import INVENTORY
from tests.farm.rows import START, FakeWire, report, submit


def test_device_types_with_their_units_and_work(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b", "c", "d"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    numpy = [m for m in wire.sent if m.device_type == "numpy"]
    merge(database, StartedMessage(numpy[0].attempt, numpy[0].token, "bench-2"), START)
    merge(database, report(numpy[1], unit="bench-1"), START)
    with database.read() as session:
        listed = list_devices(session, inventory)
    assert [(d.name, d.driver, d.queue, d.policy) for d in listed] == [
        ("numpy", "numpy", "device_numpy", "fp32/1"),
        ("torch", "torch", "device_torch", "fp32/1"),
    ]
    assert [(d.queued, d.running) for d in listed] == [(2, 1), (0, 4)]
    assert [u.unit for u in listed[0].units] == ["bench-1", "bench-2"]
    assert listed[1].units == ()


def test_a_device_type_keeps_its_queue_whatever_its_configuration(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    devices = {"numpy": {"driver": "numpy", "policy": "fp32", "profile": {"mode": "exact"}}}
    changed = Inventory.model_validate({**INVENTORY, "devices": devices})
    submit(database, changed, ["a"], "c2")
    with database.read() as session:
        (numpy,) = list_devices(session, changed)
    assert (numpy.queued, numpy.running) == (2, 0)


def test_before_anything_was_heard(database: Database, inventory: Inventory) -> None:
    with database.read() as session:
        listed = list_devices(session, inventory)
    assert [(d.name, d.units, d.queued, d.running) for d in listed] == [("numpy", (), 0, 0), ("torch", (), 0, 0)]

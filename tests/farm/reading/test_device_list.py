from __future__ import annotations

from datetime import timedelta

import pytest

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.roster import Entry
from farm.database.engine import Database
from farm.database.records import record_unit
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.protocol import HeartbeatMessage, StartedMessage
from farm.reading.device_list import Presence, find_unit, list_devices
from farm.states.health import Change
from farm.states.wait_reason import WaitReason
from farm.units.care import change_health
from farm.units.presence import hear
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
        listed = list_devices(session, inventory, START)
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
        (numpy,) = list_devices(session, changed, START)
    assert (numpy.queued, numpy.running) == (2, 0)


def test_before_anything_was_heard(database: Database, inventory: Inventory) -> None:
    with database.read() as session:
        listed = list_devices(session, inventory, START)
    assert [(d.name, d.units, d.queued, d.running) for d in listed] == [("numpy", (), 0, 0), ("torch", (), 0, 0)]


def test_units_with_their_presence_and_what_keeps_jobs_waiting(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    with database.write(in_turn=True) as session:
        hear(session, HeartbeatMessage("numpy", "bench-1", "host-1", 10.0, True, True, None, "a1", 1 << 30), START)
        hear(session, HeartbeatMessage("torch", "bench-1", "host-1", 10.0, True, True, None, None, None), START)
    later = START + timedelta(minutes=5)
    with database.write(in_turn=True) as session:
        hear(session, HeartbeatMessage("torch", "bench-1", "host-1", 10.0, True, True, None, None, None), later)
        change_health(session, find_unit(session, "bench-1", "torch"), Change.DRAINED, "cable", later)
    Entry(database).renew(later)
    with database.read() as session:
        numpy, torch = list_devices(session, inventory, later, attended=True)
        (gone,), (drained,) = numpy.units, torch.units
    assert (gone.presence, gone.since, gone.attempt) == (Presence.OFFLINE, START, None)
    assert gone.note == "offline since 2026-01-01 00:00Z"
    assert (drained.presence, drained.since, drained.health) == (Presence.ONLINE, later, "maintenance")
    assert [event.reason for event in drained.history] == ["cable"]
    assert (numpy.waits, torch.waits) == (WaitReason.ALL_OFFLINE, WaitReason.DRAINING)


def test_a_unit_is_found_by_its_name_and_where_need_be_its_type(database: Database, inventory: Inventory) -> None:
    with database.write(in_turn=True) as session:
        for device_type in ("numpy", "torch"):
            hear(session, HeartbeatMessage(device_type, "bench-1", "h", 10.0, True, True, None, None, None), START)
        record_unit(session, "numpy", "local", START)
    with database.read() as session:
        assert find_unit(session, "bench-1", "torch").device_type == "torch"
        with pytest.raises(UsageError, match="name one of numpy, torch by --device"):
            find_unit(session, "bench-1", None)
        with pytest.raises(NotFoundError, match="no unit named 'bench-2'; did you mean bench-1"):
            find_unit(session, "bench-2", "torch")
        with pytest.raises(UsageError, match="unit 'local' of numpy sends no heartbeats"):
            find_unit(session, "local", None)

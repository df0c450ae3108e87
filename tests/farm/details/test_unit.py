from __future__ import annotations

from datetime import date, timedelta

import pytest

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Device, HealthCheck
from farm.details.days import DAYS
from farm.details.unit import SHOWN, UnitRecord, read_unit
from farm.errors import NotFoundError
from farm.inventory import Inventory
from farm.protocol import HeartbeatMessage
from farm.reading.device_list import Presence, find_unit
from farm.states.health import Change
from farm.units.care import change_health
from farm.units.presence import hear
from tests.farm.databases import INVENTORY
from tests.farm.rows import START, FakeWire, judge, report, submit
from workers.outcome import Cause, Outcome

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEAT = HeartbeatMessage("numpy", "bench-1", "host-1", 10.0, True, True, None, None, 1 << 30)


def read(
    database: Database, inventory: Inventory, unit: str = "bench-1", device: str = "numpy", now=START
) -> UnitRecord:
    with database.read() as session:
        return read_unit(session, inventory, device, unit, now)


def test_what_it_did_and_what_it_runs_on(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b"])
    judge(database, inventory, unit="bench-1", stack="onnxruntime 1.32")
    found = read(database, inventory)
    assert (found.device, found.unit.unit, found.unit.presence) == ("numpy", "bench-1", Presence.UNATTENDED)
    assert sorted(a.architecture for a in found.attempts) == ["a", "b"]
    assert {(a.outcome, a.state, a.duration_s) for a in found.attempts} == {(Outcome.PASS, "reported", 0.5)}
    (stack,) = found.stacks
    assert (stack.fingerprint, stack.since, stack.present) == ({"runtime": "onnxruntime 1.32"}, START, True)


def test_throughput_by_day_tells_work_from_what_came_to_nothing(database: Database, inventory: Inventory) -> None:
    for n, outcome in enumerate((Outcome.PASS, Outcome.INFRA_ERROR)):
        submit(
            database, inventory, ["a", "b"], f"c{n}", version=f"{n}", date=START + n * DAY, submitted=START + n * DAY
        )
        judge(database, inventory, outcome, Cause.UNKNOWN, unit="bench-1", now=START + n * DAY + HOUR)
    found = read(database, inventory, now=START + 2 * DAY)
    assert len(found.days) == DAYS
    assert [(d.date, d.told, d.lost, d.busy_s) for d in found.days[-3:]] == [
        (date(2026, 1, 1), 2, 0, 1.0),
        (date(2026, 1, 2), 0, 6, 3.0),  # two jobs, each of them tried three times
        (date(2026, 1, 3), 0, 0, 0.0),
    ]
    assert all(d.told == d.lost == 0 for d in found.days[:-3])
    assert all(d.told == 0 for d in read(database, inventory, now=START + 30 * DAY).days)


def test_a_day_ends_at_midnight_of_utc(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START - 2 * HOUR)
    (numpy,) = (m for m in wire.sent if m.device_type == "numpy")
    merge(database, report(numpy, unit="bench-1"), START - timedelta(microseconds=1))
    days = read(database, inventory, now=START).days
    assert [(d.date, d.told) for d in days[-2:]] == [(date(2025, 12, 31), 1), (date(2026, 1, 1), 0)]


def test_health_with_its_reasons_and_checks(database: Database, inventory: Inventory) -> None:
    with database.write(in_turn=True) as session:
        hear(session, BEAT, START)
        device = find_unit(session, "bench-1", "numpy")
        change_health(session, device, Change.CHECK_PASSED, "", START)
        change_health(session, device, Change.DRAINED, "new firmware", START + HOUR, actor="ada")
        for n in range(SHOWN + 2):
            _add_check(session, device, n)
    found = read(database, inventory)
    assert (found.unit.health, found.unit.health_reason, found.unit.host) == ("maintenance", "new firmware", "host-1")
    assert [(e.change, e.actor) for e in found.unit.history] == [("check passed", "coordinator"), ("drained", "ada")]
    assert len(found.checks) == SHOWN
    assert (found.checks[0].failure, found.checks[0].finished) == (f"failure {SHOWN + 1}", None)
    assert (found.attempts, found.stacks, found.probation) == ((), (), 0)


def test_a_stack_of_another_configuration_is_not_the_present_one(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    judge(database, inventory, unit="bench-1")
    devices = {"numpy": {"driver": "numpy", "policy": "fp32", "profile": {"mode": "exact"}}}
    changed = Inventory.model_validate({**INVENTORY, "devices": devices})
    submit(database, changed, ["a"], "c2")
    judge(database, changed, unit="bench-1", now=START + DAY, stack="test 2")
    found = read(database, changed, now=START + DAY)
    assert [(s.fingerprint["runtime"], s.present) for s in found.stacks] == [("test 2", True), ("test 1", False)]


def test_what_is_not_there_suggests_what_is(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    judge(database, inventory, unit="bench-1")
    with pytest.raises(NotFoundError, match="no unit of numpy named 'bench-2'; did you mean bench-1"):
        read(database, inventory, "bench-2")
    with pytest.raises(NotFoundError, match="no device type named 'numpi'; did you mean numpy"):
        read(database, inventory, device="numpi")


def _add_check(session, device: Device, n: int) -> None:
    at = START + n * HOUR
    session.add(
        HealthCheck(
            id=f"check{n}",
            device_id=device.id,
            token="t",
            sent=at,
            lease_until=at,
            finished=None if n == SHOWN + 1 else at,
            failure=f"failure {n}",
        )
    )

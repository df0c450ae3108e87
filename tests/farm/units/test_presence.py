from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Attempt, Device
from farm.inventory import HostSection, Inventory
from farm.protocol import ControlMessage, HeartbeatMessage, StartedMessage
from farm.states.health import Change
from farm.states.jobs import JobState
from farm.states.wait_reason import Unit
from farm.units.care import change_health
from farm.units.presence import MISSED, ask_workers, hear, online, orders, units_of, workers
from tests.farm.rows import START, FakeWire, job_states, submit

EVERY_S = 10.0
SECOND = timedelta(seconds=1)
GONE = START + (MISSED * EVERY_S + 1) * SECOND


def heartbeat(
    unit: str = "bench-1",
    device_type: str = "numpy",
    *,
    attended: bool = True,
    accepting: bool = True,
    at_once: int | None = None,
    attempt: str | None = None,
    host: str = "host-1",
) -> HeartbeatMessage:
    return HeartbeatMessage(device_type, unit, host, EVERY_S, attended, accepting, at_once, attempt, 1 << 40)


def heard(database: Database, message: HeartbeatMessage, now: datetime = START) -> None:
    """A heartbeat, of a unit that has passed its first check."""
    with database.write(in_turn=True) as session:
        hear(session, message, now)
        row = session.scalars(
            select(Device).where(Device.unit == message.unit, Device.device_type == message.device_type)
        ).one()
        if not row.history:
            change_health(session, row, Change.CHECK_PASSED, "", now)


def device(database: Database, unit: str = "bench-1") -> Device:
    with database.read() as session:
        return session.scalars(select(Device).where(Device.unit == unit)).one()


def drained(database: Database, unit: str, change: Change = Change.DRAINED, reason: str = "new firmware") -> None:
    with database.write() as session:
        row = session.scalars(select(Device).where(Device.unit == unit)).one()
        change_health(session, row, change, reason, START, actor="ada")


def resumed(database: Database, unit: str) -> None:
    """Taken back by its keeper, and found sound."""
    drained(database, unit, Change.RESUMED, "")
    drained(database, unit, Change.CHECK_PASSED, "")


def told(database: Database, inventory: Inventory, now: datetime) -> list[ControlMessage]:
    """As the coordinator's loop does it."""
    with database.write() as session:
        given = orders(session, inventory, now)
        for row, _ in given:
            row.told = now
        return [message for _, message in given]


@given(every_s=st.floats(0.1, 3600), late=st.floats(0, 10))
def test_a_unit_is_gone_after_three_missed_heartbeats(every_s: float, late: float) -> None:
    now = START + timedelta(seconds=every_s * late)
    assert online(START, every_s, now) == (now - START <= timedelta(seconds=3 * every_s))


def test_a_unit_that_sends_no_heartbeats_is_never_there() -> None:
    assert not online(None, None, START)


def test_a_heartbeat_is_entered_by_the_coordinators_clock(database: Database) -> None:
    heard(database, heartbeat(attempt="a1"))
    row = device(database)
    assert (row.host, row.heartbeat, row.online_since, row.every_s) == ("host-1", START, START, EVERY_S)
    assert (row.accepting, row.begun, row.free_disk_bytes) == (True, "a1", 1 << 40)
    heard(database, heartbeat(), START + 10 * SECOND)
    row = device(database)
    assert (row.heartbeat, row.online_since, row.begun) == (START + 10 * SECOND, START, None)
    assert row.last_seen == START + 10 * SECOND
    heard(database, heartbeat(), START + 100 * SECOND)  # it was away
    assert device(database).online_since == START + 100 * SECOND


def test_two_machines_that_report_as_one_unit_are_news_once(database: Database) -> None:
    news = []
    with database.write(in_turn=True) as session:
        for second in range(0, 60, 5):
            machine = "a" if second % 2 else "b"
            news.append(hear(session, heartbeat(host=machine), START + second * SECOND))
    said = "a and b report as one unit: give each a FARM_UNIT of its own"
    assert [each for each in news if each] == [said]
    assert units_of([device(database)], START + 60 * SECOND)[0].note.startswith("unknown: ")
    with database.write() as session:
        change_health(session, session.scalars(select(Device)).one(), Change.CHECK_PASSED, "", START)
    assert units_of([device(database)], START + 60 * SECOND)[0].note == said


def test_a_unit_is_told_until_it_does_what_it_should(database: Database, inventory: Inventory) -> None:
    heard(database, heartbeat())
    assert told(database, inventory, START) == []
    drained(database, "bench-1")
    (message,) = told(database, inventory, START)
    assert message == ControlMessage("numpy", "bench-1", False, "maintenance: new firmware", None)
    assert told(database, inventory, START + SECOND) == []  # it has had no time yet to do so
    later = START + (EVERY_S + 1) * SECOND
    heard(database, heartbeat(), later)
    assert told(database, inventory, later) == [message]  # what was said is lost
    heard(database, heartbeat(accepting=False), later)
    assert told(database, inventory, later + EVERY_S * SECOND) == []
    resumed(database, "bench-1")
    (message,) = told(database, inventory, later + EVERY_S * SECOND)
    assert (message.accept, message.reason) == (True, "")


def test_a_unit_that_was_never_told_anything_is(database: Database, inventory: Inventory) -> None:
    heard(database, heartbeat(attended=False))
    assert told(database, inventory, START) == [ControlMessage("numpy", "bench-1", True, "", None)]


def test_a_unit_that_is_away_is_told_when_it_comes_back(database: Database, inventory: Inventory) -> None:
    heard(database, heartbeat())
    drained(database, "bench-1")
    assert told(database, inventory, GONE) == []
    heard(database, heartbeat(), GONE)
    assert len(told(database, inventory, GONE)) == 1


def test_a_unit_hears_how_many_of_its_machine_work_at_once(database: Database, inventory: Inventory) -> None:
    heard(database, heartbeat())
    bounded = inventory.model_copy(update={"hosts": {"host-1": HostSection(at_once=2)}})
    assert [m.at_once for m in told(database, bounded, START)] == [2]
    heard(database, heartbeat(at_once=2), START + 11 * SECOND)
    assert told(database, bounded, START + 11 * SECOND) == []
    assert [m.at_once for m in told(database, inventory, START + 22 * SECOND)] == [None]


def test_the_window_is_of_the_units_that_are_there_and_take_attempts(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [f"net{i}" for i in range(6)])
    wire = FakeWire()
    assert dispatch(database, inventory, wire, START, attended=True) == 0
    assert set(job_states(database).values()) == {JobState.QUEUED}  # and none is lost for want of a unit
    heard(database, heartbeat("a", "torch"))
    assert dispatch(database, inventory, wire, START, attended=True) == 2
    heard(database, heartbeat("b", "torch"))
    heard(database, heartbeat("c", "torch"))  # one more than the inventory knows
    assert dispatch(database, inventory, wire, START, attended=True) == 2
    assert {m.device_type for m in wire.sent} == {"torch"}


@pytest.mark.parametrize("away", ["drained", "offline"])
def test_a_unit_that_takes_none_gets_none(database: Database, inventory: Inventory, away: str) -> None:
    submit(database, inventory, ["net"])
    heard(database, heartbeat())
    if away == "drained":
        drained(database, "bench-1")
    assert dispatch(database, inventory, FakeWire(), GONE if away == "offline" else START, attended=True) == 0


def test_units_of_a_version_without_heartbeats_count_as_the_inventory_says(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    message = next(m for m in wire.sent if m.device_type == "torch")
    merge(database, StartedMessage(message.attempt, message.token, "old"), START)
    with database.read() as session:
        units = {"torch": 2, "numpy": 1}
        assert workers(ask_workers(session, units), units, START) == {"torch": 2, "numpy": 0}


def test_an_attempt_that_waits_for_its_turn_on_a_host_keeps_its_lease(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    message = next(m for m in wire.sent if m.device_type == "numpy")
    for minute in range(1, 21):
        heard(database, heartbeat(attempt=message.attempt), START + timedelta(minutes=minute))
    with database.read() as session:
        lease = session.get_one(Attempt, message.attempt).lease_until
    heard(database, heartbeat("other", "torch", attempt=message.attempt), START + timedelta(hours=1))  # not its type
    with database.read() as session:
        assert session.get_one(Attempt, message.attempt).lease_until == lease > START + timedelta(minutes=22)
    assert sweep(database, START + timedelta(minutes=22)) == 1  # torch's alone
    merge(database, StartedMessage(message.attempt, message.token, "u"), START + timedelta(minutes=22))
    for minute in range(23, 28):  # from here on the limit counts, whatever the heartbeats say
        heard(database, heartbeat(attempt=message.attempt), START + timedelta(minutes=minute))
    assert sweep(database, START + timedelta(minutes=28)) == 1


def test_what_is_said_of_units_to_those_who_wait(database: Database) -> None:
    for unit in ("away", "busy", "drained", "idle"):
        heard(database, heartbeat(unit), START if unit == "away" else GONE)
    heard(database, heartbeat("busy", attempt="a1"), GONE)
    drained(database, "drained")
    with database.read() as session:
        units = units_of(session.scalars(select(Device).order_by(Device.unit)).all(), GONE)
    assert units == (
        Unit("away", online=False, note="offline since 2026-01-01 00:00Z"),
        Unit("busy", online=True, busy=True, note="at a1"),
        Unit("drained", online=True, draining=True, note="maintenance: new firmware"),
        Unit("idle", online=True),
    )

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from farm.coordinator.checkups import Record, why_check
from farm.coordinator.dispatch import dispatch
from farm.coordinator.keeper import attend, hear_unit, sweep_checks, take_back_unsent
from farm.coordinator.merge import merge
from farm.database.engine import Database
from farm.database.models import Device, DeviceType, HealthCheck
from farm.inventory import HealthSection, Inventory
from farm.protocol import CheckedMessage, CheckMessage
from farm.states.health import Change, Health
from farm.units.care import change_health
from farm.units.leases import LEASE_MARGIN_S
from farm.units.presence import hear
from farm.units.stacks import present_stacks
from tests.farm.rows import START, FakeWire, report, submit
from tests.farm.statements import counted, read_whole
from tests.farm.units.test_presence import heartbeat

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
RULES = HealthSection(check_hours=24, check_jobs=10, recheck_s=60)


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """SQLite alone: nothing here asks the databases for what they do differently."""
    made = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'farm.sqlite')}")
    yield made
    made.close()


def new_unit(database: Database, now: datetime = START) -> None:
    with database.write(in_turn=True) as session:
        hear(session, heartbeat(), now)


def asked(database: Database, inventory: Inventory, now: datetime = START) -> list[CheckMessage]:
    """The checks of a round of the coordinator among the units."""
    messages = attend(database, inventory, now, LEASE_MARGIN_S)
    return [message for message in messages if isinstance(message, CheckMessage)]


def answer(message: CheckMessage, failure: str = "", *, outside: bool = False) -> CheckedMessage:
    stack = {} if failure else {"runtime": "test 1"}
    return CheckedMessage(message.check, message.token, message.device_type, message.unit, failure, outside, stack)


def told(database: Database, inventory: Inventory, message: CheckedMessage, now: datetime = START) -> bool:
    return hear_unit(database, inventory, message, now, None, LEASE_MARGIN_S)


def unit(database: Database) -> Device:
    with database.read() as session:
        return session.scalars(select(Device)).one()


def test_two_machines_that_report_as_one_unit_stand_in_the_log(
    database: Database, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    for second, machine in enumerate(("a", "b", "a", "b")):
        message = heartbeat(host=machine)
        assert hear_unit(database, inventory, message, START + timedelta(seconds=second), None, LEASE_MARGIN_S)
    (said,) = [record.message for record in caplog.records if "FARM_UNIT" in record.message]
    assert said.startswith("unit bench-1 of numpy: a and b report as one unit")


@given(health=st.sampled_from(Health), jobs=st.integers(0, 20), hours=st.integers(0, 48))
def test_no_check_is_due_beside_an_open_one_and_none_of_a_retired_unit(health: Health, jobs: int, hours: int) -> None:
    now = START + hours * HOUR
    assert why_check(health, Record(passed=START, jobs=jobs, open=True), RULES, now) == ""
    assert why_check(Health.RETIRED, Record(wanted=True, passed=START, jobs=jobs), RULES, now) == ""
    if health is not Health.RETIRED:
        assert why_check(health, Record(wanted=True, passed=START, jobs=jobs, unclear=now), RULES, now)


@pytest.mark.parametrize(
    ("health", "record", "why"),
    [
        (Health.UNKNOWN, Record(), "its health is unknown"),
        (Health.UNKNOWN, Record(unclear=START - 61 * SECOND), "its health is unknown"),
        (Health.UNKNOWN, Record(unclear=START - 59 * SECOND), ""),
        (Health.GOOD, Record(passed=START - 25 * HOUR), "the last one was 24 hours ago"),
        (Health.GOOD, Record(passed=START - 23 * HOUR, jobs=9), ""),
        (Health.GOOD, Record(passed=START - HOUR, jobs=10), "it has ended 10 attempts since the last one"),
        (Health.BAD, Record(passed=START - 99 * HOUR, jobs=99), ""),
        (Health.MAINTENANCE, Record(), ""),
    ],
)
def test_when_a_check_is_due(health: Health, record: Record, why: str) -> None:
    assert why_check(health, record, RULES, START) == why


def test_nought_switches_a_reason_off() -> None:
    rules = HealthSection(check_hours=0, check_jobs=0)
    assert why_check(Health.GOOD, Record(passed=START, jobs=10**6), rules, START + 9999 * HOUR) == ""


def test_a_new_unit_is_checked_and_then_works(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    new_unit(database)
    assert dispatch(database, inventory, FakeWire(), START, attended=True) == 0
    (message,) = asked(database, inventory)
    assert (message.unit, message.driver, message.profile) == ("bench-1", "numpy", {})
    assert asked(database, inventory) == []  # one at a time
    assert told(database, inventory, answer(message))
    device = unit(database)
    assert (device.health, device.checked, device.check_open) == ("good", START, None)
    assert dispatch(database, inventory, FakeWire(), START, attended=True) == 1
    with database.read() as session:
        numpy = session.scalars(select(DeviceType).where(DeviceType.name == "numpy")).one()
        assert len(present_stacks(session, numpy.id, 1)) == 1  # known before its first attempt


@pytest.mark.parametrize(("outside", "health"), [(False, "bad"), (True, "unknown")])
def test_what_a_failed_check_means(database: Database, inventory: Inventory, outside: bool, health: str) -> None:
    """A unit is bad for what is its own alone; where its store is away, it is checked again by itself."""
    new_unit(database)
    (message,) = asked(database, inventory)
    assert told(database, inventory, answer(message, "something is wrong", outside=outside))
    device = unit(database)
    assert (device.health, device.health_reason, device.checked) == (health, "something is wrong", None)
    assert asked(database, inventory) == []
    later = START + 100 * SECOND
    new_unit(database, later)
    assert len(asked(database, inventory, later)) == (1 if outside else 0)


def test_a_keeper_who_takes_a_unit_back_need_not_wait(database: Database, inventory: Inventory) -> None:
    new_unit(database)
    told(database, inventory, answer(asked(database, inventory)[0], "the store is away", outside=True))
    assert asked(database, inventory) == []
    for change in (Change.DRAINED, Change.RESUMED):
        with database.write() as session:
            change_health(session, session.scalars(select(Device)).one(), change, "", START, actor="ada")
    assert len(asked(database, inventory)) == 1


def test_a_check_that_has_no_answer_is_given_up_and_made_again(database: Database, inventory: Inventory) -> None:
    new_unit(database)
    (message,) = asked(database, inventory)
    later = START + 24 * HOUR
    assert sweep_checks(database, START + 60 * SECOND) == 0
    assert sweep_checks(database, later) == 1
    assert unit(database).health_reason == "the check had no answer"
    assert not told(database, inventory, answer(message), later)
    assert unit(database).health == "unknown"
    later += timedelta(seconds=61)
    new_unit(database, later)
    assert len(asked(database, inventory, later)) == 1


def test_a_unit_that_was_away_since_is_checked_anew(database: Database, inventory: Inventory) -> None:
    """A host that could not read the check, its clock being off, says nothing; mended, it waits for no lease."""
    new_unit(database)
    (unread,) = asked(database, inventory)
    assert sweep_checks(database, START + 60 * SECOND) == 0
    later = START + 120 * SECOND
    new_unit(database, later)
    assert asked(database, inventory, later) == []
    assert sweep_checks(database, later) == 1
    (message,) = asked(database, inventory, later)
    assert message.check != unread.check
    assert not told(database, inventory, answer(unread), later)
    assert told(database, inventory, answer(message), later)
    assert unit(database).health == "good"


def test_what_nobody_asked_for_is_no_answer(database: Database, inventory: Inventory) -> None:
    new_unit(database)
    (message,) = asked(database, inventory)
    good = answer(message)
    for change in ({"check": "nobody"}, {"token": "guessed"}, {"unit": "other"}, {"device_type": "torch"}):
        assert not told(database, inventory, msgspec.structs.replace(good, **change))
    assert not hear_unit(database, inventory, good, START, "torch", LEASE_MARGIN_S)
    assert unit(database).health == "unknown"
    assert told(database, inventory, good)
    assert not told(database, inventory, good)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(HealthCheck)) == 1


def test_work_is_counted_from_one_check_to_the_next(database: Database, inventory: Inventory) -> None:
    often = inventory.model_copy(update={"health": HealthSection(check_jobs=2, recheck_s=0)})
    new_unit(database)
    told(database, often, answer(asked(database, often)[0]))
    submit(database, often, ["a", "b"])
    wire = FakeWire()
    dispatch(database, often, wire, START, attended=True)
    for n, message in enumerate(wire.sent):
        assert asked(database, often) == []
        merge(database, report(message, unit="bench-1"), START)
        assert unit(database).jobs == n + 1
    (message,) = asked(database, often)
    assert unit(database).health == "good"  # it goes on working meanwhile
    told(database, often, answer(message))
    assert unit(database).jobs == 0


def test_a_check_that_somebody_asks_for_is_made_of_a_bad_unit_too(database: Database, inventory: Inventory) -> None:
    new_unit(database)
    told(database, inventory, answer(asked(database, inventory)[0], "broken"))
    with database.write() as session:
        session.execute(update(Device).values(check_wanted=True))
    (message,) = asked(database, inventory)
    assert not unit(database).check_wanted
    told(database, inventory, answer(message))
    assert unit(database).health == "good"


def test_a_wish_for_a_check_outlives_a_broker_that_does_not_take_it(database: Database, inventory: Inventory) -> None:
    new_unit(database)
    told(database, inventory, answer(asked(database, inventory)[0], "broken"))
    with database.write() as session:
        session.execute(update(Device).values(check_wanted=True))
    messages = asked(database, inventory)
    take_back_unsent(database, inventory, messages, START)
    device = unit(database)
    assert (device.check_wanted, device.check_open, device.health_reason) == (True, None, "broken")
    (message,) = asked(database, inventory)
    assert not told(
        database, inventory, answer(messages[0])
    )  # the broker had taken it after all: the second one counts
    assert told(database, inventory, answer(message))
    take_back_unsent(database, inventory, [message], START)
    assert (unit(database).health, unit(database).check_wanted) == ("good", False)


def test_unanswered_checks_are_looked_for_among_the_open_ones(database: Database, inventory: Inventory) -> None:
    """Every few seconds, of a table that grows for as long as the farm lives."""
    new_unit(database)
    asked(database, inventory)
    with counted(database) as said:
        assert sweep_checks(database, START + 24 * HOUR) == 1
    assert "health_check" not in read_whole(database, said)

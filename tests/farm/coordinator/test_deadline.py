from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from farm.coordinator.deadline import HOPELESS, expire
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.roster import Entry
from farm.database.engine import Database
from farm.database.models import Event, Job
from farm.errors import BrokerError
from farm.inventory import Inventory, QueueSection
from farm.states.jobs import JobState
from farm.states.wait_reason import WaitReason
from tests.farm.rows import START, FakeWire, job_states, report, submit
from tests.farm.statements import counted, read_whole

DAY = timedelta(days=1)
LATE = START + 15 * DAY


@pytest.fixture
def waiting(database: Database, inventory: Inventory) -> Entry:
    """A network that no unit has taken for 15 days, and a coordinator that runs."""
    submit(database, inventory, ["net"])
    entry = Entry(database)
    entry.renew(LATE)
    return entry


def test_what_nobody_could_take_for_so_long_ends_with_the_reason(
    database: Database, inventory: Inventory, waiting: Entry
) -> None:
    assert expire(database, inventory, START + 13 * DAY, attended=True) == 0
    assert expire(database, inventory, LATE, attended=True) == 2
    with database.read() as session:
        job = session.scalars(select(Job)).first()
        assert job is not None
        assert (job.state, job.reason) == (JobState.CANCELLED, "waited 14 days in vain: all offline")
        assert len(session.scalars(select(Event).where(Event.kind == "expired")).all()) == 2
    assert expire(database, inventory, LATE, attended=True) == 0


def test_a_busy_farm_drops_nothing(database: Database, inventory: Inventory, waiting: Entry) -> None:
    """Units that work are heard of: what waits behind others has only to wait longer."""
    submit(database, inventory, [f"net{n}" for n in range(6)], "c2")
    wire = FakeWire()
    dispatch(database, inventory, wire, LATE)
    for device in ("numpy", "torch"):
        merge(database, report(next(m for m in wire.sent if m.device_type == device)), LATE)
    assert JobState.QUEUED in job_states(database).values()
    assert expire(database, inventory, LATE, attended=True) == 0


def test_nothing_ends_for_want_of_a_coordinator_or_a_broker(
    database: Database, inventory: Inventory, waiting: Entry
) -> None:
    waiting.renew(LATE, BrokerError("away"))
    assert expire(database, inventory, LATE, attended=True) == 0
    waiting.leave()
    assert expire(database, inventory, LATE, attended=True) == 0
    assert HOPELESS.isdisjoint({WaitReason.BUSY, WaitReason.DUE, WaitReason.NO_COORDINATOR, WaitReason.BROKER_FULL})


@pytest.mark.parametrize(("days", "ended"), [(0, 0), (1, 2), (20, 0)])
def test_the_inventory_says_how_long(
    database: Database, inventory: Inventory, waiting: Entry, days: float, ended: int
) -> None:
    other = inventory.model_copy(update={"queue": QueueSection(deadline_days=days)})
    assert expire(database, other, LATE, attended=True) == ended


def test_the_time_counts_from_when_it_was_queued_last(database: Database, inventory: Inventory, waiting: Entry) -> None:
    with database.write() as session:
        for job in session.scalars(select(Job)):
            job.since = LATE - DAY
    assert expire(database, inventory, LATE, attended=True) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is SQLite whose plans are read
def test_it_reads_what_is_queued_and_not_all_that_ever_was(
    database: Database, inventory: Inventory, waiting: Entry
) -> None:
    """It is asked every minute, of a table that grows for as long as the farm lives."""
    with counted(database) as said:
        assert expire(database, inventory, LATE - 10 * DAY, attended=True) == 0
        assert expire(database, inventory, LATE, attended=True) == 2
    assert "job" not in read_whole(database, said)


def test_what_waits_for_a_busy_type_is_not_looked_at_one_by_one(
    database: Database, inventory: Inventory, waiting: Entry
) -> None:
    submit(database, inventory, [f"net{n}" for n in range(20)], "c2")
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    for message in wire.sent:
        merge(database, report(message, unit=f"unit-{message.device_type}"), LATE)
    waiting.renew(LATE)
    loaded: list[object] = []

    def load(job: Job, _: object) -> None:
        loaded.append(job)

    event.listen(Job, "load", load)
    try:
        assert expire(database, inventory, LATE, attended=True) == 0
    finally:
        event.remove(Job, "load", load)
    assert loaded == []

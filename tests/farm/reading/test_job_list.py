from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from farm.coordinator.cancellation import cancel_jobs
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.release import release_job
from farm.coordinator.roster import HEARD_WITHIN, Entry
from farm.database.engine import Database
from farm.database.models import Job
from farm.errors import BrokerError, BrokerFullError
from farm.inventory import Inventory
from farm.protocol import StartedMessage
from farm.reading.job_list import JobList, list_jobs, newest_jobs
from farm.states.jobs import JobState
from farm.states.wait_reason import WaitReason
from tests.farm.rows import START, FakeWire, judge, lose, report, submit


def listed(database: Database, inventory: Inventory, *states: JobState, now=START, **asked) -> JobList:
    with database.read() as session:
        return list_jobs(session, inventory, now, **{"attended": True, **asked}, states=states)


def waits(database: Database, inventory: Inventory, *, attended: bool = True, now=START) -> set[WaitReason | None]:
    return {job.waits for job in listed(database, inventory, now=now, attended=attended).jobs}


def test_jobs_that_are_under_way_come_first_then_what_waits_in_its_order(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, [f"net{n}" for n in range(4)])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    begun = next(m for m in wire.sent if m.device_type == "numpy" and m.architecture == "network:net1")
    merge(database, StartedMessage(begun.attempt, begun.token, "unit-1"), START)
    found = listed(database, inventory, device="numpy")
    assert [(job.architecture, job.state) for job in found.jobs] == [
        ("net1", JobState.RUNNING),
        ("net0", JobState.DISPATCHED),
        ("net2", JobState.QUEUED),
        ("net3", JobState.QUEUED),
    ]
    assert found.counts == {JobState.RUNNING: 1, JobState.DISPATCHED: 1, JobState.QUEUED: 2}
    assert [len(job.attempts) for job in found.jobs] == [1, 1, 0, 0]
    (attempt,) = found.jobs[0].attempts
    assert (attempt.n, attempt.state, attempt.unit, attempt.outcome) == (1, "running", "unit-1", None)
    assert [job.waits is None for job in found.jobs] == [True, False, False, False]


def test_what_is_done_is_listed_where_it_is_asked_for(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    judge(database, inventory)
    assert listed(database, inventory).jobs == ()
    done = listed(database, inventory, JobState.DONE)
    assert [(job.device, job.waits) for job in done.jobs] == [("numpy", None), ("torch", None)]
    assert listed(database, inventory, JobState.DONE, JobState.QUEUED, device="torch").total == 1
    assert listed(database, inventory, JobState.QUEUED).total == 0


def test_a_limit_leaves_the_count_whole(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [f"net{n}" for n in range(4)])
    found = listed(database, inventory, limit=3)
    assert (len(found.jobs), found.total) == (3, 8)


def test_what_is_in_quarantine_is_listed_with_its_reason_until_it_is_released(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net"])
    lose(database, inventory)
    found = listed(database, inventory, device="numpy")
    (job,) = found.jobs
    assert job.state is JobState.QUARANTINED
    assert job.reason.startswith("3 attempts were lost: attempt 1 on unit-1")
    assert [a.state for a in job.attempts] == ["lost"] * 3
    with database.write() as session:
        release_job(session, job.id, "", START)
    assert [j.state for j in listed(database, inventory, device="numpy").jobs] == [JobState.QUEUED]
    assert listed(database, inventory, JobState.QUARANTINED).total == 2


def test_why_jobs_wait_is_what_stands_in_the_way_now(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net", "more", "most"])
    assert waits(database, inventory) == {WaitReason.NO_COORDINATOR}
    entry = Entry(database)
    entry.renew(START, BrokerError("the broker is away"))
    assert waits(database, inventory) == {WaitReason.BROKER_UNREACHABLE}
    entry.renew(START, BrokerFullError("the broker is full"))
    assert waits(database, inventory) == {WaitReason.BROKER_FULL}
    entry.renew(START)
    assert waits(database, inventory) == {WaitReason.ALL_OFFLINE}
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    for message in wire.sent[:3]:
        merge(database, report(message), START)
    assert waits(database, inventory) == {WaitReason.DUE}
    dispatch(database, inventory, wire, START)
    assert waits(database, inventory) <= {WaitReason.BUSY, WaitReason.DUE}
    assert waits(database, inventory, now=START + 2 * HEARD_WITHIN) == {WaitReason.NO_COORDINATOR}


def test_a_device_type_that_the_inventory_has_lost(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    Entry(database).renew(START)
    fewer = inventory.model_copy(update={"devices": {"torch": inventory.devices["torch"]}})
    assert {job.device: job.waits for job in listed(database, fewer).jobs} == {
        "numpy": WaitReason.NO_SUCH_DEVICE,
        "torch": WaitReason.ALL_OFFLINE,
    }


def test_without_a_broker_the_command_that_submits_is_coordinator_and_unit(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net"])
    assert waits(database, inventory, attended=False) == {WaitReason.NO_COORDINATOR}
    Entry(database).renew(START)
    assert waits(database, inventory, attended=False) == {WaitReason.DUE}


def test_of_one_architecture_the_newest_job_of_each_device_counts(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net", "other"])
    with database.write() as session:
        first = session.scalars(select(Job.id).where(Job.architecture.has(name="net"))).all()
        cancel_jobs(session, first, "cancelled", START)
    later = START + timedelta(minutes=1)
    submit(database, inventory, ["net"], "c2", submitted=later)
    with database.read() as session:
        found = newest_jobs(session, inventory, START, "c1", "network", "net", attended=True)
        assert newest_jobs(session, inventory, START, "c1", "block", "net", attended=True) == {}
    assert {device: (job.state, job.commit, job.created) for device, job in found.items()} == {
        "numpy": (JobState.QUEUED, "c2", later),
        "torch": (JobState.QUEUED, "c2", later),
    }

"""The next jobs of a device type are those that the whole queue, sorted, would give; whatever is in it."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from farm.coordinator.dispatch import dispatch
from farm.coordinator.order import TURN, Waiting, in_turn
from farm.coordinator.waiting import next_jobs as next_of_types
from farm.database.engine import Database
from farm.database.models import Attempt, DeviceType, Job, Submission
from farm.inventory import Inventory
from farm.states.jobs import JobState
from tests.farm.rows import START, FakeWire, submit


def next_jobs(session: Session, device: str, room: int) -> list[int]:
    """Of a device type by its name."""
    return next_of_types(session, session.scalars(select(DeviceType.id).where(DeviceType.name == device)).all(), room)


def expected(database: Database, device: str, room: int) -> list[int]:
    """Written out plainly: all that waits, sorted."""
    with database.read() as session:
        rows = session.execute(
            select(Job.id, Job.priority, Submission.created)
            .join(Submission, Job.submission_id == Submission.id)
            .join(DeviceType, Job.device_type_id == DeviceType.id)
            .where(Job.state == JobState.QUEUED, DeviceType.name == device)
        ).all()
        begun = session.scalars(
            select(Submission.created)
            .join(Job, Job.submission_id == Submission.id)
            .join(DeviceType, Job.device_type_id == DeviceType.id)
            .join(Attempt, Attempt.job_id == Job.id)
            .where(DeviceType.name == device)
            .order_by(Attempt.dispatched.desc())
        ).all()
    urgent = [Waiting(job, since) for job, priority, since in sorted(rows, key=lambda row: (row[1], row[0]))]
    oldest = [Waiting(job, since) for job, priority, since in sorted(rows, key=lambda row: (row[2], row[1], row[0]))]
    return in_turn(urgent, oldest, begun[: TURN - 1], room)


@pytest.mark.parametrize("seed", range(4))
def test_the_turns_are_those_of_the_whole_queue(database: Database, inventory: Inventory, seed: int) -> None:
    random_ = random.Random(seed)
    for n in range(random_.randint(1, 4)):
        names = [f"net{n}-{m}" for m in range(random_.randint(1, 6))]
        # Some submissions are of the same moment.
        submit(database, inventory, names, f"c{n}", submitted=START + timedelta(hours=random_.randint(0, 2)))
    with database.write() as session:
        for job in session.scalars(select(Job)):
            job.priority = random_.randint(0, 2)
            job.state = random_.choice((JobState.QUEUED, JobState.QUEUED, JobState.DONE))
    for step in range(4):
        for device in inventory.devices:
            for room in (1, 2, 5, 100):
                with database.read() as session:
                    assert next_jobs(session, device, room) == expected(database, device, room)
        with database.write() as session:  # so that the windows are empty again
            session.execute(update(Attempt).values(state="reported"))
        dispatch(database, inventory, FakeWire(), START + timedelta(days=1 + step))


def test_jobs_of_an_earlier_configuration_have_their_turn_too(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b"])
    changed = inventory.model_copy(deep=True)
    changed.devices["numpy"].profile["mode"] = "exact"
    submit(database, changed, ["a", "b"], "c2", submitted=START + timedelta(hours=1))
    with database.read() as session:
        assert len(next_jobs(session, "numpy", 100)) == 4
        assert next_jobs(session, "numpy", 3) == expected(database, "numpy", 3)


def test_what_was_judged_again_was_not_begun_again(database: Database, inventory: Inventory) -> None:
    """Its attempts are entered a second time, and would use up the turns of what is urgent."""
    submit(database, inventory, ["old"], "c0")
    submit(database, inventory, ["first"], "c1", submitted=START + timedelta(hours=1))
    submit(database, inventory, ["urgent"], "c2", submitted=START + timedelta(hours=1))
    with database.write() as session:
        for job in session.scalars(select(Job)):
            job.priority = 2 if job.architecture.name == "old" else 0
    with database.write() as session:
        (first,) = session.scalars(
            select(Job).where(Job.architecture.has(name="first"), Job.device_type.has(name="numpy"))
        )
        first.state = JobState.DONE
        for n in range(TURN - 1):
            session.add(_attempt(first.id, n, rejudged="0" if n else None))
            session.flush()
        waits = {
            job.architecture.name: job.id
            for job in session.scalars(
                select(Job).where(Job.state == JobState.QUEUED, Job.device_type.has(name="numpy"))
            )
        }
    with database.read() as session:
        assert next_jobs(session, "numpy", 1) == [waits["urgent"]]


def _attempt(job: int, n: int, rejudged: str | None) -> Attempt:
    return Attempt(
        id=str(n),
        job_id=job,
        n=n,
        token="",
        nonce="",
        state="reported",
        dispatched=START,
        lease_until=START,
        rejudged=rejudged,
    )


def test_a_device_type_that_nobody_knows_has_nothing_to_do(database: Database) -> None:
    with database.read() as session:
        assert next_jobs(session, "unheard of", 3) == []

from __future__ import annotations

import pytest
from sqlalchemy import select

from farm.coordinator.jobs import Need, want_verdicts
from farm.coordinator.release import newer_job, release_job
from farm.database.engine import Database
from farm.database.models import Job, Submission
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.states.jobs import JobState
from farm.verdicts.inheritance import Reprove
from tests.farm.rows import START, judge, lose, submit


@pytest.fixture
def quarantined(database: Database, inventory: Inventory) -> Job:
    """The job of one network on numpy."""
    submit(database, inventory, ["net"])
    lose(database, inventory)
    with database.read() as session:
        return session.scalars(select(Job).where(Job.device_type.has(name="numpy"))).one()


def want(database: Database, inventory: Inventory, job: Job, reprove: Reprove = Reprove.NOTHING) -> Need:
    with database.write() as session:
        submission = session.scalars(select(Submission)).one()
        submission.reprove = reprove
        needs = want_verdicts(session, inventory, submission, job.architecture_id, job.bundle, 0, START)
        return needs["numpy"]


def test_a_released_job_has_a_successor_and_stays_what_it_was(
    database: Database, inventory: Inventory, quarantined: Job
) -> None:
    with database.write() as session:
        successor = release_job(session, quarantined.id, "by Ada, more memory", START).id
    with database.read() as session:
        old, new = session.get_one(Job, quarantined.id), session.get_one(Job, successor)
        assert (old.state, old.reason) == (JobState.QUARANTINED, quarantined.reason)
        assert new.state == JobState.QUEUED
        assert new.reason == f"job {old.id} was released from quarantine: by Ada, more memory"
        assert (new.bundle, new.device_type_id, new.policy) == (old.bundle, old.device_type_id, old.policy)
        found = newer_job(session, old)
        assert found is not None
        assert found.id == successor
    judge(database, inventory)
    with database.read() as session:
        assert session.get_one(Job, successor).state == JobState.DONE


def test_what_has_a_successor_is_not_released_twice(database: Database, quarantined: Job) -> None:
    with database.write() as session:
        release_job(session, quarantined.id, "", START)
    with database.write() as session, pytest.raises(UsageError, match="has a successor already: job 3, queued"):
        release_job(session, quarantined.id, "", START)


def test_what_is_in_no_quarantine_is_not_released(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    with database.write() as session:
        with pytest.raises(UsageError, match="job 1 is queued, not in quarantine: there is nothing to release"):
            release_job(session, 1, "", START)
        with pytest.raises(NotFoundError, match="no job named '99'"):
            release_job(session, 99, "", START)


def test_a_submission_does_not_release_what_ended_three_hosts(
    database: Database, inventory: Inventory, quarantined: Job
) -> None:
    assert want(database, inventory, quarantined) is Need.QUARANTINED
    assert want(database, inventory, quarantined, Reprove.FAILURES) is Need.QUEUED
    assert want(database, inventory, quarantined) is Need.ALREADY_OPEN
    judge(database, inventory)
    assert want(database, inventory, quarantined) is Need.INHERITED

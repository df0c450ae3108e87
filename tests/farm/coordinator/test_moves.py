"""Moves are guarded: whoever comes second moves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.coordinator.moves import MAX_REASON, Move, make_moves, move_job, take_jobs
from farm.database.engine import Database
from farm.database.models import Job
from farm.inventory import Inventory
from farm.states.jobs import JobState
from tests.farm.rows import START, submit

LATER = START + timedelta(hours=1)


@pytest.fixture
def jobs(database: Database, inventory: Inventory) -> list[int]:
    """Four queued jobs."""
    submit(database, inventory, ["a", "b"])
    with database.read() as session:
        return list(session.scalars(select(Job.id).order_by(Job.id)))


def states(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Job.state).order_by(Job.id)))


def test_of_many_those_are_taken_that_are_still_there(database: Database, jobs: list[int]) -> None:
    with database.write() as session:
        assert move_job(session, jobs[1], (JobState.QUEUED,), JobState.CANCELLED, START)
    with database.write() as session:
        taken = take_jobs(session, jobs[:3], JobState.QUEUED, JobState.DISPATCHED, LATER)
    assert {row.id for row in taken.rows} == {jobs[0], jobs[2]}
    assert states(database) == ["dispatched", "cancelled", "dispatched", "queued"]
    with database.read() as session:
        assert session.get_one(Job, jobs[0]).since == LATER


def test_many_moves_of_several_kinds_are_each_guarded(database: Database, jobs: list[int]) -> None:
    with database.write() as session:
        take_jobs(session, jobs[:2], JobState.QUEUED, JobState.DISPATCHED, START)
        make_moves(
            session,
            [
                Move(jobs[0], JobState.DISPATCHED, JobState.DONE, LATER),
                Move(jobs[1], JobState.RUNNING, JobState.DONE, LATER),
                Move(jobs[2], JobState.QUEUED, JobState.CANCELLED, LATER, "w" * 9999),
            ],
        )
    assert states(database) == ["done", "dispatched", "cancelled", "queued"]
    with database.read() as session:
        assert len(session.get_one(Job, jobs[2]).reason) == MAX_REASON


def test_what_no_job_does_is_a_mistake(database: Database, jobs: list[int]) -> None:
    with database.write() as session, pytest.raises(ValueError, match="does not move from done to queued"):
        make_moves(session, [Move(jobs[0], JobState.DONE, JobState.QUEUED, LATER)])
    with database.write() as session, pytest.raises(ValueError, match="does not move from running to dispatched"):
        take_jobs(session, jobs, JobState.RUNNING, JobState.DISPATCHED, LATER)

"""Taking back jobs and submissions: what ends, what stays since another one wants it, what hosts that were at it then say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.coordinator.cancellation import Cancelled, cancel_jobs, cancel_submission
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import Merged, merge
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Attempt, Conversion, Event, Job, Submission
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.protocol import StartedMessage
from farm.states.conversions import ConversionState
from farm.states.jobs import AttemptState, JobState
from tests.farm.rows import START, FakeWire, job_states, judge, report, submit

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def cancel(database: Database, *numbers: int) -> None:
    with database.write() as session:
        cancel_jobs(session, numbers, "cancelled by Ada: wrong branch", START + MINUTE)


def cancel_all(database: Database, identifier: str) -> Cancelled:
    with database.write() as session:
        return cancel_submission(session, identifier, "cancelled by Ada", START + HOUR)


def number(database: Database, name: str) -> int:
    with database.read() as session:
        query = select(Job.id).where(Job.architecture.has(name=name), Job.device_type.has(name="numpy"))
        return session.scalars(query).one()


def test_a_job_that_is_cancelled_says_by_whom_and_is_not_sent(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    cancel(database, number(database, "a"))
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    assert [m.device_type for m in wire.sent] == ["torch"]
    with database.read() as session:
        job = session.get_one(Job, number(database, "a"))
        assert (job.state, job.reason) == (JobState.CANCELLED, "cancelled by Ada: wrong branch")
        assert job.since == START + MINUTE
        assert session.scalars(select(Event).where(Event.kind == "cancelled")).one().subject == str(job.id)


def test_the_host_that_was_at_it_is_not_heard_and_its_place_is_free_at_once(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, [f"net{n}" for n in range(3)])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    message = next(m for m in wire.sent if m.device_type == "numpy")
    merge(database, StartedMessage(message.attempt, message.token, "unit-1"), START)
    cancel(database, number(database, "net0"))
    assert dispatch(database, inventory, wire, START) == 0  # the unit is at it still
    assert merge(database, report(message), START) is Merged.STALE
    assert dispatch(database, inventory, wire, START) == 1
    assert merge(database, report(message), START) is Merged.STALE
    with database.read() as session:
        attempt = session.get_one(Attempt, message.attempt)
        assert (attempt.state, attempt.outcome) == (AttemptState.ABANDONED, None)


def test_where_the_host_says_nothing_the_lease_frees_its_place(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    dispatch(database, inventory, FakeWire(), START)
    cancel(database, number(database, "a"))
    sweep(database, START + HOUR)
    assert job_states(database)["a", "numpy"] == JobState.CANCELLED
    with database.read() as session:
        attempts = session.scalars(select(Attempt).where(Attempt.job_id == number(database, "a"))).all()
        assert [a.state for a in attempts] == [AttemptState.ABANDONED]


def test_what_is_at_its_end_cannot_be_cancelled_and_then_nothing_is(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    judge(database, inventory)
    submit(database, inventory, ["b"], "c2")
    with pytest.raises(UsageError, match="is done already: there is nothing to cancel"):
        cancel(database, number(database, "b"), number(database, "a"))
    assert job_states(database)["b", "numpy"] == JobState.QUEUED
    with pytest.raises(NotFoundError, match="no job named '4711'"):
        cancel(database, 4711)


def test_what_was_cancelled_can_be_asked_for_again(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    cancel(database, number(database, "a"))
    submit(database, inventory, ["a"], "c2", submitted=START + HOUR)
    with database.read() as session:
        counted = Counter(session.scalars(select(Job.state)))
    assert counted == {JobState.CANCELLED: 1, JobState.QUEUED: 2}


def test_a_submission_is_cancelled_with_its_conversions(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["a", "b"])
    submit(database, inventory, ["c"], "c1", kind="block", state="running")
    with database.write() as session:
        conversion = session.scalars(select(Conversion)).one()
        other, conversion.submission_id = conversion.submission_id, submission
        session.flush()
        session.delete(session.get_one(Submission, other))
    assert cancel_all(database, submission[:6]) == Cancelled(submission, 4, 1, 0)
    assert set(job_states(database).values()) == {JobState.CANCELLED}
    with database.read() as session:
        conversion = session.scalars(select(Conversion)).one()
        assert (conversion.state, conversion.message) == (ConversionState.CANCELLED, "cancelled by Ada")
    assert cancel_all(database, submission) == Cancelled(submission, 0, 0, 0)


def test_what_a_later_submission_found_there_becomes_that_ones(database: Database, inventory: Inventory) -> None:
    first = submit(database, inventory, ["shared", "own"], "c1")
    second = submit(database, inventory, ["shared"], "c2", submitted=START + MINUTE)
    third = submit(database, inventory, ["shared"], "c3", submitted=START + 2 * MINUTE)
    assert cancel_all(database, first) == Cancelled(first, 2, 0, 2)
    assert job_states(database)["shared", "numpy"] == JobState.QUEUED
    assert job_states(database)["own", "numpy"] == JobState.CANCELLED
    assert cancel_all(database, second) == Cancelled(second, 0, 0, 2)
    assert cancel_all(database, third) == Cancelled(third, 2, 0, 0)
    assert set(job_states(database).values()) == {JobState.CANCELLED}


def test_what_was_cancelled_wants_nothing_any_more(database: Database, inventory: Inventory) -> None:
    first = submit(database, inventory, ["shared"], "c1")
    second = submit(database, inventory, ["shared"], "c2", submitted=START + MINUTE)
    cancel_all(database, second)
    assert cancel_all(database, first) == Cancelled(first, 2, 0, 0)


def test_a_conversion_that_two_submissions_want_stays(database: Database, inventory: Inventory) -> None:
    first = submit(database, inventory, ["a"], "c1", state="queued")
    with database.write() as session:
        session.add(Submission(id="5" * 32, commit="c1", base=None, created=START + MINUTE))
    assert cancel_all(database, first) == Cancelled(first, 0, 0, 1)
    assert cancel_all(database, "5555") == Cancelled("5" * 32, 0, 1, 0)


@pytest.mark.parametrize("identifier", ["abc", "ffffffff", "%", "____"])
def test_a_submission_that_there_is_not(database: Database, inventory: Inventory, identifier: str) -> None:
    submit(database, inventory, ["a"])
    with pytest.raises(NotFoundError, match="no submission named"):
        cancel_all(database, identifier)


def test_digits_that_two_submissions_begin_with(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"])
    with database.write() as session:
        for last in "12":
            session.add(Submission(id="5" * 31 + last, commit="c1", base=None, created=START))
    with pytest.raises(UsageError, match="more than one submission begins with '5555'; give more digits"):
        cancel_all(database, "5555")

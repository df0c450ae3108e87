"""Leases that run out: which losses count, what becomes of the job, what a message that comes late still does."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import Merged, merge
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.models import Attempt, Event, Job, Outbox
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, StartedMessage
from farm.states.jobs import AttemptState, JobState
from tests.farm.rows import START, FakeWire, job_states, lose, report, submit

HOUR = timedelta(hours=1)


def send(database: Database, inventory: Inventory, now: datetime = START) -> list[AttemptMessage]:
    """What is sent to the numpy device."""
    wire = FakeWire()
    dispatch(database, inventory, wire, now)
    return [m for m in wire.sent if m.device_type == "numpy"]


def start(database: Database, message: AttemptMessage, now: datetime, unit: str = "unit-1") -> Merged:
    return merge(database, StartedMessage(message.attempt, message.token, unit), now)


def attempt_state(database: Database, message: AttemptMessage) -> str:
    with database.read() as session:
        return session.get_one(Attempt, message.attempt).state


def job(database: Database, name: str = "net") -> Job:
    with database.read() as session:
        found = session.scalars(select(Job).where(Job.architecture.has(name=name), Job.device_type.has(name="numpy")))
        return found.all()[-1]


def test_an_attempt_whose_lease_ran_out_is_sent_again(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    (first,) = send(database, inventory)
    assert sweep(database, START + timedelta(seconds=10)) == 0
    assert sweep(database, START + HOUR) == 2
    assert set(job_states(database).values()) == {JobState.QUEUED}
    (again,) = send(database, inventory, START + HOUR)
    assert again.attempt != first.attempt
    assert again.token != first.token


def test_an_attempt_that_started_gets_a_fresh_lease(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    (message,) = send(database, inventory)
    with database.read() as session:
        until = session.get_one(Attempt, message.attempt).lease_until
    assert start(database, message, until - timedelta(seconds=1)) is Merged.RECORDED
    sweep(database, until + timedelta(seconds=1))
    assert attempt_state(database, message) == AttemptState.RUNNING


def test_the_third_loss_is_quarantine_with_its_reason(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    for n, unit in enumerate(("unit-1", "unit-2", "unit-1")):
        now = START + n * HOUR
        (message,) = send(database, inventory, now)
        start(database, message, now, unit)
        sweep(database, now + timedelta(minutes=59))
        if n < 2:
            assert (job(database).state, job(database).reason) == (
                JobState.QUEUED,
                f"attempt {n + 1} was lost on {unit}",
            )
    assert send(database, inventory, START + 9 * HOUR) == []
    found = job(database)
    assert found.state == JobState.QUARANTINED
    assert found.reason == ("3 attempts were lost: attempt 1 on unit-1, attempt 2 on unit-2, attempt 3 on unit-1")
    assert found.since == START + 2 * HOUR + timedelta(minutes=59)
    with database.read() as session:
        (told,) = session.scalars(select(Outbox).where(Outbox.kind == "job quarantined"))
        assert (told.subject, told.at, told.detail["reason"]) == (str(found.id), found.since, found.reason)
        assert (told.detail["architecture"], told.detail["device"]) == ("network:net", "numpy")


def test_a_device_that_is_away_puts_no_job_in_quarantine(database: Database, inventory: Inventory) -> None:
    """Nobody was there to take the messages: that says nothing of the networks in them."""
    submit(database, inventory, ["net"])
    for n in range(6):
        (message,) = send(database, inventory, START + n * HOUR)
        sweep(database, START + (n + 1) * HOUR - timedelta(seconds=1))
        assert attempt_state(database, message) == AttemptState.UNCLAIMED
        assert job(database).reason == f"no unit took up attempt {n + 1}"
    (message,) = send(database, inventory, START + 9 * HOUR)
    assert merge(database, report(message), START + 9 * HOUR) is Merged.RECORDED
    assert job(database).state == JobState.DONE


def test_a_message_that_vanishes_on_the_way_to_a_unit_that_works_is_a_loss(
    database: Database, inventory: Inventory
) -> None:
    """The queue is first in, first out: where what was sent later has begun, this is in it no more."""
    submit(database, inventory, ["net"])
    for n in range(3):
        now = START + n * HOUR
        (vanished,) = send(database, inventory, now)
        submit(database, inventory, [f"later{n}"], f"c{n + 2}", version=str(n))
        (later,) = send(database, inventory, now + timedelta(seconds=1))
        assert start(database, later, now + timedelta(seconds=2)) is Merged.RECORDED
        merge(database, report(later), now + timedelta(seconds=3))
        sweep(database, now + timedelta(minutes=59))
        assert attempt_state(database, vanished) == AttemptState.LOST
    assert job(database).state == JobState.QUARANTINED
    assert job(database).reason.endswith("attempt 3 before a unit said that it had begun it")


def test_what_begins_late_is_not_sent_anew_beside(database: Database, inventory: Inventory) -> None:
    """A host that was away takes up what waited for it: then its job is under way."""
    submit(database, inventory, ["net"])
    (message,) = send(database, inventory)
    sweep(database, START + HOUR)
    assert job(database).state == JobState.QUEUED
    assert start(database, message, START + HOUR) is Merged.RECORDED
    assert job(database).state == JobState.RUNNING
    assert send(database, inventory, START + HOUR) == []
    assert sweep(database, START + HOUR + timedelta(minutes=1)) == 0
    sweep(database, START + 2 * HOUR)
    assert attempt_state(database, message) == AttemptState.LOST  # this time a unit had it


def test_what_was_lost_does_not_begin_again(database: Database, inventory: Inventory) -> None:
    """Its message was delivered twice: to be told from the attempt that is under way now."""
    submit(database, inventory, ["net"])
    (message,) = send(database, inventory)
    start(database, message, START)
    sweep(database, START + HOUR)
    assert start(database, message, START + HOUR) is Merged.STALE
    assert job(database).state == JobState.QUEUED


def test_a_late_report_of_a_job_in_quarantine_is_an_observation_and_the_quarantine_stays(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["net"])
    messages = lose(database, inventory)
    assert merge(database, report(messages[0]), START + 9 * HOUR) is Merged.RECORDED
    assert JobState.QUARANTINED in job_states(database).values()


def test_every_attempt_that_is_given_up_leaves_a_line_in_the_log(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    lose(database, inventory)
    with database.read() as session:
        lost = session.scalars(select(Event).where(Event.kind == "lost").order_by(Event.id)).all()
    assert [event.detail["then"] for event in lost] == ["queued"] * 4 + ["quarantined"] * 2

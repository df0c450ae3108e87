from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from farm.coordinator import moves
from farm.coordinator.dispatch import dispatch, sweep
from farm.coordinator.merge import Merged, merge
from farm.coordinator.states import AttemptState, JobState
from farm.database.engine import Database
from farm.database.models import Attempt, Job
from farm.errors import InfrastructureError
from farm.inventory import Inventory
from farm.protocol import StartedMessage, decode, encode
from tests.farm.rows import START, FakeWire, job_states, report, submit

HOUR = timedelta(hours=1)


def test_the_window_bounds_what_is_on_the_wire(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [f"net{i}" for i in range(6)])
    wire = FakeWire()
    assert dispatch(database, inventory, wire, START) == 2 + 4  # one unit of numpy, two of torch
    assert dispatch(database, inventory, wire, START) == 0
    numpy = [m for m in wire.sent if m.device_type == "numpy"]
    merge(database, report(numpy[0]), START)
    assert dispatch(database, inventory, wire, START) == 1


def test_jobs_go_by_priority(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["first", "second", "third"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    assert [m.architecture for m in wire.sent if m.device_type == "numpy"] == ["network:first", "network:second"]


def test_a_message_carries_what_a_host_needs(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    message = next(m for m in wire.sent if m.device_type == "numpy")
    assert decode(encode(message)) == message
    assert message.policy == inventory.policy_of("numpy")
    assert message.limits.time_s == 60
    assert message.limits.memory_bytes == 8192 << 20


def test_a_lease_outlasts_the_hard_limit_of_all_that_waits_before_it() -> None:
    assert moves.lease_s(60, waiting=moves.WINDOW - 1) >= moves.WINDOW * 60 + 60


def test_what_could_not_be_sent_never_was(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a", "b"])
    wire = FakeWire()
    wire.broken = True
    with pytest.raises(InfrastructureError):
        dispatch(database, inventory, wire, START)
    assert set(job_states(database).values()) == {JobState.QUEUED}
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0
    wire.broken = False
    assert dispatch(database, inventory, wire, START) == 4


def test_an_attempt_whose_lease_ran_out_is_sent_again(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    first = {m.device_type: m for m in wire.sent}
    assert sweep(database, START + timedelta(seconds=10)) == 0
    assert sweep(database, START + HOUR) == 2
    assert set(job_states(database).values()) == {JobState.QUEUED}
    dispatch(database, inventory, wire, START + HOUR)
    again = {m.device_type: m for m in wire.sent[2:]}
    assert again["numpy"].attempt != first["numpy"].attempt
    assert again["numpy"].token != first["numpy"].token


def test_an_attempt_that_started_gets_a_fresh_lease(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    (message,) = [m for m in wire.sent if m.device_type == "numpy"]
    later = START + timedelta(seconds=200)
    assert merge(database, StartedMessage(message.attempt, message.token, "u"), later) is Merged.RECORDED
    assert sweep(database, START + timedelta(seconds=300)) == 0  # the lease of the dispatch ended at 240 s
    with database.read() as session:
        assert session.get_one(Attempt, message.attempt).state == AttemptState.RUNNING


def test_the_third_loss_is_quarantine(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["net"])
    wire = FakeWire()
    for round_ in range(3):
        dispatch(database, inventory, wire, START + round_ * HOUR)
        sweep(database, START + (round_ + 1) * HOUR - timedelta(seconds=1))
    assert set(job_states(database).values()) == {JobState.QUARANTINED}
    assert dispatch(database, inventory, wire, START + 9 * HOUR) == 0


def test_two_coordinators_send_no_job_twice(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [f"net{i}" for i in range(4)])
    one, other = FakeWire(), FakeWire()
    dispatch(database, inventory, one, START)
    dispatch(database, inventory, other, START)
    jobs = [(m.architecture, m.device_type) for m in one.sent + other.sent]
    assert len(jobs) == len(set(jobs))


def test_new_urgent_jobs_pass_an_old_one_over_four_times_at_most(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["urgent", "older"], "c0", submitted=START)
    wire = FakeWire()
    with database.write() as session:
        session.execute(update(Job).where(Job.priority == 0).values(state=JobState.CANCELLED))
    order: list[str] = []
    for minute in range(1, 8):
        now = START + timedelta(minutes=minute)
        submit(database, inventory, [f"new{minute}-{i}" for i in range(2)], f"c{minute}", submitted=now)
        with database.write() as session:
            session.execute(update(Job).where(Job.submission.has(commit=f"c{minute}")).values(priority=0))
        done = len(wire.sent)
        dispatch(database, inventory, wire, now)
        for message in wire.sent[done:]:
            merge(database, report(message), now)
        order += [m.architecture for m in wire.sent[done:] if m.device_type == "numpy"]
    assert order.index("network:older") == 4
    assert len(order) == 14

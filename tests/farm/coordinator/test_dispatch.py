from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from farm.coordinator import dispatch as dispatching
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import Merged, merge
from farm.database.engine import Database
from farm.database.models import Attempt, Job
from farm.errors import InfrastructureError
from farm.inventory import Inventory, QueueSection
from farm.protocol import StartedMessage, decode, encode
from farm.states.jobs import JobState
from farm.units.leases import LEASE_MARGIN_S
from farm.wires import Addressed
from tests.farm.rows import START, FakeWire, job_states, report, submit


def test_the_window_bounds_what_is_on_the_wire(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [f"net{i}" for i in range(6)])
    wire = FakeWire()
    assert dispatch(database, inventory, wire, START) == 2 + 4  # one unit of numpy, two of torch
    assert dispatch(database, inventory, wire, START) == 0
    numpy = [m for m in wire.sent if m.device_type == "numpy"]
    merge(database, report(numpy[0]), START)
    assert dispatch(database, inventory, wire, START) == 1


@pytest.mark.parametrize("window", [1, 5])
def test_the_window_is_as_wide_as_the_inventory_says(database: Database, inventory: Inventory, window: int) -> None:
    inventory = inventory.model_copy(update={"queue": QueueSection(window=window)})
    submit(database, inventory, [f"net{i}" for i in range(12)])
    wire = FakeWire()
    assert dispatch(database, inventory, wire, START) == window + 2 * window
    assert dispatch(database, inventory, wire, START) == 0
    merge(database, report(next(m for m in wire.sent if m.device_type == "numpy")), START)
    assert dispatch(database, inventory, wire, START) == 1


@pytest.mark.parametrize("window", [1, 2, 5])
def test_a_lease_counts_those_that_may_be_before_it_in_the_window(
    database: Database, inventory: Inventory, window: int
) -> None:
    inventory = inventory.model_copy(update={"queue": QueueSection(window=window)})
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    with database.read() as session:
        leases = {a.id: (a.lease_until - a.dispatched).total_seconds() for a in session.scalars(select(Attempt))}
    for message in wire.sent:
        assert leases[message.attempt] == window * (message.limits.time_s + LEASE_MARGIN_S)
        assert wire.leases[message.attempt] == leases[message.attempt]  # a signature is good for as long


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


def test_what_a_unit_has_said_something_of_is_not_taken_back(database: Database, inventory: Inventory) -> None:
    """The broker took the message, and its answer alone was lost; another coordinator has merged what came of it."""

    class Deaf(FakeWire):
        def send_all(self, attempts: Sequence[Addressed]) -> None:
            message = attempts[0].message
            self.sent.append(message)
            merge(database, StartedMessage(message.attempt, message.token, "unit-1"), START)
            raise InfrastructureError("no answer")

    submit(database, inventory, ["a", "b"])
    wire = Deaf()
    with pytest.raises(InfrastructureError):
        dispatch(database, inventory, wire, START)
    (first,) = wire.sent
    states = job_states(database)
    assert states.pop(("a", first.device_type)) == JobState.RUNNING
    assert set(states.values()) == {JobState.QUEUED}
    assert merge(database, report(first), START) is Merged.RECORDED
    assert job_states(database)["a", first.device_type] == JobState.DONE


def test_two_coordinators_send_no_job_twice(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, [f"net{i}" for i in range(4)])
    one, other = FakeWire(), FakeWire()
    dispatch(database, inventory, one, START)
    dispatch(database, inventory, other, START)
    jobs = [(m.architecture, m.device_type) for m in one.sent + other.sent]
    assert len(jobs) == len(set(jobs))


def test_of_two_coordinators_that_look_at_the_same_time_one_fills_the_window(
    database: Database, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one looks between the first one's count of what is on the wire and its choice of jobs."""
    submit(database, inventory, [f"net{i}" for i in range(8)])
    one, other, looked = FakeWire(), FakeWire(), threading.Event()
    second = threading.Thread(target=lambda: (dispatch(database, inventory, other, START), looked.set()))
    choose = dispatching.next_jobs

    def let_the_other_look(*arguments: Any) -> list[int]:
        if second.ident is None:
            second.start()
            looked.wait(0.5)
        return choose(*arguments)

    monkeypatch.setattr(dispatching, "next_jobs", let_the_other_look)
    dispatch(database, inventory, one, START)
    second.join(30)
    assert looked.is_set()
    assert Counter(m.device_type for m in one.sent + other.sent) == {"numpy": 2, "torch": 4}


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

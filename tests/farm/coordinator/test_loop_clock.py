"""A coordinator has one clock: whoever moves it moves leases, rounds and all that is entered."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from farm.clock import CLOCK, Clock, utc_now
from farm.coordinator.loop import Coordinator
from farm.coordinator.roster import HEARD_WITHIN, coordination
from farm.database.engine import Database
from farm.database.models import Attempt, Event, Job
from farm.inventory import Inventory
from farm.states.jobs import AttemptState, JobState
from tests.farm.coordinator.wire import Wire
from tests.farm.rows import START, submit


class Moved(Clock):
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def test_leases_and_what_is_entered_go_by_it(database: Database, inventory: Inventory) -> None:
    clock, wire = Moved(), Wire()
    coordinator = Coordinator(database, inventory, wire, clock)
    submit(database, inventory, ["net"])
    clock.seconds = 60
    coordinator.step(0)
    with database.read() as session:
        sent = {each.id: each for each in session.scalars(select(Attempt))}
        assert {each.dispatched.replace(microsecond=0) for each in sent.values()} == {clock.now()}
        assert coordination(session, clock.now() + HEARD_WITHIN).running
    longest = max(each.lease_until for each in sent.values())
    clock.seconds = (longest - START).total_seconds() + 1
    coordinator.step(0)
    with database.read() as session:
        states = {each.id: each.state for each in session.scalars(select(Attempt)) if each.id in sent}
        assert set(states.values()) == {AttemptState.UNCLAIMED}
        assert set(session.scalars(select(Job.state))) == {JobState.DISPATCHED}  # sent again
        assert set(session.scalars(select(Event.at).where(Event.kind == AttemptState.UNCLAIMED))) == {clock.now()}


def test_a_round_that_is_not_due_is_not_made(database: Database, inventory: Inventory) -> None:
    clock, wire = Moved(), Wire()
    coordinator = Coordinator(database, inventory, wire, clock)
    coordinator.step(0)  # which sweeps
    submit(database, inventory, ["net"])
    coordinator.step(0)
    with database.write() as session:
        for attempt in session.scalars(select(Attempt)):
            attempt.lease_until = START - timedelta(seconds=1)
    coordinator.step(0)
    clock.seconds = 4
    coordinator.step(0)
    with database.read() as session:
        assert set(session.scalars(select(Attempt.state))) == {AttemptState.DISPATCHED}
    clock.seconds = 6
    coordinator.step(0)
    with database.read() as session:
        assert AttemptState.UNCLAIMED in set(session.scalars(select(Attempt.state)))


def test_the_product_s_own_is_the_time() -> None:
    before = utc_now()
    assert before <= CLOCK.now() <= utc_now()
    first = CLOCK.monotonic()
    assert first <= CLOCK.monotonic()

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from farm.coordinator.roster import FORGOTTEN_AFTER, HEARD_WITHIN, Coordination, Entry, coordination
from farm.database.engine import Database
from farm.database.models import CoordinatorRow
from farm.errors import BrokerError, BrokerFullError
from farm.states.wait_reason import BrokerState
from tests.farm.rows import START

SECOND = timedelta(seconds=1)


def told(database: Database, now=START) -> Coordination:
    with database.read() as session:
        return coordination(session, now)


def test_one_that_is_killed_is_missed_after_a_while_and_forgotten_after_a_day(database: Database) -> None:
    assert told(database) == Coordination(running=False)
    Entry(database).renew(START)
    assert told(database, START + HEARD_WITHIN).running
    assert not told(database, START + HEARD_WITHIN + SECOND).running
    Entry(database).renew(START + FORGOTTEN_AFTER + SECOND)
    with database.read() as session:
        assert len(session.scalars(select(CoordinatorRow)).all()) == 1


def test_one_that_ends_leaves_and_the_other_stays(database: Database) -> None:
    one, other = Entry(database), Entry(database)
    one.renew(START)
    other.renew(START)
    one.leave()
    one.leave()
    assert told(database).running
    other.leave()
    assert not told(database).running


def test_trouble_with_the_broker_is_said_until_it_is_over(database: Database) -> None:
    entry = Entry(database)
    entry.renew(START, BrokerError("the broker is away"))
    assert told(database) == Coordination(True, BrokerState.UNREACHABLE, "the broker is away")
    entry.renew(START, BrokerFullError("the broker is full"))
    assert told(database) == Coordination(True, BrokerState.FULL, "the broker is full")
    entry.renew(START)
    assert told(database) == Coordination(running=True)


def test_the_broker_is_usable_where_one_coordinator_can_use_it(database: Database) -> None:
    Entry(database).renew(START)
    Entry(database).renew(START + SECOND, BrokerError("the broker is away"))
    assert told(database, START + SECOND) == Coordination(running=True)

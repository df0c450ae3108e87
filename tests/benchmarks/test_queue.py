"""The benchmark of the queue measures what it says, on small numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks.queue import latency, rate
from benchmarks.queue.fill import fill, inventory
from farm.database.engine import Database
from farm.database.models import Job
from farm.states.jobs import JobState
from tests.servers import redis_binary


@pytest.fixture
def database(tmp_path: Path, migrated_sqlite: Path) -> Database:
    path = tmp_path / "farm.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    return Database(f"sqlite:///{path}")


def test_as_many_jobs_wait_as_are_wanted(database: Database) -> None:
    fill(database, inventory(), 1203)
    with database.read() as session:
        count = session.scalar(select(func.count()).select_from(Job).where(Job.state == JobState.QUEUED))
    assert count == 1203


def test_each_turn_sends_a_window_and_ends_it(database: Database) -> None:
    (row,) = latency.measure([(database, 40)], turns=3)
    assert (row.database, row.waiting) == ("sqlite", 40)
    assert row.dispatch_ms > 0
    with database.read() as session:
        done = session.scalar(select(func.count()).select_from(Job).where(Job.state == JobState.DONE))
    assert done == 2 * (latency.WARM_UP + 3)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_rates_are_of_jobs_that_a_host_has_run(database: Database) -> None:
    binary = redis_binary()
    row = rate.measure(database.url, binary, jobs=12, rounds=1, workers=1, window=4)
    assert row.share == pytest.approx(row.ours_per_s / row.bare_per_s)
    assert row.ours_per_s > 0
    with database.read() as session:
        assert set(session.scalars(select(Job.state))) == {JobState.DONE}

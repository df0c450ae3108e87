"""The turn of one process on this machine, and what it takes over from one that died."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import Merged, merge
from farm.database.engine import Database
from farm.database.models import Attempt, Conversion
from farm.inventory import Inventory
from farm.protocol import StartedMessage
from farm.running.local_turn import LocalTurn, take_up_orphans
from farm.states.jobs import JobState
from tests.farm.rows import START, FakeWire, job_states, report, submit

HOLDER = """
import sys, time
from pathlib import Path
from farm.database.engine import Database
from farm.running.local_turn import LocalTurn
turn = LocalTurn(Database(sys.argv[1]), Path(sys.argv[2]))
print(turn.taken(), flush=True)
time.sleep(60)
"""

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_one_has_the_turn_until_it_leaves(database: Database, tmp_path: Path) -> None:
    with LocalTurn(database, tmp_path / "data") as one, LocalTurn(database, tmp_path / "data") as other:
        assert one.taken()
        assert not other.taken()
    with LocalTurn(database, tmp_path / "data") as again:
        assert again.taken()


@sqlite_only
def test_who_shares_a_file_shares_the_turn(database: Database, tmp_path: Path) -> None:
    """Two clones of a repository with one FARM_DATABASE_URL."""
    with LocalTurn(database, tmp_path / "a") as one, LocalTurn(database, tmp_path / "b") as other:
        assert one.taken()
        assert not other.taken()


@sqlite_only
def test_a_holder_that_is_killed_gives_it_back(database: Database, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database.url, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "True\n"
        with LocalTurn(database, tmp_path) as turn:
            assert not turn.taken()
            holder.kill()
            holder.wait()
            assert turn.taken()
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def begun(database: Database, inventory: Inventory) -> FakeWire:
    """One attempt dispatched, one running, and a conversion under a living lease."""
    submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    merge(database, StartedMessage(wire.sent[0].attempt, wire.sent[0].token, "u"), START)
    submit(database, inventory, ["other"], "c2", state="running")
    with database.write() as session:
        session.scalars(select(Conversion)).one().lease_until = datetime.now(UTC) + timedelta(hours=1)
    return wire


@sqlite_only
def test_what_a_dead_holder_had_begun_is_queued_again_and_not_counted(database: Database, inventory: Inventory) -> None:
    wire = begun(database, inventory)
    take_up_orphans(database)
    assert set(job_states(database).values()) == {JobState.QUEUED}
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0
        assert session.scalars(select(Conversion)).one().state == "queued"
    assert merge(database, report(wire.sent[0]), START) is Merged.UNKNOWN
    assert dispatch(database, inventory, wire, START) == 2


@sqlite_only
def test_what_had_ended_stays(database: Database, inventory: Inventory) -> None:
    wire = begun(database, inventory)
    merge(database, report(wire.sent[0]), START)
    take_up_orphans(database)
    assert sorted(job_states(database).values()) == [JobState.DONE, JobState.QUEUED]
    with database.read() as session:
        assert session.scalars(select(Attempt)).one().id == wire.sent[0].attempt


@pytest.mark.server
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_on_a_server_others_may_be_at_it(database: Database, inventory: Inventory) -> None:
    begun(database, inventory)
    before = job_states(database)
    take_up_orphans(database)
    assert job_states(database) == before
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 2
        assert session.scalars(select(Conversion)).one().state == "running"

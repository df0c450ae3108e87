"""Newer commits of a branch: what waits for older ones ends, what runs does not, and nobody else's is taken away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from farm.coordinator.cancellation import cancel_submission
from farm.coordinator.dispatch import dispatch
from farm.coordinator.jobs import want_verdicts
from farm.coordinator.merge import Merged, merge
from farm.coordinator.supersession import supersede, supersede_late
from farm.database.engine import Database
from farm.database.models import Conversion, Job, Repeat, Snapshot, Submission
from farm.inventory import Inventory
from farm.states.conversions import ConversionState
from farm.states.jobs import JobState
from tests.farm.rows import START, FakeWire, report, submit
from tests.farm.statements import counted

MINUTE = timedelta(minutes=1)


def states(database: Database, commit: str) -> dict[str, str]:
    """Of the jobs on numpy that were made for a commit, by architecture."""
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.submission.has(commit=commit), Job.device_type.has(name="numpy")))
        return {job.architecture.name: job.state for job in jobs}


def conversions(database: Database, commit: str) -> dict[str, str]:
    with database.read() as session:
        rows = session.scalars(select(Conversion).where(Conversion.commit == commit))
        return {row.architecture.name: row.state for row in rows}


def test_what_waits_and_is_selected_again_is_superseded_with_the_reason(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["a", "b"], "c1", branch="main")
    submit(database, inventory, ["a"], "c2", version="2", branch="main", submitted=START + MINUTE)
    assert states(database, "c1") == {"a": JobState.SUPERSEDED, "b": JobState.QUEUED}
    assert states(database, "c2") == {"a": JobState.QUEUED}
    with database.read() as session:
        ended = session.scalars(select(Job).where(Job.state == JobState.SUPERSEDED)).all()
    assert {(job.reason, job.since) for job in ended} == {("superseded by c2 on main", START + MINUTE)}


def test_conversions_are_superseded_too_and_what_was_to_repeat_them(database: Database, inventory: Inventory) -> None:
    submission = submit(database, inventory, ["a", "b"], "c1", branch="main", state="queued")
    with database.write() as session:
        for row in session.scalars(select(Conversion)).all():
            session.add(
                Repeat(
                    conversion_id=row.id,
                    submission_id=submission,
                    architecture_id=row.architecture_id,
                    hash_seed=1,
                    state="queued",
                )
            )
    submit(database, inventory, ["a"], "c2", branch="main", state="queued", submitted=START + MINUTE)
    assert conversions(database, "c1") == {"a": ConversionState.SUPERSEDED, "b": ConversionState.QUEUED}
    assert conversions(database, "c2") == {"a": ConversionState.QUEUED}
    with database.read() as session:
        repeats = session.scalars(select(Repeat).order_by(Repeat.id)).all()
        assert [(r.conversion.architecture.name, r.state) for r in repeats] == [("a", "failed"), ("b", "queued")]
        assert {c.message for c in session.scalars(select(Conversion)) if c.state == "superseded"} == {
            "superseded by c2 on main"
        }


def test_what_has_begun_comes_to_its_end_at_its_own_commit(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"], "c1", branch="main")
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    submit(database, inventory, ["b"], "c1", branch="main", state="running", kind="block")
    submit(database, inventory, ["a"], "c2", version="2", branch="main", submitted=START + MINUTE)
    submit(database, inventory, ["b"], "c2", branch="main", state="queued", kind="block", submitted=START + 2 * MINUTE)
    assert states(database, "c1") == {"a": JobState.DISPATCHED}
    assert conversions(database, "c1") == {"b": ConversionState.RUNNING}
    assert {merge(database, report(message), START) for message in wire.sent} == {Merged.RECORDED}
    assert states(database, "c1") == {"a": JobState.DONE}


@pytest.mark.parametrize("branch", [None, "other"])
def test_another_branch_supersedes_nothing(database: Database, inventory: Inventory, branch: str | None) -> None:
    submit(database, inventory, ["a"], "c1", branch="main")
    submit(database, inventory, ["a"], "c2", version="2", branch=branch, submitted=START + MINUTE)
    submit(database, inventory, ["a"], "c0", version="0", branch=None, submitted=START - MINUTE)
    assert states(database, "c1") == {"a": JobState.QUEUED}


def test_the_same_bundle_at_a_newer_commit_is_that_ones_to_wait_for(database: Database, inventory: Inventory) -> None:
    """And as often as there is a newer one: the job is always that of the newest."""
    for n in range(3):
        submit(database, inventory, ["a"], f"c{n}", branch="main", submitted=START + n * MINUTE)
    assert [states(database, f"c{n}") for n in range(3)] == [{}, {}, {"a": JobState.QUEUED}]


def test_what_another_branch_waits_for_too_is_left_to_it(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"], "c1", branch="main")
    submit(database, inventory, ["a"], "side", branch="feature", submitted=START + MINUTE)
    submit(database, inventory, ["a"], "c2", version="2", branch="main", submitted=START + 2 * MINUTE)
    assert states(database, "c1") == {}
    assert states(database, "side") == {"a": JobState.QUEUED}


def test_the_same_commit_again_supersedes_nothing(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["a"], "c1", branch="main", state="queued")
    submit(database, inventory, ["a"], "c1", branch="main", kind="block", submitted=START + MINUTE)
    assert conversions(database, "c1") == {"a": ConversionState.QUEUED}


def test_what_a_conversion_brings_that_ends_after_a_newer_commit_came_is_not_queued(
    database: Database, inventory: Inventory
) -> None:
    submit(database, inventory, ["a"], "c1", branch="main", state="running")
    submit(database, inventory, ["a"], "c2", version="2", branch="main", submitted=START + MINUTE)
    submit(database, inventory, ["a"], "elsewhere", version="1", selected=False, submitted=START + 2 * MINUTE)
    with database.write() as session:
        old = session.scalars(select(Submission).where(Submission.commit == "c1")).one()
        bundle = session.scalars(select(Snapshot.bundle).where(Snapshot.commit == "elsewhere")).one()
        snapshot = session.scalars(select(Snapshot).where(Snapshot.commit == "c1")).one()
        assert bundle is not None
        snapshot.bundle = bundle
        want_verdicts(session, inventory, old, snapshot.architecture_id, bundle, 0, START + 3 * MINUTE)
        assert supersede_late(session, old, snapshot.architecture_id, START + 3 * MINUTE) == 2
        new = session.scalars(select(Submission).where(Submission.commit == "c2")).one()
        assert supersede_late(session, new, snapshot.architecture_id, START + 3 * MINUTE) == 0
    assert states(database, "c1") == {"a": JobState.SUPERSEDED}
    assert states(database, "c2") == {"a": JobState.QUEUED}


def test_a_newer_submission_that_was_cancelled_supersedes_nothing_more(
    database: Database, inventory: Inventory
) -> None:
    """Else nobody would test what was asked for: neither the newer commit nor the older one."""
    submit(database, inventory, ["a"], "c1", branch="main", state="running")
    newer = submit(database, inventory, ["a"], "c2", version="2", branch="main", submitted=START + MINUTE)
    with database.write() as session:
        cancel_submission(session, newer, "a mistake", START + 2 * MINUTE)
    with database.write() as session:
        old = session.scalars(select(Submission).where(Submission.commit == "c1")).one()
        snapshot = session.scalars(select(Snapshot).where(Snapshot.commit == "c1")).one()
        bundle = session.scalars(select(Snapshot.bundle).where(Snapshot.commit == "c2")).one()
        assert bundle is not None
        snapshot.bundle = bundle
        want_verdicts(session, inventory, old, snapshot.architecture_id, bundle, 0, START + 3 * MINUTE)
        assert supersede_late(session, old, snapshot.architecture_id, START + 3 * MINUTE) == 0
    assert states(database, "c1") == {"a": JobState.QUEUED}


def test_more_that_waits_takes_no_more_statements(database: Database, inventory: Inventory) -> None:
    """At hundreds of architectures and several devices, a statement for each is a second for each push."""
    needed = []
    for n, size in enumerate((2, 20)):
        names = [f"{n}net{i}" for i in range(size)]
        submit(database, inventory, names, f"old{n}", branch=f"b{n}")
        submit(database, inventory, names, f"new{n}", version="2", submitted=START + MINUTE)
        with database.write() as session:
            newer = session.scalars(select(Submission).where(Submission.commit == f"new{n}")).one()
            newer.branch = f"b{n}"
            session.flush()
            with counted(database) as statements:
                assert supersede(session, newer, START + MINUTE) == 2 * size
            needed.append(len(statements))
    assert needed[0] == needed[1]

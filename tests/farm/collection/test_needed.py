from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from farm.collection.needed import Retention, needed_artifacts, unlisted_bundles, unneeded_bundles
from farm.database.engine import Database
from farm.database.models import Attempt, Bundle, Job, Submission
from farm.inventory import Inventory
from tests.farm.collection.stores import bundle_of, commit_of
from tests.farm.rows import START, judge, sha256

LATER = START + timedelta(days=100)
NOTHING = Retention(commits=0, days=0)


@pytest.fixture
def three(database: Database, inventory: Inventory) -> Database:
    """Three commits a day apart, of an architecture that changes and one that does not; all judged."""
    for day in range(3):
        at = START + timedelta(days=day)
        commit_of(database, inventory, f"c{day}", ["net"], at)
        commit_of(database, inventory, f"same{day}", ["same"], at, version="1")
    judge(database, inventory)
    return database


def unneeded(database: Database, retention: Retention, now: datetime = LATER) -> set[str]:
    with database.read() as session:
        return {bundle.identity for bundle in unneeded_bundles(session, retention, now)}


def test_the_last_commits_are_kept(three: Database) -> None:
    everything = {bundle_of(three, f"c{day}", "net") for day in range(3)} | {bundle_of(three, "same0", "same")}
    assert unneeded(three, NOTHING) == everything
    assert unneeded(three, Retention(commits=2, days=0)) == everything - {
        bundle_of(three, "c2", "net"),
        bundle_of(three, "same2", "same"),  # which is that of the older commits too
    }
    assert unneeded(three, Retention(commits=6, days=0)) == set()


def test_what_is_only_asked_about_is_none_of_the_last_commits(three: Database) -> None:
    with three.write() as session:
        session.scalars(select(Submission).where(Submission.commit == "c2")).one().devices = []
    assert bundle_of(three, "c2", "net") in unneeded(three, Retention(commits=5, days=0))
    assert bundle_of(three, "c0", "net") not in unneeded(three, Retention(commits=5, days=0))


def test_commits_of_the_last_days_are_kept(three: Database) -> None:
    assert bundle_of(three, "c0", "net") not in unneeded(three, Retention(0, 99.5), LATER - timedelta(days=1))
    assert unneeded(three, Retention(0, 98.5)) == {bundle_of(three, "c0", "net"), bundle_of(three, "c1", "net")}


def test_a_commit_that_is_named_is_kept_and_its_uncommitted_states(three: Database, inventory: Inventory) -> None:
    commit_of(three, inventory, "c1+dirty.0123", ["net"], START)
    judge(three, inventory)
    assert bundle_of(three, "c1+dirty.0123", "net") in unneeded(three, NOTHING)
    left = unneeded(three, Retention(0, 0, keep=("c1",)))
    assert not {bundle_of(three, "c1", "net"), bundle_of(three, "c1+dirty.0123", "net")} & left
    assert bundle_of(three, "c0", "net") in left


def test_what_is_young_is_kept(three: Database) -> None:
    now = START + timedelta(days=2, hours=5)
    assert bundle_of(three, "c2", "net") not in unneeded(three, Retention(0, 0, timedelta(hours=6)), now)
    assert bundle_of(three, "c2", "net") in unneeded(three, Retention(0, 0, timedelta(hours=4)), now)


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("queued", True),
        ("dispatched", True),
        ("running", True),
        ("quarantined", True),
        ("done", False),
        ("cancelled", False),
        ("superseded", False),
    ],
)
def test_what_a_job_wants_is_kept(three: Database, state: str, kept: bool) -> None:
    bundle = bundle_of(three, "c0", "net")
    with three.write() as session:
        session.scalars(select(Job).where(Job.bundle == bundle)).first().state = state  # type: ignore[union-attr]
    assert (bundle not in unneeded(three, NOTHING)) == kept


@pytest.mark.parametrize(
    ("state", "kept"), [("dispatched", True), ("running", True), ("reported", False), ("lost", False)]
)
def test_what_an_attempt_may_fetch_is_kept_though_its_job_is_cancelled(three: Database, state: str, kept: bool) -> None:
    bundle = bundle_of(three, "c0", "net")
    with three.write() as session:
        for job in session.scalars(select(Job).where(Job.bundle == bundle)):
            job.state = "cancelled"
        session.scalars(select(Attempt).join(Job).where(Job.bundle == bundle)).first().state = state  # type: ignore[union-attr]
    assert (bundle not in unneeded(three, NOTHING)) == kept


def test_a_collected_bundle_needs_no_artifacts_and_is_not_collected_again(three: Database) -> None:
    bundle = bundle_of(three, "c0", "net")
    with three.write() as session:
        session.get_one(Bundle, bundle).collected = START
    assert bundle not in unneeded(three, NOTHING)
    with three.read() as session:
        found = needed_artifacts(session, {})
    assert sha256("w netc1") in found
    assert sha256("manifest netc1") in found
    assert sha256("w netc0") not in found


def test_bundles_from_before_their_files_were_recorded(three: Database) -> None:
    bundle = bundle_of(three, "c0", "net")
    with three.write() as session:
        session.get_one(Bundle, bundle).files = None
    with three.read() as session:
        assert [row.identity for row in unlisted_bundles(session)] == [bundle]
        with pytest.raises(KeyError):
            needed_artifacts(session, {})
        assert "f" * 64 in needed_artifacts(session, {bundle: ["f" * 64]})
        assert sha256("manifest netc0") not in needed_artifacts(session, {}, without=[bundle])


def test_nothing_was_submitted(database: Database) -> None:
    assert unneeded(database, Retention()) == set()

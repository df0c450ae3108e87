"""The base of a commit, what names a commit to judge, and the gate of what is recorded."""

from __future__ import annotations

import pytest

from farm.database.engine import Database
from farm.database.models import Submission
from farm.errors import NothingRecordedError, UsageError
from farm.gating.judgement import FailOn, Finding
from farm.gating.reading import find_base, find_judged, read_gate
from farm.git import Repository
from farm.source.errors import UnknownRevisionError
from tests.farm.conftest import Scratch
from tests.farm.rows import START, judge
from tests.farm.tinyfarm import BLOCK, TinyFarm, tiny_farm
from workers.outcome import Cause, Outcome

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


def run_all(farm: TinyFarm, since: str | None = None, outcome: Outcome = Outcome.PASS) -> str:
    """Submit what is checked out, and run all of it; the commit."""
    farm.submit(since)
    farm.convert()
    judge(farm.database, farm.inventory, outcome, Cause.DEVICE_STACK)
    return farm.scratch.git("rev-parse", "HEAD")


def findings(farm: TinyFarm, commit: str, base: str | None) -> dict[str, Finding]:
    with farm.database.read() as session:
        made = read_gate(session, farm.inventory, commit, base)
    return {each.row.name: each.finding for each in made.judged if each.device == "numpy"}


def change_block(farm: TinyFarm) -> None:
    farm.edit(BLOCK, "channels: int = 8", "channels: int = 9")
    farm.scratch.commit({}, "Widen the block")


def test_what_a_commit_broke_is_a_regression_and_what_it_left_alone_is_not_judged(farm: TinyFarm) -> None:
    base = run_all(farm)
    change_block(farm)
    commit = run_all(farm, base, Outcome.MISMATCH)
    assert findings(farm, commit, base) == {"tiny": Finding.REGRESSION, "Block": Finding.REGRESSION}
    assert findings(farm, commit, None) == {"tiny": Finding.UNDECIDED, "Block": Finding.UNDECIDED}


def test_what_failed_at_the_base_is_not_held_against_the_commit(farm: TinyFarm) -> None:
    base = run_all(farm, outcome=Outcome.MISMATCH)
    change_block(farm)
    commit = run_all(farm, base, Outcome.MISMATCH)
    assert findings(farm, commit, base) == {"tiny": Finding.FAILS_ALREADY, "Block": Finding.FAILS_ALREADY}


def test_what_changed_and_was_not_asked_for_is_missed(farm: TinyFarm) -> None:
    """A submission of some names must not pass for a test of the commit."""
    base = run_all(farm)
    change_block(farm)
    commit = farm.scratch.git("rev-parse", "HEAD")
    farm.submit(commit)  # selects nothing
    assert findings(farm, commit, base) == {"tiny": Finding.REGRESSION, "Block": Finding.REGRESSION}


@sqlite_only
def test_a_base_that_nobody_submitted_is_known_as_such(farm: TinyFarm) -> None:
    base = farm.scratch.git("rev-parse", "HEAD")
    change_block(farm)
    commit = run_all(farm, base, Outcome.MISMATCH)
    with farm.database.read() as session:
        made = read_gate(session, farm.inventory, commit, base)
    assert (made.base, made.base_recorded, made.base_known) == (base, False, 0)
    assert "never tested" in made.notes(FailOn.REGRESSION)[0]


@sqlite_only
def test_a_commit_or_a_submission_names_what_is_judged(farm: TinyFarm) -> None:
    base = run_all(farm)
    change_block(farm)
    commit = run_all(farm, base)
    with farm.database.read() as session:
        (submission,) = session.query(Submission.id).where(Submission.commit == commit).one()
        for name in (None, "HEAD", commit[:12], submission, submission[:8]):
            assert find_judged(session, farm.repository, name) == (commit, base)
        assert find_judged(session, farm.repository, base) == (base, None)
        with pytest.raises(UnknownRevisionError, match="nowhere"):
            find_judged(session, farm.repository, "nowhere")
        farm.scratch.commit({}, "Untested")
        with pytest.raises(NothingRecordedError):
            find_judged(session, farm.repository, "HEAD")


@sqlite_only
def test_the_newest_submission_of_a_commit_says_what_it_was_compared_with(farm: TinyFarm) -> None:
    base = run_all(farm)
    change_block(farm)
    commit = run_all(farm, base)
    with farm.database.write() as session:
        narrow = Submission(id="n" * 32, commit=commit, created=START.replace(year=2028), devices=["numpy"])
        session.add(narrow)
    with farm.database.read() as session:
        assert find_judged(session, farm.repository, commit) == (commit, base)
    farm.submit(None, now=START.replace(year=2027))
    with farm.database.read() as session:
        assert find_judged(session, farm.repository, commit) == (commit, None)


def test_the_base_is_where_both_part(scratch: Scratch) -> None:
    start = scratch.commit({"a": "1"})
    scratch.git("checkout", "--quiet", "-b", "topic")
    topic = scratch.commit({"b": "1"})
    scratch.git("checkout", "--quiet", "main")
    main = scratch.commit({"a": "2"})
    repository = Repository.find(scratch.root)
    assert find_base(repository, "main", topic, dirty=False) == start
    assert find_base(repository, "main", main, dirty=True) == main  # uncommitted changes to it
    with pytest.raises(UsageError, match=f"its own base, since main has it already.*{main[:10]}~1"):
        find_base(repository, "main", main, dirty=False)
    scratch.git("checkout", "--quiet", "--orphan", "other")
    other = scratch.commit({"c": "1"})
    with pytest.raises(UsageError, match="no commit in common; in a shallow clone, git fetch --unshallow"):
        find_base(repository, "main", other, dirty=False)

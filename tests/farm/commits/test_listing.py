"""The commits that were submitted, the newest first, some at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.commits.listing import list_commits, newest_commits, predecessor, read_commit, recorded_among
from farm.database.engine import Database
from farm.database.models import Commit
from farm.errors import NotFoundError
from farm.inventory import Inventory
from tests.farm.rows import START, submit


@pytest.fixture
def recorded(database: Database, inventory: Inventory) -> Database:
    """Three commits a day apart, the second with uncommitted changes on it, and one that is only somebody's last change."""
    for day, commit in enumerate(("c1", "c2", "c3")):
        submit(database, inventory, ["net"], commit, date=START + timedelta(days=day), branch="main" if day else None)
    submit(database, inventory, ["net", "unet"], "c2+dirty.1", date=START + timedelta(days=1), selected=False)
    with database.write() as session:
        session.add(Commit(key="old", sha="old", dirty=False, subject="s", date=START, recorded=START))
    return database


def test_the_newest_come_first_and_uncommitted_changes_after_what_they_are_made_on(recorded: Database) -> None:
    with recorded.read() as session:
        found = list_commits(session, limit=10)
    assert [commit.key for commit in found.commits] == ["c3", "c2+dirty.1", "c2", "c1"]
    assert not found.more
    dirty, plain = found.commits[1:3]
    assert (dirty.dirty, dirty.architectures, dirty.selected, dirty.branch) == (True, 2, 0, None)
    assert (plain.dirty, plain.architectures, plain.selected, plain.branch) == (False, 1, 1, "main")


def test_pages_follow_one_another_without_a_gap(recorded: Database) -> None:
    keys: list[str] = []
    with recorded.read() as session:
        while True:
            found = list_commits(session, limit=1, before=keys[-1] if keys else None)
            keys += [commit.key for commit in found.commits]
            if not found.more:
                break
        assert list_commits(session, limit=1, before="c1").commits == ()
        assert [[c.key for c in newest_commits(session, limit=n)] for n in (1, 9)] == [["c3"], keys]
    assert keys == ["c3", "c2+dirty.1", "c2", "c1"]


def test_a_commit_has_one_before_it_but_for_the_first(recorded: Database) -> None:
    with recorded.read() as session:
        assert [predecessor(session, key) for key in ("c3", "c2", "c1")] == ["c2+dirty.1", "c1", None]


def test_what_was_not_submitted_is_no_recorded_commit(recorded: Database) -> None:
    with recorded.read() as session:
        assert read_commit(session, "c2").key == "c2"
        assert recorded_among(session, {"c1", "old", "nowhere"}) == {"c1"}
        for key in ("old", "nowhere"):
            with pytest.raises(NotFoundError):
                read_commit(session, key)


def test_a_commit_that_was_submitted_twice_stands_once_with_the_last_time(
    recorded: Database, inventory: Inventory
) -> None:
    later = START + timedelta(days=9)
    submit(recorded, inventory, ["net"], "c1", submitted=later, branch="release")
    with recorded.read() as session:
        (first,) = [commit for commit in list_commits(session, limit=9).commits if commit.key == "c1"]
    assert (first.submitted, first.branch) == (later, "release")

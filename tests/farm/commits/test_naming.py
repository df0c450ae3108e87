"""What a reader of the pages may call a commit."""

from __future__ import annotations

import pytest

from farm.commits.naming import find_recorded
from farm.database.engine import Database
from farm.errors import NothingRecordedError
from farm.git import Repository
from farm.inventory import Inventory
from farm.source.errors import UnknownRevisionError
from tests.farm.conftest import Scratch
from tests.farm.rows import submit


def test_a_commit_is_named_by_what_git_knows_and_by_the_beginning_of_its_key(
    scratch: Scratch, database: Database, inventory: Inventory
) -> None:
    first = scratch.commit({"a": "1"})
    second = scratch.commit({"a": "2"})
    third = scratch.commit({"a": "3"})
    repository = Repository.find(scratch.root)
    with database.read() as session, pytest.raises(NothingRecordedError, match="nothing is recorded yet"):
        find_recorded(session, repository, None)
    gone = f"{'0123456789abcdef' * 3}"[:40]
    for key in (first, second, f"{second}+dirty.12ab", gone):
        submit(database, inventory, ["net"], key)
    with database.read() as session:
        assert find_recorded(session, repository, None) == second, "the nearest before what is checked out"
        assert find_recorded(session, repository, "HEAD~2") == first
        assert find_recorded(session, repository, first[:8]) == first
        assert find_recorded(session, repository, second) == second
        assert find_recorded(session, repository, f"{second}+dirty.12ab") == f"{second}+dirty.12ab"
        assert find_recorded(session, repository, gone[:10]) == gone, "git need not know it any more"
        assert find_recorded(session, repository, second[:10]) == second, "git knows which of the two it is"
        with pytest.raises(NothingRecordedError, match=third[:10]):
            find_recorded(session, repository, "main")
        with pytest.raises(UnknownRevisionError, match="did you mean main"):
            find_recorded(session, repository, "mian")


def test_where_the_repository_is_elsewhere_the_newest_stands_in(
    scratch: Scratch, database: Database, inventory: Inventory
) -> None:
    scratch.commit({"a": "1"})
    submit(database, inventory, ["net"], "c1")
    with database.read() as session:
        assert find_recorded(session, Repository.find(scratch.root), None) == "c1"

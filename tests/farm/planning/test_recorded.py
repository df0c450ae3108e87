"""Which recorded commit a revision means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.database.engine import Database
from farm.database.models import Submission
from farm.errors import NothingRecordedError
from farm.inventory import Inventory
from farm.planning.recorded import architecture_names, find_commit, last_submitted
from farm.source.errors import UnknownRevisionError
from tests.farm.conftest import Scratch
from tests.farm.rows import START, submit
from tests.farm.tinyfarm import SMALL, TinyFarm, tiny_farm

STRIDE = ("Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


def found(farm: TinyFarm, revision: str | None = None) -> str:
    with farm.database.read() as session:
        return find_commit(session, farm.repository, revision)


def test_nothing_is_recorded(farm: TinyFarm) -> None:
    with pytest.raises(NothingRecordedError, match="run `farm submit --all` first"):
        found(farm)


def test_a_revision_means_its_commit(farm: TinyFarm) -> None:
    first = farm.submit().commit
    farm.scratch.git("tag", "v1")
    farm.scratch.commit({"README.md": "words"}, "Words")
    assert found(farm, "v1") == found(farm, "HEAD~1") == found(farm, first[:10]) == first
    with pytest.raises(NothingRecordedError, match="HEAD"):
        found(farm, "HEAD")
    with pytest.raises(UnknownRevisionError):
        found(farm, "v2")


def test_without_a_revision_the_nearest_ancestor_that_was_submitted(farm: TinyFarm) -> None:
    first = farm.submit().commit
    farm.scratch.commit({"README.md": "words"}, "Words")
    assert found(farm) == first
    second = farm.submit().commit
    assert found(farm) == second != first
    farm.scratch.git("checkout", "--quiet", first)
    assert found(farm) == first


def test_a_commit_that_is_only_somebodys_last_change_was_not_submitted(farm: TinyFarm) -> None:
    first = farm.scratch.git("rev-parse", "HEAD")
    farm.scratch.commit({"README.md": "words"}, "Words")
    second = farm.submit().commit
    assert {s.last_change for s in farm.snapshots(second).values()} == {first}
    with pytest.raises(NothingRecordedError):
        found(farm, first)


def test_uncommitted_changes_mean_themselves_once_they_were_submitted(farm: TinyFarm) -> None:
    head = farm.submit().commit
    farm.edit(SMALL, *STRIDE)
    assert found(farm) == head
    dirty = farm.submit("HEAD").commit
    assert found(farm) == dirty != head
    farm.edit(SMALL, *reversed(STRIDE))
    assert found(farm) == head
    assert found(farm, dirty) == dirty  # as a command has printed it
    with pytest.raises(UnknownRevisionError):
        found(farm, f"{head}+dirty.00000000")


def test_the_names_of_a_commit(farm: TinyFarm) -> None:
    commit = farm.submit().commit
    with farm.database.read() as session:
        assert sorted(architecture_names(session, commit)) == ["Block", "tiny", "wide"]
        assert architecture_names(session, "nothing") == []


def test_the_commit_that_was_submitted_last_uncommitted_changes_apart(database: Database, inventory: Inventory) -> None:
    with database.read() as session:
        assert last_submitted(session) is None
    for hour, commit in enumerate(("c1", "c2", "c1", "c3+dirty.12345678")):
        submitted = START + timedelta(hours=hour)
        submit(database, inventory, [f"net{hour}"], commit, kind="network" if hour else "block", submitted=submitted)
    with database.read() as session:
        assert last_submitted(session) == "c1"
    later = submit(database, inventory, ["net"], "c0", submitted=START + timedelta(days=1))
    with database.write() as session:
        session.get_one(Submission, later).devices = ["numpy"]
    with database.read() as session:
        assert last_submitted(session) == "c1", "a question about a commit of the past is no submission of it"

"""Why on real repositories: what a state is compared with, what a name means, and what is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.errors import NotFoundError, UsageError
from farm.git import Repository
from farm.planning.plan import SourceReader, make_plan
from farm.planning.why import Why, base_of, explain, reached_by
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, tiny_inventory

KERNEL = {BLOCK: FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")}


@pytest.fixture
def tiny(scratch: Scratch) -> Scratch:
    scratch.commit(FILES, "Start")
    return scratch


def why(scratch: Scratch, asked: str, since: str | None = None) -> Why:
    reader = SourceReader(Repository.find(scratch.root), tiny_inventory())
    return explain(reader, make_plan(reader, tiny_inventory(), changed_since=since), asked)


def reaches(scratch: Scratch, asked: str, what: str) -> list[str]:
    reader = SourceReader(Repository.find(scratch.root), tiny_inventory())
    plan = make_plan(reader, tiny_inventory(), changed_since=None)
    everything = {e.architecture: e.closure for e in plan.entries}
    found = reached_by(explain(reader, plan, asked), what, reader.repository.tree("HEAD"), everything)
    return [link.label for link in found]


def test_a_change_and_the_decision_of_the_plan(tiny: Scratch) -> None:
    tiny.commit(KERNEL, "Kernel")
    found = why(tiny, "tiny", "HEAD~1")
    assert found.selection.selected
    assert [link.label for link in found.changes[0].chain] == ["tiny", "Block.__init__"]
    assert why(tiny, "network:tiny", "HEAD~1") == found
    other = why(tiny, "wide", "HEAD~1")
    assert (other.selection.selected, other.changes) == (False, ())
    assert other.closure is not None


def test_uncommitted_changes_count(tiny: Scratch) -> None:
    tiny.write(KERNEL)
    assert why(tiny, "Block", "HEAD").changes[0].parts == ("__init__",)


def test_an_architecture_that_is_new_or_gone_or_excluded(tiny: Scratch) -> None:
    names = "models/networks/__init__.py"
    tiny.commit({names: FILES[names].replace('"wide"', '"large"').replace("wide", "large")}, "Rename")
    tiny.commit({SMALL: FILES[SMALL].replace("class wide", "class large")}, "Rename")
    gone = why(tiny, "wide", "HEAD~2")
    assert (gone.closure, gone.changes, gone.selection.reason[:13]) == (None, (), "removed since")
    with pytest.raises(UsageError, match="network:wide is not there any more"):
        reached_by(gone, BLOCK, Repository.find(tiny.root).tree("HEAD"), {})
    assert why(tiny, "large", "HEAD~2").selection.reason == "new architecture"
    tiny.commit({"exclusions.yaml": "tiny: too slow\n"}, "Exclude")
    assert why(tiny, "tiny", "HEAD~1").selection.reason == "excluded: too slow"


def test_a_name_of_two_levels_is_asked_back_and_one_of_none_has_near_ones(tiny: Scratch) -> None:
    names = "models/networks/__init__.py"
    text = FILES[names].replace('"wide"]', '"wide", "Block"]') + "from models.basicblocks.block import Block\n"
    tiny.commit({names: text}, "Two")
    with pytest.raises(UsageError, match="'Block' is the name of several: say network:Block or block:Block"):
        why(tiny, "Block")
    assert why(tiny, "block:Block").selection.architecture.kind == "block"
    with pytest.raises(NotFoundError, match="no architecture named 'tinny'; did you mean tiny"):
        why(tiny, "tinny")


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ("Block.forward", ["tiny", "Block.forward"]),
        (BLOCK, ["tiny", "Block"]),
        ("models.basicblocks.block.SIZES", ["tiny", "SIZES"]),
        ("wide", []),  # another architecture
        ("inventory.yaml", []),  # in the tree, and nothing reads it
        ("models.basicblocks.block.unused", []),  # defined, and nothing leads to it
    ],
)
def test_what_is_reached(tiny: Scratch, asked: str, labels: list[str]) -> None:
    tiny.commit({BLOCK: FILES[BLOCK] + "\n\ndef unused():\n    return 1\n", "inventory.yaml": ""}, "More")
    assert reaches(tiny, "tiny", asked) == labels


@pytest.mark.parametrize("asked", ["Blok", "models/basicblocks/blok.py", "models.basicblocks.block.Blok"])
def test_what_is_not_there_is_said_with_near_names(tiny: Scratch, asked: str) -> None:
    with pytest.raises(NotFoundError, match=f"no definition or file named '{asked}'; did you mean .*[Bb]lock"):
        reaches(tiny, "tiny", asked)


def test_the_last_submitted_commit_is_compared_with_else_the_parent(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    second = tiny.commit(KERNEL, "Kernel")
    tiny.commit({}, "Third")
    repository = Repository.find(tiny.root)
    assert base_of(repository, None, first) == first
    assert base_of(repository, None, None) == second
    assert base_of(repository, None, "0" * 40) == second  # rewritten and collected
    assert base_of(repository, second, None) == first
    assert base_of(repository, first, None) is None


def test_where_a_shallow_clone_ends_nobody_knows_what_came_before(tiny: Scratch, tmp_path: Path) -> None:
    tiny.commit(KERNEL, "Kernel")
    tiny.git("clone", "--quiet", "--depth=1", tiny.root.as_uri(), str(tmp_path / "shallow"))
    with pytest.raises(UsageError, match="is where a shallow clone ends: run git fetch --unshallow, or say"):
        base_of(Repository.find(tmp_path / "shallow"), None, None)

"""The last change of an architecture, found in real histories."""

from __future__ import annotations

import pytest

from farm.git import Repository
from farm.planning import last_change
from farm.planning.last_change import Change, last_changes
from farm.planning.plan import SourceReader, make_plan
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, tiny_inventory

TABLE = '''\
"""One network that reads a table of widths."""

from pathlib import Path

from mcore.module import Module

WIDTHS = Path("data/widths.txt").read_text()


class tabled(Module):
    widths = WIDTHS
'''


@pytest.fixture
def tiny(scratch: Scratch) -> Scratch:
    scratch.commit(FILES, "Start")
    return scratch


def changes(scratch: Scratch, known: dict[str, Change] | None = None, commit: str | None = None) -> dict[str, Change]:
    inventory = tiny_inventory()
    reader = SourceReader(Repository.find(scratch.root), inventory)
    plan = make_plan(reader, inventory, changed_since=None, commit=commit)
    return last_changes(reader, plan, ("models",), known or {})


def by_name(scratch: Scratch, commit: str | None = None) -> dict[str, str]:
    return {key.partition(":")[2]: change.commit for key, change in changes(scratch, commit=commit).items()}


def replaced(path: str, old: str, new: str) -> dict[str, str]:
    assert FILES[path].count(old) == 1
    return {path: FILES[path].replace(old, new)}


KERNEL = replaced(BLOCK, "channels, 3, padding=1", "channels, 5, padding=2")
STRIDE = replaced(SMALL, "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")


def test_each_architecture_has_the_commit_that_changed_what_it_reaches(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    kernel = tiny.commit(KERNEL, "Kernel")
    stride = tiny.commit(STRIDE, "Stride")
    assert by_name(tiny) == {"tiny": kernel, "Block": kernel, "wide": stride}
    assert by_name(tiny, "HEAD~1") == {"tiny": kernel, "Block": kernel, "wide": first}
    assert changes(tiny)["network:wide"].subject == "Stride"
    assert changes(tiny)["network:wide"].date.isoformat() == "2024-05-01T10:02:00+02:00"


def test_commits_that_change_no_meaning_are_passed_over(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    tiny.commit({BLOCK: "# a remark\n" + FILES[BLOCK]}, "Remark")
    tiny.commit({"README.md": "words"}, "Words")
    tiny.commit({"models/unused.py": "x = 1\n"}, "Something that nobody reaches")
    assert set(by_name(tiny).values()) == {first}


def test_the_converter_is_no_code_of_an_architecture(tiny: Scratch) -> None:
    """It counts for what is selected; but whoever asks when a network changed does not mean it."""
    first = tiny.git("rev-parse", "HEAD")
    converter = "mcore/convert/bundle.py"
    packages = {"mcore/__init__.py": "", "mcore/convert/__init__.py": ""}
    tiny.commit({**packages, converter: "def toplatform():\n    return 1\n"}, "Converter")
    kernel = tiny.commit(KERNEL, "Kernel")
    tiny.commit({converter: "def toplatform():\n    return 2\n"}, "Another converter")
    tiny.commit({"models/unused.py": "x = 1\n"}, "Something that nobody reaches")
    assert by_name(tiny) == {"tiny": kernel, "Block": kernel, "wide": first}


def test_a_change_and_its_revert_are_both_changes(tiny: Scratch) -> None:
    tiny.commit(KERNEL, "Kernel")
    reverted = tiny.commit({BLOCK: FILES[BLOCK]}, "Revert")
    assert by_name(tiny)["Block"] == reverted


def test_a_merge_is_the_change_of_what_it_brings(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    tiny.git("checkout", "--quiet", "-b", "side")
    tiny.commit(KERNEL, "Kernel, on the side")
    tiny.git("checkout", "--quiet", "main")
    stride = tiny.commit(STRIDE, "Stride, on main")
    tiny.git("merge", "--quiet", "--no-edit", "side")
    merge = tiny.git("rev-parse", "HEAD")
    assert by_name(tiny) == {"tiny": merge, "Block": merge, "wide": stride}
    assert by_name(tiny, "side")["wide"] == first


def test_a_renamed_file_is_a_change(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    init = "from models.basicblocks.unit import Block\n\n__all__ = ['Block']\n"
    files = {
        BLOCK: None,
        "models/basicblocks/unit.py": FILES[BLOCK],
        "models/basicblocks/__init__.py": init,
        SMALL: FILES[SMALL].replace("models.basicblocks.block", "models.basicblocks.unit"),
    }
    moved = tiny.commit(files, "Move")
    assert by_name(tiny)["Block"] == moved
    assert by_name(tiny, "HEAD~1")["Block"] == first


def test_a_data_file_outside_of_the_packages_counts(tiny: Scratch) -> None:
    files = {
        "models/networks/tabled.py": TABLE,
        "models/networks/__init__.py": 'from models.networks.tabled import tabled\n\n__all__ = ["tabled"]\n',
        "data/widths.txt": "64\n",
    }
    added = tiny.commit(files, "Table")
    assert by_name(tiny)["tabled"] == added
    tiny.commit({"data/other.txt": "1\n"}, "Another table")
    assert by_name(tiny)["tabled"] == added
    widened = tiny.commit({"data/widths.txt": "128\n"}, "Widen")
    assert by_name(tiny)["tabled"] == widened
    tiny.commit({"models/unused.py": "x = 1\n"}, "Nothing")
    assert by_name(tiny)["tabled"] == widened


def test_uncommitted_changes_are_the_last_change_of_what_they_touch(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    tiny.write(STRIDE)
    found = changes(tiny)
    dirty = found["network:wide"]
    assert dirty.commit.startswith(f"{first}+dirty.")
    assert dirty.sha == first
    assert {found["network:tiny"].commit, found["block:Block"].commit} == {first}


def test_what_is_known_is_not_looked_for(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    tiny.commit(KERNEL, "Kernel")
    before = changes(tiny, commit="HEAD~1")["network:wide"]
    told = Change("told", "told", "by somebody", before.date)
    found = changes(tiny, {"network:tiny": told})
    assert found["network:tiny"] is told
    assert found["network:wide"].commit == first


def test_with_everything_known_no_commit_is_looked_into(tiny: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    known = changes(tiny)
    monkeypatch.setattr(Repository, "log", lambda *_, **__: pytest.fail("looked into the history"))
    assert changes(tiny, known) == known


def test_beyond_the_walk_the_files_of_the_closure_tell(tiny: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_change, "DEPTH", 3)
    kernel = tiny.commit(KERNEL, "Kernel")
    for n in range(6):
        tiny.commit({"models/unused.py": f"x = {n}\n"}, "Unused")
    # A file is coarser than a definition: wide reads no more of the block's file than its sizes.
    assert by_name(tiny) == {"tiny": kernel, "Block": kernel, "wide": kernel}


def test_the_first_commit_is_the_change_of_everything(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    assert set(by_name(tiny).values()) == {first}

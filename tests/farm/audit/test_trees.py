"""Trees that never were, and what differs between two."""

from __future__ import annotations

import pytest

from farm.audit.trees import OverlayTree, changed_files, content
from farm.git import Repository
from farm.source.errors import FileNotInTreeError
from tests.farm.conftest import Scratch


def test_files_are_replaced_added_and_taken_away(scratch: Scratch) -> None:
    repository = Repository.find(scratch.root)
    scratch.commit({"a.py": "a = 1\n", "b.py": "b = 1\n", "c": "c"})
    first = repository.tree("HEAD")
    scratch.commit({"a.py": "a = 2\n", "b.py": None, "d/e": "new"})
    second = repository.tree("HEAD")
    assert changed_files(first, second) == ("a.py", "b.py", "d/e")
    overlay = OverlayTree(first, {path: content(second, path) for path in ("a.py", "b.py", "d/e")})
    assert set(overlay.paths()) == set(second.paths()) == {"a.py", "c", "d/e"}
    assert {path: overlay.read(path) for path in overlay.paths()} == {p: second.read(p) for p in second.paths()}
    # Git's own ids: what was indexed of a real tree is found again.
    assert {path: overlay.blob_id(path) for path in overlay.paths()} == {p: second.blob_id(p) for p in second.paths()}
    assert changed_files(overlay, second) == ()
    for ask in (overlay.read, overlay.blob_id):
        with pytest.raises(FileNotInTreeError, match=r"b\.py"):
            ask("b.py")


def test_the_key_says_what_is_laid_over(scratch: Scratch) -> None:
    scratch.commit({"a.py": "a = 1\n"})
    tree = Repository.find(scratch.root).tree("HEAD")
    overlays = [OverlayTree(tree, files) for files in ({"a.py": b"x"}, {"a.py": b"y"}, {"a.py": None}, {"a.py": b"x"})]
    keys = [overlay.key for overlay in overlays]
    assert all(key.startswith(f"{tree.key}+overlay.") for key in keys)
    assert keys[0] == keys[3]
    assert len(set(keys)) == 3
    assert (content(tree, "a.py"), content(tree, "b.py")) == (b"a = 1\n", None)

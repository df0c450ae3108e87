"""Keys and contents of trees; what git says of them is tested with the repository."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.source.errors import FileNotInTreeError
from farm.source.gittree import GitTree, WorkingTree, content_key

SHA = "0123456789" * 4
CHANGES = st.dictionaries(st.text(min_size=1, max_size=8), st.one_of(st.none(), st.sampled_from(["a" * 40, "b" * 40])))


class Blobs:
    """Gives each id itself."""

    def read(self, blob_id, likely=()):
        return blob_id.encode()


class TestContentKey:
    def test_of_no_change_is_the_commit(self):
        assert content_key(SHA, {}) == SHA

    @given(CHANGES.filter(bool))
    def test_form(self, changed):
        assert re.fullmatch(rf"{SHA}\+dirty\.[0-9a-f]{{8}}", content_key(SHA, changed))

    @given(CHANGES, CHANGES)
    def test_same_just_where_the_files_are(self, one, other):
        assert (content_key(SHA, one) == content_key(SHA, other)) == (one == other)

    @given(CHANGES)
    def test_does_not_depend_on_the_order(self, changed):
        assert content_key(SHA, dict(reversed(list(changed.items())))) == content_key(SHA, changed)

    def test_a_path_that_is_no_text(self):
        assert content_key(SHA, {"\udcff": "a"}) != content_key(SHA, {"\udcfe": "a"})


class TestGitTree:
    def test_reads_by_id(self):
        tree = GitTree(SHA, {"a": "id1", "b": "id2"}, Blobs())
        assert set(tree.paths()) == {"a", "b"}
        assert tree.read("b") == b"id2"
        assert tree.blob_id("a") == "id1"
        with pytest.raises(FileNotInTreeError, match=f"c: no such file at {SHA[:10]}"):
            tree.read("c")


class TestWorkingTree:
    @pytest.fixture
    def tree(self, tmp_path):
        (tmp_path / "new.py").write_bytes(b"new")
        (tmp_path / "changed.bin").write_bytes(b"changed")
        base = GitTree(SHA, {"kept": "k", "changed.bin": "old", "gone": "g"}, Blobs())
        return WorkingTree("key", base, {"new.py": "n", "changed.bin": "c", "gone": None}, tmp_path)

    def test_lies_over_the_commit(self, tree):
        assert {p: (tree.blob_id(p), tree.read(p)) for p in tree.paths()} == {
            "kept": ("k", b"k"),
            "changed.bin": ("c", b"changed"),
            "new.py": ("n", b"new"),
        }

    def test_a_deleted_file(self, tree):
        for ask in (tree.read, tree.blob_id):
            with pytest.raises(FileNotInTreeError, match="gone: no such file at key"):
                ask("gone")

    def test_source_is_read_at_once_and_data_when_it_is_asked_for(self, tree, tmp_path):
        (tmp_path / "new.py").write_bytes(b"newer")
        (tmp_path / "changed.bin").write_bytes(b"newer")
        assert tree.read("new.py") == b"new"
        assert tree.read("changed.bin") == b"newer"

"""Reading commits, trees and the state on disk from real repositories."""

import os
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

from farm.git import Repository
from farm.source.errors import FileNotInTreeError, GitError, NotARepositoryError, UnknownRevisionError


@pytest.fixture
def repository(scratch):
    return Repository.find(scratch.root)


class TestFind:
    def test_from_a_folder_inside(self, scratch):
        scratch.write({"models/networks/a.py": ""})
        found = Repository.find(scratch.root / "models" / "networks")
        assert found.root == scratch.root
        assert not found.bare

    def test_not_a_repository(self, tmp_path):
        with pytest.raises(NotARepositoryError, match="not inside a git repository; go to one") as caught:
            Repository.find(tmp_path)
        assert str(tmp_path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2

    def test_no_such_folder(self, tmp_path):
        with pytest.raises(NotARepositoryError, match="no such folder"):
            Repository.find(tmp_path / "absent")

    def test_inside_gits_own_folder(self, scratch):
        with pytest.raises(NotARepositoryError, match="inside git's own folder"):
            Repository.find(scratch.root / ".git")

    def test_the_environment_of_a_hook_does_not_lead_astray(self, scratch, new_scratch, monkeypatch):
        other = new_scratch("other")
        monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
        sha = scratch.commit({"a": "1"})
        assert Repository.find(scratch.root).root == scratch.root
        assert Repository.find(scratch.root).head() == sha

    def test_bare(self, scratch, tmp_path):
        sha = scratch.commit({"a": "1"})
        scratch.git("clone", "--quiet", "--bare", str(scratch.root), str(tmp_path / "bare.git"))
        bare = Repository.find(tmp_path / "bare.git")
        assert bare.bare
        assert bare.tree("main").key == sha
        with pytest.raises(NotARepositoryError, match="bare repository has no files on disk"):
            bare.dirty()

    def test_git_is_not_installed(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(GitError, match="not found; install it"):
            Repository.find(tmp_path)

    def test_in_a_folder_of_any_name(self, scratch, tmp_path):
        for name in (b"caf\xe9", "zwei\u2028Teile".encode(), b"two\nlines"):
            root = tmp_path / os.fsdecode(name)
            scratch.git("init", "--quiet", str(root))
            assert Repository.find(root).root == root


class TestResolve:
    def test_every_form(self, scratch, repository):
        first = scratch.commit({"a": "1"})
        second = scratch.commit({"a": "2"})
        scratch.git("tag", "v1", first)
        scratch.git("tag", "-a", "v2", "-m", "annotated", second)
        scratch.git("branch", "feature/x", first)
        assert repository.head() == second
        expected = {"HEAD~1": first, "HEAD^": first, "v1": first, "v2": second, "feature/x": first, second[:8]: second}
        assert {r: repository.resolve(r) for r in expected} == expected

    @pytest.mark.parametrize("revision", ["HEAD~1", "HEAD^", "main~1"])
    def test_the_first_commit_has_no_parent(self, scratch, repository, revision):
        sha = scratch.commit({"a": "1"})
        with pytest.raises(UnknownRevisionError) as caught:
            repository.resolve(revision)
        base = revision[:-2] if "~" in revision else revision[:-1]
        assert str(caught.value) == (
            f"revision '{revision}': {base} ({sha[:10]}) is the first commit, nothing comes before it"
        )
        assert caught.value.exit_code == 4

    def test_too_far_back(self, scratch, repository):
        scratch.commit({"a": "1"})
        scratch.commit({"a": "2"})
        with pytest.raises(UnknownRevisionError, match="HEAD has 2 commits on its first-parent line"):
            repository.resolve("HEAD~7")

    def test_the_end_of_a_shallow_clone(self, scratch, tmp_path):
        for content in "123":
            scratch.commit({"a": content})
        scratch.git("clone", "--quiet", "--depth=2", scratch.root.as_uri(), str(tmp_path / "shallow"))
        shallow = Repository.find(tmp_path / "shallow")
        assert len(shallow.log()) == 2
        with pytest.raises(UnknownRevisionError, match=r"shallow, with a history of 2; run git fetch"):
            shallow.resolve("HEAD~2")
        assert [shallow.is_cut_off(shallow.resolve(name)) for name in ("HEAD", "HEAD~1")] == [False, True]

    @pytest.mark.parametrize(("asked", "near"), [("mian", "main"), ("feature/y", "feature/x"), ("V1.0", "v1.0")])
    def test_suggests_near_names(self, scratch, repository, asked, near):
        scratch.commit({"a": "1"})
        scratch.git("branch", "feature/x")
        scratch.git("tag", "v1.0")
        with pytest.raises(UnknownRevisionError, match=f"did you mean .*{near}"):
            repository.resolve(asked)

    def test_nothing_near(self, scratch, repository):
        scratch.commit({"a": "1"})
        with pytest.raises(UnknownRevisionError) as caught:
            repository.resolve("0123456789")
        assert str(caught.value) == "revision '0123456789': no such commit, branch or tag"

    @pytest.mark.parametrize("revision", ["", "--all", "-h"])
    def test_an_option_is_no_revision(self, scratch, repository, revision):
        scratch.commit({"a": "1"})
        with pytest.raises(UnknownRevisionError, match="no such commit"):
            repository.resolve(revision)

    def test_before_the_first_commit(self, repository):
        with pytest.raises(UnknownRevisionError, match="has no commit yet; commit first"):
            repository.head()

    def test_a_tag_of_a_file(self, scratch, repository):
        scratch.commit({"a": "1"})
        scratch.git("tag", "content", "HEAD:a")
        with pytest.raises(UnknownRevisionError, match="names a blob, not a commit"):
            repository.resolve("content")

    def test_an_ambiguous_prefix(self, scratch, repository):
        scratch.commit({"a": "1"})
        prefix = _shared_prefix(scratch)
        with pytest.raises(UnknownRevisionError, match="more than one object starts so; give more digits"):
            repository.resolve(prefix)


class TestHistory:
    def test_commit_info(self, scratch, repository):
        first = scratch.commit({"a": "1"}, "Add a: äöü → é")
        sha = scratch.commit({"a": "2"}, "Change a")
        info = repository.commit_info(first)
        assert (info.sha, info.parents, info.subject) == (first, (), "Add a: äöü → é")
        assert info.author_date == datetime(2024, 5, 1, 10, 0, tzinfo=timezone(timedelta(hours=2)))
        assert repository.commit_info("main").parents == (first,)
        assert repository.commit_info("main").sha == sha

    def test_log_is_the_first_parent_line(self, scratch, repository):
        first = scratch.commit({"a": "1"}, "one")
        scratch.git("checkout", "--quiet", "-b", "side")
        side = scratch.commit({"b": "1"}, "on the side")
        scratch.git("checkout", "--quiet", "main")
        second = scratch.commit({"a": "2"}, "two")
        scratch.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
        merge = scratch.git("rev-parse", "HEAD")
        assert [c.sha for c in repository.log()] == [merge, second, first]
        assert [c.sha for c in repository.log(limit=1)] == [merge]
        assert repository.commit_info(merge).parents == (second, side)
        assert set(repository.ancestors("HEAD", 10)) == {merge, second, side, first}
        assert repository.ancestors("HEAD", 1) == (merge,)
        assert repository.merge_base("side", second) == first
        assert repository.merge_bases("side", second) == (first,)
        assert [c.sha for c in repository.between(first, "HEAD")][-1] == merge
        assert {c.sha: c.parents for c in repository.between(second, "HEAD")} == {side: (first,), merge: (second, side)}
        assert repository.between("HEAD", first) == ()

    def test_log_of_paths(self, scratch, repository):
        first = scratch.commit({"models/a.py": "1", "b": "1"})
        scratch.commit({"b": "2"})
        third = scratch.commit({"models/c.py": "1"})
        assert [c.sha for c in repository.log(paths=["models"])] == [third, first]
        assert repository.log(paths=["absent"]) == ()

    def test_the_lineage_has_every_line_and_the_parents_of_each(self, scratch, repository):
        first = scratch.commit({"a": "1"})
        scratch.git("checkout", "--quiet", "-b", "side")
        side = scratch.commit({"b": "1"})
        scratch.git("checkout", "--quiet", "main")
        second = scratch.commit({"a": "2"})
        scratch.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
        merged = scratch.git("rev-parse", "HEAD")
        lineage = repository.lineage([merged, "0" * 40], 10)
        assert lineage == {merged: (second, side), second: (first,), side: (first,), first: ()}
        assert next(iter(lineage)) == merged
        assert len(repository.lineage([merged], 2)) == 2
        assert repository.lineage([], 10) == {}

    def test_the_lineage_of_a_shallow_clone_says_nothing_of_where_it_ends(self, scratch, tmp_path):
        shas = [scratch.commit({"a": str(n)}) for n in range(4)]
        scratch.git("clone", "--quiet", "--depth=2", scratch.root.as_uri(), str(tmp_path / "shallow"))
        assert Repository.find(tmp_path / "shallow").lineage([shas[3]], 10) == {shas[3]: (shas[2],)}

    def test_no_common_history(self, scratch, repository):
        scratch.commit({"a": "1"})
        scratch.git("checkout", "--quiet", "--orphan", "other")
        scratch.commit({"a": "2"})
        assert repository.merge_base("main", "other") is None
        assert repository.merge_bases("main", "other") == ()


class TestTree:
    def test_reads_an_old_commit_without_a_checkout(self, scratch, repository):
        first = scratch.commit({"models/a.py": "old = 1\n", "gone.py": ""})
        scratch.commit({"models/a.py": "new = 2\n", "gone.py": None})
        tree = repository.tree("HEAD~1")
        assert tree.key == first
        assert sorted(tree.paths()) == ["gone.py", "models/a.py"]
        assert tree.read("models/a.py") == b"old = 1\n"
        assert repository.tree("HEAD").read("models/a.py") == b"new = 2\n"
        assert (scratch.root / "models/a.py").read_text() == "new = 2\n"

    def test_blob_ids_are_gits(self, scratch, repository):
        scratch.commit({"a": "content\n"})
        assert repository.tree("HEAD").blob_id("a") == scratch.git("rev-parse", "HEAD:a")

    def test_any_bytes_and_odd_names(self, scratch, repository):
        files = {"räume/ö x.bin": bytes(range(256)) * 999, 'with "quote"\n.py': b"", "new\nline": b"\n\n"}
        scratch.commit(files)
        tree = repository.tree("HEAD")
        assert {p: tree.read(p) for p in tree.paths()} == files

    def test_links_and_submodules_are_no_source(self, scratch, repository, new_scratch):
        inner = new_scratch("inner")
        inner.commit({"x.py": ""})
        os.symlink("a.py", scratch.root / "link.py")
        scratch.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "sub")
        scratch.commit({"a.py": ""})
        tree = repository.tree("HEAD")
        assert sorted(tree.paths()) == [".gitmodules", "a.py"]
        for path, why in (("sub/x.py", "lies in the submodule sub, whose files"), ("link.py", "symbolic link link.py")):
            with pytest.raises(FileNotInTreeError, match=why):
                tree.read(path)
            with pytest.raises(FileNotInTreeError, match=why):
                repository.working_tree().read(path)

    def test_of_one_commit_it_is_remembered_and_of_few_of_them(self, scratch, repository):
        shas = [scratch.commit({"a": str(n)}) for n in range(6)]
        oldest, newest = repository.tree(shas[0]), repository.tree("HEAD")
        assert repository.tree("main") is newest
        for sha in shas:
            assert repository.tree(sha).read("a") == str(shas.index(sha)).encode()
            assert repository.tree("HEAD") is newest  # asked for again and again
        assert repository.tree(shas[0]) is not oldest
        scratch.commit({"a": "7"})
        assert repository.tree("HEAD").read("a") == b"7"

    def test_no_such_file(self, scratch, repository):
        sha = scratch.commit({"a": "1"})
        tree = repository.tree("HEAD")
        for ask in (tree.read, tree.blob_id):
            with pytest.raises(FileNotInTreeError, match=f"models/b.py: no such file at {sha[:10]}"):
                ask("models/b.py")


class TestWorkingTree:
    def test_clean(self, scratch, repository):
        sha = scratch.commit({"a.py": "1", ".gitignore": "*.bin\n"})
        scratch.write({"ignored.bin": "x"})
        assert repository.dirty() == ()
        tree = repository.working_tree()
        assert tree.key == sha
        assert sorted(tree.paths()) == [".gitignore", "a.py"]

    def test_changed_staged_untracked_and_deleted(self, scratch, repository):
        sha = scratch.commit({p: p for p in ("a.py", "b.py", "c.py", "d/e.py")})
        scratch.write({"a.py": "edited", "b.py": "staged", "c.py": None, "new/f.py": "new", "data": b"\x00\xff"})
        scratch.git("add", "b.py")
        assert repository.dirty() == ("a.py", "b.py", "c.py", "data", "new/f.py")
        tree = repository.working_tree()
        assert re.fullmatch(rf"{sha}\+dirty\.[0-9a-f]{{8}}", tree.key)
        assert {p: tree.read(p) for p in sorted(tree.paths())} == {
            "a.py": b"edited", "b.py": b"staged", "d/e.py": b"d/e.py", "data": b"\x00\xff", "new/f.py": b"new",
        }  # fmt: skip
        with pytest.raises(FileNotInTreeError, match=r"c\.py"):
            tree.read("c.py")
        with pytest.raises(FileNotInTreeError, match=r"c\.py"):
            tree.blob_id("c.py")

    def test_the_key_is_of_the_content(self, scratch, repository):
        scratch.commit({"a.py": "1", "b.py": "1"})
        keys = []
        for files in ({"a.py": "2"}, {"a.py": "3"}, {"a.py": "1", "b.py": "2"}, {"a.py": "2", "b.py": "1"}):
            scratch.write(files)
            keys.append(repository.working_tree().key)
        assert keys[0] == keys[3]
        assert len(set(keys)) == 3

    def test_a_change_that_was_undone_is_none(self, scratch, repository):
        sha = scratch.commit({"a.py": "1"})
        scratch.write({"a.py": "2"})
        scratch.git("add", "a.py")
        scratch.write({"a.py": "1"})
        assert repository.dirty() == ("a.py",)
        assert repository.working_tree().key == sha

    def test_blob_ids_are_those_of_a_later_commit(self, scratch, repository):
        scratch.commit({".gitattributes": "*.txt text eol=lf\n"})
        scratch.write({"a.py": "x = 1\n", "windows.txt": "one\r\ntwo\r\n"})
        tree = repository.working_tree()
        ids = {p: tree.blob_id(p) for p in tree.paths()}
        scratch.commit({})
        assert ids == {p: repository.tree("HEAD").blob_id(p) for p in ids}

    def test_source_is_kept_as_it_was_hashed(self, scratch, repository):
        scratch.commit({"a.py": "1"})
        scratch.write({"a.py": "2"})
        tree = repository.working_tree()
        scratch.write({"a.py": "3"})
        assert tree.read("a.py") == b"2"

    def test_data_deleted_after_the_key_was_made(self, scratch, repository):
        scratch.commit({"a.py": "1"})
        scratch.write({"weights.bin": "2"})
        tree = repository.working_tree()
        scratch.write({"weights.bin": None})
        with pytest.raises(FileNotInTreeError, match=r"weights\.bin"):
            tree.read("weights.bin")

    def test_it_takes_no_lock(self, scratch, repository):
        scratch.commit({"a.py": "1"})
        scratch.write({"a.py": "2"})
        (scratch.root / ".git/index.lock").touch()
        assert repository.dirty() == ("a.py",)

    def test_links_do_not_count(self, scratch, repository):
        sha = scratch.commit({"a.py": "1"})
        os.symlink("a.py", scratch.root / "link.py")
        assert repository.working_tree().key == sha


def test_import_is_quick_and_brings_nothing_heavy():
    code = (
        "import sys, farm.git; print(*sorted({'torch', 'numpy', 'sqlalchemy', 'celery', 'models'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def _shared_prefix(scratch) -> str:
    """Prefix of the ids of two commits."""
    tree, seen = scratch.git("rev-parse", "HEAD^{tree}"), set()
    for number in range(5000):
        sha = scratch.git("commit-tree", tree, "-m", str(number))
        if sha[:4] in seen:
            return sha[:4]
        seen.add(sha[:4])
    raise AssertionError("no two ids share their first four digits")


def test_the_branch_whose_newest_commit_is_meant(scratch, new_scratch):
    first = scratch.commit({"a": "1"})
    scratch.commit({"a": "2"})
    scratch.git("branch", "feature/x", first)
    scratch.git("tag", "v1")
    repository = Repository.find(scratch.root)
    assert (repository.branch(), repository.branch("HEAD"), repository.branch("main")) == ("main",) * 3
    assert repository.branch("feature/x") == "feature/x"
    assert [repository.branch(name) for name in (first, "HEAD~1", "v1", "nobody", "--all", "")] == [None] * 5 + ["main"]
    clone = new_scratch("clone")
    clone.git("remote", "add", "origin", str(scratch.root))
    clone.git("fetch", "--quiet", "origin")
    assert Repository.find(clone.root).branch("origin/feature/x") == "feature/x"
    scratch.git("checkout", "--quiet", "--detach")
    assert repository.branch() is None

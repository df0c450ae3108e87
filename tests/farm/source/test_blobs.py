"""Contents of objects, from one process."""

import gc
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from farm.git import Repository
from farm.source.blobs import BlobReader
from farm.source.errors import GitError


@pytest.fixture
def repository(scratch):
    return Repository.find(scratch.root)


def test_a_missing_object(scratch, repository):
    scratch.commit({"a": "1"})
    blob = scratch.git("rev-parse", "HEAD:a")
    (scratch.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match=f"git object {blob} is missing; run git fsck"):
        repository.tree("HEAD").read("a")


def test_the_modules_of_a_package_come_together_and_one_that_is_missing_is_missed_only_by_who_reads_it(
    scratch, repository, monkeypatch
):
    files = {f"package/m{i}.py": f"{i}\n" for i in range(1200)}
    scratch.commit({**files, "package/data.bin": "data", "other/m.py": "other"})
    blob = scratch.git("rev-parse", "HEAD:package/m7.py")
    (scratch.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    asked = []
    ask = BlobReader._ask
    monkeypatch.setattr(BlobReader, "_ask", lambda self, ids, needed: asked.append(len(ids)) or ask(self, ids, needed))
    tree = repository.tree("HEAD")
    assert [tree.read(path) for path in files if path != "package/m7.py"] == [
        b"%d\n" % i for i in range(1200) if i != 7
    ]
    assert asked == [500, 500, 200]
    with pytest.raises(GitError, match=f"git object {blob} is missing"):
        tree.read("package/m7.py")
    assert tree.read("other/m.py") == b"other"


def test_threads_share_one_process(scratch, repository):
    files = {f"f{i}": f"{i}\n" * (i + 1) for i in range(60)}
    scratch.commit(files)
    tree = repository.tree("HEAD")
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(tree.read, list(files) * 3))
    assert contents == [c.encode() for c in files.values()] * 3


def test_a_forked_child_reads_for_itself(scratch, repository):
    scratch.commit({"a": "1", "b": "2", "c": "3"})
    tree = repository.tree("HEAD")
    assert tree.read("a") == b"1"
    child = os.fork()
    if child == 0:
        os._exit(0 if tree.read("b") == b"2" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert tree.read("c") == b"3"


def test_nothing_is_left_running(scratch):
    scratch.commit({"a": "1"})
    repository = Repository.find(scratch.root)
    tree = repository.tree("HEAD")
    tree.read("a")
    process = repository._blobs._process
    assert process.poll() is None
    del repository, tree
    gc.collect()
    assert process.poll() == 0


def test_starts_with_the_first_read_and_asks_once(scratch):
    scratch.commit({"a": "1"})
    blob = scratch.git("rev-parse", "HEAD:a")
    reader = BlobReader(["git", "-C", str(scratch.root), "cat-file", "--batch"], dict(os.environ))
    assert reader._process is None
    assert reader.read(blob) == b"1"
    (scratch.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert reader.read(blob) == b"1"


def test_a_process_that_ended_is_started_again(scratch):
    scratch.commit({"a": "1", "b": "2"})
    reader = BlobReader(["git", "-C", str(scratch.root), "cat-file", "--batch"], dict(os.environ))
    assert reader.read(scratch.git("rev-parse", "HEAD:a")) == b"1"
    reader._process.kill()
    reader._process.wait()
    assert reader.read(scratch.git("rev-parse", "HEAD:b")) == b"2"


def test_a_process_that_cannot_serve(tmp_path):
    reader = BlobReader(["git", "-C", str(tmp_path), "cat-file", "--batch"], dict(os.environ))
    with pytest.raises(GitError, match=r"ended while 0123 was read|is unreadable"):
        reader.read("0123")


def test_half_an_answer_is_none():
    reader = BlobReader(["sh", "-c", "read id; printf '%s blob 100\\nhalf' $id"], dict(os.environ))
    with pytest.raises(GitError, match="git object 0123 is unreadable"):
        reader.read("0123")
    with pytest.raises(GitError, match=r"ended while 0123 was read|is unreadable"):
        reader.read("0123")

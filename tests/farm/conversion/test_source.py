"""Laying out the source of one recorded commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.conversion.source import CommitSource
from farm.errors import InfrastructureError
from farm.git import Repository
from farm.source.errors import UnknownRevisionError
from tests.farm.conftest import Scratch


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_commits_files_whatever_is_on_disk(scratch: Scratch, tmp_path: Path) -> None:
    first = {"models/a.py": b"a = 1\n", "data/b c.bin": bytes(range(256)), "empty/__init__.py": b""}
    commit = scratch.commit(first)
    scratch.commit({"models/a.py": "a = 2\n", "models/new.py": "x = 1\n"})
    scratch.write({"models/a.py": "a = 3\n", "data/b c.bin": None})
    folder = CommitSource(Repository.find(scratch.root), commit).export(tmp_path / "out")
    assert folder == tmp_path / "out"
    assert files(folder) == first


def test_uncommitted_changes_while_they_are_there(scratch: Scratch, tmp_path: Path) -> None:
    scratch.commit({"models/a.py": "a = 1\n", "models/gone.py": "", ".gitignore": "*.log\n"})
    changes = {"models/a.py": "a = 2\n", "models/new.py": "x = 1\n", "models/gone.py": None, "x.log": "no"}
    scratch.write(changes)
    repository = Repository.find(scratch.root)
    source = CommitSource(repository, repository.working_tree().key)
    assert files(source.export(tmp_path / "out")) == {
        ".gitignore": b"*.log\n",
        "models/a.py": b"a = 2\n",
        "models/new.py": b"x = 1\n",
    }


def test_uncommitted_changes_that_are_gone(scratch: Scratch, tmp_path: Path) -> None:
    head = scratch.commit({"models/a.py": "a = 1\n"})
    scratch.write({"models/a.py": "a = 2\n"})
    repository = Repository.find(scratch.root)
    source = CommitSource(repository, repository.working_tree().key)
    scratch.write({"models/a.py": "a = 1\n"})
    with pytest.raises(InfrastructureError, match=f"the working tree is {head} now; submit it again"):
        source.export(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_commit_that_is_gone(scratch: Scratch, tmp_path: Path) -> None:
    scratch.commit({"a.py": ""})
    with pytest.raises(UnknownRevisionError):
        CommitSource(Repository.find(scratch.root), "0" * 40).export(tmp_path / "out")

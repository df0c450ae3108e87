import errno
import os
import sys

import pytest

from mcore.platform.format import atomic
from mcore.platform.format.atomic import place, staging_folder, write_files

FILES = {"a": b"1", "sub/b": b"2"}


def staged(target, content: bytes = b"new"):
    staging = staging_folder(target)
    write_files(staging, [("a", content), ("sub/b", content)])
    return staging


def test_a_folder_is_staged_beside_its_target_and_hidden(tmp_path):
    target = tmp_path / "deep" / "net"
    staging = staging_folder(target)
    assert staging.parent == target.parent
    assert staging.name.startswith(".net.")
    assert staging_folder(target) != staging
    assert not target.exists()


def test_files_are_written_with_their_folders(tmp_path):
    write_files(tmp_path, FILES.items())
    assert {n: (tmp_path / n).read_bytes() for n in FILES} == FILES
    with pytest.raises(FileExistsError):
        write_files(tmp_path, FILES.items())


def test_everything_reaches_the_disk_before_the_folder_moves(tmp_path, monkeypatch):
    events = []
    fsync, rename = os.fsync, os.rename

    def synced(descriptor):
        events.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def renamed(source, target):
        events.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    staging = staged(tmp_path / "net")
    place(staging, tmp_path / "net")
    before, after = events[: events.index("rename")], events[events.index("rename") + 1 :]
    assert set(before) == {str(staging), str(staging / "a"), str(staging / "sub"), str(staging / "sub/b")}
    assert before.index(str(staging / "sub/b")) < before.index(str(staging / "sub")) < before.index(str(staging))
    assert after == [str(tmp_path)]


def test_a_new_folder_keeps_to_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        place(staged(tmp_path / "net"), tmp_path / "net")
    finally:
        os.umask(before)
    assert (tmp_path / "net").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "net/a").stat().st_mode & 0o777 == 0o640


def test_what_exists_is_not_replaced_unasked(tmp_path):
    (tmp_path / "net").mkdir()
    staging = staged(tmp_path / "net")
    with pytest.raises(FileExistsError, match=r"net exists already; pass overwrite=True to replace it"):
        place(staging, tmp_path / "net")
    assert not any((tmp_path / "net").iterdir())


def test_who_comes_second_is_told(tmp_path, monkeypatch):
    target = tmp_path / "net"
    first, second = staged(target, b"1"), staged(target, b"2")
    place(first, target)
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    with pytest.raises(FileExistsError, match="made by someone else at the same moment"):
        place(second, target)
    assert (target / "a").read_bytes() == b"1"


def test_what_is_made_by_another_just_after_the_look_is_not_exchanged_unasked(tmp_path, monkeypatch):
    target, first, second = tmp_path / "net", staged(tmp_path / "net", b"first"), staged(tmp_path / "net", b"second")
    look = os.path.lexists

    def looked(path):
        there = look(path)
        monkeypatch.undo()
        place(first, target)
        return there

    monkeypatch.setattr(atomic.os.path, "lexists", looked)
    with pytest.raises(FileExistsError, match="made by someone else"):
        place(second, target)
    assert (target / "a").read_bytes() == b"first"


@pytest.mark.parametrize("exchanges", [True, False])
def test_overwriting_leaves_the_new_folder_and_nothing_else(tmp_path, monkeypatch, exchanges):
    target = tmp_path / "net"
    place(staged(target, b"old"), target)
    if not exchanges:
        monkeypatch.setattr(atomic, "_exchange", lambda a, b: False)
    place(staged(target, b"new"), target, overwrite=True)
    assert (target / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["net"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two folders in one step")
def test_folders_are_exchanged_in_one_step(tmp_path, monkeypatch):
    target = tmp_path / "net"
    place(staged(target, b"old"), target)
    staging = staged(target, b"new")
    monkeypatch.setattr(os, "rename", lambda *_: pytest.fail("moved in two steps"))
    place(staging, target, overwrite=True)
    assert (target / "a").read_bytes() == b"new"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two folders in one step")
def test_an_exchange_that_fails_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught:
        atomic._exchange(tmp_path / "nothing", tmp_path / "nowhere")
    assert caught.value.errno == errno.ENOENT


def test_a_system_that_cannot_exchange_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert atomic._exchange(tmp_path, tmp_path) is False

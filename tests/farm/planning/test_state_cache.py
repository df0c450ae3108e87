"""The folder of states: whole files or none, however many write; bounded; worth nothing that cannot be lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from farm.planning.state_cache import StateCache

KEYS = [f"{i:064x}" for i in range(10)]


def names(folder: Path) -> set[str]:
    return {p.name.removesuffix(".state") for p in folder.iterdir()}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    cache = StateCache(tmp_path / "new" / "folder")
    assert cache.read(KEYS[0]) is None
    cache.write(KEYS[0], b"content")
    cache.write(KEYS[1], b"other")
    cache.write(KEYS[0], b"again")
    assert [cache.read(k) for k in KEYS[:3]] == [b"again", b"other", None]
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700


def test_a_key_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        StateCache(tmp_path).read("../" + "0" * 61)


def test_the_states_that_were_not_used_for_longest_go_first(tmp_path: Path) -> None:
    cache = StateCache(tmp_path, most_states=3)
    for age, key in enumerate(KEYS[:3]):
        cache.write(key, b"x")
        os.utime(tmp_path / f"{key}.state", (1000 + age, 1000 + age))
    assert cache.read(KEYS[0]) == b"x"  # used just now
    cache.write(KEYS[3], b"x")
    assert names(tmp_path) == {KEYS[0], KEYS[2], KEYS[3]}


def test_all_states_together_are_bounded_but_the_newest_stays(tmp_path: Path) -> None:
    cache = StateCache(tmp_path, most_bytes=100)
    for age, key in enumerate(KEYS[:3]):
        cache.write(key, b"x" * 40)
        os.utime(tmp_path / f"{key}.state", (1000 + age, 1000 + age))
    assert names(tmp_path) == {KEYS[1], KEYS[2]}
    cache.write(KEYS[3], b"x" * 1000)
    assert names(tmp_path) == {KEYS[3]}


def test_what_a_writer_that_died_has_left_goes_after_an_hour(tmp_path: Path) -> None:
    old, new = tmp_path / "a.part", tmp_path / "b.part"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    StateCache(tmp_path).write(KEYS[0], b"x")
    assert {p.name for p in tmp_path.iterdir()} == {"b.part", f"{KEYS[0]}.state"}


def test_a_folder_that_cannot_be_used_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = StateCache(tmp_path / "file" / "below")
    cache.write(KEYS[0], b"x")
    assert cache.read(KEYS[0]) is None
    (tmp_path / f"{KEYS[1]}.state").mkdir()  # in the way
    cache = StateCache(tmp_path)
    cache.write(KEYS[1], b"x")
    assert cache.read(KEYS[1]) is None
    assert not list(tmp_path.glob("*.part"))


WRITER = """\
import sys
from pathlib import Path
from farm.planning.state_cache import StateCache
cache = StateCache(Path(sys.argv[1]), most_states=2)
for i in range(150):
    content = cache.read(sys.argv[2 + i % 3])
    assert content is None or len(set(content)) == 1 and len(content) == 50_000, "torn"
    cache.write(sys.argv[2 + i % 3], bytes([i]) * 50_000)
"""


def test_processes_that_write_and_trim_at_once_see_whole_states(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), *KEYS[:3]]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [w.returncode for w in writers] == [0, 0, 0], said
    assert names(tmp_path) <= set(KEYS[:3])

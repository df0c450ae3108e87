import os
import subprocess
import sys

import pytest

from workers.artifacts.cache import FILES, bundles, evict, loose_files, remove, size_bytes, take_away
from workers.artifacts.held import held


def name(letter: str) -> str:
    return letter * 64


def file(root, letter: str, used: float = 1000, size: int = 100):
    path = root / FILES / name(letter)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (used, used))
    return path


def bundle(root, letter: str, used: float, files: str = ""):
    """A bundle of files of 100 bytes, one in a subfolder; its own if none are named."""
    path = root / name(letter)
    (path / "samples").mkdir(parents=True)
    for index, each in enumerate(files or letter):
        source = root / FILES / name(each)
        if not source.exists():
            file(root, each)
        os.link(source, path / ("samples/a" if index == 0 else f"file{index}"))
    os.utime(path, (used, used))
    return path


def left(root):
    return "".join(sorted(p.name[0] for p in root.iterdir() if len(p.name) == 64))


def files_left(root):
    return "".join(sorted(p.name[0] for p in (root / FILES).iterdir()))


def test_the_least_recently_used_goes_first(tmp_path):
    for letter, used in (("b", 100), ("a", 200), ("c", 300)):
        bundle(tmp_path, letter, used)
    assert size_bytes(tmp_path) == 300
    assert evict(tmp_path, limit_bytes=300) == 0
    assert evict(tmp_path, limit_bytes=250) == 100
    assert left(tmp_path) == files_left(tmp_path) == "ac"
    assert evict(tmp_path, limit_bytes=0) == 200
    assert left(tmp_path) == files_left(tmp_path) == ""


def test_a_file_of_several_bundles_counts_once_and_goes_with_the_last(tmp_path):
    bundle(tmp_path, "a", 100, "ea")
    bundle(tmp_path, "b", 200, "eb")
    assert size_bytes(tmp_path) == 300
    assert evict(tmp_path, limit_bytes=200) == 100
    assert (left(tmp_path), files_left(tmp_path)) == ("b", "be")
    assert list(loose_files(tmp_path)) == []
    assert evict(tmp_path, limit_bytes=199) == 200
    assert files_left(tmp_path) == ""


def test_broken_off_downloads_have_their_turn(tmp_path):
    bundle(tmp_path, "a", 100)
    part = file(tmp_path, "p", used=150).rename(tmp_path / FILES / f"{name('d')}.part")
    bundle(tmp_path, "b", 200)
    assert [entry.path for entry in loose_files(tmp_path)] == [part]
    evict(tmp_path, limit_bytes=299)
    assert left(tmp_path) == "b"
    assert part.exists()
    evict(tmp_path, limit_bytes=199)
    assert left(tmp_path) == "b"
    assert not part.exists()


def test_what_is_held_stays_beyond_the_limit(tmp_path):
    used = bundle(tmp_path, "a", 100)
    bundle(tmp_path, "b", 200)
    loose = file(tmp_path, "f", used=50)
    with held(used), held(loose):
        assert evict(tmp_path, limit_bytes=0) == 100
        assert left(tmp_path) == "a"
        assert files_left(tmp_path) == "af"
    evict(tmp_path, limit_bytes=0)
    assert files_left(tmp_path) == ""


def test_another_process_holds_it(tmp_path):
    used = bundle(tmp_path, "a", 100)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from workers.artifacts.cache import evict\n"
        "print(evict(Path(sys.argv[1]), limit_bytes=0))\n"
    )

    def evicted() -> str:
        command = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."}
        ).stdout.strip()

    with held(used):
        assert evicted() == "0"
    assert evicted() == "100"


def test_what_a_killed_process_left_goes_unless_it_is_at_it(tmp_path):
    unfinished = [tmp_path / f".{name('a')}.{i:016x}.{end}" for i, end in enumerate(("tmp", "old", "tmp", "old"))]
    for path in unfinished[:3]:
        path.mkdir()
        (path / "x").write_bytes(b"")
    unfinished[3].write_bytes(b"")
    for path in unfinished:
        os.utime(path, (1000, 1000))
    young = tmp_path / f".{name('b')}.{0:016x}.tmp"
    young.mkdir()
    (tmp_path / ".alive").touch()
    (tmp_path / "notes.txt").touch()
    with held(unfinished[2]):
        evict(tmp_path, limit_bytes=1 << 40)
    assert {p.name for p in tmp_path.iterdir()} == {unfinished[2].name, young.name, ".alive", "notes.txt"}


def test_a_bundle_leaves_in_one_step(tmp_path, monkeypatch):
    path = bundle(tmp_path, "a", 100)
    seen = []
    monkeypatch.setattr(
        "workers.artifacts.cache.shutil.rmtree", lambda f, **_: seen.append((f.name[:2], path.exists()))
    )
    remove(path)
    assert seen == [(".a", False)]


def test_what_another_process_removed_is_no_error(tmp_path):
    assert remove(tmp_path / name("a")) == 0
    (tmp_path / name("b")).symlink_to(tmp_path / "nowhere")
    bundle(tmp_path, "c", 100)
    assert evict(tmp_path, limit_bytes=0) == 100
    assert evict(tmp_path, limit_bytes=0) == 0
    file(tmp_path, "d")
    (tmp_path / name("e")).symlink_to("/etc")
    assert remove(tmp_path / name("e")) == 0
    assert left(tmp_path) == "b"


def test_what_is_damaged_is_taken_from_those_who_hold_it_but_not_what_took_its_place(tmp_path):
    path = bundle(tmp_path, "a", 100)
    with held(path) as one, held(path) as two:
        take_away(tmp_path, path, one)
        assert left(tmp_path) == ""
        mended = bundle(tmp_path, "a", 200)
        take_away(tmp_path, path, two)
        assert mended.exists()
        take_away(tmp_path, tmp_path / name("z"), two)
    damaged = file(tmp_path, "f")
    with held(damaged) as descriptor:
        take_away(tmp_path, damaged, descriptor)
    assert not damaged.exists()


@pytest.mark.parametrize("limit", [0, 1 << 40])
def test_an_empty_cache(tmp_path, limit):
    assert evict(tmp_path, limit_bytes=limit) == 0
    assert evict(tmp_path / "none", limit_bytes=limit) == 0
    assert list(bundles(tmp_path)) == []

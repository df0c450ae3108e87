from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workers.artifacts.scratch import Leftovers, Scratch

SCRATCH = Scratch("scratch-of-a-test-")
PROGRAM = (
    "import time\n"
    "from workers.artifacts.scratch import Scratch\n"
    "with Scratch('scratch-of-a-test-').folder() as folder:\n"
    "    (folder / 'bundles').mkdir()\n"
    "    (folder / 'bundles' / 'weights').write_bytes(bytes(1000))\n"
    "    print(folder, flush=True)\n"
    "    time.sleep(60)\n"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def aged(folder: Path) -> Path:
    os.utime(folder, (1000, 1000))
    return folder


def test_a_folder_is_gone_afterwards() -> None:
    with SCRATCH.folder() as folder:
        (folder / "x").write_text("x")
    assert not folder.exists()


def test_what_a_killed_process_left_goes_and_what_a_living_one_has_stays() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
    )
    assert process.stdout is not None
    left = aged(Path(process.stdout.readline().strip()))
    assert SCRATCH.remove_leftovers() == Leftovers()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert SCRATCH.remove_leftovers(dry_run=True) == Leftovers(1, 1000)
    assert left.exists()
    with SCRATCH.folder() as mine:
        aged(mine)
        assert SCRATCH.remove_leftovers() == Leftovers(1, 1000)
        assert mine.exists()
    assert not left.exists()
    assert SCRATCH.remove_leftovers() == Leftovers()


def test_nothing_else_is_touched(temporary: Path) -> None:
    young = temporary / f"{SCRATCH.prefix}young"
    young.mkdir()
    for name in ("another-x", f"x{SCRATCH.prefix}"):
        (temporary / name).mkdir()
        aged(temporary / name)
    (temporary / f"{SCRATCH.prefix}file").touch()
    (temporary / f"{SCRATCH.prefix}link").symlink_to(temporary)
    before = set(temporary.iterdir())
    assert SCRATCH.remove_leftovers() == Leftovers()
    assert set(temporary.iterdir()) == before


def test_another_users_folders_are_left_alone(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = temporary / f"{SCRATCH.prefix}theirs"
    theirs.mkdir()
    aged(theirs)
    with monkeypatch.context() as another:
        another.setattr("os.getuid", lambda: theirs.stat().st_uid + 1)
        assert SCRATCH.remove_leftovers() == Leftovers()
    assert theirs.exists()
    assert SCRATCH.remove_leftovers() == Leftovers(1, 0)

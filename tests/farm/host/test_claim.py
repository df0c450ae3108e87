from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farm.errors import UsageError
from farm.host.claim import claim
from farm.host.gate import FOLDER

#: Claims a unit, says so, and ends when it is told to; with a second argument, its child lives on with what it had open.
HOLDER = """
import os, sys
from pathlib import Path
from farm.host.claim import claim
claim(Path(sys.argv[1]), "numpy", "bench-1")
if len(sys.argv) > 2 and os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print("held", flush=True)
sys.stdin.readline()
"""

Holder = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Holder]:
    made: list[subprocess.Popen[str]] = []

    def start(*more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLDER, str(tmp_path), *more]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        made.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in made:
        process.kill()
        process.communicate()


def test_the_second_worker_of_a_unit_is_told_which_process_is_the_first(tmp_path: Path, holding: Holder) -> None:
    first = holding()
    with pytest.raises(UsageError) as raised:
        claim(tmp_path, "numpy", "bench-1")
    said = f"FARM_UNIT: process {first.pid} of this machine is unit 'bench-1' of device type 'numpy' already: "
    assert str(raised.value).startswith(said)


def test_other_units_are_free(tmp_path: Path, holding: Holder) -> None:
    holding()
    claim(tmp_path, "numpy", "bench-2")
    claim(tmp_path, "torch", "bench-1")
    claim(tmp_path / "another cache", "numpy", "bench-1")


def test_a_killed_worker_holds_nothing_though_what_it_began_goes_on(tmp_path: Path, holding: Holder) -> None:
    first = holding("forks")
    first.kill()
    first.wait()
    claim(tmp_path, "numpy", "bench-1")
    (lock,) = (tmp_path / FOLDER).iterdir()
    assert lock.read_text() == str(os.getpid())


def test_a_cache_that_cannot_be_used_is_left_to_the_check(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    claim(tmp_path / "file", "numpy", "bench-1")

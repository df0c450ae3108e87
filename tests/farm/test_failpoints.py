"""Failpoints: nothing where none is armed, the end of the process where one is."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from farm.failpoints import NAMES, failpoint

FARM = Path(__file__).parents[2] / "farm"
PASSED = "from farm.failpoints import failpoint\nfor n in range(3): print(n, flush=True); failpoint('merge.written')"


def run(setting: str | None) -> subprocess.CompletedProcess[str]:
    environment = {} if setting is None else {"FARM_FAILPOINT": setting}
    return subprocess.run(
        [sys.executable, "-c", PASSED], cwd=FARM.parent, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("setting", "passed", "code"),
    [
        (None, 3, 0),
        ("merge.committed", 3, 0),
        ("merge.written", 1, -signal.SIGKILL),
        ("merge.written:3", 3, -signal.SIGKILL),
        ("merge.written:4", 3, 0),
    ],
)
def test_a_process_ends_at_the_time_that_was_asked_for(setting: str | None, passed: int, code: int) -> None:
    done = run(setting)
    assert (len(done.stdout.split()), done.returncode) == (passed, code)


@pytest.mark.parametrize("setting", ["unheard.of", "merge.written:x", "merge.written:"])
def test_a_setting_that_names_no_place_is_refused_in_one_line(setting: str) -> None:
    done = run(setting)
    if setting == "merge.written:":  # the first time
        assert done.returncode == -signal.SIGKILL
        return
    assert done.returncode == 1
    assert done.stderr.startswith(f"farm: FARM_FAILPOINT {setting!r}: it is name[:n]")
    assert done.stderr.count("\n") == 1


def test_every_name_is_of_one_place() -> None:
    found = [name for path in FARM.rglob("*.py") for name in re.findall(r'\bfailpoint\("([^"]+)"\)', path.read_text())]
    assert sorted(found) == sorted(NAMES)
    failpoint("merge.written")  # where none is armed

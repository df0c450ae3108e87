"""What fuzzing found once is tried again on every run of the tests; and the runner itself finds what it is there to find."""

import subprocess
import sys
from pathlib import Path

import pytest

from mcore.platform.runtime import limits
from tests.fuzz.targets import TARGETS

FOUND = sorted((Path(__file__).parent / "regressions").glob("*/*"))


def test_there_are_findings_to_try():
    assert {path.parent.name for path in FOUND} <= TARGETS.keys()
    assert FOUND


@pytest.mark.timeout(30)
@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_finding_stays_fixed(path, monkeypatch):
    monkeypatch.setattr(limits, "memory_bytes", lambda: 64 << 20)
    TARGETS[path.parent.name].check(path.read_bytes())


@pytest.mark.slow
def test_the_runner_says_what_it_did():
    pytest.importorskip("atheris", reason="the fuzz extra is not installed")
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", "2", "tensors"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "tensors" in ended.stdout
    assert int(ended.stdout.split()[1]) > 100


def test_an_unknown_target_is_named():
    ended = subprocess.run([sys.executable, "-m", "tests.fuzz", "nothing"], capture_output=True, text=True)
    assert ended.returncode == 2
    assert "no target 'nothing'" in ended.stderr

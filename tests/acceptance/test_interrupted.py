"""Commands that are interrupted or killed, and two at once: nothing is lost, nothing is waited for in vain."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.farm_processes import BIN, Farm, ModelRepository
from tests.acceptance.tiny import write_tiny

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    repository = ModelRepository(tmp_path / "repository", write_tiny)
    return Farm(repository.root, tmp_path, {"FARM_CACHE": str(tmp_path / "cache")})


def start(farm: Farm, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(BIN / "farm"), *arguments],
        cwd=farm.repository,
        env=farm.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_recorded(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert "3 to convert" in process.stderr.readline()


@pytest.mark.parametrize("after_s", [0.1, 2.0, 3.0])
def test_what_a_killed_command_had_begun_is_taken_up_by_the_next(farm: Farm, after_s: float) -> None:
    killed = start(farm, "submit", "--all")
    wait_until_recorded(killed)
    time.sleep(after_s)
    killed.kill()
    killed.communicate()
    done = farm.run_here("submit", "--all", "--timeout", "60")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["numpy: 3 SUPPORTED", "exact: 3 SUPPORTED"]


def test_an_interrupted_command_ends_at_once(farm: Farm) -> None:
    interrupted = start(farm, "submit", "--all")
    wait_until_recorded(interrupted)
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate(timeout=30)
    assert interrupted.returncode == 130
    assert "farm: interrupted" in said
    assert "Traceback" not in said


def test_two_at_once_do_the_work_once(farm: Farm) -> None:
    both = [start(farm, "submit", "--all") for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum(stderr.count("converted (") for _, stderr in said) == 3
    assert all("numpy: 3 SUPPORTED" in stdout for stdout, _ in said)

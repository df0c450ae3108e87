"""``farm up`` with real processes: it comes up, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from farm.errors import ExitCode
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.servers import redis_binary

ROOT = Path(__file__).parents[3]
#: Not the pages, which take a while to be imported and have tests of their own.
ONLY = ("--only", "redis", "--only", "coordinator", "--only", "converter", "--only", "hosts")


def below(pid: int) -> dict[int, str]:
    """Command lines of all processes that a process has started, and these, by their ids."""
    children: dict[int, list[int]] = {}
    lines = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            lines[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(parent, []).append(int(process.name))
    found, left = {}, [pid]
    while left:
        for child in children.get(left.pop(), ()):
            found[child] = lines[child]
            left.append(child)
    return found


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="who is left behind is read off /proc")
@pytest.mark.timeout(240)
def test_it_comes_up_and_ctrl_c_leaves_nothing_behind(tiny: Scratch, tmp_path: Path) -> None:
    redis_binary()
    log = tmp_path / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", "from farm.cli import main; main()", "up", "--device", "numpy", *ONLY],
            cwd=tiny.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), "FARM_STORE_URL": str(tmp_path / "store")},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 180
        while "in another shell" not in log.read_text(errors="replace"):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)
        running = below(process.pid)
        assert all(word in " ".join(running.values()) for word in ("redis", "coordinator", "converter", "celery"))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == ExitCode.GOOD
    finally:
        process.kill()
    said = log.read_text(errors="replace").splitlines()
    assert [line for pid, line in running.items() if Path(f"/proc/{pid}").exists()] == []
    assert "farm: up (redis, coordinator, converter, host numpy); in another shell:" in said
    names = {line.partition(" | ")[0].strip() for line in said if " | " in line}
    assert names == {"redis", "coordinator", "converter", "host numpy"}
    assert any(line.startswith("redis       | ") and "bye bye" in line for line in said)  # it ended in good order


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--only", "redsi"), ExitCode.USAGE, "did you mean redis"),
        (("--only", "hosts"), ExitCode.USAGE, "FARM_BROKER_URL"),
        (("--device", "numpi"), ExitCode.NOT_FOUND, "did you mean numpy"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_what_is_asked_for_wrongly(farm: Callable[..., Said], arguments: tuple[str, ...], code: int, told: str) -> None:
    said = farm("up", *arguments)
    assert (said.code, said.out) == (code, "")
    assert told in said.err

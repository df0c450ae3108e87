"""Services that run together: started in order, ended in order, all of them or none. Each is a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farm.errors import InfrastructureError
from farm.up import stack as up
from farm.up.services import Service
from farm.up.stack import Stack

#: Says that it is up, and ends by SIGTERM with a word on it.
GOOD = """
import signal, sys, time
def end(*_):
    print("ends", time.monotonic_ns(), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("is up", time.monotonic_ns(), flush=True)
while True:
    time.sleep(0.05)
"""
#: As that, but it takes no notice of SIGTERM, and has a child.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
print("is up", flush=True)
time.sleep(600)
"""
#: Breaks down after a while.
DIES = """
import time
print("is up")
time.sleep(0.5)
print("no memory")
raise SystemExit(7)
"""


def service(name: str, code: str, ready: str = "is up", **more: object) -> Service:
    return Service(name, (sys.executable, "-u", "-c", code), ready=ready, **more)  # type: ignore[arg-type]


Started = Callable[..., tuple[Stack, list[tuple[str, str]]]]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Started]:
    stacks = []

    def make(*services: Service) -> tuple[Stack, list[tuple[str, str]]]:
        said: list[tuple[str, str]] = []
        stacks.append(Stack(services, tmp_path, lambda name, line: said.append((name, line))))
        return stacks[-1], said

    yield make
    for stack in stacks:
        stack.end()


def never() -> bool:
    return False


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_all_start_and_what_started_last_ends_first(made: Started) -> None:
    stack, said = made(service("a", GOOD, first=True), service("b", GOOD))
    assert stack.start(never)
    stack.end()
    times = {(name, line.split()[0]): int(line.split()[-1]) for name, line in said}
    assert times["a", "is"] < times["b", "is"] < times["b", "ends"] < times["a", "ends"]


def test_what_takes_no_notice_is_ended_with_all_that_it_left(made: Started) -> None:
    stack, said = made(service("a", STUBBORN, grace_s=0.3))
    assert stack.start(never)
    child = next(int(line.split()[1]) for _, line in said if line.startswith("child"))
    assert lives(child)
    stack.end()
    deadline = time.monotonic() + 10
    while lives(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not lives(child)


def test_one_that_ends_is_said_with_its_last_word(made: Started) -> None:
    stack, _ = made(service("a", GOOD), service("b", DIES))
    assert stack.start(never)
    with pytest.raises(InfrastructureError, match=r"b ended with exit code 7.*it said last: no memory"):
        stack.watch(never)


def test_one_that_is_killed_is_said_by_its_signal(made: Started) -> None:
    stack, _ = made(service("a", GOOD))
    stack.start(never)
    stack._running[0].process.kill()
    with pytest.raises(InfrastructureError, match="a was ended by SIGKILL"):
        stack.watch(never)


def test_one_that_is_never_ready_is_given_up(made: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "READY_S", 0.3)
    stack, _ = made(service("a", GOOD), service("b", GOOD, ready="never said"))
    with pytest.raises(InfrastructureError, match=r"not ready within 0.3 s: .*b"):
        stack.start(never)


def test_who_stops_while_it_starts_does_not_wait(made: Started) -> None:
    stack, said = made(service("a", GOOD, ready="never said", first=True), service("b", GOOD))
    assert not stack.start(lambda: True)
    assert "b" not in {name for name, _ in said}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_nothing_outlives_one_that_was_killed(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from farm.up.services import Service
from farm.up.stack import Stack
import sys, time
made = Service("a", (sys.executable, "-u", "-c", {GOOD!r}), ready="is up")
stack = Stack([made], Path("."), lambda name, line: None)
stack.start(lambda: False)
print(stack._running[0].process.pid, flush=True)
time.sleep(600)
"""
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert lives(pid)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not lives(pid)

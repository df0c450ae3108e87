from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from farm.host.slots import slot

HOLDER = """
import sys, time
from pathlib import Path
from farm.host.slots import slot
with slot(Path(sys.argv[1]), lambda: 1):
    print("in", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("bound", [1, 2])
def test_no_more_than_the_bound_are_in_at_once(tmp_path: Path, bound: int) -> None:
    inside = most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with slot(tmp_path, lambda: bound):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.15)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == bound
    assert inside == 0


def test_without_a_bound_nobody_waits(tmp_path: Path) -> None:
    with slot(tmp_path, lambda: None), slot(tmp_path, lambda: None):
        assert list(tmp_path.iterdir()) == []


def test_the_place_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"in\n"
        waited = threading.Event()

        def wait() -> None:
            with slot(tmp_path, lambda: 1):
                waited.set()

        thread = threading.Thread(target=wait)
        thread.start()
        assert not waited.wait(0.3)
        os.kill(holder.pid, signal.SIGKILL)
        assert waited.wait(10)
        thread.join()


def test_a_bound_that_is_lifted_lets_the_next_one_in(tmp_path: Path) -> None:
    bounds = iter([1, 1, None])
    with slot(tmp_path, lambda: 1), slot(tmp_path, lambda: next(bounds)):
        assert next(bounds, "none left") == "none left"

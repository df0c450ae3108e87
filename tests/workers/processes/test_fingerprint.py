"""Asking a unit for its stack: in a process of its own, whatever becomes of that."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workers.families import is_gone, wait_for
from workers.drivers import make_driver
from workers.processes import fingerprint
from workers.processes.fingerprint import StackUnknown, ask_fingerprint


def test_the_answer_is_the_drivers_own() -> None:
    assert ask_fingerprint("numpy", {"mode": "exact"}) == make_driver("numpy", {"mode": "exact"}).fingerprint()


@pytest.mark.parametrize(
    ("driver", "profile", "said"),
    [
        ("abacus", {}, "no driver 'abacus'"),
        ("numpy", {"mode": "slow"}, "profile of driver 'numpy': mode"),
        ("torch", {"device": "cuda:99"}, "profile.device: cuda:99: this host has .*CUDA device"),
        ("command", {"command": ["x"], "transport": []}, "^TypeError: unhashable"),
    ],
)
def test_why_there_is_none_is_one_line(driver: str, profile: dict[str, Any], said: str) -> None:
    with pytest.raises(StackUnknown, match=said) as caught:
        ask_fingerprint(driver, profile)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os.abort()", "its process ended with code -6"),
        ("import time; time.sleep(60)", "no answer after 3 s"),
        ("import os, sys; os.write(int(sys.argv[1]), b'x' * 9 + b'\\n')", "not a Answer"),
        ("import os, sys; [os.write(int(sys.argv[1]), b'x' * 4096) for _ in range(64)]", "not a Answer"),
        ("print('{}')", "its process ended with code 0"),
    ],
)
def test_a_library_that_dies_hangs_or_babbles_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, said: str
) -> None:
    monkeypatch.setattr(fingerprint, "COMMAND", (sys.executable, "-c", code))
    with pytest.raises(StackUnknown, match=said) as caught:
        ask_fingerprint("numpy", {}, time_s=3)
    assert "\n" not in str(caught.value)


#: The child that asks, with a driver that tells who it is and hangs.
HANGS = """
import os, sys, time
from workers.processes import fingerprint

def make_driver(driver, profile):
    with open(driver + "~", "w") as told:
        told.write(str(os.getpid()))
    os.rename(driver + "~", driver)
    time.sleep(60)

fingerprint.make_driver = make_driver
fingerprint.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_who_asks_and_is_killed_leaves_no_child_at_the_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fingerprint, "COMMAND", (sys.executable, "-c", HANGS))
    told = tmp_path / "child"
    process = multiprocessing.get_context("fork").Process(target=ask_fingerprint, args=(str(told), {}))
    process.start()
    assert wait_for(told.exists)
    child = int(told.read_text())
    assert not is_gone(child)
    process.kill()
    process.join(10)
    assert wait_for(lambda: is_gone(child))

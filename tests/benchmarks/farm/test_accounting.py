"""Processor time by process: what each took, what its children took, and what ended between two looks."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from benchmarks.farm.accounting import UNSEEN, Accounting

WORK_S = 0.4
#: Works for so long, of a processor;
WORK = f"import time\nwhile time.process_time() < {WORK_S}: pass\n"


def spent(code: str) -> tuple[dict[str, float], float]:
    """Seconds by role of a process that says when it is done, and then waits; and what the system says of all."""
    command = [sys.executable, "-S", "-c", code + "print(1, flush=True)\ninput()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with Accounting(lambda: {process.pid: "root"}) as accounting:
            assert process.stdout.readline() == "1\n"
        found = accounting.seconds()
        process.communicate("\n")
    return found, sum(found.values())


def test_what_a_process_takes_is_its_own() -> None:
    found, whole = spent(WORK)
    assert found["root"] == pytest.approx(WORK_S, abs=0.15)
    assert found[UNSEEN] == pytest.approx(0.0, abs=0.02)
    assert whole == pytest.approx(WORK_S, abs=0.15)


def test_children_are_known_by_their_command_line() -> None:
    children = ["workers.processes.child", "farm.conversion.child", "anything"]
    run = "".join(
        f"subprocess.run([sys.executable, '-S', '-c', {WORK!r}, {word!r}])\n" for word in children
    )  # fmt: skip
    found, whole = spent("import subprocess, sys\n" + run)
    for role in ("replay", "converter", "root"):
        assert 0.1 <= found[role] <= WORK_S + 0.2, role  # what it took after the last look is unseen
    assert whole == pytest.approx(3 * WORK_S, abs=0.4)


def test_a_child_of_a_thread_is_seen_and_what_ends_between_two_looks_is_in_the_sum() -> None:
    quick = "import time\nwhile time.process_time() < 0.06: pass\n"
    code = (
        "import subprocess, sys, threading\n"
        f"def go(): subprocess.run([sys.executable, '-S', '-c', {quick!r}, 'workers.processes.child'])\n"
        "for _ in range(8):\n t = threading.Thread(target=go); t.start(); t.join()\n"
    )
    found, whole = spent(code)
    assert whole == pytest.approx(8 * 0.06, abs=0.3)
    assert whole >= 8 * 0.05
    assert found.get("replay", 0.0) + found[UNSEEN] >= 8 * 0.04


def test_what_was_before_does_not_count() -> None:
    command = [sys.executable, "-S", "-c", WORK + "print(1, flush=True)\ninput()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        with Accounting(lambda: {process.pid: "root"}) as accounting:
            time.sleep(0.15)
        assert sum(accounting.seconds().values()) < 0.1
        process.communicate("\n")


def test_whoever_waited_for_the_root_knows_the_sum() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", WORK])
    with Accounting(lambda: {process.pid: "root"}) as accounting:
        process.wait()
    found = accounting.seconds(whole_s=1.0)
    assert found["root"] <= 0.6
    assert sum(found.values()) == pytest.approx(1.0)

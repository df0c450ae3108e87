"""Helpers, by what a crew of two makes of them, and as processes seen from outside."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcore.platform.errors import BackendError
from mcore.platform.runtime import crew as module
from tests.mcore.platform.runtime.crews import LIMIT_S, add, cells, run, step, two

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="helpers are for Linux")


@pytest.fixture(autouse=True)
def _processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "processors", lambda: 2)


@pytest.fixture
def seen() -> np.ndarray:
    return cells()


class TestAFailure:
    @pytest.mark.parametrize(
        ("raised", "expected", "text"),
        [
            (np.exceptions.AxisError(3, 2), ValueError, "axis 3 is out of bounds for array of dimension 2"),
            (MemoryError("for 7 elements"), MemoryError, "for 7 elements"),
            (KeyError("x"), BackendError, "KeyError: 'x'"),
            (SystemExit(3), BackendError, "SystemExit: 3"),
            (ValueError("a" * 10**6), ValueError, "aaa"),
            (ValueError("two\nlines"), ValueError, "two\nlines"),
        ],
    )
    def test_keeps_its_type_and_text(self, raised: BaseException, expected: type[Exception], text: str) -> None:
        def fail() -> None:
            raise raised

        with pytest.raises(expected) as caught:
            run(two(step(int), step(fail)))
        assert str(caught.value).startswith(text)

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
    def test_killed_at_work(self, seen: np.ndarray, how: signal.Signals) -> None:
        def die() -> None:
            if not seen[0]:
                signal.pthread_sigmask(signal.SIG_SETMASK, ())
                os.kill(os.getpid(), how)

        crew = two(step(int), step(die))
        with pytest.raises(BackendError, match=rf"was killed by {how.name}; threads=1 does without"):
            run(crew)
        seen[0] = 1
        run(crew)

    def test_killed_between_runs(self, seen: np.ndarray) -> None:
        crew = two(add(seen, 0, 1), add(seen, 1, 1))
        run(crew)
        os.kill(crew.helpers[0], signal.SIGKILL)
        with pytest.raises(BackendError, match="was killed by SIGKILL"):
            run(crew)
        seen[:] = 0
        run(crew)
        assert list(seen[:2]) == [1, 1]

    def test_an_end_of_its_own(self) -> None:
        with pytest.raises(BackendError, match="has ended with code 7"):
            run(two(step(int), step(lambda: os._exit(7))))

    def test_an_end_that_somebody_else_was_told_of(self) -> None:
        crew = two(step(int), step(int))
        run(crew)
        os.kill(crew.helpers[0], signal.SIGKILL)
        os.waitpid(crew.helpers[0], 0)
        with pytest.raises(BackendError, match="has ended, nobody knows why"):
            run(crew)


#: A crew whose helper counts its runs.
SCRIPT = """
import os, signal, sys, time, atexit
import numpy as np
from mcore.platform.runtime import crew as module
from mcore.platform.runtime.memory import Arena
from mcore.platform.runtime.step import Step, Together
module.processors = lambda: 2
seen = Arena(64, shared=True).array(0, (8,), np.dtype(np.int64))
seconds = 0.0
def pause(out): time.sleep(seconds)
crew = module.Crew([Step(pause, (), None), Together(((), (Step(np.add, (seen[:1], 1), seen[:1]),)))], 2)
def run(): crew.run(lambda: None)
def say(*what): print(*what, flush=True)
"""


@contextmanager
def started(here: str) -> Iterator[subprocess.Popen[str]]:
    """A session of its own that does ``here`` with the crew of the script; nothing is left of it in the end."""
    command = [sys.executable, "-c", SCRIPT + here]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    """Whether it runs; one that nobody has waited for yet does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    return False


class TestAProcessOfItsOwn:
    @pytest.mark.parametrize("when", ["time.sleep(600)", "seconds = 600; run()", "os.fork(); time.sleep(600)"])
    def test_ends_when_its_owner_is_killed(self, when: str) -> None:
        with started(f"run(); say(*crew.helpers); {when}") as process:
            assert process.stdout is not None
            own = int(process.stdout.readline())
            assert is_alive(own)
            time.sleep(0.2)
            process.kill()
            wait_for(lambda: not is_alive(own))

    def test_ends_when_its_owner_does(self) -> None:
        with started("print('once'); run(); print(*crew.helpers)") as process:
            once, own = process.communicate(timeout=LIMIT_S)[0].split()
        assert (once, process.returncode) == ("once", 0)
        wait_for(lambda: not is_alive(int(own)))

    def test_runs_no_handler_of_its_owner_when_it_ends(self) -> None:
        with started("atexit.register(os.write, 2, b'bye'); run(); say(*crew.helpers); os._exit(0)") as process:
            out, error = process.communicate(timeout=LIMIT_S)
        wait_for(lambda: not is_alive(int(out)))
        assert error == ""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_leaves_signals_to_its_owner(self, number: signal.Signals) -> None:
        here = (
            f"run(); before = crew.helpers; signal.signal({int(number)}, lambda *_: None)\n"
            "say('ready'); signal.pause(); run(); say(seen[0], crew.helpers == before)"
        )
        with started(here) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.2)
            os.killpg(process.pid, number)
            assert process.communicate(timeout=LIMIT_S)[0] == "2 True\n"

    def test_is_another_after_a_run_that_was_interrupted(self) -> None:
        here = (
            "run(); seconds = 60; say('ready')\n"
            "try: run()\n"
            "except KeyboardInterrupt: seconds = 0; run(); say(seen[0], len(crew.helpers))"
        )
        with started(here) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.2)
            os.killpg(process.pid, signal.SIGINT)
            assert process.communicate(timeout=LIMIT_S)[0] == "2 1\n"

    def test_keeps_no_file_open_that_its_owner_closes(self) -> None:
        here = (
            "read, write = os.pipe(); run(); os.close(write); say(os.read(read, 1))\n"
            "say(*os.listdir(f'/proc/{crew.helpers[0]}/fd'))"
        )
        with started(here) as process:
            end, left = process.communicate(timeout=LIMIT_S)[0].splitlines()
        assert end == "b''"
        assert len(left.split()) == 2  # standard error, and what its owner wakes it by

    def test_collects_no_garbage_of_its_owner(self, seen: np.ndarray) -> None:
        run(two(step(int), step(lambda: seen.__setitem__(0, 1 + gc.isenabled()))))
        assert gc.isenabled()
        assert seen[0] == 1

    def test_may_be_of_a_child_that_may_have_none_of_multiprocessing(self, seen: np.ndarray) -> None:
        child = multiprocessing.get_context("fork").Process(
            target=lambda: run(two(add(seen, 0, 1), add(seen, 1, 1))), daemon=True
        )
        child.start()
        child.join(LIMIT_S)
        assert (child.exitcode, list(seen[:2])) == (0, [1, 1])

import gc
import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mcore.platform.errors import ResourceError
from mcore.platform.runtime import crew as module
from mcore.platform.runtime.crew import Crew
from mcore.platform.runtime.memory import Arena
from mcore.platform.runtime.step import Step, Together
from tests.mcore.platform.runtime.crews import LIMIT_S, add, cells, files, run, step, two

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="helpers are for Linux")


@pytest.fixture(autouse=True)
def _processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "processors", lambda: 4)


@pytest.fixture
def seen() -> np.ndarray:
    return cells()


class TestARun:
    def test_lanes_run_in_order_each_and_at_once(self, seen: np.ndarray) -> None:
        barrier = multiprocessing.get_context("fork").Barrier(3)
        lanes = [
            (add(seen, i, 1), step(lambda: barrier.wait(LIMIT_S)), Step(np.multiply, (own := seen[i : i + 1], 5), own))
            for i in range(3)
        ]
        run(Crew([Together(tuple(lanes))], 3))
        assert list(seen[:3]) == [5] * 3

    def test_what_comes_before_and_after_lanes(self, seen: np.ndarray) -> None:
        def double(source: int, target: int) -> Step:
            return Step(np.multiply, (seen[source : source + 1], 2), seen[target : target + 1])

        steps = [
            double(0, 1),
            Together(((double(1, 2),), (double(1, 3),))),
            Step(np.add, (seen[2:3], seen[3:4]), seen[4:5]),
            Together(((double(4, 5),), (double(4, 6),))),
            Together(((double(6, 7),), (double(5, 8),))),
        ]
        crew = Crew(steps, 2)
        for value in range(1, 200):
            crew.run(lambda value=value: seen.__setitem__(0, value))
            assert list(seen[:9]) == [value * n for n in (1, 2, 4, 4, 8, 16, 16, 32, 32)]

    @pytest.mark.parametrize("size", [1, 2, 3, 4])
    @pytest.mark.parametrize("lanes", [1, 2, 5])
    def test_any_number_of_lanes_and_processes(self, seen: np.ndarray, size: int, lanes: int) -> None:
        crew = Crew([Together(tuple((add(seen, i, i + 1),) for i in range(lanes)))], size)
        run(crew)
        assert list(seen[:lanes]) == [i + 1 for i in range(lanes)]
        assert len(crew.helpers) == min(size, lanes) - 1

    def test_a_lane_warns_of_nothing(self) -> None:
        out = Arena(4, shared=True).array(0, (1,), np.dtype(np.float32))
        with np.errstate(all="raise"):
            run(two(step(int), Step(np.exp, (np.float32([1000]),), out)))
        assert np.isinf(out)

    def test_helpers_start_on_first_use_and_stay(self) -> None:
        crew = two(step(int), step(int))
        assert crew.helpers == []
        run(crew)
        helpers = crew.helpers
        run(crew)
        assert crew.helpers == helpers != []

    def test_one_processor_needs_no_help(self, seen: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "processors", lambda: 1)
        crew = two(add(seen, 0, 3), add(seen, 1, 4))
        run(crew)
        assert (list(seen[:2]), crew.helpers) == ([3, 4], [])

    def test_another_thread_may_go_on_when_the_first_has_ended(self, seen: np.ndarray) -> None:
        crew = two(step(int), add(seen, 0, 1))
        thread = threading.Thread(target=run, args=(crew,))
        thread.start()
        thread.join(LIMIT_S)
        helpers = crew.helpers
        run(crew)
        assert (seen[0], crew.helpers) == (2, helpers)


def test_processors_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert module.processors() == len(os.sched_getaffinity(0))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert module.processors() == 1


class TestAFailure:
    @pytest.mark.parametrize("lane", [0, 1])
    def test_is_raised_and_the_next_run_works(self, seen: np.ndarray, lane: int) -> None:
        def fail() -> None:
            if not seen[0]:
                raise ValueError("broken")

        lanes = [(step(int),), (step(int),)]
        lanes[lane] = (step(fail),)
        crew = Crew([Together(tuple(lanes)), Together(((add(seen, 1, 1),), (add(seen, 2, 1),)))], 2)
        with pytest.raises(ValueError, match="broken"):
            run(crew)
        seen[0] = 1
        run(crew)
        assert list(seen[:3]) == [1] * 3

    def test_before_the_first_step(self, seen: np.ndarray) -> None:
        crew = two(add(seen, 0, 1), add(seen, 1, 1))

        def fail() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            crew.run(fail)
        run(crew)
        assert list(seen[:2]) == [1, 1]

    @pytest.mark.parametrize("call", ["os.fork", "socket.socketpair"])
    def test_the_system_refuses_a_process(self, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
        def refuse() -> int:
            raise BlockingIOError(11, "Resource temporarily unavailable")

        before, crew = files(), two(step(int), step(int))
        with monkeypatch.context() as patch:
            patch.setattr(call, refuse)
            with pytest.raises(
                ResourceError, match=r"^no .* for a second thread of a program: .*temporarily unavailable"
            ):
                run(crew)
        assert files() == before
        run(crew)


class TestTheEnd:
    def test_helpers_end_with_the_crew_and_leave_nothing(self) -> None:
        before = files()
        crew = Crew([Together(((step(int),),) * 3)], 3)
        run(crew)
        helpers = crew.helpers
        assert len(helpers) == 2
        del crew
        gc.collect()
        assert not any(Path(f"/proc/{helper}").exists() for helper in helpers)  # not even as zombies
        assert files() == before

    def test_a_failure_ends_them_too(self) -> None:
        before, pause = files(), step(lambda: time.sleep(LIMIT_S))
        crew = Crew([Together(((step(lambda: 1 / 0),), (pause,)))], 2)
        with pytest.raises(ZeroDivisionError):
            run(crew)
        assert crew.helpers == []
        assert files() == before

    def test_a_fork_leaves_the_helpers_of_its_parent_alone(self, seen: np.ndarray) -> None:
        crew = two(step(int), add(seen, 0, 1))
        run(crew)
        child = os.fork()
        if child == 0:
            del crew
            gc.collect()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        seen[:] = 0
        run(crew)
        assert seen[0] == 1

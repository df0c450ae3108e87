import gc
import os
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from mcore.platform.runtime.crew import Crew
from mcore.platform.runtime.step import Step


def step(call: Callable[[], object]) -> Step:
    return Step(lambda out: call(), (), None)


def workers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "mcore-lane"}


def test_lanes_run_in_order_each_and_at_once() -> None:
    barrier = threading.Barrier(3, timeout=20)  # would break if any lane waited for another to end
    seen: list[list[int]] = [[], [], []]
    lanes = [
        (step(lambda own=own: own.append(1)), step(barrier.wait), step(lambda own=own: own.append(2))) for own in seen
    ]
    Crew(3).run(*lanes)
    assert seen == [[1, 2]] * 3


def test_fewer_lanes_than_threads() -> None:
    crew, seen = Crew(4), []
    crew.run((step(lambda: seen.append("a")),), (step(lambda: seen.append("b")),))
    crew.run((step(lambda: seen.append("c")),))
    assert sorted(seen) == ["a", "b", "c"]


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failure_is_raised_after_all_lanes_are_done_and_the_crew_works_on(failing: int) -> None:
    crew, done = Crew(2), []

    def fail() -> None:
        raise ValueError("broken")

    def finish() -> None:
        time.sleep(0.05)
        done.append(1)

    lanes = [(step(finish),), (step(finish),)]
    lanes[failing] = (step(fail),)
    with pytest.raises(ValueError, match="broken"):
        crew.run(*lanes)
    assert done == [1]
    crew.run((step(finish),), (step(finish),))
    assert len(done) == 3


def test_a_lane_warns_of_nothing() -> None:
    out = np.zeros(1, np.float32)
    overflow = Step(np.exp, (np.float32([1000]),), out)
    with np.errstate(all="raise"):
        Crew(2).run((), (overflow,))
    assert np.isinf(out)


def test_threads_start_on_first_use_and_end_with_the_crew() -> None:
    before = workers()
    crew = Crew(3)
    assert workers() <= before
    crew.run((), ())
    mine = workers() - before
    assert len(mine) == 2
    del crew
    gc.collect()
    for thread in mine:
        thread.join(timeout=20)
        assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_fork_has_threads_of_its_own() -> None:
    crew = Crew(2)
    crew.run((), ())
    child = os.fork()
    if child == 0:
        seen: list[int] = []
        crew.run((), (step(lambda: seen.append(1)),))
        os._exit(0 if seen else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
